"""SIGTERM, SIGHUP and their like → an orderly end: what was begun is removed, and one sentence says so."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130  # 128 and the number of the signal, as shells have it
ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGXCPU") if hasattr(signal, name))


class EndedError(KeyboardInterrupt):
    """A signal asked the program to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def ending_signals() -> Iterator[None]:
    """Within, such a signal raises EndedError; a second one ends the program at once.

    A signal that is ignored, as SIGHUP is under nohup, stays ignored.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {n: signal.getsignal(n) for n in ENDING if signal.getsignal(n) is signal.SIG_DFL}
    for number in before:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def words_and_code(error: KeyboardInterrupt) -> tuple[str, int]:
    """What is said of the end, and the exit code."""
    number = error.number if isinstance(error, EndedError) else signal.SIGINT
    if number == getattr(signal, "SIGXCPU", None):
        return "ended: the processor time that it may take is used up", 2
    if number == signal.SIGINT:
        return "interrupted", INTERRUPTED
    return f"ended by {signal.Signals(number).name}", 128 + number


def _end(number: int, _: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise EndedError(number)
