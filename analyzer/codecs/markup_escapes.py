"""A document escaped for another one: JSON in HTML (`{&quot;imei&quot;:…`), in a string (`{\\"imei\\":…`)."""

from __future__ import annotations

import html
import json
import re

from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, inside

IN_HTML = re.compile(r"\s*+[\[{]{1,4}\s?&(?:quot|#34|#x22);")
IN_STRING = re.compile(r'\s*+[\[{]{1,4}\s?\\{1,8}"')
QUOTED = re.compile(r'\s*+"[A-Za-z0-9+/_\-=]{16,}+"\s*+')


def decode_escaped(part: MessagePart, budget: Budget) -> list[MessagePart]:
    """The document without its escapes, or the encoded text without its quotes; nothing for all else."""
    text = part.value
    if not isinstance(text, str) or not may_be_escaped(text) or not budget.take_bytes(len(text)):
        return []
    if IN_HTML.match(text):
        return [inside(part, html.unescape(text), "html")]
    if QUOTED.fullmatch(text):
        return [inside(part, text.strip()[1:-1], "string")]
    try:
        plain = json.loads(f'"{text.strip()}"', strict=False)
    except ValueError:
        return []
    return [inside(part, plain, "string")] if isinstance(plain, str) and plain != text else []


def may_be_escaped(text: str) -> bool:
    """Whether the text begins as an escaped document or is a quoted text of base64 alone."""
    return bool(IN_HTML.match(text) or IN_STRING.match(text) or QUOTED.fullmatch(text))
