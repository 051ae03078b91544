"""IP fragments to whole datagrams (RFC 791 §3.2, RFC 8200 §4.5).

The first copy of a byte wins, as in TCP streams; a later copy that differs is kept as a conflict.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from analyzer.capture.batch import Batch
from analyzer.capture.synthetic_batch import packed
from analyzer.packets.encapsulation import offsets_of
from analyzer.packets.packet_table import FRAGMENT, PAYLOAD_WIRE, Packets

# Datagrams under way at most; the oldest gives way, counted.
MOST_OPEN = 4096
LARGEST = 1 << 16
# Fragments whose frame numbers are kept at most.
MOST_LISTED = 1_000_000
# Fragments wait this long for the others (RFC 8200 §4.5); later their identification is used anew.
PATIENCE_NS = 60_000_000_000
# A fragment that comes this soon after its datagram was whole was captured twice.
REPEAT_NS = 10_000_000
# Bytes of such datagrams that are kept for that long at most.
MOST_REMEMBERED = 4 << 20
# Conflicts kept at most; all are counted.
MOST_CONFLICTS = 1_000
# Bytes of outer headers that go with a datagram at most: what is around more than this is not kept.
LONGEST_OUTSIDE = 512
RAW = 101  # LINKTYPE_RAW


class Datagram(NamedTuple):
    """A reassembled datagram as a raw IP packet, or what there is of it."""

    packet: bytes
    frame: int  # of the fragment that completed it
    time_ns: int
    packets: int  # fragments it came in
    size: int  # of these frames on the wire
    macs: tuple[int, int]
    whole: bool
    outside: bytes = b""  # headers around the IP packet, from the frame's start
    link: int = RAW  # LINKTYPE_ of `outside`


class FragmentFrame(NamedTuple):
    """One frame of a datagram that came in several."""

    frame: int
    time_ns: int
    size: int  # on the wire


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
    frame: int

    @property
    def end(self) -> int:
        return self.offset + len(self.data)


class FragmentDifference(NamedTuple):
    """Bytes that came in two fragments with different content, from the first that differs to the last."""

    source: bytes  # 4 or 16 bytes
    destination: bytes
    offset: int
    first: bytes
    first_frame: int
    second: bytes
    second_frame: int


class _Whole(NamedTuple):
    """What is remembered of a datagram once it is whole."""

    time_ns: int
    payload: bytes


@dataclass(slots=True)
class OpenDatagram:
    header: bytes  # of the first fragment seen: version, addresses
    protocol: int
    first_ns: int
    macs: tuple[int, int]
    parts: list[FragmentFrame] = field(default_factory=list)
    total: int = LARGEST  # bytes of the payload, once the last fragment has told it
    covered: int = 0
    pieces: list[_Piece] = field(default_factory=list)  # in order, none overlaps another
    outside: bytes = b""
    link: int = RAW
    others: list[_Piece] = field(default_factory=list)  # that came later with other content

    def put(self, offset: int, data: bytes, frame: int) -> tuple[int, list[_Piece]]:
        """Keep what no earlier fragment brought; how many bytes that is, and the pieces that it meets."""
        data = data[: max(self.total - offset, 0)]
        position, end = offset, offset + len(data)
        first = bisect_right(self.pieces, offset, key=_start)
        met: list[_Piece] = []
        if first:
            before = self.pieces[first - 1]
            position = max(position, before.end)
            met += [before] if before.end > offset else []
        last, fresh = first, []
        while position < end:
            stop = min(end, self.pieces[last].offset if last < len(self.pieces) else end)
            if stop > position:
                fresh.append(_Piece(position, data[position - offset : stop - offset], frame))
            if stop == end:
                break
            fresh.append(self.pieces[last])
            met.append(self.pieces[last])
            position = self.pieces[last].end
            last += 1
        kept = sum(len(p.data) for p in fresh) - sum(len(p.data) for p in self.pieces[first:last])
        self.pieces[first:last] = fresh
        self.covered += kept
        return kept, met

    def end_at(self, total: int) -> None:
        """The last fragment tells how long the payload is; the first to tell is believed."""
        if self.total == LARGEST:
            self.total = total
            pieces, self.pieces, self.covered = self.pieces, [], 0
            for piece in pieces:
                self.put(*piece)

    def payload(self) -> bytes:
        """The bytes from the datagram's start up to the first hole."""
        joined = bytearray()
        for piece in self.pieces:
            if piece.offset > len(joined):
                break
            joined += piece.data
        return bytes(joined)

    def other_reading(self) -> bytes:
        """The same where the later copies are read."""
        joined = bytearray(self.payload())
        for piece in self.others:
            data = piece.data[: max(len(joined) - piece.offset, 0)]
            joined[piece.offset : piece.offset + len(data)] = data
        return bytes(joined)


def _start(piece: _Piece) -> int:
    return piece.offset


class Reassembler:
    """Collects fragments over the batches of a capture."""

    def __init__(self, share: float = 1.0) -> None:
        """`share` is the part of the usual bounds that holds here."""
        self._most_listed = int(MOST_LISTED * share)
        self._open: dict[bytes, OpenDatagram] = {}
        self.evicted = 0
        # By the frame that completed a datagram: all its frames, for the list of packets.
        self.parts: dict[int, list[FragmentFrame]] = {}
        self.unlisted = 0  # datagrams beyond the limit, of which only the last frame is known
        self._listed = 0
        self.incomplete = 0  # datagrams that never became whole, those evicted included
        self.repeats = 0  # fragments that had come before, byte for byte
        self.overlaps = 0  # fragments of which some bytes had come before
        self.conflicting = 0  # … with other content
        self.conflicts: list[FragmentDifference] = []
        self._whole: dict[bytes, _Whole] = {}
        self._remembered = 0  # bytes of these

    def add(self, batch: Batch, packets: Packets, frames: list[int] | None = None) -> list[Datagram]:
        """Datagrams that the fragments of this batch complete, or push out.

        `frames` gives the frame numbers of a batch that was made rather than read.
        """
        return [datagram for _, datagram in self.completed(batch, packets, frames)]

    def completed(
        self, batch: Batch, packets: Packets, frames: list[int] | None = None
    ) -> list[tuple[int, Datagram]]:
        """As `add`, each with the row of the fragment that completed it or pushed it out."""
        done: list[tuple[int, Datagram]] = []
        for row in (packets.kind == FRAGMENT).nonzero()[0].tolist():
            fragment = _fragment(batch, packets, row)
            entry, time_ns = self._open.get(fragment.key), int(batch.records.time_ns[row])
            frame = frames[row] if frames else batch.first_frame + row
            if entry is None and (whole := self._repeated(fragment, time_ns)):
                done.append((row, _copy(batch, packets, row, fragment, frame, whole)))
                continue
            if entry is not None and time_ns - entry.first_ns > PATIENCE_NS:
                done.append((row, self._partial(fragment.key)))
            entry = self._take(batch, packets, row, fragment, frame)
            if entry.covered == entry.total:
                del self._open[fragment.key]
                self._remember(fragment.key, entry, time_ns)
                done.append((row, self._done(entry, True)))
                if entry.others:
                    done.append((row, _other(entry)))
            elif len(self._open) > MOST_OPEN:
                self.evicted += 1
                done.append((row, self._partial(next(iter(self._open)))))
        return done

    def close(self) -> list[Datagram]:
        """What is left of datagrams that never became whole."""
        return [self._partial(key) for key in list(self._open)]

    def forget_parts(self, but_of: Iterable[int]) -> None:
        """Let go of the parts of datagrams, except those whose last frame is named here."""
        self.parts = {frame: parts for frame in but_of if (parts := self.parts.get(frame)) is not None}
        self._listed = sum(map(len, self.parts.values()))

    def _take(
        self, batch: Batch, packets: Packets, row: int, fragment: _Fragment, frame: int
    ) -> OpenDatagram:
        time_ns = int(batch.records.time_ns[row])
        entry = self._open.get(fragment.key)
        if entry is None:
            macs = (int(packets.source_mac[row]), int(packets.destination_mac[row]))
            protocol = int(packets.protocol[row])
            entry = self._open[fragment.key] = OpenDatagram(fragment.header, protocol, time_ns, macs)
            entry.outside, entry.link = _outside(batch, packets, row)
        entry.parts.append(FragmentFrame(frame, time_ns, int(batch.records.wire[row])))
        end = fragment.offset + fragment.length
        if end <= LARGEST:
            kept, met = entry.put(fragment.offset, fragment.data, frame)
            if kept < min(len(fragment.data), max(entry.total - fragment.offset, 0)):
                self._compare(entry, fragment, frame, kept, met)
            if not fragment.more:
                entry.end_at(end)
        return entry

    def _compare(
        self, entry: OpenDatagram, fragment: _Fragment, frame: int, kept: int, met: list[_Piece]
    ) -> None:
        """Count a fragment of which some bytes had come before, and keep what differs."""
        differing = [d for piece in met if (d := _difference(entry, fragment, frame, piece)) is not None]
        if differing:
            self.conflicting += 1
            self.conflicts += differing[: MOST_CONFLICTS - len(self.conflicts)]
            entry.others.append(_Piece(fragment.offset, fragment.data, frame))
        elif not kept:
            self.repeats += 1
            return
        self.overlaps += 1

    def _repeated(self, fragment: _Fragment, time_ns: int) -> _Whole | None:
        """The datagram that a fragment is of, byte for byte, where it was whole a moment ago."""
        whole = self._whole.get(fragment.key)
        if whole is None or not 0 <= time_ns - whole.time_ns <= REPEAT_NS:
            return None
        end = fragment.offset + len(fragment.data)
        if whole.payload[fragment.offset : end] != fragment.data or fragment.more != (
            end < len(whole.payload)
        ):
            return None
        self.repeats += 1
        return whole

    def _remember(self, key: bytes, entry: OpenDatagram, time_ns: int) -> None:
        self._forget(key)
        self._whole[key] = _Whole(time_ns, entry.payload())
        self._remembered += len(self._whole[key].payload)
        while self._remembered > MOST_REMEMBERED or len(self._whole) > MOST_OPEN:
            self._forget(next(iter(self._whole)))

    def _forget(self, key: bytes) -> None:
        if (whole := self._whole.pop(key, None)) is not None:
            self._remembered -= len(whole.payload)

    def _partial(self, key: bytes) -> Datagram:
        self.incomplete += 1
        return self._done(self._open.pop(key), False)

    def _done(self, entry: OpenDatagram, whole: bool) -> Datagram:
        if len(entry.parts) > 1:
            self._listed += len(entry.parts)
            if self._listed <= self._most_listed:
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


def _datagram(entry: OpenDatagram, whole: bool) -> Datagram:
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
        sum(part.size for part in entry.parts), entry.macs, whole, entry.outside, entry.link,
    )  # fmt: skip


def _other(entry: OpenDatagram) -> Datagram:
    """The datagram as its later copies have it, which counts as no packet: its stream compares the two."""
    pieces, entry.pieces = entry.pieces, [_Piece(0, entry.other_reading(), entry.others[-1].frame)]
    made = _datagram(entry, True)
    entry.pieces = pieces
    packet = bytearray(made.packet)
    if len(entry.header) == 20:
        packet[4:6] = b"\0\0"  # with the same identification it would count as captured twice
    return made._replace(packet=bytes(packet), frame=entry.others[-1].frame, packets=0, size=0)


def _difference(
    entry: OpenDatagram, fragment: _Fragment, frame: int, piece: _Piece
) -> FragmentDifference | None:
    """Where a fragment differs from a piece that came before; None where it doesn't."""
    start = max(piece.offset, fragment.offset)
    end = min(piece.end, fragment.offset + len(fragment.data), entry.total)
    first = piece.data[start - piece.offset : end - piece.offset]
    second = fragment.data[start - fragment.offset : end - fragment.offset]
    if first == second:
        return None
    at = [k for k, (one, other) in enumerate(zip(first, second, strict=True)) if one != other]
    within = slice(at[0], at[-1] + 1)
    is_v4, header = len(entry.header) == 20, entry.header
    return FragmentDifference(
        header[12:16] if is_v4 else header[8:24], header[16:20] if is_v4 else header[24:40],
        start + at[0], first[within], piece.frame, second[within], frame,
    )  # fmt: skip


def _copy(
    batch: Batch, packets: Packets, row: int, fragment: _Fragment, frame: int, whole: _Whole
) -> Datagram:
    """A fragment captured twice, as a packet of its datagram's flow without payload."""
    macs = (int(packets.source_mac[row]), int(packets.destination_mac[row]))
    entry = OpenDatagram(fragment.header, int(packets.protocol[row]), int(batch.records.time_ns[row]), macs)
    entry.outside, entry.link = _outside(batch, packets, row)
    entry.pieces = [_Piece(0, whole.payload[:4], frame)]  # the ports
    entry.parts = [FragmentFrame(frame, entry.first_ns, int(batch.records.wire[row]))]
    return _datagram(entry, False)


def _outside(batch: Batch, packets: Packets, row: int) -> tuple[bytes, int]:
    """The headers around a fragment that came inside another packet, and the link type they begin with.

    The lengths in outer IP headers are those of the fragment; 0 reads to the frame's end instead.
    """
    start, network = int(batch.records.offset[row]), int(packets.network[row])
    if not packets.path[row] or network - start > LONGEST_OUTSIDE:
        return b"", RAW
    headers = bytearray(batch.data[start:network])
    for at in offsets_of(int(packets.outer[row])):
        if at is not None and at + 6 <= len(headers):
            length = at + (2 if headers[at] >> 4 == 4 else 4)
            headers[length : length + 2] = b"\0\0"
    return bytes(headers), int(batch.records.link[row])


def as_batch(datagrams: list[Datagram]) -> tuple[Batch, list[int]]:
    """Reassembled datagrams as a batch of raw IP records, with the frame number of each."""
    batch = packed([d.outside + d.packet for d in datagrams], [d.time_ns for d in datagrams], RAW)
    batch.records.link[:] = [d.link for d in datagrams]
    return batch, [d.frame for d in datagrams]
