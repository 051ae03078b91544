"""Fifteen digits written as something else: in groups, to another base, binary-coded.

Only under a name that announces an IMEI: what has its check digit and a body's code in such a form there
is hardly chance (of numbers of 15 digits 1 in 60 has both, of eight random bytes one in ten thousand).
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal

from analyzer.identifiers.companions import is_luhn_valid
from analyzer.identifiers.placeholders import is_placeholder
from analyzer.identifiers.tac import FORMER_BODIES, REPORTING_BODIES

LONGEST = 64  # characters of such a value
EIGHT_BYTES = re.compile(r"(?:0[xX])?([0-9a-fA-F]{16})")
SPACED_BYTES = re.compile(r"[0-9a-fA-F]{2}(?:[ :\-][0-9a-fA-F]{2}){7}")
BASE64 = re.compile(r"[A-Za-z0-9+/_\-]{11}=?")
BASE64_OF_SEVEN = re.compile(r"[A-Za-z0-9+/_\-]{10}(?:==)?")
# Numbers to another base, with the mark of that base where the digits alone do not tell it.
BASES = (
    (re.compile(r"(?:0[xX])?([0-9a-fA-F]{12,13})"), 16, "the number is written in hexadecimal"),
    (re.compile(r"0[oO]?([0-7]{15,17})"), 8, "the number is written in octal"),
    (re.compile(r"(?:0[bB])?([01]{47,50})"), 2, "the number is written in binary"),
    (re.compile(r"(?=.*[g-zG-Z])([0-9a-zA-Z]{9,10})"), 36, "the number is written to base 36"),
)
SCIENTIFIC = re.compile(r"\d(?:\.\d{1,16})?[eE]\+?1[0-9]|\d{15}\.0{1,6}")
# What stands between digits that are one number: blanks, marks, characters without a width.
BETWEEN = re.compile(r"[\s.,_\-/:;|\u00a0\u200b-\u200f\u2060\ufeff]{1,3}")
URL_SAFE = str.maketrans("-_", "+/")
LENGTH = 15
# Where the one nibble stands that is no digit of the fifteen: filler at the end, parity and type
# (3GPP TS 24.008 §10.5.1.4) second on the wire, filler first.
FILLERS = (15, 0, 1)
ALLOCATED = REPORTING_BODIES.keys() | FORMER_BODIES.keys()


def imei_packed_in(text: str) -> tuple[str, str] | None:
    """Return the IMEI that a text holds in such a form, and how, as a sentence; None where none is."""
    text = text.strip()
    if len(text) > LONGEST:
        return None
    return next((found for found in _readings(text) if _is_imei(found[0])), None)


def _readings(text: str) -> Iterator[tuple[str, str]]:
    yield from _of_digits(text)
    for form, base, how in BASES:
        if number := form.fullmatch(text):
            yield str(int(number[1], base)), how
    data = _data(text)
    if len(data) == 8:
        for digits in (data.hex(), _swapped(data)):
            for filler in FILLERS:
                yield digits[:filler] + digits[filler + 1 :], "its digits are binary-coded, two in a byte"
    if data:
        yield str(int.from_bytes(data, "big")), "the number is an integer of eight bytes or seven"
        yield str(int.from_bytes(data, "little")), "the number is an integer of eight bytes or seven"


def _of_digits(text: str) -> Iterator[tuple[str, str]]:
    """What the digits give without what stands between them, in any script."""
    if SCIENTIFIC.fullmatch(text):
        yield str(int(Decimal(text))), "the number is written with a fraction or an exponent"
    bare = BETWEEN.sub("", text)
    if not bare.isdecimal():
        return
    digits = "".join(str(unicodedata.decimal(character)) for character in bare)
    yield digits, "its digits stand apart, or are of another script"
    yield digits.lstrip("0"), "zeros stand before it"


def _data(text: str) -> bytes:
    if digits := EIGHT_BYTES.fullmatch(text):
        return bytes.fromhex(digits[1])
    if SPACED_BYTES.fullmatch(text):
        return bytes.fromhex(re.sub(r"[ :\-]", "", text))
    if BASE64.fullmatch(text):
        return base64.b64decode(text.rstrip("=").translate(URL_SAFE) + "=")
    if BASE64_OF_SEVEN.fullmatch(text):
        return base64.b64decode(text.rstrip("=").translate(URL_SAFE) + "==")
    return b""


def _swapped(data: bytes) -> str:
    return bytes((byte & 15) << 4 | byte >> 4 for byte in data).hex()


def _is_imei(digits: str) -> bool:
    """Whether it has the length, a code of a body and the check digit of an IMEI."""
    return (
        len(digits) == LENGTH
        and digits.isdigit()
        and digits[:2] in ALLOCATED
        and is_luhn_valid(digits)
        and not is_placeholder(digits)
    )
