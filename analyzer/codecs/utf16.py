"""UTF-16 without a byte order mark (RFC 2781 §4.3) → its text."""

from __future__ import annotations

import codecs

from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, inside
from analyzer.codecs.plain_text import is_unreadable

SHORTEST = 8  # octets
LOOKED_AT = 64
ENCODINGS = ("utf-16-le", "utf-16-be")


def decode_wide(part: MessagePart, budget: Budget) -> list[MessagePart]:
    """The text; nothing where not every second octet of the beginning is nought."""
    octets = part.value
    if isinstance(octets, str) or not (encoding := encoding_of(octets)):
        return []
    text = codecs.decode(octets[: len(octets) & ~1], encoding, "replace").rstrip("\0")
    if is_unreadable(text.replace("\ufffd", "")) or not budget.take_octets(len(text)):
        return []
    return [inside(part, text, encoding)]


def encoding_of(octets: bytes) -> str:
    """The encoding that the place of noughts shows; empty where it is none."""
    if len(octets) < SHORTEST:
        return ""
    first = octets[: LOOKED_AT & ~1]
    for encoding, low, high in (("utf-16-le", 0, 1), ("utf-16-be", 1, 0)):
        if not any(first[high::2]) and all(first[low::2]):
            return encoding
    return ""
