"""Ranges of numbers: nested blocks → disjoint sorted ranges, and the row of a range that holds a number.

A table of ranges covers its whole space: its first range starts at 0 and each ends before the
next begins. IPv6 starts keep their high 64 bits in one array; the few starts whose low 64 bits
aren't zero are listed beside it, so that one `searchsorted` over 64 bits answers nearly all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
Rows = NDArray[np.intp]
V = TypeVar("V")


def rows32(starts: NDArray[np.uint32], numbers: NDArray[np.uint32]) -> Rows:
    """Row of the range that holds each number; `starts` sorted, starts[0] == 0."""
    return np.searchsorted(starts, numbers, side="right") - 1


@dataclass(frozen=True, slots=True)
class Starts128:
    """Sorted starts of 128-bit ranges: `hi` of all, `low` of those at rows `low_at`, else zero."""

    hi: U64
    low_at: NDArray[np.uint32]
    low: U64

    @classmethod
    def of(cls, starts: Sequence[int]) -> Starts128:
        """From sorted Python integers, the first of which is 0."""
        hi = np.array([start >> 64 for start in starts], np.uint64)
        lo = np.array([start & 0xFFFF_FFFF_FFFF_FFFF for start in starts], np.uint64)
        at = np.flatnonzero(lo)
        return cls(hi, at.astype(np.uint32), lo[at])

    def rows(self, hi: U64, lo: U64) -> Rows:
        """Row of the range that holds each (hi, lo)."""
        rows = np.searchsorted(self.hi, hi, side="right") - 1
        if not len(self.low_at):
            return rows
        undecided = np.flatnonzero(self.hi[rows] == hi)
        undecided = undecided[self._has_low(rows[undecided])]
        rows[undecided] = [self._step_back(int(rows[i]), int(lo[i])) for i in undecided]
        return rows

    def _has_low(self, rows: Rows) -> NDArray[np.bool_]:
        at = np.searchsorted(self.low_at, rows)
        at[at == len(self.low_at)] = 0
        return np.asarray(self.low_at[at] == rows)

    def _low_of(self, row: int) -> int:
        i = int(np.searchsorted(self.low_at, row))
        return int(self.low[i]) if i < len(self.low_at) and self.low_at[i] == row else 0

    def _step_back(self, row: int, lo: int) -> int:
        # From the last range that starts under this high half; an earlier half ends the search,
        # row 0 at the latest, whose start is 0.
        hi = self.hi[row]
        while self.hi[row] == hi and self._low_of(row) > lo:
            row -= 1
        return row


def disjoint(blocks: Iterable[tuple[int, int, V]], blank: V, size: int) -> tuple[list[int], list[V]]:
    """Starts and values of disjoint ranges over [0, size); the innermost block decides.

    `blocks` are (first, last, value), nested or apart but never crossing, as CIDR blocks are;
    of equal blocks the later one decides. Neighbours of equal value are joined.
    """
    starts: list[int] = []
    values: list[V] = []
    open_blocks: list[tuple[int, V]] = []  # (first number after it, value), outermost first
    position = 0

    def emit(until: int, value: V) -> None:
        nonlocal position
        if until > position:
            if not values or values[-1] != value:
                starts.append(position)
                values.append(value)
            position = until

    for first, last, value in sorted(blocks, key=lambda block: (block[0], -block[1])):
        while open_blocks and open_blocks[-1][0] <= first:
            emit(*open_blocks.pop())
        emit(first, open_blocks[-1][1] if open_blocks else blank)
        open_blocks.append((last + 1, value))
    while open_blocks:
        emit(*open_blocks.pop())
    emit(size, blank)
    return starts, values
