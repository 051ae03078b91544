"""Batches with their flow numbers to what was readable in them: HTTP exchanges and names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from analyzer.capture.batch import Batch
from analyzer.flows.kernel import FIN, RST
from analyzer.flows.streams import Segment, Stream
from analyzer.flows.table import (
    ACK_NUMBER,
    FINISHED,
    FLAGS,
    HANDED,
    HAS_ACK_A,
    HAS_ISN_A,
    ISN,
    KIND,
    LAST_NS,
    MARKS,
    OPAQUE,
    PACKETS,
    TLS,
    TLS_OCTETS,
    Flows,
)  # fmt: skip
from analyzer.flows.tracker import FlowIds
from analyzer.packets.table import FRAGMENT, Packets

from .datagrams import Datagrams, Named
from .http_flow import Exchange, HttpFlow
from .tls import ServerName

# A closed connection is kept this long for stragglers, in nanoseconds of capture time.
LINGER_NS = 10_000_000_000

# How far before the first segment seen a stream may begin when no SYN told its start and its first
# segments came out of order.
LOOK_BACK = 1 << 17


class SeenExchange(NamedTuple):
    """An exchange, the flow it was seen in, and whether the request's last octet was acknowledged.

    `delivered` is None where the capture holds nothing from the other side.
    """

    flow: int
    exchange: Exchange
    delivered: bool | None


class _Row(NamedTuple):
    flow: int
    direction: int
    sequence: int
    start: int
    length: int
    frame: int
    time_ns: int


class _Hello:
    """The client's side of a TLS flow until its server name is known."""

    __slots__ = ("server", "stream")

    def __init__(self, isn: int | None) -> None:
        self.stream = Stream(isn)
        self.server = ServerName()


class Observer:
    """Follows flows over the batches of a capture. `names` grows as names are seen."""

    def __init__(self) -> None:
        self.names: list[Named] = []
        self.datagrams = Datagrams(self.names)
        self.fingerprints: dict[int, tuple[str, int]] = {}  # flow → JA4 of its ClientHello, frame
        self.http_flows: set[int] = set()  # flows that carried HTTP
        self.gaps = 0  # stretches of readable streams that were never captured
        self.gap_octets = 0
        self.skipped_octets = 0  # of HTTP messages whose beginning was not captured
        self._in_order = True
        self._flows: dict[int, HttpFlow] = {}
        self._hellos: dict[int, _Hello] = {}

    def observe(
        self, batch: Batch, packets: Packets, ids: FlowIds, flows: Flows, frames: list[int] | None = None
    ) -> Iterator[SeenExchange]:
        """Exchanges that this batch finishes; `frames` gives the frame numbers of rebuilt datagrams."""
        self.datagrams.read(batch, packets, ids, frames)
        # Fragmented segments come after the rest of their batch, so there nothing is lost yet.
        self._in_order = frames is None and not bool((packets.kind == FRAGMENT).any())
        for group in _groups(batch, packets, ids, frames):
            flow = group[0].flow
            if flows.numbers[flow, KIND] == TLS and flow not in self._flows:
                self._read_hello(batch, group, flows)
            else:
                yield from self._read_http(batch, group, flows)
        if len(batch.records):
            yield from self._retire(flows, int(batch.records.time_ns.max()))

    def close(self, flows: Flows) -> Iterator[SeenExchange]:
        """What the end of the capture leaves: cut messages and unanswered requests."""
        for flow in list(self._flows):
            yield from self._close(flow, flows)

    # ── HTTP ────────────────────────────────────────────────────────────

    def _read_http(self, batch: Batch, group: list[_Row], flows: Flows) -> Iterator[SeenExchange]:
        flow = group[0].flow
        http = self._flows.get(flow)
        if http is None:
            http = self._flows[flow] = HttpFlow(_isn(flows, flow, 0), _isn(flows, flow, 1))
        sides = [[row for row in group if row.direction == side] for side in (0, 1)]
        for side in self._side_order(http, batch, sides):
            rows = sides[side]
            if rows and http.streams[side].base is None:
                http.streams[side].begin(_first_sequence(rows))
            for row in rows:
                data = bytes(batch.data[row.start : row.start + row.length])
                for exchange in http.feed(side, row.sequence, data, row.frame, row.time_ns):
                    yield _seen(flow, http, exchange, flows)
            if self._in_order and flows.numbers[flow, MARKS] & (HAS_ACK_A << (1 - side)):
                acknowledged = int(flows.numbers[flow, ACK_NUMBER + 1 - side])
                for exchange in http.acknowledge(side, acknowledged):
                    yield _seen(flow, http, exchange, flows)
        if http.found:
            self.http_flows.add(flow)
        elif flows.numbers[flow, KIND] == OPAQUE and http.gave_up():
            del self._flows[flow]

    def _side_order(self, http: HttpFlow, batch: Batch, sides: list[list[_Row]]) -> tuple[int, int]:
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
        self.gaps += http.gaps
        self.gap_octets += http.gap_octets
        if http.found:
            self.skipped_octets += sum(reader.skipped for reader in http.readers if not reader.opaque)
        if http.found:
            self.http_flows.add(flow)

    # ── names ───────────────────────────────────────────────────────────

    def _read_hello(self, batch: Batch, group: list[_Row], flows: Flows) -> None:
        flow, side = group[0].flow, group[0].direction
        hello = self._hellos.get(flow)
        if hello is None:
            hello = self._hellos[flow] = _Hello(_isn(flows, flow, side))
            if hello.stream.base is None:
                hello.stream.begin(_first_sequence(group))
        for row in group:
            data = bytes(batch.data[row.start : row.start + row.length])
            for piece in hello.stream.add(row.sequence, data, row.frame, row.time_ns):
                if isinstance(piece, Segment):
                    hello.server.feed(piece.data, piece.frame)
        if hello.server.name:
            self.names.append(Named("sni", hello.server.name, hello.server.frame, flow=flow))
        if hello.server.ja4:
            self.fingerprints[flow] = (hello.server.ja4, hello.server.frame)
        if hello.server.done or flows.numbers[flow, HANDED + side] >= flows.numbers[flow, TLS_OCTETS]:
            del self._hellos[flow]
            flows.numbers[flow, TLS_OCTETS] = 0  # nothing more is wanted


def _seen(flow: int, http: HttpFlow, exchange: Exchange, flows: Flows) -> SeenExchange:
    request, answering = exchange.request, 1 - exchange.direction
    if request is None or not flows.numbers[flow, PACKETS + answering]:
        return SeenExchange(flow, exchange, None)
    if not flows.numbers[flow, MARKS] & (HAS_ACK_A << answering):
        return SeenExchange(flow, exchange, False)
    end = http.streams[exchange.direction].sequence_at(request.end)
    beyond = (int(flows.numbers[flow, ACK_NUMBER + answering]) - end) % (1 << 32)
    return SeenExchange(flow, exchange, beyond < 1 << 31)


def _isn(flows: Flows, flow: int, side: int) -> int | None:
    return int(flows.numbers[flow, ISN + side]) if flows.numbers[flow, MARKS] & (HAS_ISN_A << side) else None


def _first_sequence(rows: list[_Row]) -> int:
    """The lowest sequence number near the first one seen."""
    first = rows[0].sequence
    behind = [(first - row.sequence) % (1 << 32) for row in rows]
    return (first - max(b for b in behind if b <= LOOK_BACK)) % (1 << 32)


def _groups(batch: Batch, packets: Packets, ids: FlowIds, frames: list[int] | None) -> Iterable[list[_Row]]:
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
    group: list[_Row] = []
    for values in columns:
        row = _Row(*values)
        if group and group[0].flow != row.flow:
            yield group
            group = []
        group.append(row)
    yield group
