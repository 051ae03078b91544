"""Exchanges → what they give away, examined in further processes and given back in the order in which they
came.

Of a capture full of clear text this takes most of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import suppress
from functools import lru_cache

from analyzer.dossiers import Dossier, load
from analyzer.identifiers.owner_values import KnownValues
from analyzer.inspection.inspect import Inspection, Pair, examined
from analyzer.session.worker_transfer import packed, unpacked
from analyzer.system.processes import context

# Exchanges that go to a process at once, and portions for each process that may be under way.
PORTION, UNDER_WAY = 200, 3


class WorkerPool:
    """Processes that examine; they start when the first portion is given to them."""

    def __init__(self, count: int, folders: Sequence[str]) -> None:
        """`folders` hold dossiers of the user's own."""
        self.most_under_way, self.portion = UNDER_WAY * count, PORTION
        self._count, self._folders = count, tuple(folders)
        self._executor: ProcessPoolExecutor | None = None

    def give(self, pairs: Sequence[Pair]) -> Future[list[Inspection]]:
        """Have these examined."""
        if self._executor is None:
            self._executor = ProcessPoolExecutor(self._count, context(), initializer=begin)
        try:
            return self._executor.submit(_examine_packed, packed(list(pairs)), self._folders)
        except BrokenExecutor as error:
            failed: Future[list[Inspection]] = Future()
            failed.set_exception(error)
            return failed

    def found(self, future: Future[list[Inspection]], pairs: Sequence[Pair]) -> list[Inspection]:
        """What came of a portion; where its process has died, it is examined here."""
        try:
            return future.result()
        except BrokenExecutor:
            return _examine(list(pairs), self._folders)

    def close(self) -> None:
        """End the processes."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)


def begin() -> None:
    """What such a process does first."""
    import gc
    import signal

    # Ctrl-C goes to all processes of a terminal; the first one tells the others to end.
    with suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(200_000, 50, 50)


def _examine(pairs: list[Pair], folders: tuple[str, ...]) -> list[Inspection]:
    return [examined(pair, KnownValues.none(), dossiers_of(folders)) for pair in pairs]


def _examine_packed(data: bytes, folders: tuple[str, ...]) -> list[Inspection]:
    return _examine(unpacked(data), folders)


@lru_cache(maxsize=1)
def dossiers_of(folders: tuple[str, ...]) -> Sequence[Dossier]:
    """Ours and those of the user's folders."""
    return load(*folders)
