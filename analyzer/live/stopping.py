"""A wish to stop → everyone who waits for packets wakes up."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress

# Seconds for which what has been sent is still read after the wish to stop.
GRACE = 1.0


class Stop:
    """Set once, from a signal handler or any thread; `fd` is readable from then on."""

    def __init__(self) -> None:
        self.fd, self._write = os.pipe()
        self._event = threading.Event()
        self._until = 0.0

    def set(self) -> None:
        if not self._event.is_set():
            self._until = time.monotonic() + GRACE
            self._event.set()
            with suppress(OSError):
                os.write(self._write, b"!")

    def is_set(self) -> bool:
        return self._event.is_set()

    def is_over(self) -> bool:
        """Whether the grace has passed too."""
        return self.is_set() and time.monotonic() >= self._until

    def wait(self, seconds: float) -> bool:
        """Wait so long or until the wish comes; whether it came."""
        return self._event.wait(seconds)

    def close(self) -> None:
        for number in (self.fd, self._write):
            with suppress(OSError):
                os.close(number)
