"""Uuencoded text (POSIX.1 uuencode, the traditional algorithm) → the data, with or without its frame."""

from __future__ import annotations

import binascii
import re

from analyzer.codecs.binary_formats import sense_of
from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, inside

SHORTEST_TEXT = 12
# A full line holds 45 bytes: M, which says so, and 60 characters.
BEGINNING = r"(?:begin [0-7]{3,4} [^\r\n]{1,255}\r?\n[!-`]|M[ -`]{60}\r?\n)"
BEGINS = re.compile(BEGINNING)
END = frozenset(("end", "`", " ", ""))


def decode_uuencode(part: MessagePart, budget: Budget) -> list[MessagePart]:
    """The text or data inside; nothing where a line is not as long as its first character says."""
    value = part.value
    if not isinstance(value, str) or not BEGINS.match(value) or not budget.take_bytes(len(value)):
        return []
    lines = [line.rstrip("\r") for line in value.split("\n")]
    data = _data(lines[1:] if lines[0].startswith("begin ") else lines)
    plain = sense_of(data, SHORTEST_TEXT) if data else ""
    return [inside(part, plain, "uuencode")] if plain else []


def _data(lines: list[str]) -> bytes:
    while lines and lines[-1] in END:
        lines = lines[:-1]
    try:
        return b"".join(map(_line, lines))
    except ValueError:  # binascii.Error is one
        return b""


def _line(line: str) -> bytes:
    """The bytes of a line; ValueError where its length is another than it says."""
    size = (ord(line[0]) - 32) % 64 if line else 0
    full = 1 + -(-size // 3) * 4
    if not full - 4 < len(line) <= full + 1:  # spaces may be lost at its end, a check character added
        raise ValueError("not a line of uuencoded data")
    return binascii.a2b_uu(line[:full].encode("ascii"))
