"""Passwords leave no trace in a report: a message without them, in whatever spelling they stood in it.

Each becomes eight asterisks, so that its length is not kept either. Where an encoding hides one from the
search, the content is left out. The hashes of a body stay those of the bytes as sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

from analyzer.identifiers.credentials import LEFT_OUT, SECRET_MASK
from analyzer.inspection.decode import decode
from analyzer.model import Message, Ping

SHORTEST_ALONE = 4  # characters; a shorter one is replaced only where it is a whole value
BEFORE, AFTER = r"(?<=[=:\"'>\s\0])", r"(?=[&;,\"'<\s\0]|$)"


def without_secrets(message: Message, secrets: Sequence[str]) -> Message:
    """Return the message without the passwords that were read in it."""
    spelled = sorted({s for secret in secrets for s in _spellings(secret)}, key=len, reverse=True)
    pattern = "|".join(map(_pattern, spelled))
    in_text, in_bytes = re.compile(pattern), re.compile(pattern.encode("utf-8", "surrogatepass"))
    content = in_bytes.sub(SECRET_MASK.encode(), message.body.content)
    made = replace(
        message,
        target=None if message.target is None else in_text.sub(SECRET_MASK, message.target),
        headers=tuple((name, in_text.sub(SECRET_MASK, value)) for name, value in message.headers),
        body=replace(message.body, content=content),
    )
    left = set(secrets)
    if any(value in left for value in decode(made).fields.values if isinstance(value, str)):
        made = replace(made, body=replace(made.body, content=b"", left_out=LEFT_OUT))
    return made


def ping_without(ping: Ping, secrets: Iterable[str]) -> Ping:
    """Return the ping without passwords as values of its fields."""
    left = set(secrets)
    if not any(field.value in left for field in ping.fields):
        return ping
    fields = tuple(replace(f, value=SECRET_MASK) if f.value in left else f for f in ping.fields)
    return replace(ping, fields=fields)


def _spellings(secret: str) -> Iterable[str]:
    """Yield the text as queries, forms, JSON and XML write it."""
    yield secret
    for made in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield made
        yield re.sub(r"%[0-9A-F]{2}", lambda escape: escape[0].lower(), made)
    for ascii_only in (True, False):
        made = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield made
        yield made.replace("/", r"\/")
    for entities in ({}, {'"': "&quot;"}, {'"': "&quot;", "'": "&apos;"}):
        yield escape(secret, entities)


def _pattern(text: str) -> str:
    found = re.escape(text)
    return found if len(text) >= SHORTEST_ALONE else BEFORE + found + AFTER
