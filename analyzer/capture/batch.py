"""Batches: some megabytes of a capture at a time, with the positions of their records."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.compiling import frames_worth_compiling, run_kernel
from analyzer.model import Problem

from . import kernel
from .records import Records
from .source import Source

BATCH_OCTETS = 16 << 20
# Batches that may be in other hands while the next is read: one being looked at, two waiting.
BUFFERS = 4
# The first batch is small: it shows how many frames the rest will have.
FIRST_OCTETS = 1 << 18


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one stretch of a capture; `data` is used again, so what is kept has to be copied."""

    data: bytearray
    array: NDArray[np.uint8]  # the same octets
    records: Records
    first_frame: int  # the number of the first record, from 1
    large: bool  # whether kernels should run compiled

    def octets(self) -> Any:
        """The buffer in the form that suits the kernels' form."""
        return self.array if self.large else self.data


@dataclass
class Account:
    """What is said of a capture beside its records."""

    format: str = ""
    links: Counter[int] = field(default_factory=Counter)
    frames: int = 0
    snapped: int = 0
    complete: bool = True
    comments: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def damage(self, code: str, what: str, frame: int | None = None) -> None:
        """Something of the capture is lost: said, and the capture counts as incomplete."""
        self.complete = False
        self.problems.append(Problem(code, what, frame))


class Window:
    """A buffer that slides over a source; `base` is the file offset of its first octet."""

    def __init__(self, source: Source, size: int = BATCH_OCTETS) -> None:
        self.source = source
        self._size = size
        self.data = bytearray(min(size, FIRST_OCTETS))
        self.start = self.end = self.base = 0
        self.finished = False
        self.large = False  # whether so many frames are to come that kernels should run compiled
        self._spare: deque[bytearray] = deque()
        self._views()

    def _views(self) -> None:
        self.array = np.frombuffer(self.data, dtype=np.uint8)

    def turn(self) -> None:
        """Go on in another buffer, so that a batch stays whole while later ones are read.

        A batch is overwritten after BUFFERS - 1 more.
        """
        self._spare.append(self.data)
        if len(self._spare) < BUFFERS:
            fresh = bytearray(len(self.data))
        else:
            fresh = self._spare.popleft()
            if len(fresh) < len(self.data):
                fresh = bytearray(len(self.data))
        left = self.end - self.start
        fresh[:left] = memoryview(self.data)[self.start : self.end]
        self.base += self.start
        self.start, self.end = 0, left
        self.data = fresh
        self._views()

    def expect(self, frames: int) -> None:
        """Judge from the frames read so far how many there will be; grow for the large ones."""
        if self.large or not frames:
            return
        done = max(self.offset, 1)
        left = max(self.source.size or 0, self.source.decoded) - done
        self.large = frames + frames * left // done >= frames_worth_compiling()
        if len(self.data) < self._size and not self.finished:
            self._grow(self._size)

    def _grow(self, size: int) -> None:
        left = self.end - self.start
        grown = bytearray(size)
        grown[:left] = self.data[self.start : self.end]
        self.base += self.start
        self.start, self.end = 0, left
        self.data = grown
        self._views()

    @property
    def offset(self) -> int:
        """The file offset of the first octet that is not yet consumed."""
        return self.base + self.start

    def available(self) -> int:
        return self.end - self.start

    def fill(self, wanted: int = 0) -> bool:
        """Move what is left to the front and read on; False at the end of the source.

        The buffer grows where `wanted` octets would not fit.
        """
        left = self.end - self.start
        if wanted > len(self.data):
            self._grow(wanted + BATCH_OCTETS)
        elif self.start:
            self.data[:left] = self.data[self.start : self.end]
        self.base += self.start
        self.start, self.end = 0, left
        if self.finished:
            return False
        count = self.source.readinto(memoryview(self.data)[left:])
        self.end += count
        self.finished = self.end < len(self.data)
        return count > 0

    def need(self, count: int) -> bool:
        """Have `count` octets at `start`, reading on if necessary."""
        if self.available() < count:
            self.fill(count)
        return self.available() >= count

    def octets(self) -> Any:
        return self.array if self.large else self.data

    def take(self, count: int) -> bytes:
        """Consume `count` octets that are available."""
        piece = bytes(self.data[self.start : self.start + count])
        self.start += count
        return piece

    def skip(self, count: int) -> int:
        """Consume `count` octets or as many as there are; gives how many were missing."""
        while count > 0:
            step = min(count, self.available())
            self.start += step
            count -= step
            if count and not self.fill():
                break
        return count


def room_for(window: Window) -> int:
    """How many records the window could hold, bounded: small records are walked in more steps."""
    return min(max(len(window.data) // 60, 64), 1 << 17)


def first_records(records: Records, count: int) -> Records:
    """The first `count` records, copied out of the walk's columns."""
    return Records(records.rows[:count].copy())


Walk = Callable[..., tuple[int, int, int]]


def run_walk(walk: Walk, window: Window, *arguments: Any) -> tuple[int, int, int]:
    """Run a walk over what the window holds, compiled when that pays."""
    count, position, why = run_kernel(
        walk, kernel.CALLEES, window.large, window.octets(), window.start, window.end, *arguments
    )
    return int(count), int(position), int(why)


def make_batch(window: Window, account: Account, records: Records) -> Batch:
    """A batch of the records just walked, counted in the account."""
    count = len(records)
    batch = Batch(window.data, window.array, records, account.frames + 1, window.large)
    account.frames += count
    account.snapped += int(np.count_nonzero(records.captured < records.wire))
    if count:
        links, counts = np.unique(records.link, return_counts=True)
        account.links.update(dict(zip(links.tolist(), counts.tolist(), strict=True)))
    return batch
