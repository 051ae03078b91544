"""A list of numbers that spells one value: the digits of a number, or the codes of the characters of a text.

Java writes a byte array as such a list, with bytes above 127 as negative numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from analyzer.codecs.archive import ZIP_MAGIC
from analyzer.codecs.compression import GZIP_MAGIC, ZSTD_MAGIC
from analyzer.codecs.plain_text import JSON_START

FEWEST, MOST_DIGITS, MOST = 11, 64, 1 << 18  # elements
LONGEST = 4  # characters of one number
NUMBER = re.compile(r"-?[0-9]{1,3}")
DIGIT = re.compile(r"[0-9]")
# What characters alone count as: digits, an address, a UUID.
SPELLING = re.compile(r"[0-9A-Fa-f:\-]{11,64}")
PACKED = (GZIP_MAGIC, ZIP_MAGIC, ZSTD_MAGIC)
# With what byte any of these begins.
FIRST_CODES = frozenset(b"{[ \t\r\n0123456789abcdefABCDEF:-" + bytes(start[0] for start in PACKED))


class Spelt(NamedTuple):
    """What a list spells, and the step that tells how."""

    step: str
    value: str | bytes


def spelt_out(values: Sequence[Any]) -> Spelt | None:
    """Return what a list of numbers spells; None for an ordinary list, as its first tells mostly."""
    if not FEWEST <= len(values) <= MOST or not _is_number(values[0]):
        return None
    first = str(values[0])
    if not (len(first) == 1 or int(first) & 255 in FIRST_CODES) or not all(map(_is_number, values)):
        return None
    texts = [str(value) for value in values]
    if len(first) == 1:
        is_number = len(texts) <= MOST_DIGITS and all(map(DIGIT.fullmatch, texts))
        return Spelt("digits", "".join(texts)) if is_number else None
    return _of_codes([int(text) for text in texts])


def _is_number(value: Any) -> bool:
    """Whether a value is a number of a byte, as a number or as JSON wrote it."""
    if type(value) is int:
        return -128 <= value <= 255
    return type(value) is str and len(value) <= LONGEST and NUMBER.fullmatch(value) is not None


def _of_codes(codes: list[int]) -> Spelt | None:
    if min(codes) < -128 or max(codes) > 255:
        return None
    data = bytes(code & 255 for code in codes)
    if data.startswith(PACKED):
        return Spelt("byte values", data)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return Spelt("byte values", text) if JSON_START.match(text) or SPELLING.fullmatch(text) else None
