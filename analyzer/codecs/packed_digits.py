"""An IMEI in half bytes (BCD) among binary fields → one part, whatever the format is.

Trackers write it in eight bytes: a nought and fifteen digits, or fifteen digits and a filler; or with the
halves of each byte swapped and a filler (TBCD, 3GPP TS 29.002). Check digit, beginning and filler leave to
chance one head of a message in some hundred thousand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.codecs.part import MessagePart, PlainPart

STEP = "digits in half bytes"
LOOKED_AT = 24  # bytes in which a message says who sends it
SIZE = 8
BODIES = ("01", "35", "86")  # that allocate the beginnings of IMEIs of GSM (GSMA TS.06, annex A)
LEAST_KINDS = 6  # of digits: fewer are filling, or small numbers side by side
# Half bytes as hexadecimal digits: a nought and 15 digits, or 15 digits and a filler.
FORM = re.compile(r"(?=0(\d{15})|(\d{15})[0f])")
IN_SWAPPED = re.compile(r"(?=()(\d{15})f)")
# Each byte with its half bytes swapped.
SWAPPED = bytes((byte << 4 | byte >> 4) & 0xFF for byte in range(256))


def packed_imeis(data: bytes) -> Iterator[tuple[int, str]]:
    """Give each IMEI that the first bytes hold in half bytes, and where it stands."""
    taken: list[int] = []
    head = data[:LOOKED_AT]
    for form, half_bytes in ((FORM, head.hex()), (IN_SWAPPED, head.translate(SWAPPED).hex())):
        for found in form.finditer(half_bytes):
            at, digits = found.start() // 2, found[1] or found[2]
            is_free = not any(abs(at - other) < SIZE for other in taken)
            is_text = head[at : at + SIZE].isascii() and head[at : at + SIZE].decode().isprintable()
            if found.start() % 2 == 0 and is_free and not is_text and is_imei(digits):
                taken.append(at)
                yield at, digits


def is_imei(digits: str) -> bool:
    """Return whether digits begin with a body's code, end with their check digit and are no filling."""
    from stdnum import luhn

    is_like_one = digits.startswith(BODIES) and len(set(digits)) >= LEAST_KINDS
    return is_like_one and bool(luhn.is_valid(digits))


def packed_parts(part: MessagePart) -> list[PlainPart]:
    """Return a part for each IMEI in half bytes."""
    data = part.value
    if isinstance(data, str) or len(data) < SIZE:
        return []
    return [
        (part.name, digits, (*part.path, STEP, f"octets {at}"), part.beside)
        for at, digits in packed_imeis(data)
    ]
