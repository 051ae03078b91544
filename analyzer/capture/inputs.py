"""A file, pipe or standard input to its bytes as they lie there: bounded, hashed, and without waiting."""

from __future__ import annotations

import io
import select
import time
from typing import Any

# Seconds that a pipe may be silent, or speak without pause, before what has come is handed on.
SILENCE, PATIENCE = 0.05, 0.25

# Bytes read and hashed at a time: so few stay in the processor's cache between the two.
PIECE = 4 << 20


class Input(io.RawIOBase):
    """Bytes of `inner` behind `start`, hashed by `running`, up to `size` if known.

    A file that grows while it is read ends where it ended when it was opened, so that what is read and
    what is hashed are the same.
    """

    def __init__(self, inner: Any, running: Any, size: int | None = None) -> None:
        self._inner = inner
        self._running = running
        self._left = size
        self._start = b""
        self._pipe = None if size is not None else _handle(inner)

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._inner.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        """Some bytes into the buffer, as they come; 0 at the end."""
        view = memoryview(buffer)
        if self._start:
            count = min(len(view), len(self._start))
            view[:count], self._start = self._start[:count], self._start[count:]
            return count
        return self._read(view if self._left is None else view[: self._left])

    def hash_by(self, running: Any) -> None:
        """Give the bytes that are read from now on to `running`."""
        self._running = running

    def fileno(self) -> int:
        return int(self._inner.fileno())

    def peek(self, count: int) -> bytes:
        """The first bytes, waiting until there are `count` or no more."""
        found = b""
        while len(found) < count and (data := self.read(count - len(found))):
            found += data
        self._start = found + self._start
        return found

    def is_live(self) -> bool:
        """Whether bytes come as someone sends them."""
        return self._pipe is not None

    def has_more(self, since: float) -> bool:
        """Whether more bytes, or the end, come soon enough to be waited for."""
        wait = min(SILENCE, since + PATIENCE - time.monotonic())
        if self._start or self._pipe is None:
            return True
        return wait > 0 and bool(select.select([self._pipe], [], [], wait)[0])

    def _read(self, view: memoryview) -> int:
        view = view[:PIECE]
        count = self._inner.readinto(view) if len(view) else 0
        # A pipe that does not block says None when nothing is there.
        while count is None and self._pipe is not None:
            select.select([self._pipe], [], [])
            count = self._inner.readinto(view)
        if self._left is not None:
            self._left -= count or 0
        if count:
            self._running.update(view[:count])
        return int(count or 0)


def _handle(inner: Any) -> int | None:
    """The file number to wait at; None where there is nothing to wait for, or no way to."""
    try:
        number = int(inner.fileno())
        select.select([number], [], [], 0)
    except (OSError, ValueError):  # not backed by the system; no pipe can be waited for on Windows
        return None
    return number
