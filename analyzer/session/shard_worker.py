"""One process's share of a capture: the HTTP of some of its flows, read, made messages and examined.

It reads the same file as the process that makes the report, decodes and numbers flows as that one does, and
follows only its own flows further. So what it tells of a batch depends on nothing that others do.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import numpy as np

from analyzer.capture import Capture
from analyzer.capture.batch import Batch
from analyzer.capture.rotated_files import Look
from analyzer.dissectors.dispatcher import groups
from analyzer.dissectors.dns import DNS_PORT
from analyzer.dissectors.http_flows import BatchResult, Closed, HttpFlows, SeenExchange
from analyzer.flows.flow_table import A_PORT, B_PORT, FINISHED, KIND, PROTOCOL, TEXT, Flows
from analyzer.flows.retransmissions import Retransmissions
from analyzer.flows.tracker import FlowIds
from analyzer.identifiers.owner_values import KnownValues
from analyzer.inspection.inspect import examined
from analyzer.packets import Packets, outline
from analyzer.packets.batch_summary import LAST_NS as LAST_TIME
from analyzer.packets.packet_table import FRAGMENT
from analyzer.packets.wifi import WifiKey
from analyzer.session.exchange_builder import ends_of, taken_of
from analyzer.session.packet_reader import PacketReader, Step
from analyzer.session.worker_pool import begin as begin_process
from analyzer.session.worker_pool import dossiers_of
from analyzer.session.worker_results import Read, read_of

READY, END = b"ready", None
TCP_PROTOCOL = 6


@dataclass(frozen=True, slots=True)
class ShardTask:
    """What a process is asked for: `number` is its place in `table`, which names the reader of each flow.

    Flow n is read by `table[n % len(table)]`; -1 stands for the process that makes the report.
    """

    number: int
    table: tuple[int, ...]
    looks: tuple[Look, ...]
    wifi: tuple[WifiKey, ...]
    folders: tuple[str, ...]  # of the user's dossiers


class Start(NamedTuple):
    """From which batch on, by number, the flows are divided whose number is `flow` or above."""

    step: int
    flow: int


class Sign(NamedTuple):
    """By what two processes see that they are at the same batch of the same capture."""

    step: int
    rows: int
    flows: int
    first_frame: int


class RetransmissionChanges(NamedTuple):
    """What reading has added to the memory of repetitions, and what it used of it (`flows.recent`)."""

    size: int
    oldest: int | None


@dataclass(slots=True)
class Batched:
    """What a batch gave: of each flow what its payloads told, and what its end did."""

    sign: Sign
    told: dict[int, tuple[BatchResult, RetransmissionChanges]] = field(default_factory=dict)
    closed: dict[int, tuple[Closed, RetransmissionChanges]] = field(default_factory=dict)
    held: int = 0  # bytes, by all readers
    problem: str | None = None  # why no more can be told


class Division:
    """Who reads a flow: decided with its first payloads, alike in all processes."""

    def __init__(self, table: Sequence[int], start: Start) -> None:
        self._table, self._start = tuple(table), start
        self._reader: dict[int, int] = {}

    def meet(self, flow: int, flows: Flows) -> int:
        """The reader of a flow that has payloads in this batch; -1 for the process that makes the report."""
        known = self._reader.get(flow)
        if known is None:
            known = self._reader[flow] = self._decided(flow, flows)
        return known

    def reader(self, flow: int) -> int:
        return self._reader.get(flow, -1)

    def _decided(self, flow: int, flows: Flows) -> int:
        numbers = flows.numbers[flow]
        if flow < self._start.flow or numbers[KIND] != TEXT or numbers[PROTOCOL] != TCP_PROTOCOL:
            return -1
        if DNS_PORT in (numbers[A_PORT], numbers[B_PORT]):
            return -1
        return self._table[flow % len(self._table)]


class ShardReader(PacketReader):
    """A scan that assigns packets to flows and counts nothing else."""

    def _step(self, batch: Batch, packets: Packets, frames: list[int] | None) -> Step:
        ids = self.tracker.assign(batch, packets, frames)
        return Step(batch, packets, outline(batch, packets), ids, frames)


class Share:
    """Reads one process's flows. `tracker` is of the scan that assigns packets to them."""

    def __init__(self, task: ShardTask, start: Start) -> None:
        self._number = task.number
        self._division = Division(task.table, start)
        self._dossiers = dossiers_of(task.folders)
        self._recent = Retransmissions()
        self._http = HttpFlows(self._recent)

    def read(self, step: Step, sign: Sign, flows: Flows) -> Batched:
        """A batch, as `Observer.observe` takes it."""
        found = Batched(sign)
        in_order = step.frames is None and not step.outline.has(FRAGMENT)
        for group in groups(step.batch, step.packets, _some(step.ids, flows, self._mine), flows, step.frames):
            told = self._http.read(step.batch, group, flows, in_order)
            told.exchanges = self._examined(told.exchanges, flows)
            found.told[group[0].flow] = told, self._kept()
        if len(step.batch.records):
            for flow in self._http.ended(flows, int(step.outline.sums[LAST_TIME])):
                found.closed[flow] = self._close(flow, flows)
                flows.numbers[flow, KIND] = FINISHED
        found.held = sum(self._http.weights(self._http.open))
        return found

    def close(self, sign: Sign, flows: Flows) -> Batched:
        """The end of the capture."""
        return Batched(sign, closed={flow: self._close(flow, flows) for flow in list(self._http.open)})

    def _mine(self, flow: int, flows: Flows) -> bool:
        return self._division.meet(flow, flows) == self._number

    def _close(self, flow: int, flows: Flows) -> tuple[Closed, RetransmissionChanges]:
        closed = self._http.close(flow, flows)
        closed.exchanges = self._examined(closed.exchanges, flows)
        return closed, self._kept()

    def _kept(self) -> RetransmissionChanges:
        kept = RetransmissionChanges(self._recent.kept, self._recent.oldest)
        self._recent.kept, self._recent.oldest = 0, None
        return kept

    def _examined(self, exchanges: Iterable[SeenExchange], flows: Flows) -> list[Read]:
        return [self._one(*each, flows) for each in exchanges]

    def _one(self, flow: int, exchange: Any, delivered: bool | None, flows: Flows) -> Read:
        taken = taken_of(exchange, flow, ends_of(flows, flow, exchange.direction), delivered)
        return read_of(taken, examined((taken.request, taken.response), KnownValues.none(), self._dossiers))


def sign_of(number: int, step: Step, scan: PacketReader) -> Sign:
    return Sign(number, len(step.packets), scan.tracker.count, step.batch.first_frame)


def serve(connection: Connection, task: ShardTask) -> None:
    """What the process does: says that it is ready, is told from where on to read, and tells each batch."""
    try:
        connection.send_bytes(READY)
        start = connection.recv()
        if start is not END:
            for batched in _batches(task, start):
                connection.send_bytes(pickle.dumps(batched, pickle.HIGHEST_PROTOCOL))
    except (OSError, EOFError):
        pass  # nobody listens any more
    except Exception as error:  # said there, where all is then read once more
        with suppress(OSError):
            problem = Batched(Sign(0, 0, 0, 0), problem=f"{type(error).__name__}: {error}")
            connection.send_bytes(pickle.dumps(problem))
    finally:
        connection.close()


def run(connection: Connection, task: ShardTask) -> None:
    """`serve` in a process of its own."""
    begin_process()
    serve(connection, task)


def _batches(task: ShardTask, start: Start) -> Iterator[Batched]:
    scan, share = ShardReader(task.wifi), Share(task, start)
    captures: list[tuple[str, Capture]] = []
    steps = chain(scan.session(task.looks, captures, hashed=False), scan.rest())
    number = 0
    for number, step in enumerate(steps, 1):
        if number >= start.step:
            yield share.read(step, sign_of(number, step, scan), scan.tracker.flows)
    yield share.close(Sign(number + 1, 0, scan.tracker.count, 0), scan.tracker.flows)


def _some(ids: FlowIds, flows: Flows, is_mine: Callable[[int, Flows], bool]) -> FlowIds:
    """The assignment with only the payloads of some flows handed on."""
    rows = ids.handed.nonzero()[0]
    mine = [flow for flow in np.unique(ids.flow[rows]).tolist() if is_mine(flow, flows)]
    handed = ids.handed.copy()
    handed[rows] = np.isin(ids.flow[rows], mine)
    return ids._replace(handed=handed)
