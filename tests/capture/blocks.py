"""pcapng blocks (draft-ietf-opsawg-pcapng), made byte by byte; `order` is "<" or ">"."""

from __future__ import annotations

import struct
from collections.abc import Sequence

END = (0, b"")


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """A block: its body is padded, its length stands at both ends."""
    body += bytes(-len(body) % 4)
    total = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + total + body + total


def options(*pairs: tuple[int, bytes], order: str = "<") -> bytes:
    """A list of options with its end mark; nothing where there are none."""
    coded = [
        struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)
        for code, value in (*pairs, END)
    ]
    return b"".join(coded) if pairs else b""


def section(order: str = "<", *pairs: tuple[int, bytes]) -> bytes:
    """A section header block."""
    body = struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1) + options(*pairs, order=order)
    return block(0x0A0D0D0A, body, order)


def interface(link: int = 1, snaplen: int = 0, *pairs: tuple[int, bytes], order: str = "<") -> bytes:
    """An interface description block."""
    return block(1, struct.pack(order + "HHI", link, 0, snaplen) + options(*pairs, order=order), order)


def enhanced(
    frame: bytes,
    ticks: int = 0,
    number: int = 0,
    wire: int | None = None,
    order: str = "<",
    told: Sequence[tuple[int, bytes]] = (),
) -> bytes:
    """An enhanced packet block; `ticks` counts the interface's units, `told` are its options."""
    lengths = (len(frame), len(frame) if wire is None else wire)
    head = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, *lengths)
    padding = bytes(-len(frame) % 4)
    return block(6, head + frame + padding + options(*told, order=order), order)


def statistics(number: int, *pairs: tuple[int, bytes], order: str = "<") -> bytes:
    """An interface statistics block."""
    return block(5, struct.pack(order + "III", number, 0, 0) + options(*pairs, order=order), order)


def resolved(
    records: Sequence[tuple[int, bytes]], *pairs: tuple[int, bytes], order: str = "<", end: bool = True
) -> bytes:
    """A name resolution block; records are (type, address and names)."""
    coded = options(*records, order=order) if end else options(*records, order=order)[:-4]
    return block(4, coded + options(*pairs, order=order), order)


def secrets(kind: int, data: bytes, order: str = "<") -> bytes:
    """A decryption secrets block."""
    return block(10, struct.pack(order + "II", kind, len(data)) + data, order)


def simple(frame: bytes, wire: int | None = None, order: str = "<") -> bytes:
    """A simple packet block."""
    return block(3, struct.pack(order + "I", len(frame) if wire is None else wire) + frame, order)


def obsolete(frame: bytes, ticks: int = 0, number: int = 0, drops: int = 7, order: str = "<") -> bytes:
    """The packet block of the first drafts."""
    head = struct.pack(
        order + "HHIIII", number, drops, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame)
    )
    return block(2, head + frame, order)
