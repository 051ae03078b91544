"""The latest bytes that streams gave out, so that what comes again can be held against them.

One memory serves all streams: the oldest segment of any of them is forgotten first, so that many idle
connections cost no more than one busy one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from typing import NamedTuple

# Bytes that are remembered, all streams together; a segment counts for some more than its data.
MOST_BYTES = 16 << 20
SEGMENT_COST = 200


class Segment(NamedTuple):
    """A piece of a stream as one frame carried it; `offset` counts bytes from the stream's start."""

    offset: int
    data: bytes
    frame: int
    time_ns: int


def offset_of(segment: Segment) -> int:
    """The place of a segment in its stream, for looking it up."""
    return segment.offset


class RecentBytes:
    """What one stream gave out of late, in the order of the stream."""

    __slots__ = ("_first", "_segments")

    def __init__(self) -> None:
        self._segments: list[Segment] = []
        self._first = 0  # those before are forgotten

    def add(self, segment: Segment) -> None:
        self._segments.append(segment)

    def forget_oldest(self) -> int:
        """Drop the first segment; gives what that frees."""
        segment = self._segments[self._first]
        self._first += 1
        if self._first > 64 and 2 * self._first > len(self._segments):
            del self._segments[: self._first]
            self._first = 0
        return cost(segment)

    def overlapping(self, start: int, end: int) -> list[Segment]:
        """The segments that hold bytes from `start` to `end`, in order."""
        segments = self._segments
        at = max(bisect_right(segments, start, lo=self._first, key=offset_of) - 1, self._first)
        found = []
        while at < len(segments) and segments[at].offset < end:
            if segments[at].offset + len(segments[at].data) > start:
                found.append(segments[at])
            at += 1
        return found


class Retransmissions:
    """The memory that streams share. `most` is its size in bytes.

    `kept` counts what was ever remembered, in bytes; `oldest` is the first frame of those that were held
    against a repetition since somebody set it to None (`scan.dividing` asks).
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self.most = most
        self.kept = 0
        self.oldest: int | None = None
        self._held = 0
        self._order: deque[RecentBytes] = deque()  # whose segment came when

    def keep(self, given: RecentBytes, segment: Segment) -> None:
        """Remember a segment of a stream; the oldest ones give way."""
        given.add(segment)
        self._order.append(given)
        taken = cost(segment)
        self.kept += taken
        self._held += taken
        while self._held > self.most:
            self._held -= self._order.popleft().forget_oldest()

    def note_use(self, frame: int) -> None:
        """A segment of this frame is held against a repetition."""
        if self.oldest is None or frame < self.oldest:
            self.oldest = frame


def cost(segment: Segment) -> int:
    """What remembering a segment takes, in bytes."""
    return len(segment.data) + SEGMENT_COST
