"""Portions of captures → outcomes, on Dask: a cluster that is there, or one made on this machine.

Who reads what, and again when a worker is lost, is the scheduler's business; a task reads a portion and puts
what came of it into the results itself, so that only numbers travel back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, TypeVar

from analyzer.corpus.grouping import CaptureUnit
from analyzer.corpus.results_folder import ResultsFolder
from analyzer.corpus.storage import StorageError
from analyzer.corpus.task import TaskResult, given_up, work
from analyzer.session.options import Options
from analyzer.system.processes import SAFE_PATH, start_tracker, surroundings

T = TypeVar("T")
R = TypeVar("R")

LOCAL = "local"
# Seconds to wait for a scheduler. How often a task is tried whose worker is lost is the scheduler's own
# setting (distributed.scheduler.allowed-failures).
CONNECTING = 10
# After how long without any worker the tasks of a cluster made here fail, and after how long a process that
# was lost is not begun anew: on a busy machine Distributed's 15 s pass before it is ready. A scheduler that
# is there already has its own settings.
WORKERLESS = {
    "distributed.scheduler.no-workers-timeout": "60s",
    "distributed.deploy.lost-worker-timeout": "60s",
}
# Distributed's exceptions that say that a task's workers are lost; not every version has each.
KILLED = "KilledWorker"
LOST = frozenset({KILLED, "NoWorkerError", "NoValidWorkerError"})
DIED = "the workers that read it ended unexpectedly, each time: too little memory, or a library's mistake"


class Cluster:
    """A Dask cluster. `address` is its scheduler's, or "local" for one of `jobs` processes made here."""

    def __init__(self, address: str, jobs: int) -> None:
        try:
            import dask
            import distributed
        except ImportError:
            raise StorageError("--dask needs Dask: pip install '.[cluster]'") from None
        self._own: Any = None
        self._ending = ExitStack()
        self._address = address
        self._client: Any
        if address == LOCAL:
            start_tracker()
            # Dask changes the environment of this process, and begins others at any time.
            self._ending.enter_context(surroundings(SAFE_PATH))
            self._ending.enter_context(dask.config.set(WORKERLESS))
            self._own = distributed.LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=jobs, threads_per_worker=1, processes=True, dashboard_address=None,
                host="127.0.0.1",
            )  # fmt: skip
        try:
            self._client = distributed.Client(  # type: ignore[no-untyped-call]
                self._own or address, timeout=CONNECTING, set_as_default=False
            )
        except (OSError, ValueError, TimeoutError) as error:
            self._ending.close()
            raise StorageError(f"--dask {address}: no scheduler answers there ({error})") from None

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        if self._own is not None:
            self._own.close()
        self._ending.close()

    def apply(self, function: Callable[[T], R], items: Sequence[T], /) -> Iterable[R]:
        """The function of each item, in their order."""
        size = max(1, min(64, len(items) // 16))
        parts = [items[at : at + size] for at in range(0, len(items), size)]
        futures = self._client.map(_each, [function] * len(parts), parts, pure=False)
        try:
            for found in self._client.gather(futures):
                yield from found
        except Exception as error:
            if _is_lost(error):
                raise StorageError(f"--dask {self._address}: its workers ended unexpectedly") from None
            raise

    def outcomes(
        self,
        portions: Sequence[tuple[CaptureUnit, ...]],
        options: Options,
        place: ResultsFolder | None,
        handed_back: bool = False,  # noqa: ARG002 - over a network they would cost more than they spare
    ) -> Iterator[TaskResult]:
        """What came of each unit, as it comes."""
        import distributed

        futures, suspects = self._submitted(portions, options, place), list[CaptureUnit]()
        done: Any = distributed.as_completed(list(futures), loop=self._client.loop)  # type: ignore[no-untyped-call]
        for future in done:
            portion = futures.pop(future)
            error = future.exception() if future.status != "finished" else None
            if error is None:
                yield from future.result()
            elif len(portion) > 1 and _is_lost(error):
                # One of them kills its worker: each goes alone, so that the others are read.
                further = self._submitted([(unit,) for unit in portion], options, place)
                futures |= further
                done.update(list(further))
            elif type(error).__name__ == KILLED:
                suspects.append(portion[0])
            elif _is_lost(error):
                yield given_up(portion[0], f"{portion[0].paths[0]}: {DIED}")
            else:
                raise error
            future.release()
        for unit in suspects:
            yield from self._alone(unit, options, place)

    def _alone(self, unit: CaptureUnit, options: Options, place: ResultsFolder | None) -> list[TaskResult]:
        """What came of a unit while nothing else runs: a killed worker takes along all that waited for it."""
        (future,) = self._submitted([(unit,)], options, place)
        error = future.exception()
        if error is None:
            return list(future.result())
        if _is_lost(error):
            return [given_up(unit, f"{unit.paths[0]}: {DIED}")]
        raise error

    def _submitted(
        self, portions: Sequence[tuple[CaptureUnit, ...]], options: Options, place: ResultsFolder | None
    ) -> dict[Any, tuple[CaptureUnit, ...]]:
        return {
            self._client.submit(work, portion, options, place, pure=False, retries=1): portion
            for portion in portions
        }


def _each(function: Callable[[T], R], items: Sequence[T]) -> list[R]:
    return [function(item) for item in items]


def _is_lost(error: BaseException) -> bool:
    return type(error).__name__ in LOST
