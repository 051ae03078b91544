"""The latest octets that streams gave out, so that what comes again can be held against them.

One memory serves all streams: the oldest segment of any of them is forgotten first, so that many idle
connections cost no more than one busy one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from typing import NamedTuple

# Octets that are remembered, all streams together; a segment counts for some more than its data.
MOST_OCTETS = 16 << 20
SEGMENT_COST = 200


class Segment(NamedTuple):
    """A piece of a stream as one frame carried it; `offset` counts octets from the stream's start."""

    offset: int
    data: bytes
    frame: int
    time_ns: int


def offset_of(segment: Segment) -> int:
    """The place of a segment in its stream, for looking it up."""
    return segment.offset


class Given:
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
        """The segments that hold octets from `start` to `end`, in order."""
        segments = self._segments
        at = max(bisect_right(segments, start, lo=self._first, key=offset_of) - 1, self._first)
        found = []
        while at < len(segments) and segments[at].offset < end:
            if segments[at].offset + len(segments[at].data) > start:
                found.append(segments[at])
            at += 1
        return found


class Recent:
    """The memory that streams share. `most` is its size in octets."""

    def __init__(self, most: int = MOST_OCTETS) -> None:
        self._most = most
        self._held = 0
        self._order: deque[Given] = deque()  # whose segment came when

    def keep(self, given: Given, segment: Segment) -> None:
        """Remember a segment of a stream; the oldest ones give way."""
        given.add(segment)
        self._order.append(given)
        self._held += cost(segment)
        while self._held > self._most:
            self._held -= self._order.popleft().forget_oldest()


def cost(segment: Segment) -> int:
    """What remembering a segment takes, in octets."""
    return len(segment.data) + SEGMENT_COST
