"""Batches with their flow numbers to what was readable in them: HTTP exchanges and names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from analyzer.capture.batch import Batch
from analyzer.flows.kernel import FIN, RST
from analyzer.flows.renumbering import New, moved, moved_set
from analyzer.flows.table import (
    ACK_NUMBER,
    FINISHED,
    FLAGS,
    HAS_ACK_A,
    KIND,
    LAST_NS,
    MARKS,
    OPAQUE,
    PACKETS,
    TEXT,
    UNDECIDED,
    Flows,
)  # fmt: skip
from analyzer.flows.tracker import FlowIds
from analyzer.packets.outline import LAST_NS as LAST_TIME
from analyzer.packets.outline import Outline
from analyzer.packets.table import FRAGMENT, Packets

from .clear_datagrams import ClearDatagrams
from .clear_streams import ClearStreams
from .datagrams import Datagrams, Named
from .dns_tcp import DnsFlows
from .exchange import Exchange
from .hellos import HELLO_KINDS, Hellos
from .http_flow import HttpFlow
from .named import shortened
from .notes import StreamNotes
from .rows import Row, first_sequence, isn
from .weighing import held

# A closed connection is kept this long for stragglers, in nanoseconds of capture time.
LINGER_NS = 10_000_000_000

# Connections read at once; octets that their readers may hold together; octets fed to them after which they
# are weighed, a segment counting for some more than its data.
MOST_READ, MOST_HELD, WEIGHED_EVERY, SEGMENT_COST = 8192, 96 << 20, 32 << 20, 200
# Names kept.
MOST_NAMES = 30_000


class SeenExchange(NamedTuple):
    """An exchange, the flow it was seen in, and whether the request's last octet was acknowledged.

    `delivered` is None where the capture holds nothing from the other side.
    """

    flow: int
    exchange: Exchange
    delivered: bool | None


class Observer:
    """Follows flows over the batches of a capture. `names` grows as names are seen."""

    def __init__(self, share: float = 1.0) -> None:
        """`share` is the part of the usual bounds that holds here."""
        self._share = share
        self.names: list[Named] = []
        self.datagrams = Datagrams(self.names)
        self.clear_datagrams = ClearDatagrams()
        self.notes = StreamNotes(share)
        self.clear_streams = ClearStreams(self.notes)
        self.hellos = Hellos(self.names)
        self.dns = DnsFlows(self.datagrams)
        self.http_flows: set[int] = set()  # flows that carried HTTP
        self.unreadable_inside: set[int] = set()  # … as a tunnel for what can't be read
        self.gaps = 0  # stretches of readable streams that were never captured
        self.gap_octets = 0
        self.skipped_octets = 0  # of HTTP messages whose beginning was not captured
        self.closed_early = 0  # connections whose reader held too much
        self.repeats_left_out = self.names_left_out = 0
        self._in_order = True
        self._fed = 0  # octets handed to readers since they were weighed
        self._flows: dict[int, HttpFlow] = {}
        self._cut: set[int] = set()  # flows whose reader went before their end

    def observe(
        self,
        batch: Batch,
        packets: Packets,
        outline: Outline,
        ids: FlowIds,
        flows: Flows,
        frames: list[int] | None = None,
    ) -> Iterator[SeenExchange]:
        """Exchanges that this batch finishes; `frames` gives the frame numbers of rebuilt datagrams."""
        self.datagrams.read(batch, packets, outline, ids, frames)
        for clear in self.clear_datagrams.read(batch, packets, outline, ids, flows, frames):
            yield SeenExchange(*clear)
        # Fragmented segments come after the rest of their batch, so there nothing is lost yet.
        self._in_order = frames is None and not outline.has(FRAGMENT)
        for group in _groups(batch, packets, ids, frames):
            flow = group[0].flow
            if flows.numbers[flow, KIND] in HELLO_KINDS and flow not in self._flows:
                self.hellos.read(batch, group, flows)
            elif self.dns.takes(batch, group, flows):
                self.dns.read(batch, group, flows)
            else:
                clear_text = self.clear_streams.read(
                    batch, packets, ids, group, flows, frames, self._in_order
                )
                yield from (SeenExchange(*clear) for clear in clear_text)
                if flow in self.clear_streams.kinds:
                    self._flows.pop(flow, None)
                else:
                    yield from self._read_http(batch, group, flows)
        if len(batch.records):
            now_ns = int(outline.sums[LAST_TIME])
            yield from self._retire(flows, now_ns)
            for clear in self.clear_streams.retire(flows, now_ns):
                yield SeenExchange(*clear)
        lengths = packets.payload_captured[ids.handed > 0]
        self._fed += int(lengths.sum()) + SEGMENT_COST * len(lengths)
        yield from self._lighten(flows)

    def close(self, flows: Flows) -> Iterator[SeenExchange]:
        """What the end of the capture leaves: cut messages and unanswered requests."""
        for flow in list(self._flows):
            yield from self._close(flow, flows)
        for clear in (*self.clear_streams.close(flows), *self.clear_datagrams.close(flows)):
            yield SeenExchange(*clear)
        self.gaps += self.clear_streams.gaps
        self.gap_octets += self.clear_streams.gap_octets

    def unanswered(self, asked: Iterable[int], flows: Flows) -> Iterator[SeenExchange]:
        """Requests of these flows that were read and wait for an answer, as they stand now."""
        for flow in asked:
            if (http := self._flows.get(flow)) is not None:
                for exchange in http.unanswered():
                    yield _seen(flow, http, exchange, flows)
            for clear in (*self.clear_streams.waiting(flow, flows), *self.clear_datagrams.waiting(flow)):
                yield SeenExchange(*clear)

    def reading(self) -> set[int]:
        """The flows that are being read as text."""
        return self._flows.keys() | set(self.clear_streams.reading())

    def let_go(self, gone: Iterable[int], flows: Flows) -> Iterator[SeenExchange]:
        """What the early end of these flows leaves; what comes later is read from a message on."""
        gone = list(gone)
        for flow in gone:
            if flow in self._flows:
                self._cut.add(flow)
                yield from self._close(flow, flows)
        for clear in (*self.clear_streams.let_go(gone, flows), *self.clear_datagrams.let_go(gone, flows)):
            yield SeenExchange(*clear)

    def renumber(self, new: New, count: int) -> None:
        """Go on with new numbers of flows (`flows.renumbering`); there are `count` of them."""
        self.names[:] = [
            named if named.flow is None else named._replace(flow=int(new[named.flow]))
            for named in self.names
            if named.flow is None or new[named.flow] >= 0
        ]
        self.http_flows = moved_set(self.http_flows, new)
        self.unreadable_inside = moved_set(self.unreadable_inside, new)
        self._flows, self._cut = moved(self._flows, new), moved_set(self._cut, new)
        self.clear_datagrams.renumber(new, count)
        for part in (self.datagrams, self.clear_streams, self.hellos, self.dns, self.notes):
            part.renumber(new)

    def _lighten(self, flows: Flows) -> Iterator[SeenExchange]:
        """Close the connections silent longest, where readers hold more than memory is for; so with names.

        Readers can't hold more than they are fed, so they are weighed after a certain number of octets.
        """
        most_names, most_read, most_held = (int(m * self._share) for m in (MOST_NAMES, MOST_READ, MOST_HELD))
        if len(self.names) > most_names:
            self.names[:], repeats, lost = shortened(self.names, most_names // 2)
            self.repeats_left_out += repeats
            self.names_left_out += lost
        is_due = self._fed > WEIGHED_EVERY * self._share or len(self._flows) > most_read
        reading = self.reading() if is_due else ()
        if not reading:
            return
        self._fed = 0
        oldest = sorted(reading, key=lambda flow: int(flows.numbers[flow, LAST_NS]))
        weights = [held(self._flows.get(flow)) + self.clear_streams.held(flow) for flow in oldest]
        left, total = len(oldest), sum(weights)
        if total <= most_held and left <= most_read:
            return
        gone = []
        for flow, taken in zip(oldest, weights, strict=True):
            if total <= most_held // 2 and left <= most_read // 2:
                break
            gone.append(flow)
            left, total = left - 1, total - taken
        self.closed_early += len(gone)
        yield from self.let_go(gone, flows)

    # ── HTTP ────────────────────────────────────────────────────────────

    def _read_http(self, batch: Batch, group: list[Row], flows: Flows) -> Iterator[SeenExchange]:
        flow = group[0].flow
        http = self._flows.get(flow)
        if http is None:
            starts = (None, None) if flow in self._cut else (isn(flows, flow, 0), isn(flows, flow, 1))
            http = self._flows[flow] = HttpFlow(*starts, recent=self.notes.recent)
        sides = [[row for row in group if row.direction == side] for side in (0, 1)]
        for side in self._side_order(http, batch, sides):
            rows = sides[side]
            if rows and http.streams[side].base is None:
                http.streams[side].begin(first_sequence(rows))
            for row in rows:
                data = bytes(batch.data[row.start : row.start + row.length])
                for exchange in http.feed(side, row.sequence, data, row.frame, row.time_ns):
                    yield _seen(flow, http, exchange, flows)
            if self._in_order and flows.numbers[flow, MARKS] & (HAS_ACK_A << (1 - side)):
                acknowledged = int(flows.numbers[flow, ACK_NUMBER + 1 - side])
                for exchange in http.acknowledge(side, acknowledged):
                    yield _seen(flow, http, exchange, flows)
        self._name_inner(flow, http)
        if http.found or http.switch.sure:
            self.clear_streams.dismiss(flow)
        if http.found:
            self.http_flows.add(flow)
        elif flows.numbers[flow, KIND] == OPAQUE and http.gave_up():
            del self._flows[flow]
        self._steer(flow, http, flows)

    def _name_inner(self, flow: int, http: HttpFlow) -> None:
        """What TLS inside a tunnel told."""
        for hello, tunnel in http.switch.hellos:
            self.hellos.of.setdefault(flow, hello)
            if hello.name:
                via = f"inside {', '.join(tunnel)}"
                self.names.append(Named("sni", hello.name, hello.frame, flow=flow, via=via))
        http.switch.hellos.clear()

    def _steer(self, flow: int, http: HttpFlow, flows: Flows) -> None:
        """Have all of a flow handed on, or no more of it, by what its reader knows."""
        if not http.wants_more:
            flows.numbers[flow, KIND] = FINISHED
            self.unreadable_inside.add(flow)
        elif http.switch.sure and flows.numbers[flow, KIND] in (UNDECIDED, OPAQUE):
            flows.numbers[flow, KIND] = TEXT

    def _side_order(self, http: HttpFlow, batch: Batch, sides: list[list[Row]]) -> tuple[int, int]:
        """The side that sends requests first, so that responses find them."""
        roles = [reader.role for reader in http.readers]
        if "request" in roles:
            return (0, 1) if roles[0] == "request" else (1, 0)
        first = sides[0][0] if sides[0] else None
        answers = roles[0] == "response" or (
            first is not None and bytes(batch.data[first.start : first.start + 5]) == b"HTTP/"
        )
        return (1, 0) if answers else (0, 1)

    def _retire(self, flows: Flows, now_ns: int) -> Iterator[SeenExchange]:
        """Close connections that ended some time ago."""
        if not self._flows:
            return
        active = np.fromiter(self._flows, np.int64, len(self._flows))
        flags = flows.pair(FLAGS)[active]
        ended = ((flags & FIN) != 0).all(axis=1) | ((flags & RST) != 0).any(axis=1)
        quiet = flows.one(LAST_NS)[active] < now_ns - LINGER_NS
        for flow in active[ended & quiet].tolist():
            yield from self._close(flow, flows)
            flows.numbers[flow, KIND] = FINISHED

    def _close(self, flow: int, flows: Flows) -> Iterator[SeenExchange]:
        http = self._flows.pop(flow)
        for exchange in http.close():
            yield _seen(flow, http, exchange, flows)
        self.notes.take(flow, http)
        self.gaps += http.gaps
        self.gap_octets += http.gap_octets
        if http.found:
            self.skipped_octets += http.skipped
        if http.found:
            self.http_flows.add(flow)


def _seen(flow: int, http: HttpFlow, exchange: Exchange, flows: Flows) -> SeenExchange:
    request, answering = exchange.request, 1 - exchange.direction
    if request is None or not flows.numbers[flow, PACKETS + answering]:
        return SeenExchange(flow, exchange, None)
    if not flows.numbers[flow, MARKS] & (HAS_ACK_A << answering):
        return SeenExchange(flow, exchange, False)
    end = http.streams[exchange.direction].sequence_at(request.end)
    beyond = (int(flows.numbers[flow, ACK_NUMBER + answering]) - end) % (1 << 32)
    return SeenExchange(flow, exchange, beyond < 1 << 31)


def _groups(batch: Batch, packets: Packets, ids: FlowIds, frames: list[int] | None) -> Iterable[list[Row]]:
    """The payloads that were handed on, flow by flow, each in the order of capture."""
    rows = ids.handed.nonzero()[0]
    if not len(rows):
        return
    rows = rows[np.argsort(ids.flow[rows], kind="stable")]
    # A SYN takes up one sequence number, so data with it (RFC 7413) begins one later.
    sequence = packets.sequence[rows] + ((packets.flags[rows] & 2) != 0)
    frame = np.asarray(frames, np.int64)[rows] if frames else rows + batch.first_frame
    columns = zip(
        ids.flow[rows].tolist(), ids.direction[rows].tolist(), (sequence & 0xFFFFFFFF).tolist(),
        packets.payload[rows].tolist(), packets.payload_captured[rows].tolist(),
        frame.tolist(), batch.records.time_ns[rows].tolist(), strict=True,
    )  # fmt: skip
    group: list[Row] = []
    for values in columns:
        row = Row(*values)
        if group and group[0].flow != row.flow:
            yield group
            group = []
        group.append(row)
    yield group
