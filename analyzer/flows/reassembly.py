"""One direction of a TCP flow: segments in the order they came to bytes in the order they were sent.

Sequence numbers are compared modulo 2^32 (RFC 9293 §3.4). The first copy of a byte wins: it is
what a receiver that had room would have kept. A later copy that differs is a conflict, kept with both
contents. What never came is a gap, reported with its place.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass
from heapq import heappop, heappush

from analyzer.flows.retransmissions import RecentBytes, Retransmissions, Segment, offset_of

__all__ = ["Gap", "Segment", "Stream", "StreamConflict"]

HALF = 1 << 31
FULL = 1 << 32

# Bytes held back behind a missing segment, at most, before it is given up as lost.
MOST_HELD = 1 << 20

MOST_HELD_SEGMENTS = 4096

# A gap of more bytes says more of a wild sequence number than of bytes that were sent.
FARTHEST = 1 << 24
# Bytes of copies that differ from what was read, of one stream, and what is put around them.
MOST_OTHER, AROUND = 1 << 16, 1 << 12
# Conflicts of one stream that are kept with their contents; the others are counted.
MOST_CONFLICTS = 16


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes of a stream that were never captured, and the frames before and behind them; 0 for none."""

    offset: int
    length: int
    before: int = 0
    after: int = 0

    @property
    def is_jump(self) -> bool:
        """Whether it is rather a jump of the sequence numbers than a loss."""
        return self.length > FARTHEST


@dataclass(frozen=True, slots=True)
class StreamConflict:
    """Bytes that came twice with different content; the first copy is the one that is read."""

    offset: int
    first: bytes
    second: bytes  # of the same length
    first_frame: int
    second_frame: int


def _place(segment: Segment) -> tuple[int, int]:
    return segment.offset, segment.frame


def _end(segment: Segment) -> int:
    return segment.offset + len(segment.data)


class Stream:
    """Puts the segments of one direction in order.

    `base` is the sequence number of offset 0, once it is known: one after the SYN's, else the
    first segment's. What was given out is remembered in `recent`, which streams may share.
    """

    __slots__ = (
        "_given", "_held", "_held_bytes", "_last", "_next", "_other_bytes", "_others", "_recent", "base",
        "conflicting", "conflicts", "probes", "repeated", "saw_start", "unchecked",
    )  # fmt: skip

    def __init__(self, isn: int | None, recent: Retransmissions | None = None) -> None:
        self.base: int | None = None if isn is None else (isn + 1) % FULL
        self.saw_start = isn is not None
        self.repeated = 0  # bytes that came again
        self.unchecked = 0  # … whose first copy is forgotten, or was given up as lost
        self.probes = 0  # keep-alive probes with a byte
        self.conflicts: list[StreamConflict] = []  # the first of them
        self.conflicting = 0  # bytes that came again with other content
        self._others: list[Segment] = []  # whole, that came again with other content
        self._other_bytes = 0
        self._recent = recent if recent is not None else Retransmissions()
        self._given = RecentBytes()
        self._next = 0
        self._last = 0  # the frame that carried the byte before `_next`
        self._held: list[Segment] = []
        self._held_bytes = 0

    def begin(self, sequence: int) -> None:
        """Take `sequence` as the stream's start, where no SYN told it."""
        if self.base is None:
            self.base = sequence

    def offset_of(self, sequence: int) -> int:
        """The stream offset of a sequence number, nearest to where the stream stands."""
        assert self.base is not None
        near = (sequence - self.base - self._next) % FULL
        return self._next + (near - FULL if near >= HALF else near)

    def add(self, sequence: int, data: bytes, frame: int, time_ns: int) -> list[Segment | Gap]:
        """What has become readable in order by this segment, often nothing or the segment itself."""
        self.begin(sequence)
        offset = self.offset_of(sequence)
        if offset == self._next and not self._held:
            return [self._give(Segment(offset, data, frame, time_ns))]
        if offset < 0 and self._next == 0 and not self._held:
            return self._rebase(sequence, data, frame, time_ns)
        self._hold(Segment(offset, data, frame, time_ns))
        if offset <= self._next:
            return self._release()
        crowded = self._held_bytes > MOST_HELD or len(self._held) > MOST_HELD_SEGMENTS
        return self._give_up() if crowded else []

    def lost_before(self, acknowledgment: int) -> list[Segment | Gap]:
        """What becomes readable by giving up bytes that the receiver acknowledged: they won't come again.

        An acknowledgment far beyond all that was seen is not of this stream.
        """
        if not self._held or self.base is None:
            return []
        offset = self.offset_of(acknowledgment)
        if offset > self._held[-1].offset + len(self._held[-1].data) + MOST_HELD:
            return []
        readable: list[Segment | Gap] = []
        while self._held and self._held[0].offset <= offset:
            readable += self._give_up()
        return readable

    def close(self) -> list[Segment | Gap]:
        """Everything still held back, with the gaps before it."""
        readable: list[Segment | Gap] = []
        while self._held:
            readable += self._give_up()
        return readable

    @property
    def holds_back(self) -> bool:
        """Whether segments wait for a missing one."""
        return bool(self._held)

    def position(self) -> int:
        """The offset after the last byte that was given out."""
        return self._next

    def sequence_at(self, offset: int) -> int:
        """The sequence number of an offset."""
        return ((self.base or 0) + offset) % FULL

    def _rebase(self, sequence: int, data: bytes, frame: int, time_ns: int) -> list[Segment | Gap]:
        # The first data lies before what the SYN announced: the SYN was of another connection, or
        # the capture was edited. Data is better evidence of the data's place.
        self.base, self.saw_start = sequence, False
        return [self._give(Segment(0, data, frame, time_ns))]

    def _give(self, segment: Segment) -> Segment:
        """Give out what begins at `_next`."""
        self._next += len(segment.data)
        self._last = segment.frame
        self._recent.keep(self._given, segment)
        return segment

    def _hold(self, segment: Segment) -> None:
        insort(self._held, segment, key=_place)
        self._held_bytes += len(segment.data)

    def _deliver(self, segment: Segment) -> tuple[list[Segment | Gap], Segment | None]:
        """What of a segment is new at `_next`, and the rest that an earlier frame's copy cuts off."""
        known = self._next - segment.offset
        if known:
            self._compare(segment, min(known, len(segment.data)))
        if known >= len(segment.data):
            return [], None
        fresh = segment.data[known:] if known else segment.data
        fresh = fresh[: self._room(len(fresh), segment.frame)]
        piece = self._give(Segment(self._next, fresh, segment.frame, segment.time_ns))
        rest = segment.data[known + len(fresh) :]
        return [piece], Segment(self._next, rest, segment.frame, segment.time_ns) if rest else None

    def _compare(self, segment: Segment, known: int) -> None:
        """Hold the first `known` bytes of a segment against those given out before."""
        self.repeated += known
        if known == 1 == len(segment.data) and segment.offset == self._next - 1:
            self.probes += 1  # a keep-alive probe, whose byte means nothing (RFC 9293 §3.8.4)
            return
        start, end = segment.offset, segment.offset + known
        unchecked = known
        for earlier in self._given.overlapping(start, end):
            low, high = max(start, earlier.offset), min(end, earlier.offset + len(earlier.data))
            first = earlier.data[low - earlier.offset : high - earlier.offset]
            second = segment.data[low - start : high - start]
            unchecked -= len(first)
            self._recent.note_use(earlier.frame)
            if first != second:
                self._keep_other(segment)
                self._note_conflict(low, first, second, earlier.frame, segment.frame)
        self.unchecked += unchecked

    def _note_conflict(self, offset: int, first: bytes, second: bytes, frame: int, other: int) -> None:
        differing = [at for at, (one, two) in enumerate(zip(first, second, strict=True)) if one != two]
        self.conflicting += len(differing)
        if len(self.conflicts) < MOST_CONFLICTS:
            low, high = differing[0], differing[-1] + 1
            self.conflicts.append(
                StreamConflict(offset + low, first[low:high], second[low:high], frame, other)
            )

    def other_readings(self) -> list[list[Segment]]:
        """Return what the stream says where the later copies are read, each stretch with what is around it.

        Each is given once.
        """
        others, self._others = sorted(self._others, key=_place), []
        runs: list[list[Segment]] = []
        for segment in others:
            if runs and segment.offset <= _end(runs[-1][-1]):
                fresh = _end(runs[-1][-1]) - segment.offset
                if fresh < len(segment.data):
                    runs[-1].append(
                        segment._replace(offset=segment.offset + fresh, data=segment.data[fresh:])
                    )
            else:
                runs.append([segment])
        return [self._in_context(run) for run in runs]

    def _in_context(self, run: list[Segment]) -> list[Segment]:
        """A run with what was read before and behind it, as far as that is remembered."""
        start, end = run[0].offset, _end(run[-1])
        found = self._given.overlapping(start - AROUND, end + AROUND)
        before = [s._replace(data=s.data[: start - s.offset]) for s in found if s.offset < start]
        behind = [
            s._replace(offset=max(end, s.offset), data=s.data[max(end - s.offset, 0) :])
            for s in found
            if _end(s) > end
        ]
        return [*before, *run, *behind]

    def _keep_other(self, segment: Segment) -> None:
        if self._other_bytes < MOST_OTHER and (not self._others or self._others[-1] is not segment):
            self._others.append(segment)
            self._other_bytes += len(segment.data)

    def _room(self, length: int, frame: int) -> int:
        """Bytes up to where an earlier frame's held copy begins: that one came first."""
        for held in self._held:
            if held.offset >= self._next + length:
                break
            if held.frame < frame:
                return held.offset - self._next
        return length

    def _release(self) -> list[Segment | Gap]:
        """What can be read now: of the segments that reach `_next`, the earliest frame's first."""
        readable: list[Segment | Gap] = []
        at_hand: list[tuple[int, int, Segment]] = []
        while True:
            reach = bisect_right(self._held, self._next, key=offset_of)
            for segment in self._held[:reach]:
                heappush(at_hand, (segment.frame, segment.offset, segment))
            del self._held[:reach]
            if not at_hand:
                return readable
            segment = heappop(at_hand)[2]
            self._held_bytes -= len(segment.data)
            pieces, rest = self._deliver(segment)
            readable += pieces
            if rest is not None:
                self._held_bytes += len(rest.data)
                heappush(at_hand, (rest.frame, rest.offset, rest))

    def _give_up(self) -> list[Segment | Gap]:
        """Declare what is missing before the first held segment lost, and go on there."""
        first = self._held[0].offset
        gap = Gap(self._next, first - self._next, self._last, self._held[0].frame)
        self._next = first
        return [gap, *self._release()]
