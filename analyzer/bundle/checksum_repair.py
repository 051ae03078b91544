"""A frame that changed → the same with lengths and checksums that fit (RFC 791, 768, 1071, 8200, 9293)."""

from __future__ import annotations

import struct

TCP, UDP = 6, 17
CHECKSUM_AT = {TCP: 16, UDP: 6}
EXTENSIONS = frozenset((0, 43, 60))  # IPv6 headers that say their own length in the second byte


def repair(frame: bytearray, network: int, grown: int = 0) -> None:
    """The lengths of the IP and UDP header at `network`, more by `grown`, and all checksums.

    What was cut when it was captured gets none for its transport: the old one would confirm a guess at what
    is hidden, a new one can't be told.
    """
    if frame[network] >> 4 == 4:
        _repair_v4(frame, network, grown)
    elif frame[network] >> 4 == 6:
        _repair_v6(frame, network, grown)


def end_of(frame: bytes | bytearray, network: int) -> int:
    """Where the IP packet ends; what follows is padding, or a frame check sequence of what was hidden."""
    version, at = frame[network] >> 4, network + (2 if frame[network] >> 4 == 4 else 4)
    length = int.from_bytes(frame[at : at + 2], "big")
    if not length or version not in (4, 6):
        return len(frame)
    return min(network + length + (40 if version == 6 else 0), len(frame))


def _repair_v4(frame: bytearray, network: int, grown: int) -> None:
    length = _u16(frame, network + 2)
    if length:  # 0 where a network card cuts the packet later
        length += grown
        _put(frame, network + 2, length)
    start = network + (frame[network] & 15) * 4
    end = network + length if length else len(frame)
    is_fragment = _u16(frame, network + 6) & 0x3FFF
    pseudo = bytes(frame[network + 12 : network + 20])
    if not is_fragment:
        _repair_transport(frame, start, end, frame[network + 9], pseudo, grown)
    if _u16(frame, network + 10):  # absent where the card computes it
        _put(frame, network + 10, 0)
        _put(frame, network + 10, _sum(bytes(frame[network:start])))


def _repair_v6(frame: bytearray, network: int, grown: int) -> None:
    length = _u16(frame, network + 4)
    if length:
        length += grown
        _put(frame, network + 4, length)
    end = network + 40 + length if length else len(frame)
    kind, start = frame[network + 6], network + 40
    while kind in EXTENSIONS and start + 8 <= len(frame):
        kind, start = frame[start], start + 8 + frame[start + 1] * 8
    pseudo = bytes(frame[network + 8 : network + 40])
    _repair_transport(frame, start, end, kind, pseudo, grown)


def _repair_transport(frame: bytearray, start: int, end: int, kind: int, pseudo: bytes, grown: int) -> None:
    at = CHECKSUM_AT.get(kind)
    if at is None or start + at + 2 > len(frame):
        return
    if kind == UDP and grown and _u16(frame, start + 4):
        _put(frame, start + 4, _u16(frame, start + 4) + grown)
    if kind == UDP and not _u16(frame, start + at):
        return
    _put(frame, start + at, 0)
    if end > len(frame):
        return
    segment = bytes(frame[start:end])
    size = struct.pack(">IHBB", len(segment), 0, 0, kind)
    total = _sum(pseudo + size + segment)
    _put(frame, start + at, total or 0xFFFF if kind == UDP else total)


def _sum(data: bytes) -> int:
    """The Internet checksum."""
    padded = data + bytes(len(data) % 2)
    total: int = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _u16(frame: bytearray, at: int) -> int:
    return int.from_bytes(frame[at : at + 2], "big")


def _put(frame: bytearray, at: int, value: int) -> None:
    frame[at : at + 2] = (value & 0xFFFF).to_bytes(2, "big")
