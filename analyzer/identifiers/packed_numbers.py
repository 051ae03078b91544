"""Fifteen digits written as something else: a number in hexadecimal, binary-coded digits, a 64-bit integer.

Only under a name that announces an IMEI: what has its check digit and a body's code in such a form there
is no chance (of eight random bytes one in ten thousand has).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from analyzer.identifiers.companions import is_luhn_valid
from analyzer.identifiers.placeholders import is_placeholder
from analyzer.identifiers.tac import FORMER_BODIES, REPORTING_BODIES

LONGEST = 24  # characters of such a value
IN_HEXADECIMAL = re.compile(r"(?:0[xX])?([0-9a-fA-F]{12,13})")
EIGHT_BYTES = re.compile(r"(?:0[xX])?([0-9a-fA-F]{16})")
SPACED_BYTES = re.compile(r"[0-9a-fA-F]{2}(?:[ :\-][0-9a-fA-F]{2}){7}")
BASE64 = re.compile(r"[A-Za-z0-9+/_\-]{11}=?")
URL_SAFE = str.maketrans("-_", "+/")
LENGTH = 15
# Where the one nibble stands that is no digit of the fifteen: filler at the end, parity and type
# (3GPP TS 24.008 §10.5.1.4) second on the wire, filler first.
FILLERS = (15, 0, 1)


def imei_packed_in(text: str) -> tuple[str, str] | None:
    """Return the IMEI that a text holds in such a form, and how, as a sentence; None where none is."""
    text = text.strip()
    if len(text) > LONGEST:
        return None
    return next((found for found in _readings(text) if _is_imei(found[0])), None)


def _readings(text: str) -> Iterator[tuple[str, str]]:
    if number := IN_HEXADECIMAL.fullmatch(text):
        yield str(int(number[1], 16)), "the number is written in hexadecimal"
    octets = _octets(text)
    if len(octets) != 8:
        return
    for digits in (octets.hex(), _swapped(octets)):
        for filler in FILLERS:
            yield digits[:filler] + digits[filler + 1 :], "its digits are binary-coded, two in a byte"
    for order in ("big", "little"):
        number_of_bytes = int.from_bytes(octets, "big" if order == "big" else "little")
        yield str(number_of_bytes), "the number is a 64-bit integer"


def _octets(text: str) -> bytes:
    if digits := EIGHT_BYTES.fullmatch(text):
        return bytes.fromhex(digits[1])
    if SPACED_BYTES.fullmatch(text):
        return bytes.fromhex(re.sub(r"[ :\-]", "", text))
    if BASE64.fullmatch(text):
        return base64.b64decode(text.rstrip("=").translate(URL_SAFE) + "=")
    return b""


def _swapped(octets: bytes) -> str:
    return bytes((octet & 15) << 4 | octet >> 4 for octet in octets).hex()


def _is_imei(digits: str) -> bool:
    """Whether it has the length, a code of a body and the check digit of an IMEI."""
    return (
        len(digits) == LENGTH
        and digits.isdigit()
        and (digits[:2] in REPORTING_BODIES or digits[:2] in FORMER_BODIES)
        and is_luhn_valid(digits)
        and not is_placeholder(digits)
    )
