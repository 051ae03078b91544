"""Events → somebody else, in a thread of its own: bounded in number and time, and nobody waits for it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from analyzer.live.events import Event

# Events that wait at most, and seconds given to what still waits at the end.
MOST_WAITING, AT_THE_END = 1000, 10.0

Deliver = Callable[[dict[str, Any]], None]


class DeliveryQueue:
    """Hands events to `deliver`, one after the other, in the order in which they came.

    `deliver` gets a JSON document and raises OSError, with a sentence, where it can't. What finds no room
    or can't be delivered is counted, and never held up the reading of packets.
    """

    def __init__(self, name: str, deliver: Deliver, *, masked: bool, wants: Callable[[Event], bool]) -> None:
        self.name = name
        self.delivered = self.failed = self.left_out = 0
        self.last_failure = ""
        self._deliver, self._masked, self._wants = deliver, masked, wants
        self._waiting: queue.Queue[dict[str, Any] | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def take(self, event: Event, number: int) -> None:
        """Have an event delivered, if it is wanted here and there is room."""
        if not self._wants(event):
            return
        try:
            self._waiting.put_nowait((event.masked() if self._masked else event).document(number))
        except queue.Full:
            self.left_out += 1

    def close(self) -> None:
        """Deliver what waits, for some seconds; the rest is counted as left out."""
        until = time.monotonic() + AT_THE_END
        while self._waiting.unfinished_tasks and self._thread.is_alive() and time.monotonic() < until:
            time.sleep(0.02)
        while True:
            try:
                self.left_out += self._waiting.get_nowait() is not None
            except queue.Empty:
                break
        self._waiting.put(None)

    def account(self) -> str:
        """What did not get there, in words; empty where everything did."""
        parts = []
        if self.failed:
            parts.append(f"{self.failed:,} events could not be delivered ({self.last_failure})")
        if self.left_out:
            parts.append(f"{self.left_out:,} were left out because too many waited")
        return f"{self.name}: {'; '.join(parts)}" if parts else ""

    def _work(self) -> None:
        while (document := self._waiting.get()) is not None:
            try:
                self._deliver(document)
                self.delivered += 1
            except (OSError, ValueError) as error:
                self.failed += 1
                self.last_failure = str(error)[:200]
            finally:
                self._waiting.task_done()
