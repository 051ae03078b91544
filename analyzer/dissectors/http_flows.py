"""The TCP flows that are read as HTTP: their payloads, batch after batch, to what was read in them.

What the reading of one flow gives depends on that flow alone, and on the memory in which repetitions are
recognised; so it may be done in another process (`ShardedFlows`), and the observer can't tell the difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from analyzer.capture.batch import Batch
from analyzer.dissectors.direction_roles import searched_sides
from analyzer.dissectors.exchange import Exchange
from analyzer.dissectors.http_flow import HttpFlow
from analyzer.dissectors.memory_estimate import held
from analyzer.dissectors.payload_rows import PayloadRow, first_sequence, isn
from analyzer.flows.flow_ids import New, moved, moved_set
from analyzer.flows.flow_table import (
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
from analyzer.flows.kernel import FIN, RST
from analyzer.flows.reassembly import Gap, StreamConflict
from analyzer.flows.retransmissions import Retransmissions
from analyzer.system.containment import Failed, MeantError, contained

# A closed connection is kept this long for stragglers, in nanoseconds of capture time.
LINGER_NS = 10_000_000_000
MOST_ROWS = 512  # of a flow that are read before the other side's
NAME = "HTTP"  # what failures call these readers


class BoundMetError(MeantError):
    """Reading on in several processes would give something else than reading in one."""


class SeenExchange(NamedTuple):
    """An exchange, the flow it was seen in, and whether the request's last byte was acknowledged.

    `delivered` is None where the capture holds nothing from the other side.
    """

    flow: int
    exchange: Exchange
    delivered: bool | None


@dataclass(slots=True)
class BatchResult:
    """What the payloads that a batch has of a flow gave; `exchanges` may be in another's form.

    They are read as they are iterated, so that a batch of millions of messages is not held at once. The other
    fields hold once the last exchange was taken.
    """

    exchanges: Iterable[Any] = ()
    found: bool = False  # whether any HTTP message was seen
    sure: bool = False  # whether the protocol is proven
    finished: bool = False  # whether further bytes can tell nothing
    hellos: Sequence[tuple[Any, tuple[str, ...]]] = ()  # of TLS inside: `InnerHello`
    failed: Failed | None = None  # why the flow is not read any further


class DirectionLog(NamedTuple):
    """What a direction of a flow met: the same words as `Stream`."""

    conflicts: Sequence[StreamConflict]
    conflicting: int
    unchecked: int


@dataclass(slots=True)
class Closed:
    """What the end of a flow gave: the same words as `HttpFlow`."""

    exchanges: Sequence[Any]
    found: bool
    skipped: int
    gaps: int
    gap_bytes: int
    streams: tuple[DirectionLog, DirectionLog]
    missing: Sequence[tuple[int, Gap]]
    failed: Failed | None = None  # why its end could not be read


class ShardedFlows(Protocol):
    """Reads some of the flows in another process, in step with this one."""

    @property
    def begun(self) -> bool:
        """Whether any flow may be read there."""

    def meet(self, flow: int, flows: Flows) -> None:
        """A flow has payloads in this batch; with the first ones it is decided who reads it."""

    def has(self, flow: int) -> bool:
        """Whether a flow is read there."""

    def read(self, flow: int) -> BatchResult:
        """What the payloads of the batch gave."""

    def close_flow(self, flow: int) -> Closed:
        """What the end of a flow gave."""

    def passed(self, flow: int, ended: bool) -> None:
        """A flow's payloads of this batch, or its end, have been taken, whoever read them."""

    def held(self) -> int:
        """Bytes that the readers hold there."""


class HttpFlows:
    """Follows flows over the batches of a capture. `open` has a reader each, None where it is elsewhere."""

    def __init__(self, recent: Retransmissions) -> None:
        """`recent` remembers what streams gave out, to compare what comes again."""
        self.open: dict[int, HttpFlow | None] = {}
        self.elsewhere: ShardedFlows | None = None
        self._recent = recent
        self._cut: set[int] = set()  # flows whose reader went before their end
        self._abandoned: set[int] = set()  # flows whose reader failed

    def read(
        self, batch: Batch, group: Sequence[PayloadRow], flows: Flows, in_order: bool, is_open: bool = False
    ) -> BatchResult:
        """The payloads of one flow; `in_order` as in `ClearStreams.read`.

        `is_open` says that another reader may yet take what is none of HTTP.
        """
        flow = group[0].flow
        if self.elsewhere is not None and self.elsewhere.has(flow):
            told = self.elsewhere.read(flow)
            if told.failed is not None:
                self._abandon(flow)
            elif flow not in self._abandoned:
                self.open[flow] = None
            if told.finished:
                flows.numbers[flow, KIND] = FINISHED
            return told
        if flow in self._abandoned:
            return BatchResult()
        result = BatchResult()
        result.exchanges = self._read(result, batch, group, flows, in_order, is_open)
        return result

    def ended(self, flows: Flows, now_ns: int) -> list[int]:
        """The open flows that ended some time ago."""
        if not self.open:
            return []
        active = np.fromiter(self.open, np.int64, len(self.open))
        flags = flows.pair(FLAGS)[active]
        ended = ((flags & FIN) != 0).all(axis=1) | ((flags & RST) != 0).any(axis=1)
        quiet = flows.one(LAST_NS)[active] < now_ns - LINGER_NS
        found: list[int] = active[ended & quiet].tolist()
        return found

    def close(self, flow: int, flows: Flows) -> Closed:
        """The end of a flow: cut messages and unanswered requests."""
        http = self.open.pop(flow)
        if http is None:
            assert self.elsewhere is not None
            return self.elsewhere.close_flow(flow)
        exchanges: list[SeenExchange] = []
        failed = None
        try:
            for exchange in http.close():
                exchanges.append(seen(flow, http, exchange, flows))  # noqa: PERF401  kept at a failure
        except Exception as error:
            failed = contained(error, "flow", NAME, flow)
            exchanges += [seen(flow, http, exchange, flows) for exchange in http.pending()]
        a, b = (
            DirectionLog(stream.conflicts, stream.conflicting, stream.unchecked) for stream in http.streams
        )
        skipped = http.skipped if http.found else 0
        return Closed(exchanges, http.found, skipped, http.gaps, http.gap_bytes, (a, b), http.missing, failed)

    def let_go(self, flow: int) -> None:
        """What comes later of a flow, after its early end, is read from a message on."""
        self._cut.add(flow)

    def unanswered(self, flow: int, flows: Flows) -> Iterator[SeenExchange]:
        """Requests of a flow that were read and wait for an answer."""
        if (http := self.open.get(flow)) is not None:
            for exchange in http.unanswered():
                yield seen(flow, http, exchange, flows)

    def weights(self, which: Iterable[int]) -> list[int]:
        """Bytes that the readers of these flows hold; 0 where it is elsewhere."""
        return [held(self.open.get(flow)) for flow in which]

    def renumber(self, new: New) -> None:
        """Go on with new numbers of flows (`flows.renumbering`)."""
        self.open, self._cut = moved(self.open, new), moved_set(self._cut, new)
        self._abandoned = moved_set(self._abandoned, new)

    # ── parts ───────────────────────────────────────────────────────────

    def _read(
        self,
        result: BatchResult,
        batch: Batch,
        group: Sequence[PayloadRow],
        flows: Flows,
        in_order: bool,
        is_open: bool,
    ) -> Iterator[SeenExchange]:
        """The exchanges of a flow's payloads; the last one taken, `result` says the rest."""
        flow = group[0].flow
        http = self.open.get(flow) or self._opened(flow, flows)
        reading: Iterator[Exchange] | None = None
        while True:
            try:
                reading = reading or _exchanges(http, batch, group, flows, in_order)
                exchange = next(reading, None)
            except Exception as error:
                result.failed = contained(error, "flow", NAME, flow, group[0].frame)
                yield from [seen(flow, http, each, flows) for each in http.salvaged()]
                self._abandon(flow)
                break
            if exchange is None:
                break
            yield seen(flow, http, exchange, flows)
        result.hellos = [*http.switch.around.hellos]
        http.switch.around.hellos.clear()
        result.finished = result.failed is None and not http.wants_more
        if result.failed is None:
            is_over = self._steer(flow, http, flows)
            if is_over or not is_open:
                yield from [seen(flow, http, each, flows) for each in http.unclassified(is_over)]
        result.found, result.sure = http.found, http.switch.sure

    def _opened(self, flow: int, flows: Flows) -> HttpFlow:
        """A reader for a flow."""
        starts = (None, None) if flow in self._cut else (isn(flows, flow, 0), isn(flows, flow, 1))
        made = HttpFlow(*starts, recent=self._recent, searched=searched_sides(flows, flow))
        self.open[flow] = made
        return made

    def _abandon(self, flow: int) -> None:
        """Read no more of a flow."""
        self.open.pop(flow, None)
        self._abandoned.add(flow)

    def _steer(self, flow: int, http: HttpFlow, flows: Flows) -> bool:
        """Have all of a flow handed on, or no more of it, as its reader knows; True if it is given up."""
        is_over = not http.found and bool(flows.numbers[flow, KIND] == OPAQUE) and http.gave_up()
        if is_over:
            del self.open[flow]
            self._cut.add(flow)
        if not http.wants_more:
            flows.numbers[flow, KIND] = FINISHED
        elif (http.found or http.switch.sure) and flows.numbers[flow, KIND] in (UNDECIDED, OPAQUE):
            flows.numbers[flow, KIND] = TEXT
        return is_over


def _exchanges(
    http: HttpFlow, batch: Batch, group: Sequence[PayloadRow], flows: Flows, in_order: bool
) -> Iterator[Exchange]:
    """The exchanges that the payloads of one flow finish."""
    flow = group[0].flow
    sides = [[row for row in group if row.direction == side] for side in (0, 1)]
    order = _side_order(http, batch, sides)
    for side in order:
        if sides[side] and http.streams[side].base is None:
            http.streams[side].begin(first_sequence(sides[side]))
    for side, rows, is_end in _turns(http, group, sides, order):
        for row in rows:
            data = bytes(batch.data[row.start : row.start + row.length])
            yield from http.feed(side, row.sequence, data, row.frame, row.time_ns)
        if is_end and in_order and flows.numbers[flow, MARKS] & (HAS_ACK_A << (1 - side)):
            yield from http.acknowledge(side, int(flows.numbers[flow, ACK_NUMBER + 1 - side]))


def _turns(
    http: HttpFlow, group: Sequence[PayloadRow], sides: Sequence[Sequence[PayloadRow]], order: tuple[int, int]
) -> Iterator[tuple[int, Sequence[PayloadRow], bool]]:
    """Whose rows are read next, and whether they are that side's last.

    The side that asks goes first. Of many rows it is a turn ahead, so that what was asked is not all held
    until the first answer is read. Where bytes are missing, only the end of its rows tells whether they are
    lost.
    """
    first, second = order
    taken = [0, 0]
    for at in range(0, len(group) - MOST_ROWS, MOST_ROWS):
        if http.streams[first].holds_back:
            break
        turns = (first, group[at : at + MOST_ROWS]), (second, group[max(at - MOST_ROWS, 0) : at])
        for side, part in turns:
            start = taken[side]
            taken[side] += sum(row.direction == side for row in part)
            yield side, sides[side][start : taken[side]], False
    for side in order:
        yield side, sides[side][taken[side] :], True


def seen(flow: int, http: HttpFlow, exchange: Exchange, flows: Flows) -> SeenExchange:
    """An exchange with what its flow's acknowledgements say of it now."""
    request, answering = exchange.request, 1 - exchange.direction
    if request is None or not flows.numbers[flow, PACKETS + answering]:
        return SeenExchange(flow, exchange, None)
    if not flows.numbers[flow, MARKS] & (HAS_ACK_A << answering):
        return SeenExchange(flow, exchange, False)
    end = http.streams[exchange.direction].sequence_at(request.end)
    beyond = (int(flows.numbers[flow, ACK_NUMBER + answering]) - end) % (1 << 32)
    return SeenExchange(flow, exchange, beyond < 1 << 31)


def _side_order(http: HttpFlow, batch: Batch, sides: list[list[PayloadRow]]) -> tuple[int, int]:
    """The side that sends requests first, so that responses find them."""
    roles = [reader.role for reader in http.readers]
    if "request" in roles:
        return (0, 1) if roles[0] == "request" else (1, 0)
    first = sides[0][0] if sides[0] else None
    answers = roles[0] == "response" or (
        first is not None and bytes(batch.data[first.start : first.start + 5]) == b"HTTP/"
    )
    return (1, 0) if answers else (0, 1)
