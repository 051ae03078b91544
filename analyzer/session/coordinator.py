"""The HTTP of a long capture read by several processes, and told here in the order of one pass.

This process does all that one pass does but for reading the flows that are others' (`share`): what those gave
of a batch takes the place of their reading, flow by flow. Names, copies, counts and bounds stay here and see
the same in the same order, so that the report is the same to the byte. Where a bound would be met that one
process can't see of another, `BoundMetError` says so, and the capture is read again in one pass.
"""

from __future__ import annotations

import pickle
import queue
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from analyzer.capture.rotated_files import Look
from analyzer.dissectors.http_flows import BatchResult, BoundMetError, Closed
from analyzer.flows.flow_table import Flows
from analyzer.flows.retransmissions import Retransmissions
from analyzer.session import shard_worker
from analyzer.session.options import Options
from analyzer.session.packet_reader import PacketReader, Step
from analyzer.session.shard_worker import (
    Batched,
    Division,
    RetransmissionChanges,
    ShardTask,
    Sign,
    Start,
    sign_of,
)
from analyzer.system.containment import MeantError
from analyzer.system.processes import context

T = TypeVar("T")

# Batches of a process that wait to be taken; then it waits.
WAITING = 3
# Sizes of what readers hold differ a little from process to process.
MARGIN = 1.1


def table_of(count: int) -> tuple[int, ...]:
    """Who reads which flow, as `share.Task` says: by turns."""
    return tuple(range(count))


class LostError(MeantError):
    """A process that reads a share has ended or tells what can't be."""


class ShardCoordinator:
    """Processes that read shares of a capture: `prepare`, and from `begin` on `step` before each batch."""

    def __init__(self, looks: Sequence[Look], options: Options, recent: Retransmissions) -> None:
        """`recent` is the memory of repetitions here."""
        self.count = options.helpers + 1
        self._table = table_of(self.count)
        self._looks, self._options, self._recent = tuple(looks), options, recent
        self._memory = Memory(recent)
        self._partners: list[Partner] = []
        self._division: Division | None = None
        self._now = Batched(Sign(0, 0, 0, 0))

    @property
    def prepared(self) -> bool:
        return bool(self._partners)

    @property
    def begun(self) -> bool:
        return self._division is not None

    def prepare(self) -> None:
        """Start the processes."""
        wifi, folders = self._options.wifi, self._options.dossiers
        self._partners = [
            Partner(ShardTask(number, self._table, self._looks, wifi, folders))
            for number in range(self.count)
        ]

    def is_ready(self) -> bool:
        """Whether all of them have started."""
        return all(partner.is_ready() for partner in self._partners)

    def begin(self, number: int, flow: int) -> None:
        """Divide the flows from this number on, from the batch of this number on."""
        start = Start(number, flow)
        self._division = Division(self._table, start)
        for partner in self._partners:
            partner.begin(start)

    def step(self, number: int, step: Step, scan: PacketReader) -> None:
        """A batch is about to be read."""
        if step.captured is not None:
            self._memory.begin(step.batch.first_frame)
        if self.begun:
            self._gather(sign_of(number, step, scan))

    def end(self, number: int, scan: PacketReader) -> None:
        """What is open is about to be closed."""
        if self.begun:
            self._gather(Sign(number, 0, scan.tracker.count, 0))

    def close(self) -> None:
        """End the processes."""
        for partner in self._partners:
            partner.close()
        self._partners = []

    # ── for the observer: dissectors.http_flows.Elsewhere ────────────────

    def meet(self, flow: int, flows: Flows) -> None:
        if self._division is not None:
            self._division.meet(flow, flows)

    def has(self, flow: int) -> bool:
        return self._division is not None and self._division.reader(flow) >= 0

    def read(self, flow: int) -> BatchResult:
        told, kept = _taken(self._now.told, flow)
        self._remember(kept)
        return told

    def close_flow(self, flow: int) -> Closed:
        closed, kept = _taken(self._now.closed, flow)
        self._remember(kept)
        return closed

    def passed(self, flow: int, ended: bool) -> None:
        self._memory.passed(flow, ended, self.begun)

    def held(self) -> int:
        return int(self._now.held * MARGIN)

    # ── parts ───────────────────────────────────────────────────────────

    def _gather(self, sign: Sign) -> None:
        """What all processes tell of a batch."""
        left = len(self._now.told) + len(self._now.closed)
        self._now = Batched(sign)
        for partner in self._partners:
            batched = partner.next()
            if batched.problem is not None or batched.sign != sign or left:
                raise LostError(batched.problem or "one of them reads something else")
            self._now.told |= batched.told
            self._now.closed |= batched.closed
            self._now.held += batched.held

    def _remember(self, kept: RetransmissionChanges) -> None:
        self._recent.kept += kept.size
        if kept.oldest is not None:
            self._recent.note_use(kept.oldest)


def _taken(told: dict[int, T], flow: int) -> T:
    if flow not in told:
        raise LostError("one of them tells too little")
    return told.pop(flow)


class Partner:
    """A process that reads a share, and a thread that takes what it tells."""

    def __init__(self, task: ShardTask) -> None:
        self._connection, other = context().Pipe()
        self._process = spawned(other, task)
        self._batches: queue.Queue[bytes | None] = queue.Queue(WAITING)
        self._listener: threading.Thread | None = None
        self._ended = False

    def is_ready(self) -> bool:
        try:
            return self._connection.poll()
        except OSError:
            return True  # it has ended, which the first look at what it tells shows

    def begin(self, start: Start) -> None:
        with suppress(OSError, EOFError):
            self._connection.recv_bytes()
            self._connection.send(start)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def next(self) -> Batched:
        data = self._batches.get()
        if data is None:
            raise LostError("one of them has ended")
        batched: Batched = pickle.loads(data)
        return batched

    def close(self) -> None:
        self._ended = True
        with suppress(queue.Empty):  # which may be what the listener waits for
            while True:
                self._batches.get_nowait()
        if self._listener is None:
            with suppress(OSError):
                self._connection.send(shard_worker.END)
        self._process.stop()
        if self._listener is not None:
            self._listener.join()
        self._connection.close()

    def _listen(self) -> None:
        with suppress(OSError, EOFError):
            while True:
                data = self._connection.recv_bytes()
                if not self._ended:
                    self._batches.put(data)
        if not self._ended:
            self._batches.put(None)


class Process:
    """A process of ours."""

    def __init__(self, connection: Connection, task: ShardTask) -> None:
        self.process = context().Process(target=shard_worker.run, args=(connection, task), daemon=True)
        self.process.start()
        connection.close()

    def stop(self) -> None:
        self.process.terminate()
        self.process.join()


spawned: Any = Process
"""How a share is read: tests take threads, which start at once."""


@dataclass(slots=True)
class _Passed:
    """A batch: its first frame, what had been remembered before it, and before each flow's payloads."""

    frame: int
    before: int
    flows: dict[int, int] = field(default_factory=dict)


class Memory:
    """Whether one pass would still remember what repetitions were held against.

    Each process remembers its own flows' bytes only, and so for longer than one pass. `recent.kept` counts
    the bytes of all, in the order of one pass.
    """

    def __init__(self, recent: Retransmissions) -> None:
        self._recent = recent
        self._before = recent.kept
        self._batches: deque[_Passed] = deque()

    def begin(self, frame: int) -> None:
        """A batch that begins with this frame."""
        self._batches.append(_Passed(frame, self._recent.kept))
        while len(self._batches) > 1 and self._batches[1].before < self._recent.kept - self._recent.most:
            self._batches.popleft()

    def passed(self, flow: int, ended: bool, divided: bool) -> None:
        """A flow's payloads, or its end, have been read."""
        recent = self._recent
        if not ended and self._batches:
            self._batches[-1].flows.setdefault(flow, self._before)
        oldest, recent.oldest, self._before = recent.oldest, None, recent.kept
        if divided and oldest is not None and recent.kept - self._at(flow, oldest) > recent.most:
            raise BoundMetError(
                "bytes came again after so many others that one pass would have forgotten them"
            )

    def _at(self, flow: int, frame: int) -> int:
        """What had been remembered when this frame's bytes of a flow were, at the latest."""
        found = next((batch for batch in reversed(self._batches) if batch.frame <= frame), None)
        return 0 if found is None else found.flows.get(flow, found.before)
