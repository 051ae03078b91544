"""A wish to stop → everyone who waits for packets wakes up."""

from __future__ import annotations

import os
import select
import time
from contextlib import suppress

# Seconds for which what has been sent is still read after the wish to stop.
GRACE = 1.0


class Stop:
    """Set once, from a signal handler or any thread; `fd` is readable from then on.

    A signal handler runs in the middle of whatever its thread does, so there is no lock here that it could
    find taken: those of `threading.Event` are, for a moment, by a thread that waits.
    """

    def __init__(self) -> None:
        self.fd, self._write = os.pipe()
        self._is_set = self._is_closed = False
        self._until = 0.0
        self.why = ""

    def set(self, why: str = "") -> None:
        """Wish to stop; `why` says in a few words who does."""
        if not self._is_set:
            self.why = why
            self._until = time.monotonic() + GRACE
            self._is_set = True
            with suppress(OSError):
                os.write(self._write, b"!")

    def is_set(self) -> bool:
        return self._is_set

    def is_over(self) -> bool:
        """Whether the grace has passed too."""
        return self._is_set and time.monotonic() >= self._until

    def wait(self, seconds: float) -> bool:
        """Wait so long or until the wish comes; whether it came, or nobody can have it any more."""
        with suppress(OSError, ValueError):  # closed meanwhile
            if not self._is_closed:
                select.select([self.fd], [], [], max(seconds, 0))
        return self._is_set or self._is_closed

    def close(self) -> None:
        self._is_closed = True
        for number in (self.fd, self._write):
            with suppress(OSError):
                os.close(number)
