"""Portions of captures → outcomes, over the processor's cores.

A process that dies, of a mistake in a library or for want of memory, takes its pool with it. What was under
way then is tried again, each capture in a process of its own; the one that kills that too is given up.
"""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from analyzer.corpus.grouping import CaptureUnit, with_helpers
from analyzer.corpus.results_folder import ResultsFolder
from analyzer.corpus.storage import StorageError
from analyzer.corpus.task import TaskResult, given_up, work
from analyzer.pipeline import Progress
from analyzer.session.options import Options
from analyzer.session.worker_transfer import packed, unpacked
from analyzer.system.processes import context

T = TypeVar("T")
R = TypeVar("R")

# Portions that wait for a worker at most, for each: their reports have to fit in memory when it dies.
WAITING = 2
# Seconds between two looks at how far the workers are.
LOOK = 0.2
ENDED = "the processes that read captures ended unexpectedly: too little memory, or a mistake in a library"
DIED = "the process that read it ended unexpectedly, twice: too little memory, or a mistake in a library"

# What a worker process tells about the capture it reads; None where nobody asked.
_said: Any = None


class PoolTask(NamedTuple):
    """What is asked of each portion."""

    options: Options
    place: ResultsFolder | None
    handed_back: bool


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Pool:
    """Processes that read captures. `heard` is told how far they are."""

    def __init__(self, jobs: int, heard: Callable[[Progress], None] | None = None) -> None:
        self._jobs, self._heard = jobs, heard
        self._context = context()
        self._queue: Any = self._context.Queue(10_000) if heard else None
        self._executor = self._new(jobs)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)
        if self._queue is not None:
            self._queue.close()
            self._queue.join_thread()

    def apply(self, function: Callable[[T], R], items: Sequence[T], /) -> Iterator[R]:
        """The function of each item, in their order."""
        size = max(1, min(64, len(items) // (4 * self._jobs)))
        try:
            yield from self._executor.map(function, items, chunksize=size)
        except BrokenProcessPool:
            raise StorageError(ENDED) from None

    def outcomes(
        self,
        portions: Sequence[tuple[CaptureUnit, ...]],
        options: Options,
        place: ResultsFolder | None,
        handed_back: bool = False,
    ) -> Iterator[TaskResult]:
        """What came of each unit, as it comes; `handed_back` as in `work`."""
        task = PoolTask(options, place, handed_back)
        helped = {u.number: u for u in with_helpers([u for p in portions for u in p], self._jobs)}
        waiting = [tuple(helped[unit.number] for unit in portion) for portion in reversed(portions)]
        running: dict[Future[bytes], tuple[CaptureUnit, ...]] = {}
        while waiting or running:
            while waiting and len(running) < WAITING * self._jobs:
                portion = waiting.pop()
                running[self._executor.submit(_work, portion, task)] = portion
            done, _ = wait(running, timeout=LOOK, return_when=FIRST_COMPLETED)
            self._listen()
            broken: list[tuple[CaptureUnit, ...]] = []
            for future in done:
                portion = running.pop(future)
                try:
                    data = future.result()
                except BrokenProcessPool:
                    broken.append(portion)
                else:
                    yield from unpacked(data)
            if broken:
                broken += running.values()
                running.clear()
                self._executor.shutdown(wait=True, cancel_futures=True)
                self._executor = self._new(self._jobs)
                yield from self._one_by_one([unit for portion in broken for unit in portion], task)

    def _one_by_one(self, units: Sequence[CaptureUnit], task: PoolTask) -> Iterator[TaskResult]:
        """Units of which one has killed its process, each where it can kill no other's."""
        for unit in units:
            with self._new(1) as alone:
                try:
                    data = alone.submit(_work, (unit,), task).result()
                except BrokenProcessPool:
                    yield given_up(unit, f"{unit.paths[0]}: {DIED}")
                else:
                    yield from unpacked(data)

    def _new(self, jobs: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(jobs, self._context, initializer=_begin, initargs=(self._queue,))

    def _listen(self) -> None:
        if self._heard is None:
            return
        with suppress(queue.Empty):
            while True:
                self._heard(self._queue.get_nowait())


def _begin(said: Any) -> None:
    """What a worker process does first."""
    import atexit
    import gc
    import signal

    global _said
    _said = said
    # Ctrl-C goes to all processes of a terminal; the first one tells the others to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(200_000, 50, 50)
    # What it holds need not be taken apart at its end: the first process waits for that.
    atexit.register(os._exit, 0)


def _work(portion: tuple[CaptureUnit, ...], task: PoolTask) -> bytes:
    """The outcomes, packed."""
    teller = _Teller(_said) if _said is not None else None
    return packed(work(portion, task.options, task.place, teller, task.handed_back))


class _Teller:
    """Tells now and then how far a capture is."""

    def __init__(self, said: Any) -> None:
        self._said, self._last = said, 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last >= LOOK:
            self._last = now
            with suppress(queue.Full):
                self._said.put_nowait(progress)
