"""UTF-16 and UTF-32 without a byte order mark (RFC 2781 §4.3; Unicode, D99 to D101) → its text."""

from __future__ import annotations

import codecs

from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, inside
from analyzer.codecs.plain_text import is_unreadable

SHORTEST = 8  # bytes
LOOKED_AT = 64
UTF_32 = ("utf-32-le", "utf-32-be")


def decode_wide(part: MessagePart, budget: Budget) -> list[MessagePart]:
    """The text; nothing where not every second byte of the beginning is nought."""
    data = part.value
    if isinstance(data, str) or not (encoding := encoding_of(data)):
        return []
    text = codecs.decode(data[: len(data) & (~3 if encoding in UTF_32 else ~1)], encoding, "replace").rstrip(
        "\0"
    )
    if is_unreadable(text.replace("\ufffd", "")) or not budget.take_bytes(len(text)):
        return []
    return [inside(part, text, encoding)]


def encoding_of(data: bytes) -> str:
    """The encoding that the place of noughts shows; empty where it is none."""
    if len(data) < SHORTEST:
        return ""
    first = data[: LOOKED_AT & ~1]
    for encoding, place in (("utf-32-le", 0), ("utf-32-be", 3)):
        others = (first[at::4] for at in range(4) if at != place)
        if len(data) >= 2 * SHORTEST and all(first[place::4]) and not any(map(any, others)):
            return encoding
    for encoding, low, high in (("utf-16-le", 0, 1), ("utf-16-be", 1, 0)):
        if not any(first[high::2]) and all(first[low::2]):
            return encoding
    return ""
