"""Text written as hexadecimal digits → the text, or data in a format that can be read."""

from __future__ import annotations

import re

from analyzer.codecs.binary_formats import sense_of
from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, inside

HEX = re.compile(r"\s*(?:0x)?([0-9a-f]{16,}+|[0-9A-F]{16,}+)\s*")
# Lines of one length, as tools wrap them.
IN_LINES = re.compile(r"\s*(?:(?:[0-9a-f]{16,}+|[0-9A-F]{16,}+)\r?\n)+[0-9A-Fa-f]*+\s*")
# Of 12 random bytes all are printable ASCII once in 150,000 times.
SHORTEST_TEXT = 12
# A decimal number is hexadecimal too; only hexadecimal digits written as hexadecimal are surely meant.
DECIMAL = re.compile(r"\d+")
DIGITS = re.compile(r"(?:3\d|[46][1-6]){8,}+")


def decode_hexadecimal(part: MessagePart, budget: Budget) -> list[MessagePart]:
    """What the digits stand for; nothing where that is neither readable nor of a known format."""
    value = part.value
    if not isinstance(value, str):
        return []
    if "\n" in value and IN_LINES.fullmatch(value):
        value = "".join(value.split())
    if not (digits := HEX.fullmatch(value)) or len(digits[1]) % 2:
        return []
    if DECIMAL.fullmatch(digits[1]) and not DIGITS.fullmatch(digits[1]):
        return []
    data = bytes.fromhex(digits[1])
    plain = sense_of(data, SHORTEST_TEXT)
    return [inside(part, plain, "hexadecimal")] if plain and budget.take_bytes(len(data)) else []
