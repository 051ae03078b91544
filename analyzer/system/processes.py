"""Further processes of ours: they look for modules where this one does, and nowhere else.

Python begins such a process with `-c`, which looks in the current folder first. That may be a folder of
captures that a stranger has filled: a file `multiprocessing.py` beside them would be run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from multiprocessing.connection import wait
from multiprocessing.context import SpawnContext, SpawnProcess
from threading import Thread

# Has Python leave the current folder out (Python 3.11).
SAFE_PATH = {"PYTHONSAFEPATH": "1"}


class _Process(SpawnProcess):
    def start(self) -> None:
        with surroundings(SAFE_PATH):
            super().start()

    def run(self) -> None:
        Thread(target=_end_with_parent, name="end with parent", daemon=True).start()
        super().run()


def _end_with_parent() -> None:
    """End this process when the one that began it has ended.

    A parent that is killed tells its processes nothing. They would wait for work for ever, and hold its
    output open.
    """
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


class SafeSpawnContext(SpawnContext):
    Process = _Process


def context() -> SpawnContext:
    """For processes that start anew and import what they need."""
    start_tracker()
    return SafeSpawnContext()


def start_tracker() -> None:
    """Start the process that Python has beside all others, unless it runs."""
    if os.name == "posix":
        from multiprocessing import resource_tracker

        with surroundings(SAFE_PATH):
            resource_tracker.ensure_running()


@contextmanager
def surroundings(changes: dict[str, str]) -> Iterator[None]:
    """Environment variables for processes begun meanwhile; afterwards all are as they were."""
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)
