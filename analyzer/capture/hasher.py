"""Bytes hashed in a thread of their own, one piece behind the reading: neither waits for the other."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import Any


class BackgroundHash:
    """`running` fed from a thread; what is given to `update` must stay as it is until the next `update`.

    With one piece in other hands at most, buffers that are used in turn need no further care.
    """

    def __init__(self, running: Any) -> None:
        self._running = running
        self._given: SimpleQueue[memoryview | None] = SimpleQueue()
        self._done: SimpleQueue[None] = SimpleQueue()
        self._under_way = False
        threading.Thread(target=self._run, daemon=True).start()

    def update(self, data: memoryview) -> None:
        """Have these hashed, behind all that were given before."""
        self._wait()
        self._given.put(data)
        self._under_way = True

    def finish(self) -> Any:
        """Wait for the last piece and end the thread; gives the hash, to which no more may be given here."""
        self._wait()
        self._given.put(None)
        return self._running

    def _wait(self) -> None:
        if self._under_way:
            self._done.get()
            self._under_way = False

    def _run(self) -> None:
        while (data := self._given.get()) is not None:
            self._running.update(data)
            del data  # a buffer that is still looked at can't change its size
            self._done.put(None)
