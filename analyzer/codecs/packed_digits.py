"""An IMEI in half bytes (BCD) or as an integer among binary fields → one part, whatever the format is.

Trackers write it in eight bytes: a nought and fifteen digits, or fifteen digits and a filler; or with the
halves of each byte swapped and a filler (TBCD, 3GPP TS 29.002). Check digit, beginning and filler leave to
chance one head of a message in some hundred thousand. An integer of eight bytes begins with
a nought and few values of the next two.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from analyzer.codecs.part import MessagePart, PlainPart

STEP = "digits in half bytes"
INTEGER = "integer of 8 octets"
LOOKED_AT = 24  # bytes in which a message says who sends it
SIZE = 8
SHORTEST_LOG_IN = 12  # bytes: a mark of two or three, the number, a check sum
FRAMES = 1 << 12  # bytes in which the next frame begins
LOW = (1 << 48) - 1
BODIES = ("01", "35", "86")  # that allocate the beginnings of IMEIs of GSM (GSMA TS.06, annex A)
LEAST_KINDS = 6  # of digits: fewer are filling, or small numbers side by side
# Half bytes as hexadecimal digits: a nought and 15 digits, or 15 digits and a filler.
FORM = re.compile(r"(?=0(\d{15})|(\d{15})[0f])")
IN_SWAPPED = re.compile(r"(?=()(\d{15})f)")
# The number of a subscriber near an IMEI, in the forms of that; the number of a SIM card.
NEAR = 40  # bytes
SUBSCRIBER = re.compile(r"(?=[0f]?([2-7]\d{14})(?:[0f]|(?<=[0f]\d{15})))")
CARD = re.compile(r"(?=(89\d{18}|89\d{17}(?=f)))")
# Numbers of 15 digits that begin 35 or 86, the highest byte first, and last.
BIG = re.compile(rb"(?=\0(?:\x01[\x3e-\x47]|\x03[\x0e-\x17]).{5})", re.DOTALL)
LITTLE = re.compile(rb"(?=.{5}(?:[\x3e-\x47]\x01|[\x0e-\x17]\x03)\0)", re.DOTALL)
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


def _beside(data: bytes, at: int) -> Iterator[tuple[int, str]]:
    """Give the first numbers in half bytes behind an IMEI, as long as those of a subscriber or a card.

    Whose they are is not told here.
    """
    begin, end = at + SIZE, at + SIZE + NEAR
    for half_bytes in (data[begin:end].hex(), data[begin:end].translate(SWAPPED).hex()):
        for form in (SUBSCRIBER, CARD):
            for found in form.finditer(half_bytes):
                if found.start() % 2 == 0 and len(set(found[1])) >= LEAST_KINDS:
                    yield begin + found.start() // 2, found[1]
                    break


def integer_imeis(data: bytes) -> Iterator[tuple[int, str]]:
    """Give each IMEI that the first bytes hold as an integer of eight bytes, and where it stands.

    Small numbers side by side look like that too: so the eight bytes have to stand in each frame of several,
    or behind the length of the one, or be all that a log-in says.
    """
    head = data[:LOOKED_AT]
    for form, order in ((BIG, ">Q"), (LITTLE, "<Q")):
        for found in form.finditer(head):
            at = found.start()
            number = int(struct.unpack_from(order, head, at)[0])
            low = (number & LOW).to_bytes(6, "big")
            is_spread = not low.isascii() and b"\0\0" not in low
            if is_spread and is_imei(str(number)) and _is_of_frame(data, at):
                yield at, str(number)


def _is_of_frame(data: bytes, at: int) -> bool:
    """Return whether eight bytes stand where a frame has what is the same in each, or behind its length."""
    if data.find(data[at : at + SIZE], at + SIZE, FRAMES) > 0:
        return True
    if at >= 1 and len(data) <= SHORTEST_LOG_IN:
        return True
    lengths = (int.from_bytes(data[:2], "big"), int.from_bytes(data[:2], "little"))
    return at >= 2 and any(0 <= len(data) - length <= SIZE for length in lengths)


def is_imei(digits: str) -> bool:
    """Return whether digits begin with a body's code, end with their check digit and are no filling."""
    from stdnum import luhn

    is_like_one = digits.startswith(BODIES) and len(set(digits)) >= LEAST_KINDS
    return is_like_one and bool(luhn.is_valid(digits))


def packed_parts(part: MessagePart) -> list[PlainPart]:
    """Return a part for each IMEI in half bytes, or else as an integer."""
    data = part.value
    if isinstance(data, str) or len(data) < SIZE:
        return []
    found = [(STEP, *each) for each in packed_imeis(data)]
    found += [(STEP, *each) for _, at, _ in found[:1] for each in _beside(data, at)]
    found = found or [(INTEGER, *each) for each in integer_imeis(data)]
    return [
        (part.name, digits, (*part.path, step, f"octets {at}"), part.beside) for step, at, digits in found
    ]
