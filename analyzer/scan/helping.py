"""Exchanges → what they give away, examined in further processes and given back in the order in which they
came.

Of a capture full of clear text this takes most of the time.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import suppress
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter
from typing import Any

from analyzer.detect.known import Known
from analyzer.dossiers import Dossier, load
from analyzer.model import Body, Endpoint, Evidence, Message
from analyzer.scan.examining import Examined, Pair, examined

# Exchanges that go to a process at once, and portions for each process that may be under way.
PORTION, UNDER_WAY = 200, 3

Row = list[Any] | None


class Helpers:
    """Processes that examine; they start when the first portion is given to them."""

    def __init__(self, count: int, folders: Sequence[str]) -> None:
        """`folders` hold dossiers of the user's own."""
        self.most_under_way, self.portion = UNDER_WAY * count, PORTION
        self._count, self._folders = count, tuple(folders)
        self._executor: ProcessPoolExecutor | None = None

    def give(self, pairs: Sequence[Pair]) -> Future[list[Examined]]:
        """Have these examined."""
        if self._executor is None:
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(self._count, context, initializer=_begin)
        try:
            rows = [(_flat(request), _flat(response)) for request, response in pairs]
            return self._executor.submit(_examine_rows, rows, self._folders)
        except BrokenExecutor as error:
            failed: Future[list[Examined]] = Future()
            failed.set_exception(error)
            return failed

    def found(self, future: Future[list[Examined]], pairs: Sequence[Pair]) -> list[Examined]:
        """What came of a portion; where its process has died, it is examined here."""
        try:
            return future.result()
        except BrokenExecutor:
            return _examine(list(pairs), self._folders)

    def close(self) -> None:
        """End the processes."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)


def _begin() -> None:
    import gc
    import signal

    # Ctrl-C goes to all processes of a terminal; the first one tells the others to end.
    with suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(200_000, 50, 50)


def _examine(pairs: list[Pair], folders: tuple[str, ...]) -> list[Examined]:
    return [examined(pair, Known.none(), _dossiers(folders)) for pair in pairs]


def _examine_rows(rows: list[tuple[Row, Row]], folders: tuple[str, ...]) -> list[Examined]:
    return _examine([(_made(request), _made(response)) for request, response in rows], folders)


# Pickling frozen dataclasses as they are takes six times as long, and the scan waits for it.
_WITH_PARTS = ("source", "destination", "evidence", "body")
_PARTS: dict[str, tuple[type, Callable[[Any], tuple[Any, ...]]]] = {
    name: (kind, attrgetter(*(field.name for field in fields(kind))))
    for name, kind in (
        ("source", Endpoint),
        ("destination", Endpoint),
        ("evidence", Evidence),
        ("body", Body),
    )
}
_NAMES = tuple(field.name for field in fields(Message))
_PLACES = tuple((_NAMES.index(name), *entry) for name, entry in _PARTS.items())
_values = attrgetter(*_NAMES)


def _flat(message: Message | None) -> Row:
    """The values of a message and of its parts."""
    if message is None:
        return None
    row = list(_values(message))
    for place, _, values in _PLACES:
        row[place] = values(row[place])
    return row


def _made(row: Row) -> Message | None:
    """The message of such values."""
    if row is None:
        return None
    for place, kind, _ in _PLACES:
        row[place] = kind(*row[place])
    return Message(*row)


@lru_cache(maxsize=1)
def _dossiers(folders: tuple[str, ...]) -> Sequence[Dossier]:
    return load(*folders)
