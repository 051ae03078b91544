"""Bytes → fields, one after the other; whatever ends too early raises EndOfBytesError."""

from __future__ import annotations

import struct
from typing import Literal


class EndOfBytesError(ValueError):
    """The bytes end before the field does, or are of another form."""


class FieldCursor:
    """Reads numbers, counted bytes and text from a place on."""

    __slots__ = ("at", "data", "end", "order", "values_left")

    def __init__(
        self, data: bytes, at: int = 0, order: Literal["big", "little"] = "big", values: int = 100_000
    ) -> None:
        """`values` is the number of values that may be read: see `count`."""
        self.data, self.at, self.order, self.end = data, at, order, len(data)
        self.values_left = values

    def left(self) -> int:
        """Return how many bytes are left."""
        return self.end - self.at

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        if not 0 <= count <= self.end - self.at:
            raise EndOfBytesError("cut")
        self.at += count
        return self.data[self.at - count : self.at]

    def u(self, size: int) -> int:
        """Return an unsigned number of `size` bytes."""
        return int.from_bytes(self.take(size), self.order)

    def s(self, size: int) -> int:
        """Return a signed number of `size` bytes."""
        return int.from_bytes(self.take(size), self.order, signed=True)

    def real(self, size: int) -> float:
        """Return a float or double (IEEE 754) of `size` bytes."""
        form = (">" if self.order == "big" else "<") + ("d" if size == 8 else "f")
        (value,) = struct.unpack(form, self.take(size))
        return float(value) if size == 8 else float(f"{value:.7g}")

    def counted(self, size: int) -> bytes:
        """Return bytes behind their length, a number of `size` bytes."""
        return self.take(self.u(size))

    def terminated(self) -> bytes:
        """Return bytes up to a zero, which is passed over."""
        found = self.data.find(b"\0", self.at, self.end)
        if found < 0:
            raise EndOfBytesError("no end")
        value, self.at = self.data[self.at : found], found + 1
        return value

    def varint(self) -> int:
        """Return a number in groups of seven bits, the lowest first."""
        value = shift = 0
        while shift < 70:
            byte = self.u(1)
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
        raise EndOfBytesError("longer than 64 bits")

    def zigzag(self) -> int:
        """Return a signed number, zigzag coded in a varint."""
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def count(self, most: int) -> int:
        """Return `most` where so many values may yet be read. Raises EndOfBytesError otherwise."""
        if not 0 <= most <= min(self.values_left, self.end):
            raise EndOfBytesError("too many")
        self.values_left -= most
        return most


def as_text(data: bytes) -> str | bytes:
    """Return the text in UTF-8 that bytes are; themselves where they are none that can be read."""
    try:
        text = data.decode("utf-8")
    except ValueError:
        return data
    return (
        text
        if text.isprintable() or text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable()
        else data
    )


def holds_text(value: object, least: int = 5, left: int = 2000) -> bool:
    """Return whether a document has a text of `least` characters among its first values."""
    waiting = [value]
    while waiting and left:
        left -= 1
        one = waiting.pop()
        if isinstance(one, str):
            if len(one) >= least:
                return True
        elif isinstance(one, list):
            waiting += [inner[1] if isinstance(inner, tuple) else inner for inner in one[:200]]
    return False
