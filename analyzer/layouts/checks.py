"""Checksums by name, and the kinds of checks that a layout may ask for.

CRCs are given by width, polynomial, first value, whether bits are reflected, and what the result is XORed
with, as in the catalogue of parametrised CRC algorithms (reveng.sourceforge.io/crc-catalogue).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, reduce
from operator import xor
from typing import NamedTuple


class CrcModel(NamedTuple):
    """One CRC; `reflected` of both input and result."""

    width: int
    polynomial: int
    first: int
    reflected: bool
    last: int


CRCS = {
    "crc-8": CrcModel(8, 0x07, 0, False, 0),
    "crc-16/arc": CrcModel(16, 0x8005, 0, True, 0),
    "crc-16/modbus": CrcModel(16, 0x8005, 0xFFFF, True, 0),
    "crc-16/x-25": CrcModel(16, 0x1021, 0xFFFF, True, 0xFFFF),
    "crc-16/kermit": CrcModel(16, 0x1021, 0, True, 0),
    "crc-16/xmodem": CrcModel(16, 0x1021, 0, False, 0),
    "crc-16/ccitt-false": CrcModel(16, 0x1021, 0xFFFF, False, 0),
    "crc-32": CrcModel(32, 0x04C11DB7, 0xFFFFFFFF, True, 0xFFFFFFFF),
}


def crc(model: CrcModel, data: bytes) -> int:
    """Return the CRC of bytes."""
    table, value, top = _table(model), model.first, model.width - 8
    mask = (1 << model.width) - 1
    if model.reflected:
        for byte in data:
            value = value >> 8 ^ table[(value ^ byte) & 0xFF]
    else:
        for byte in data:
            value = (value << 8 & mask) ^ table[(value >> top ^ byte) & 0xFF]
    return value ^ model.last


@cache
def _table(model: CrcModel) -> tuple[int, ...]:
    return tuple(_of_byte(model, byte) for byte in range(256))


def _of_byte(model: CrcModel, byte: int) -> int:
    mask = (1 << model.width) - 1
    if model.reflected:
        turned = int(f"{model.polynomial:0{model.width}b}"[::-1], 2)
        for _ in range(8):
            byte = byte >> 1 ^ (turned if byte & 1 else 0)
        return byte
    value = byte << (model.width - 8)
    for _ in range(8):
        value = (value << 1 ^ (model.polynomial if value >> (model.width - 1) else 0)) & mask
    return value


def _internet(data: bytes) -> int:
    """Return the checksum of RFC 1071."""
    data += b"\0" * (len(data) % 2)
    value = sum(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
    while value >> 16:
        value = (value & 0xFFFF) + (value >> 16)
    return value ^ 0xFFFF


SUMS: dict[str, Callable[[bytes], int]] = {
    "xor-8": lambda data: reduce(xor, data, 0),
    "sum-8": lambda data: sum(data) & 0xFF,
    "sum-16": lambda data: sum(data) & 0xFFFF,
    "internet": _internet,
    **{name: (lambda data, model=model: crc(model, data)) for name, model in CRCS.items()},  # type: ignore[misc]
}
LENGTH, IS = "length", "is"
KINDS = frozenset((*SUMS, LENGTH, IS))
