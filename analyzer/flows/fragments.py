"""IP fragments to whole datagrams (RFC 791 §3.2, RFC 8200 §4.5).

The first copy of an octet wins, as in TCP streams.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

from analyzer.capture.batch import Batch
from analyzer.capture.memory import packed
from analyzer.packets.table import FRAGMENT, PAYLOAD_WIRE, Packets

# Datagrams under way at most; the oldest gives way, counted.
MOST_OPEN = 4096
LARGEST = 1 << 16
# Fragments whose frame numbers are kept at most.
MOST_LISTED = 1_000_000
# Fragments wait this long for the others (RFC 8200 §4.5); later their identification is used anew.
PATIENCE_NS = 60_000_000_000


class Datagram(NamedTuple):
    """A reassembled datagram as a raw IP packet, or what there is of it."""

    packet: bytes
    frame: int  # of the fragment that completed it
    time_ns: int
    packets: int  # fragments it came in
    octets: int  # of these frames on the wire
    macs: tuple[int, int]
    whole: bool


class Part(NamedTuple):
    """One frame of a datagram that came in several."""

    frame: int
    time_ns: int
    octets: int  # on the wire


class _Fragment(NamedTuple):
    key: bytes  # what the fragments of a datagram have in common
    header: bytes
    offset: int
    data: bytes
    length: int  # of the data on the wire
    more: bool


class _Piece(NamedTuple):
    offset: int
    data: bytes


@dataclass(slots=True)
class _Open:
    header: bytes  # of the first fragment seen: version, addresses
    protocol: int
    first_ns: int
    macs: tuple[int, int]
    parts: list[Part] = field(default_factory=list)
    total: int = LARGEST  # octets of the payload, once the last fragment has told it
    covered: int = 0
    pieces: list[_Piece] = field(default_factory=list)  # in order, none overlaps another

    def put(self, offset: int, data: bytes) -> bool:
        """Keep what no earlier fragment brought; whether some of it had come before."""
        data = data[: max(self.total - offset, 0)]
        position, end = offset, offset + len(data)
        first = bisect_right(self.pieces, offset, key=_start)
        if first:
            before = self.pieces[first - 1]
            position = max(position, before.offset + len(before.data))
        last, fresh = first, []
        while position < end:
            stop = min(end, self.pieces[last].offset if last < len(self.pieces) else end)
            if stop > position:
                fresh.append(_Piece(position, data[position - offset : stop - offset]))
            if stop == end:
                break
            fresh.append(self.pieces[last])
            position = stop + len(self.pieces[last].data)
            last += 1
        kept = sum(len(p.data) for p in fresh) - sum(len(p.data) for p in self.pieces[first:last])
        self.pieces[first:last] = fresh
        self.covered += kept
        return kept < len(data)

    def end_at(self, total: int) -> None:
        """The last fragment tells how long the payload is; the first to tell is believed."""
        if self.total == LARGEST:
            self.total = total
            pieces, self.pieces, self.covered = self.pieces, [], 0
            for piece in pieces:
                self.put(*piece)

    def payload(self) -> bytes:
        """The octets from the datagram's start up to the first hole."""
        joined = bytearray()
        for piece in self.pieces:
            if piece.offset > len(joined):
                break
            joined += piece.data
        return bytes(joined)


def _start(piece: _Piece) -> int:
    return piece.offset


class Reassembler:
    """Collects fragments over the batches of a capture."""

    def __init__(self) -> None:
        self._open: dict[bytes, _Open] = {}
        self.evicted = 0
        # By the frame that completed a datagram: all its frames, for the list of packets.
        self.parts: dict[int, list[Part]] = {}
        self.unlisted = 0  # datagrams beyond the limit, of which only the last frame is known
        self._listed = 0
        self.incomplete = 0  # datagrams that never became whole, those evicted included
        self.overlaps = 0

    def add(self, batch: Batch, packets: Packets, frames: list[int] | None = None) -> list[Datagram]:
        """Datagrams that the fragments of this batch complete, or push out.

        `frames` gives the frame numbers of a batch that was made rather than read.
        """
        done: list[Datagram] = []
        for row in (packets.kind == FRAGMENT).nonzero()[0].tolist():
            fragment = _fragment(batch, packets, row)
            entry = self._open.get(fragment.key)
            if entry is not None and int(batch.records.time_ns[row]) - entry.first_ns > PATIENCE_NS:
                done.append(self._partial(fragment.key))
            frame = frames[row] if frames else batch.first_frame + row
            entry = self._take(batch, packets, row, fragment, frame)
            if entry.covered == entry.total:
                del self._open[fragment.key]
                done.append(self._done(entry, True))
            elif len(self._open) > MOST_OPEN:
                self.evicted += 1
                done.append(self._partial(next(iter(self._open))))
        return done

    def close(self) -> list[Datagram]:
        """What is left of datagrams that never became whole."""
        return [self._partial(key) for key in list(self._open)]

    def _take(self, batch: Batch, packets: Packets, row: int, fragment: _Fragment, frame: int) -> _Open:
        time_ns = int(batch.records.time_ns[row])
        entry = self._open.get(fragment.key)
        if entry is None:
            macs = (int(packets.source_mac[row]), int(packets.destination_mac[row]))
            protocol = int(packets.protocol[row])
            entry = self._open[fragment.key] = _Open(fragment.header, protocol, time_ns, macs)
        entry.parts.append(Part(frame, time_ns, int(batch.records.wire[row])))
        end = fragment.offset + fragment.length
        if end <= LARGEST:
            self.overlaps += entry.put(fragment.offset, fragment.data)
            if not fragment.more:
                entry.end_at(end)
        return entry

    def _partial(self, key: bytes) -> Datagram:
        self.incomplete += 1
        return self._done(self._open.pop(key), False)

    def _done(self, entry: _Open, whole: bool) -> Datagram:
        if len(entry.parts) > 1:
            self._listed += len(entry.parts)
            if self._listed <= MOST_LISTED:
                self.parts[entry.parts[-1].frame] = entry.parts
            else:
                self.unlisted += 1
        return _datagram(entry, whole)


def _fragment(batch: Batch, packets: Packets, row: int) -> _Fragment:
    data, network, payload = batch.data, int(packets.network[row]), int(packets.payload[row])
    end = payload + int(packets.payload_captured[row])
    length = int(packets.numbers[row, PAYLOAD_WIRE])
    if data[network] >> 4 == 4:
        header = bytes(data[network : network + 20])
        word = int.from_bytes(header[6:8], "big")
        key = header[4:6] + header[9:10] + header[12:20]
        return _Fragment(
            key, header, (word & 0x1FFF) * 8, bytes(data[payload:end]), length, bool(word & 0x2000)
        )
    # The payload of an IPv6 fragment begins with its fragment header.
    header = bytes(data[network : network + 40])
    word = int.from_bytes(data[payload + 2 : payload + 4], "big")
    key = bytes(data[payload + 4 : payload + 8]) + header[8:40]
    return _Fragment(
        key, header, word & 0xFFF8, bytes(data[payload + 8 : end]), max(length - 8, 0), bool(word & 1)
    )


def _datagram(entry: _Open, whole: bool) -> Datagram:
    header, payload = bytearray(entry.header), entry.payload()
    if len(header) == 20:
        header[0] = 0x45
        header[2:4] = min(20 + len(payload), 0xFFFF).to_bytes(2, "big")
        header[6:8] = b"\0\0"
    else:
        header[4:6] = min(len(payload), 0xFFFF).to_bytes(2, "big")
        header[6] = entry.protocol
    last = entry.parts[-1]
    return Datagram(
        bytes(header) + payload, last.frame, last.time_ns, len(entry.parts),
        sum(part.octets for part in entry.parts), entry.macs, whole,
    )  # fmt: skip


def as_batch(datagrams: list[Datagram]) -> tuple[Batch, list[int]]:
    """Reassembled datagrams as a batch of raw IP records, with the frame number of each."""
    batch = packed([d.packet for d in datagrams], [d.time_ns for d in datagrams], 101)  # LINKTYPE_RAW
    return batch, [d.frame for d in datagrams]
