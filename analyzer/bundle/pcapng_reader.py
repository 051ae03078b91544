"""A pcapng file of a bundle → its packets, read strictly: what `pcapng_writer` writes and nothing else.

Other programs and `analyzer.capture` read much more. Here a block, an option or a byte that the writer does
not write is an error, so that nothing can hide behind, between or inside the packets.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from analyzer.bundle.pcapng_writer import ENHANCED, INTERFACE, interface, packet, section

LARGEST_BLOCK = (16 << 20) + (64 << 10)  # bytes: the largest record that is read, its comment and its head
_HEAD = struct.Struct("<II")
_PACKET = struct.Struct("<IIIII")
_OPTION = struct.Struct("<HH")
_LEAST = 12  # bytes of a block without a body


class StrangeError(ValueError):
    """The file holds something that the writer does not write: one clause, after the file's name."""


@dataclass(frozen=True, slots=True)
class BundledPacket:
    """One packet as it stands in a file of a bundle."""

    link: int  # LINKTYPE_ value
    time_ns: int
    wire: int  # bytes on the wire
    data: bytes
    comment: str
    offset: int  # of its block in the file


def packets(file: BinaryIO, about: str, version: str) -> Iterator[BundledPacket]:
    """Yield the packets of a file whose section has the comment `about` and was written by `version`.

    Raises StrangeError.
    """
    if _block(file) != section(about, version):
        raise StrangeError("does not begin with the remark that its report gives, or with another version")
    links: list[int] = []
    begun, offset = False, file.tell()
    while raw := _block(file):
        kind = _HEAD.unpack_from(raw)[0]
        if kind == INTERFACE and not begun:
            links.append(_link(raw))
        elif kind == ENHANCED:
            begun = True
            yield _packet(raw, links, offset)
        else:
            raise StrangeError(f"holds a block of type {kind}, which is no packet")
        offset += len(raw)
    if not begun:
        raise StrangeError("holds no packet")


def _block(file: BinaryIO) -> bytes:
    """Return the next block, empty at the end of the file."""
    head = file.read(_HEAD.size)
    if not head:
        return b""
    length = _HEAD.unpack(head)[1] if len(head) == _HEAD.size else 0
    if length < _LEAST or length % 4 or length > LARGEST_BLOCK:
        raise StrangeError("has bytes that are no block of a capture, behind its last packet or between two")
    rest = file.read(length - _HEAD.size)
    if len(rest) != length - _HEAD.size:
        raise StrangeError("ends within a packet")
    return head + rest


def _link(raw: bytes) -> int:
    link = int.from_bytes(raw[8:10], "little")
    if raw != interface(link):
        raise StrangeError("holds an interface that phonehome does not write")
    return link


def bytes_at(file: BinaryIO, offset: int) -> bytes:
    """Return the bytes of the packet whose block begins at an offset that `packets` gave."""
    file.seek(offset + 8)
    captured = _PACKET.unpack(file.read(_PACKET.size))[3]
    return file.read(captured)


def _packet(raw: bytes, links: list[int], offset: int) -> BundledPacket:
    """Return the packet of a block, which is the very block that would be written for it."""
    try:
        at, high, low, captured, wire = _PACKET.unpack_from(raw, 8)
        start = 8 + _PACKET.size
        data = raw[start : start + captured]
        option = start + captured + -captured % 4
        size = _OPTION.unpack_from(raw, option)[1]
        comment = raw[option + 4 : option + 4 + size].decode()
        if at < len(links) and packet(at, high << 32 | low, wire, data, comment) == raw:
            time = high << 32 | low
            return BundledPacket(
                links[at], time - (1 << 64) if time >> 63 else time, wire, data, comment, offset
            )
    except (struct.error, UnicodeDecodeError):
        pass
    raise StrangeError("holds a packet that is not written as phonehome writes it")
