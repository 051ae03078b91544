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
BODIES = ("01", "35", "86", "99")  # that allocate the beginnings of IMEIs (GSMA TS.06, annex A)
LEAST_KINDS = 4  # of digits: fewer are filling
# Half bytes as hexadecimal digits: a nought and 15 digits, or 15 digits and a filler.
FORM = re.compile(r"(?=0(\d{15})|(\d{15})[0f])")
IN_SWAPPED = re.compile(r"(?=()(\d{15})f)")
SWAPPED = bytes((octet << 4 | octet >> 4) & 0xFF for octet in range(256))


def packed_imeis(octets: bytes) -> Iterator[tuple[int, str]]:
    """Give each IMEI that the first bytes hold in half bytes, and where it stands."""
    taken: list[int] = []
    head = octets[:LOOKED_AT]
    for form, half_bytes in ((FORM, head.hex()), (IN_SWAPPED, head.translate(SWAPPED).hex())):
        for found in form.finditer(half_bytes):
            at, digits = found.start() // 2, found[1] or found[2]
            is_free = not any(abs(at - other) < SIZE for other in taken)
            if found.start() % 2 == 0 and is_free and is_imei(digits):
                taken.append(at)
                yield at, digits


def is_imei(digits: str) -> bool:
    """Return whether digits begin with a body's code, end with their check digit and are no filling."""
    if not digits.startswith(BODIES) or len(set(digits)) < LEAST_KINDS:
        return False
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[1::2])
    return (doubled + sum(map(int, digits[::2]))) % 10 == 0


def packed_parts(part: MessagePart) -> list[PlainPart]:
    """Return a part for each IMEI in half bytes."""
    octets = part.value
    if isinstance(octets, str) or len(octets) < SIZE:
        return []
    return [
        (part.name, digits, (*part.path, STEP, f"octets {at}"), part.beside)
        for at, digits in packed_imeis(octets)
    ]
