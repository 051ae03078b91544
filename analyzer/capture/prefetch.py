"""Batches read ahead in a thread, while those before them are looked at."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

# Items waiting at most; with the one being made and the one in use, all buffers of a window but one.
WAITING = 1

# Seconds without an item after which whoever waits may do something else.
IDLE = 0.2

# Seconds after which a thread lets another run; reading ahead waits for the interpreter several times
# a batch, and the usual 5 ms would each time be longer than the batch takes.
SWITCH_INTERVAL = 0.0005


def ahead(items: Iterator[T], idle: Callable[[], None] | None = None) -> Iterator[T]:
    """The same items in the same order, each made while the one before it is in use.

    What the making raises is raised here, after the items made before it. `idle` is called from time to
    time while the next one is waited for.
    """
    made: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(WAITING)
    stop = threading.Event()

    def make() -> None:
        problem: BaseException | None = None
        try:
            for item in items:
                made.put((item, None))
                if stop.is_set():
                    return
        except BaseException as error:  # handed to whoever iterates
            problem = error
        made.put((None, problem))

    worker = threading.Thread(target=make, daemon=True)
    with _quick_switches():
        worker.start()
        try:
            while True:
                item, problem = _next(made, idle)
                if item is None:
                    if problem is not None:
                        raise problem
                    return
                yield item
        finally:
            stop.set()
            while worker.is_alive():
                with_room(made)
                worker.join(0.01)


def _next(
    made: queue.Queue[tuple[T | None, BaseException | None]], idle: Callable[[], None] | None
) -> tuple[T | None, BaseException | None]:
    while idle is not None:
        try:
            return made.get(timeout=IDLE)
        except queue.Empty:
            idle()
    return made.get()


def with_room(made: queue.Queue[tuple[T | None, BaseException | None]]) -> None:
    """Take out what waits, so that a maker that was told to stop can see it."""
    try:
        made.get_nowait()
    except queue.Empty:
        return


@contextmanager
def _quick_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
