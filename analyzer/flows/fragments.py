"""IP fragments to whole datagrams (RFC 791 §3.2, RFC 8200 §4.5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from analyzer.capture.batch import Batch
from analyzer.capture.records import new_records
from analyzer.packets.table import FRAGMENT, Packets

# Datagrams under way at most; the oldest gives way, counted.
MOST_OPEN = 4096
LARGEST = 1 << 16


class Datagram(NamedTuple):
    """A reassembled datagram as a raw IP packet, or what there is of it."""

    packet: bytes
    frame: int  # of the fragment that completed it
    time_ns: int
    packets: int  # fragments it came in
    octets: int  # of these frames on the wire
    macs: tuple[int, int]
    whole: bool


class _Piece(NamedTuple):
    offset: int
    data: bytes
    more: bool


@dataclass(slots=True)
class _Open:
    header: bytes  # of the first fragment seen: version, addresses
    protocol: int
    frame: int
    time_ns: int
    macs: tuple[int, int]
    pieces: list[_Piece] = field(default_factory=list)
    packets: int = 0
    octets: int = 0


class Reassembler:
    """Collects fragments over the batches of a capture."""

    def __init__(self) -> None:
        self._open: dict[bytes, _Open] = {}
        self.evicted = 0
        self.overlaps = 0

    def add(self, batch: Batch, packets: Packets) -> list[Datagram]:
        """Datagrams that the fragments of this batch complete, or push out."""
        done: list[Datagram] = []
        for row in (packets.kind == FRAGMENT).nonzero()[0].tolist():
            key = self._take(batch, packets, row)
            datagram = self._finished(key)
            if datagram is not None:
                done.append(datagram)
            elif len(self._open) > MOST_OPEN:
                self.evicted += 1
                done.append(self._partial(next(iter(self._open))))
        return done

    def close(self) -> list[Datagram]:
        """What is left of datagrams that never became whole."""
        return [self._partial(key) for key in list(self._open)]

    def _take(self, batch: Batch, packets: Packets, row: int) -> bytes:
        data, network, payload = batch.data, int(packets.network[row]), int(packets.payload[row])
        end = payload + int(packets.payload_captured[row])
        protocol = int(packets.protocol[row])
        if data[network] >> 4 == 4:
            header = bytes(data[network : network + 20])
            word = int.from_bytes(header[6:8], "big")
            key = header[4:6] + header[9:10] + header[12:20]
            piece = _Piece((word & 0x1FFF) * 8, bytes(data[payload:end]), bool(word & 0x2000))
        else:  # the payload of an IPv6 fragment begins with its fragment header
            header = bytes(data[network : network + 40])
            word = int.from_bytes(data[payload + 2 : payload + 4], "big")
            key = bytes(data[payload + 4 : payload + 8]) + header[8:40]
            piece = _Piece(word & 0xFFF8, bytes(data[payload + 8 : end]), bool(word & 1))
        entry = self._open.get(key)
        if entry is None:
            macs = (int(packets.source_mac[row]), int(packets.destination_mac[row]))
            entry = self._open[key] = _Open(header, protocol, 0, 0, macs)
        entry.frame = batch.first_frame + row
        entry.time_ns = int(batch.records.time_ns[row])
        entry.packets += 1
        entry.octets += int(batch.records.wire[row])
        if piece.offset + len(piece.data) <= LARGEST:
            entry.pieces.append(piece)
        return key

    def _finished(self, key: bytes) -> Datagram | None:
        entry = self._open[key]
        if not any(not p.more for p in entry.pieces) or not any(p.offset == 0 for p in entry.pieces):
            return None
        total = max(p.offset + len(p.data) for p in entry.pieces if not p.more)
        payload = self._join(entry.pieces)
        if len(payload) < total:
            return None
        del self._open[key]
        return _datagram(entry, payload[:total], True)

    def _partial(self, key: bytes) -> Datagram:
        entry = self._open.pop(key)
        return _datagram(entry, self._join(entry.pieces), False)

    def _join(self, pieces: list[_Piece]) -> bytes:
        """The octets from the datagram's start up to the first hole; earlier copies win."""
        payload = bytearray()
        for piece in sorted(pieces, key=lambda p: p.offset):
            if piece.offset > len(payload):
                break
            if piece.offset < len(payload):
                self.overlaps += 1
            payload += piece.data[len(payload) - piece.offset :]
        return bytes(payload)


def _datagram(entry: _Open, payload: bytes, whole: bool) -> Datagram:
    header = bytearray(entry.header)
    if len(header) == 20:
        header[0] = 0x45
        header[2:4] = min(20 + len(payload), 0xFFFF).to_bytes(2, "big")
        header[6:8] = b"\0\0"
    else:
        header[4:6] = min(len(payload), 0xFFFF).to_bytes(2, "big")
        header[6] = entry.protocol
    return Datagram(
        bytes(header) + payload, entry.frame, entry.time_ns, entry.packets, entry.octets, entry.macs, whole
    )


def as_batch(datagrams: list[Datagram]) -> tuple[Batch, list[int]]:
    """Reassembled datagrams as a batch of raw IP records, with the frame number of each."""
    data = bytearray(b"".join(d.packet for d in datagrams))
    lengths = np.array([len(d.packet) for d in datagrams], np.int64)
    records = new_records(len(datagrams))
    records.offset[:] = np.cumsum(lengths) - lengths
    records.captured[:] = lengths
    records.wire[:] = lengths
    records.time_ns[:] = [d.time_ns for d in datagrams]
    records.link[:] = 101  # LINKTYPE_RAW
    array = np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8)
    return Batch(data, array, records, 1, False), [d.frame for d in datagrams]
