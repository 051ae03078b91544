"""pcapng blocks (draft-ietf-opsawg-pcapng), made octet by octet; `order` is "<" or ">"."""

from __future__ import annotations

import struct

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
    frame: bytes, ticks: int = 0, number: int = 0, wire: int | None = None, order: str = "<"
) -> bytes:
    """An enhanced packet block; `ticks` counts the interface's units."""
    lengths = (len(frame), len(frame) if wire is None else wire)
    head = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, *lengths)
    return block(6, head + frame, order)


def simple(frame: bytes, wire: int | None = None, order: str = "<") -> bytes:
    """A simple packet block."""
    return block(3, struct.pack(order + "I", len(frame) if wire is None else wire) + frame, order)


def obsolete(frame: bytes, ticks: int = 0, number: int = 0, drops: int = 7, order: str = "<") -> bytes:
    """The packet block of the first drafts."""
    head = struct.pack(
        order + "HHIIII", number, drops, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame)
    )
    return block(2, head + frame, order)
