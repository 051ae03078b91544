"""What says that packets came faster than they could be read → how many were lost, how far one lags.

Three witnesses: the capturing program (tcpdump's and dumpcap's own counts), the statistics inside a pcapng
stream, and the clock, since packets that are read later and later are waiting somewhere that will run over.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from analyzer.capture import CaptureMetadata
from analyzer.report.units import span

NS = 1_000_000_000
# Nanoseconds behind the least delay seen from which on it is said, and between two such sentences.
BEHIND_NS, AGAIN_NS = 5 * NS, 60 * NS
LOST_AGAIN = 10.0  # seconds between two sentences on losses
# Nanoseconds by which the computer's clock may drift from a clock that is never set, between two packets.
CLOCK_NS = 2 * NS


class DropMonitor:
    """Counts over all connections; `say` gets a sentence when something new is known."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], int] = time.time_ns) -> None:
        self._say, self._clock = say, clock
        self._before = 0  # of connections that are over
        self._now = 0
        self._said_lost = 0
        self._lost_said_at = float("-inf")
        self._gaps_said = 0
        self._offset: int | None = None  # of the clock to one that is never set
        self._least_delay: int | None = None
        self.behind_ns = self.most_behind_ns = 0
        self._said_ns = 0

    @property
    def lost(self) -> int:
        """Packets that someone says were lost."""
        return self._before + self._now

    def look(self, by_program: int, account: CaptureMetadata) -> None:
        """What the program and the stream say of this connection; both may mean the same packets."""
        in_stream = account.lost_between + sum(
            (one.dropped or 0) + (one.dropped_by_system or 0) for one in account.interfaces
        )
        lost = max(by_program, in_stream)
        self._now = max(lost, self._now)
        self._say_lost(time.monotonic() - self._lost_said_at >= LOST_AGAIN)

    def look_at_gaps(self, gaps: int, size: int) -> None:
        """Stretches of readable streams that were acknowledged and never captured, and their bytes."""
        if gaps > self._gaps_said and time.monotonic() - self._lost_said_at >= LOST_AGAIN:
            self._gaps_said, self._lost_said_at = gaps, time.monotonic()
            self._say(
                f"{gaps:,} stretches of readable streams ({size:,} bytes) were sent and did not get here: "
                "packets are lost on the way, or before they are captured"
            )

    def _say_lost(self, is_time: bool) -> None:
        """Say at once that packets were lost, and then from time to time how many more."""
        if is_time and (more := self.lost - self._said_lost) > 0:
            self._said_lost, self._lost_said_at = self.lost, time.monotonic()
            self._say(f"{more:,} more packets were lost before they got here, {self.lost:,} in all")

    def packet(self, time_ns: int) -> None:
        """The time of the newest packet, which was read just now."""
        self._look_at_clock()
        delay = self._clock() - time_ns
        # The clocks of two computers differ; what counts is by how much the delay has grown.
        if self._least_delay is None or delay < self._least_delay:
            self._least_delay = delay
        self.behind_ns = delay - self._least_delay
        self.most_behind_ns = max(self.most_behind_ns, self.behind_ns)
        if self.behind_ns >= BEHIND_NS and self._clock() - self._said_ns >= AGAIN_NS:
            self._said_ns = self._clock()
            self._say(
                f"packets are read {span(self.behind_ns)} after they were captured: they come faster than "
                "they can be read, and what has to wait for long will be lost"
            )

    def _look_at_clock(self) -> None:
        """Measure delays anew where the clock was set meanwhile."""
        offset = self._clock() - time.monotonic_ns()
        if self._offset is not None and abs(jump := offset - self._offset) >= CLOCK_NS:
            self._least_delay = None
            direction = "forward" if jump > 0 else "back"
            self._say(
                f"the clock of this computer was set {direction} by {span(abs(jump))}: times before that and "
                "after it can't be compared"
            )
        self._offset = offset

    def next_connection(self) -> None:
        self._say_lost(True)
        self._before, self._now = self.lost, 0
        self._least_delay = None
        self.behind_ns = 0
