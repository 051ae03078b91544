"""Floods of a capture file's own blocks: interfaces, sections, names, comments, statistics."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from itertools import count

from tests.capture.blocks import block, enhanced, interface, resolved, secrets, section, statistics
from tests.floods.wire import segment

Blocks = Iterator[bytes]
PACKET = segment(b"", 2)


def repeated(made: Callable[[int], bytes]) -> Callable[[], Blocks]:
    """Return a pcapng file of one block after another behind a section with an interface."""

    def blocks() -> Blocks:
        yield section() + interface()
        yield from map(made, count())

    return blocks


def sections(_: int) -> bytes:
    return section() + interface() + enhanced(PACKET)


def comments(number: int) -> bytes:
    return enhanced(PACKET, number, told=[(1, b"comment %d" % number)])


def names(number: int) -> bytes:
    return resolved([(1, struct.pack(">I", number) + b"host-%d.example\0" % number)])


def keys(number: int) -> bytes:
    return secrets(0x544C534B, b"CLIENT_RANDOM %064x %096x\n" % (number, number))


def counters(number: int) -> bytes:
    return statistics(0, (4, struct.pack("<Q", number)), (5, struct.pack("<Q", number)))


def unknown(number: int) -> bytes:
    return block(0x0BAD0000 + number % 1000, b"x" * 20)


def interfaces(number: int) -> bytes:
    return interface(1, 0, (2, b"eth%d" % number), (3, b"what is told of it"))


def interface_packets(number: int) -> bytes:
    return interfaces(number) + enhanced(PACKET, number, number % 60_000)


def empty_packets(number: int) -> bytes:
    return enhanced(b"", number)
