"""Segments of a stream to bytes that are taken from the front, each with the frames that carried it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from analyzer.flows.reassembly import Segment

if TYPE_CHECKING:
    from analyzer.dissectors.http1 import HttpMessage

# Frames named as evidence of one message, at most; beyond that the last one is kept up to date.
MOST_FRAMES = 2048


class QueuedBytes(NamedTuple):
    """Bytes and where they stood: stream offsets, frame numbers, times of the first and last frame."""

    data: bytes
    start: int
    end: int
    frames: tuple[int, ...]
    time_ns: int
    end_ns: int
    spans: tuple[tuple[int, int], ...] = ()  # (stream offset, frame): where each frame's bytes begin


class ByteQueue:
    """A queue of a stream's bytes without gaps; `data` shows what waits, `start` is its stream offset."""

    __slots__ = ("_carriers", "data", "start")

    def __init__(self) -> None:
        self.data = bytearray()
        self.start = 0
        self._carriers: deque[Segment] = deque()  # segments of what waits, their data left out

    def __len__(self) -> int:
        return len(self.data)

    def add(self, segment: Segment) -> None:
        """The next bytes of the stream."""
        if not self.data:
            self.start = segment.offset
            self._carriers.clear()
        self.data += segment.data
        self._carriers.append(segment._replace(data=b""))

    def take(self, count: int) -> QueuedBytes:
        """The first `count` bytes; there must be as many, and at least one."""
        start, end, carriers = self.start, self.start + count, self._carriers
        data = bytes(self.data[:count])
        del self.data[:count]
        self.start = end
        first = last = carriers[0]
        spans = [(start, first.frame)]
        while len(carriers) > 1 and carriers[1].offset <= end:
            # One that begins just here carried what comes next, or nothing.
            carriers.popleft()
            if carriers[0].offset < end:
                last = carriers[0]
                spans.append((last.offset, last.frame))
        frames = tuple(frame for _, frame in spans)
        return QueuedBytes(data, start, end, frames, first.time_ns, last.time_ns, tuple(spans))

    def clear(self) -> int:
        """Drop all that waits; gives the number of bytes."""
        count = len(self.data)
        self.data.clear()
        self._carriers.clear()
        return count

    def rest(self) -> list[Segment]:
        """All that waits, as the segments that carried it."""
        starts = [max(carrier.offset, self.start) for carrier in self._carriers]
        ends = [*starts[1:], self.start + len(self.data)][: len(starts)]
        found = [
            Segment(start, bytes(self.data[start - self.start : end - self.start]), at.frame, at.time_ns)
            for at, start, end in zip(self._carriers, starts, ends, strict=True)
            if end > start
        ]
        self.clear()
        return found


def note(message: HttpMessage, taken: QueuedBytes) -> None:
    """Bytes that belong to a message: its end, and the frames that carried them."""
    note_frames(message.frames, taken.frames)
    for span in taken.spans:
        if len(message.spans) < MOST_FRAMES and (not message.spans or message.spans[-1][1] != span[1]):
            message.spans.append(span)
    message.end, message.end_ns = max(message.end, taken.end), max(message.end_ns, taken.end_ns)


def note_frames(known: list[int], frames: Iterable[int]) -> None:
    """Add frame numbers that are not among the last ones known; beyond the limit the last is kept."""
    for frame in frames:
        if frame in known[-8:]:
            continue
        if len(known) < MOST_FRAMES:
            known.append(frame)
        else:
            known[-1] = frame
