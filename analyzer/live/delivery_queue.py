"""Events → somebody else, in a thread of its own: bounded in number and time, and nobody waits for it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from analyzer.live.events import Event
from analyzer.report.units import counted, span

NS = 1_000_000_000
# Events that wait at most, and seconds given to what still waits at the end.
MOST_WAITING, AT_THE_END = 1000, 10.0
# Seconds before an event is tried again: doubled each time, up to the second.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
LONGEST_WHY = 200  # characters of what a receiver says

Deliver = Callable[[dict[str, Any]], None]


class EventRefusedError(OSError):
    """The receiver will not take this event, however often it is sent."""


class DeliveryNotice(NamedTuple):
    """A receiver failed for the first time, or works again."""

    sentence: str
    receiver: str
    is_working: bool


class DeliveryQueue:
    """Hands events to `deliver`, one after the other, in the order in which they came.

    `deliver` gets a JSON document and raises OSError, with a sentence, where it was not taken: then it is
    tried again, with growing pauses, while the others wait. EventRefusedError means that trying again is of
    no use. Every event that is wanted counts once: delivered, failed, or left out because too many waited.
    """

    def __init__(self, name: str, deliver: Deliver, *, masked: bool, wants: Callable[[Event], bool]) -> None:
        self.name = name
        self.delivered = self.failed = self.left_out = 0
        self.last_failure = ""
        self._deliver, self._masked, self._wants = deliver, masked, wants
        self._waiting: deque[dict[str, Any]] = deque()  # the first is being tried
        self._changed = threading.Condition()
        self._is_ending = self._is_over = False
        self._failing_since: float | None = None
        self._notices: deque[DeliveryNotice] = deque()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def take(self, event: Event, number: int) -> None:
        """Have an event delivered, if it is wanted here and there is room."""
        if not self._wants(event) or event.details.get("receiver") == self.name:
            return
        with self._changed:
            if self._is_ending:
                return
            if len(self._waiting) >= MOST_WAITING:
                self.left_out += 1
                return
            self._waiting.append((event.masked() if self._masked else event).document(number))
            self._changed.notify()

    def notices(self) -> list[DeliveryNotice]:
        """What became of the receiver since this was last asked."""
        with self._changed:
            found = list(self._notices)
            self._notices.clear()
        return found

    @property
    def is_failing(self) -> bool:
        return self._failing_since is not None

    @property
    def waiting(self) -> int:
        """Events that wait."""
        return len(self._waiting)

    def begin_to_end(self) -> None:
        """Take nothing more; what waits is tried at once, and no longer after a failure."""
        with self._changed:
            self._is_ending = True
            self._changed.notify()

    def close(self) -> None:
        """Deliver what waits, for some seconds; the rest is counted as failed."""
        self.begin_to_end()
        self._thread.join(AT_THE_END)
        with self._changed:
            self._is_over = True
            self.failed += len(self._waiting)
            self._waiting.clear()

    def account(self) -> str:
        """What did not get there, in words; empty where everything did."""
        parts = []
        if self.failed:
            of = self.delivered + self.failed + self.left_out
            why = f" ({self.last_failure})" if self.last_failure else ""
            parts.append(f"{self.failed:,} of {counted(of, 'event')} could not be delivered{why}")
        if self.left_out:
            parts.append(f"{self.left_out:,} were left out because too many waited")
        return f"{self.name}: {'; '.join(parts)}" if parts else ""

    # ── the thread ──────────────────────────────────────────────────────

    def _work(self) -> None:
        pause = FIRST_PAUSE
        while (document := self._first()) is not None:
            if self._is_settled(document):
                pause = FIRST_PAUSE
            elif self._is_ending:
                return
            else:
                with self._changed:
                    self._changed.wait_for(lambda: self._is_ending, pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    def _first(self) -> dict[str, Any] | None:
        """The event whose turn it is; None once there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_ending)
            return self._waiting[0] if self._waiting else None

    def _is_settled(self, document: dict[str, Any]) -> bool:
        """Try an event; whether nothing more is to be done for it."""
        why, is_settled = "", True
        try:
            self._deliver(document)
        except (OSError, ValueError) as error:
            why, is_settled = str(error)[:LONGEST_WHY], isinstance(error, EventRefusedError)
        with self._changed:
            if self._is_over:
                return True
            if is_settled:
                self._waiting.popleft()
                self.delivered += not why
                self.failed += bool(why)
            self._note(why, is_settled)
        return is_settled

    def _note(self, why: str, is_settled: bool) -> None:
        """Say that the receiver fails, once, and that it works again, once."""
        self.last_failure = why or self.last_failure
        now = time.monotonic()
        if why and self._failing_since is None:
            self._failing_since = now
            then = "it is left out" if is_settled else "events wait, and are tried again"
            sentence = f"{self.name}: an event could not be delivered ({why}); {then}"
            self._notices.append(DeliveryNotice(sentence, self.name, False))
        elif not why and self._failing_since is not None:
            lasted, self._failing_since = span(int((now - self._failing_since) * NS)), None
            left = f", {self.left_out:,} were left out in all" if self.left_out else ""
            waited = counted(len(self._waiting), "further event")
            sentence = f"{self.name}: works again after {lasted}; {waited} waited{left}"
            self._notices.append(DeliveryNotice(sentence, self.name, True))
