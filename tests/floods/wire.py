"""Frames and capture files of floods, made quickly: megabytes of tiny frames a second, checksums right.

Addresses are those that RFC 5737, RFC 2544 and RFC 3849 set aside.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
PHONE, SERVER = 0xC6120005, 0xC6336414  # 198.18.0.5, 198.51.100.20
PHONE_MAC, ROUTER_MAC = bytes.fromhex("00005e0053a7"), bytes.fromhex("00005e005301")
MOST = 1400  # bytes of data in a frame
START, STEP_US = 1_550_678_460, 100
FULL = 1 << 32
TCP, UDP = 6, 17


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071): the sum of 16-bit words is the number modulo 65,535."""
    number = int.from_bytes(data + b"\0" * (len(data) % 2), "big")
    return 0xFFFF - (number % 0xFFFF if number % 0xFFFF or not number else 0xFFFF)


def ethernet(
    packet: bytes, kind: int = 0x0800, source: bytes = PHONE_MAC, target: bytes = ROUTER_MAC
) -> bytes:
    """Return an Ethernet frame."""
    return target + source + kind.to_bytes(2, "big") + packet


def ipv4(
    payload: bytes, protocol: int, source: int = PHONE, target: int = SERVER, number: int = 0, part: int = 0
) -> bytes:
    """Return an IPv4 packet; `part` holds the flags and offset of a fragment."""
    head = struct.pack(
        ">BBHHHBBHII", 0x45, 0, 20 + len(payload), number & 0xFFFF, part, 64, protocol, 0, source, target
    )
    return head[:10] + checksum(head).to_bytes(2, "big") + head[12:] + payload


def ipv6(payload: bytes, protocol: int, source: int = 5, target: int = 20) -> bytes:
    """Return an IPv6 packet between interfaces of 2001:db8::/64."""
    ends = b"".join(bytes.fromhex("20010db800000000") + end.to_bytes(8, "big") for end in (source, target))
    return struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + ends + payload


def frame(payload: bytes, protocol: int, source: int = PHONE, target: int = SERVER) -> bytes:
    """Return an Ethernet frame with an IPv4 packet, to the router or from it."""
    packet = ipv4(payload, protocol, source, target)
    if source >> 16 == SERVER >> 16:
        return ethernet(packet, source=ROUTER_MAC, target=PHONE_MAC)
    return ethernet(packet)


def segment(
    data: bytes = b"", flags: int = ACK, sequence: int = 0, acknowledged: int = 0,
    ports: tuple[int, int] = (40000, 80), ends: tuple[int, int] = (PHONE, SERVER),
) -> bytes:  # fmt: skip
    """Return a frame with a TCP segment from the first of `ends` to the second."""
    head = struct.pack(">HHIIBBHHH", *ports, sequence % FULL, acknowledged % FULL, 0x50, flags, 0xFFFF, 0, 0)
    pseudo = struct.pack(">IIHH", *ends, TCP, len(head) + len(data))
    return frame(head[:16] + checksum(pseudo + head + data).to_bytes(2, "big") + head[18:] + data, TCP, *ends)


def datagram(
    data: bytes, ports: tuple[int, int] = (40000, 53), ends: tuple[int, int] = (PHONE, SERVER)
) -> bytes:
    """Return a frame with a UDP datagram from the first of `ends` to the second."""
    head = struct.pack(">HHHH", *ports, 8 + len(data), 0)
    pseudo = struct.pack(">IIHH", *ends, UDP, len(head) + len(data))
    summed = checksum(pseudo + head + data) or 0xFFFF
    return frame(head[:6] + summed.to_bytes(2, "big") + data, UDP, *ends)


class Connection:
    """A TCP connection of a phone with a server, frame by frame; `number` chooses its own ports."""

    def __init__(self, number: int = 0, port: int = 80, server: int = SERVER, phone: int = PHONE) -> None:
        self.ports = (1024 + number % 60_000, port)
        self.ends = (phone + number // 60_000, server)
        self.following = [1001 + number * 7919, 5001 + number * 104_729]

    def opened(self) -> Iterator[bytes]:
        """Yield the handshake."""
        phone, server = self.following
        yield segment(b"", SYN, phone - 1, 0, self.ports, self.ends)
        yield segment(b"", SYN | ACK, server - 1, phone, self.ports[::-1], self.ends[::-1])
        yield self.sent(0, b"")

    def sent(self, side: int, data: bytes, flags: int = PSH | ACK) -> bytes:
        """Return one segment of a side, 0 for the phone's; an empty one acknowledges."""
        order = slice(None, None, -1) if side else slice(None)
        made = segment(
            data, flags if data else flags & ~PSH, self.following[side], self.following[1 - side],
            self.ports[order], self.ends[order],
        )  # fmt: skip
        self.following[side] += len(data) + (flags & FIN)
        return made

    def says(self, side: int, data: bytes, most: int = MOST) -> Iterator[bytes]:
        """Yield data of a side in segments, acknowledged by the other."""
        for start in range(0, len(data), most):
            yield self.sent(side, data[start : start + most])
        yield self.sent(1 - side, b"")

    def closed(self) -> Iterator[bytes]:
        """Yield both FINs."""
        yield self.sent(0, b"", FIN | ACK)
        yield self.sent(1, b"", FIN | ACK)
        yield self.sent(0, b"")


def packed(pieces: Iterable[bytes], least: int = MOST) -> Iterator[bytes]:
    """Yield pieces joined until a segment is full."""
    held, size = list[bytes](), 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= least:
            yield b"".join(held)
            held, size = [], 0


def pcap(frames: Iterable[bytes], link: int = 1) -> Iterator[bytes]:
    """Yield a capture file, record by record."""
    yield struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, link)
    for number, data in enumerate(frames):
        seconds, rest = divmod(number * STEP_US, 1_000_000)
        yield struct.pack("<IIII", START + seconds, rest, len(data), len(data)) + data


def write(pieces: Iterator[bytes], path: Path, size: int) -> None:
    """Write pieces until the file has `size` bytes; a record or block is written whole."""
    written = 0
    with path.open("wb") as file:
        while written < size and (some := list(islice(pieces, 64 if size > 1 << 20 else 1))):
            written += file.write(b"".join(some))
