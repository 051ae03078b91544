"""The last bytes of each direction of TCP flows, so that what is cut in two by segments is found whole."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer.flows.flow_ids import New, moved_pairs

MOST_FLOWS = 100_000  # directions; the one that has been silent longest is forgotten first
SEQUENCES = 1 << 32  # TCP sequence numbers wrap around (RFC 9293 §3.4)

Direction = tuple[int, int]
"""A flow and 0 or 1."""


class StreamTail(NamedTuple):
    """The bytes before the sequence number `next`, and the frame that each run of them came in."""

    next: int
    data: bytes
    runs: tuple[tuple[int, int], ...]  # frame, bytes; oldest first


NO_TAIL = StreamTail(0, b"", ())


class StreamTails:
    """Keeps up to `length` bytes of each direction."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._tails: dict[Direction, StreamTail] = {}

    def before(self, direction: Direction, sequence: int) -> StreamTail:
        """What stands right before a segment with that sequence number; NO_TAIL where that is not known.

        What the segment repeats is cut from the tail's end.
        """
        tail = self._tails.get(direction, NO_TAIL)
        repeated = distance(sequence, tail.next)
        if not tail.data or not 0 <= repeated < len(tail.data):
            return NO_TAIL
        return tail if not repeated else _cut(tail, len(tail.data) - repeated)

    def keep(
        self, direction: Direction, sequence: int, payload: bytes, frame: int, before: StreamTail
    ) -> None:
        """Go on behind a segment, unless it only repeats."""
        end = (sequence + len(payload)) % SEQUENCES
        old = self._tails.pop(direction, None)
        if old is not None and distance(old.next, end) <= 0:
            self._tails[direction] = old
            return
        if len(self._tails) >= MOST_FLOWS:
            del self._tails[next(iter(self._tails))]
        data = (before.data + payload[-self._length :])[-self._length :] if self._length else b""
        runs = (*before.runs, (frame, len(payload)))
        self._tails[direction] = StreamTail(end, data, _last(runs, len(data)))

    def renumber(self, new: New) -> None:
        """Go on with new numbers of flows."""
        self._tails = moved_pairs(self._tails, new)


def distance(start: int, end: int) -> int:
    """From one sequence number to another, negative where `end` is the earlier."""
    return (end - start + SEQUENCES // 2) % SEQUENCES - SEQUENCES // 2


def in_order(directions: NDArray[np.int64], sequences: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions in the order of direction and sequence number, those of equal numbers as they came."""
    _, first, of = np.unique(directions, return_index=True, return_inverse=True)
    half = SEQUENCES // 2
    since = (sequences - sequences[first][of] + half) % SEQUENCES - half
    return np.lexsort((since, of))


def frames_of(tail: StreamTail, size: int) -> tuple[int, ...]:
    """The frames in which the last bytes of a tail came."""
    return tuple(frame for frame, _ in _last(tail.runs, size))


def _cut(tail: StreamTail, size: int) -> StreamTail:
    """The first `size` bytes."""
    runs, left = [], size
    for frame, data in tail.runs:
        if left > 0:
            runs.append((frame, min(data, left)))
        left -= data
    return StreamTail(tail.next, tail.data[:size], tuple(runs))


def _last(runs: tuple[tuple[int, int], ...], size: int) -> tuple[tuple[int, int], ...]:
    """The runs of the last `size` bytes."""
    kept: list[tuple[int, int]] = []
    for frame, data in reversed(runs):
        if size <= 0:
            break
        kept.append((frame, min(data, size)))
        size -= data
    return tuple(reversed(kept))
