"""A TCP flow to the DNS messages in it: each behind its length in two bytes (RFC 1035 §4.2.2, RFC 7766)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from analyzer.capture.batch import Batch
from analyzer.dissectors.datagrams import Datagrams
from analyzer.dissectors.dns import DNS_PORT, is_message
from analyzer.dissectors.payload_rows import PayloadRow, first_sequence, isn, payload
from analyzer.flows.flow_ids import New, moved_pairs, moved_set
from analyzer.flows.flow_table import A_HI, A_LO, A_PORT, B_HI, B_LO, B_PORT, HANDED, PROTOCOL, Flows
from analyzer.flows.reassembly import Segment, Stream
from analyzer.flows.retransmissions import Retransmissions

SHORTEST = 12  # bytes of a header
# Directions followed at once at most; the oldest gives way.
MOST_OPEN = 4096


class DnsMessage(NamedTuple):
    """A message and the frame that completed it."""

    data: bytes
    frame: int
    time_ns: int


class DnsSide:
    """One direction. `lost` says that its messages can't be told apart any more: behind a gap, or no DNS."""

    __slots__ = ("_data", "_stream", "lost", "messages")

    def __init__(self, isn: int | None, first: int) -> None:
        self._stream = Stream(isn, Retransmissions(0))
        self._stream.begin(first)
        self._data = bytearray()
        self.lost = False
        self.messages = 0

    def feed(self, sequence: int, data: bytes, frame: int, time_ns: int) -> Iterator[DnsMessage]:
        """Messages that this segment completes."""
        for piece in self._stream.add(sequence, data, frame, time_ns):
            if not isinstance(piece, Segment):
                self.lost = True
            if self.lost or not isinstance(piece, Segment):
                self._data.clear()
                return
            self._data += piece.data
            yield from self._whole(piece)

    def _whole(self, piece: Segment) -> Iterator[DnsMessage]:
        position = 0
        while position + 2 <= len(self._data):
            end = position + 2 + int.from_bytes(self._data[position : position + 2], "big")
            if end > len(self._data):
                break
            message = bytes(self._data[position + 2 : end])
            if not is_message(message):
                self.lost = True
                return
            self.messages += 1
            yield DnsMessage(message, piece.frame, piece.time_ns)
            position = end
        del self._data[:position]


def starts_dns(data: bytes) -> bool:
    """Whether a TCP payload begins with a DNS message behind its length."""
    length = int.from_bytes(data[:2], "big")
    if len(data) == 2:  # some resolvers send the length in a segment of its own
        return length >= SHORTEST
    return length >= SHORTEST and (is_message(data[2:14]) or 2 < len(data) < 14)


class DnsFlows:
    """Reads the TCP flows of port 53; `seen` holds those that carried DNS messages.

    What a batch of the capture holds of one direction beyond 64 KiB is not read, as of any flow that is
    not text.
    """

    def __init__(self, datagrams: Datagrams) -> None:
        self.seen: set[int] = set()
        self._datagrams = datagrams
        self._sides: dict[tuple[int, int], DnsSide] = {}

    def takes(self, batch: Batch, group: Sequence[PayloadRow], flows: Flows) -> bool:
        """Whether these payloads of one flow are DNS, by port and by their first bytes."""
        first = group[0]
        if DNS_PORT not in (flows.numbers[first.flow, A_PORT], flows.numbers[first.flow, B_PORT]):
            return False
        if flows.numbers[first.flow, PROTOCOL] != 6:
            return False
        is_known = first.flow in self.seen or any((first.flow, side) in self._sides for side in (0, 1))
        return is_known or starts_dns(payload(batch, first))

    def read(self, batch: Batch, group: Sequence[PayloadRow], flows: Flows) -> None:
        """The payloads of one flow, in the order of capture."""
        for side in (0, 1):
            rows = [row for row in group if row.direction == side]
            if rows:
                self._read_side(batch, rows, flows)

    def renumber(self, new: New) -> None:
        """Go on with new numbers of flows (`flows.renumbering`)."""
        self.seen, self._sides = moved_set(self.seen, new), moved_pairs(self._sides, new)

    def _read_side(self, batch: Batch, rows: Sequence[PayloadRow], flows: Flows) -> None:
        flow, side = rows[0].flow, rows[0].direction
        reader = self._sides.get((flow, side))
        if reader is None:
            reader = self._sides[flow, side] = DnsSide(isn(flows, flow, side), first_sequence(rows))
            if len(self._sides) > MOST_OPEN:
                del self._sides[next(iter(self._sides))]
        for row in rows:
            for message in reader.feed(row.sequence, payload(batch, row), row.frame, row.time_ns):
                self._datagrams.answers(message.data, message.frame, message.time_ns, _to(flows, flow, side))
        if reader.messages:
            self.seen.add(flow)
        if not reader.lost:
            flows.numbers[flow, HANDED + side] = 0  # what follows is wanted too


def _to(flows: Flows, flow: int, side: int) -> tuple[int, int]:
    """The address that a side sends to, in two words."""
    hi, lo = (A_HI, A_LO) if side else (B_HI, B_LO)
    return int(flows.addresses[flow, hi]), int(flows.addresses[flow, lo])
