"""Undo percent-encoding (RFC 3986 §2.1) of a whole text value."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, inside
from analyzer.codecs.plain_text import text_or_bytes

ESCAPE = re.compile("%[0-9A-Fa-f]{2}")


def decode_percent(part: MessagePart, budget: Budget) -> list[MessagePart]:
    """The text with its escapes undone; nothing where there are none or they give no text."""
    value = part.value
    if not isinstance(value, str) or "%" not in value or not ESCAPE.search(value):
        return []
    plain = unescaped(value)
    if isinstance(plain, bytes) or not budget.take_bytes(len(plain)):
        return []
    return [inside(part, plain, "percent")]


def unescaped(text: str) -> str | bytes:
    """`text` with percent escapes undone: text where that is UTF-8, bytes otherwise."""
    return text_or_bytes(unquote_to_bytes(text)) if "%" in text else text
