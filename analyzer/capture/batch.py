"""Batches: some megabytes of a capture at a time, with the positions of their records."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.capture import record_walk
from analyzer.capture.metadata import CaptureMetadata
from analyzer.capture.records import Records
from analyzer.capture.source import CaptureSource
from analyzer.core.compilation import frames_worth_compiling, run_kernel

BATCH_BYTES = 16 << 20
# … of which what someone sends live needs less, since little of it waits.
LIVE_BYTES = 4 << 20
# Batches that may be in other hands while the next is read: one being looked at, two waiting.
BUFFERS = 4
# The first batch is small: it shows how many frames the rest will have. Yet a file's header and what the
# variants of pcap are told apart by (`variants.LOOK`) fit in.
FIRST_BYTES = (1 << 18) + (1 << 12)
# Bytes read at a time: what is hashed, walked and decoded in one go stays in the processor's cache, and
# the interpreter's lock, which each of these gives back and takes again, is not fought for too often.
STEP_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one stretch of a capture; `data` is used again, so what is kept has to be copied."""

    data: bytearray
    array: NDArray[np.uint8]  # the same bytes
    records: Records
    first_frame: int  # the number of the first record, from 1
    large: bool  # whether kernels should run compiled

    def buffer(self) -> Any:
        """The buffer in the form that suits the kernels' form."""
        return self.array if self.large else self.data


class Window:
    """A buffer that slides over a source; `base` is the file offset of its first byte."""

    def __init__(self, source: CaptureSource, size: int = BATCH_BYTES) -> None:
        self.source = source
        self._size = min(size, LIVE_BYTES) if source.is_live() else size
        self.data = bytearray(min(self._size, FIRST_BYTES))
        self.start = self.end = self.base = 0
        self.finished = False
        self.may_compile = True  # False while that would hold up a live capture
        self.large = False  # whether so many frames are to come that kernels should run compiled
        self._spare: deque[bytearray] = deque()
        self._views()

    def _views(self) -> None:
        self.array = np.frombuffer(self.data, dtype=np.uint8)

    def turn(self) -> None:
        """Go on in another buffer if this one is full, so that its batches stay whole meanwhile."""
        if len(self.data) - self.end < STEP_BYTES:
            self._move(len(self.data))

    def _move(self, size: int) -> None:
        """Take what is left to another buffer of at least `size` bytes.

        A buffer is used again after BUFFERS - 1 more.
        """
        self._spare.append(self.data)
        fresh = self._spare.popleft() if len(self._spare) >= BUFFERS else bytearray(size)
        if len(fresh) < size:
            fresh = bytearray(size)
        left = self.end - self.start
        fresh[:left] = memoryview(self.data)[self.start : self.end]
        self.base += self.start
        self.start, self.end = 0, left
        self.data = fresh
        self._views()

    def release(self) -> None:
        """Let the buffers go; batches that are still in use keep theirs."""
        self._spare.clear()
        self.data, self.start, self.end = bytearray(), 0, 0
        self._views()

    def expect(self, frames: int) -> None:
        """Judge from the frames read so far how many there will be; grow for the large ones."""
        if self.large or not frames or not self.may_compile:
            return
        done = max(self.offset, 1)
        left = max(self.source.size or 0, self.source.decoded) - done
        self.large = frames + frames * left // done >= frames_worth_compiling()
        if len(self.data) < self._size and not self.finished:
            self._move(self._size)

    @property
    def offset(self) -> int:
        """The file offset of the first byte that is not yet consumed."""
        return self.base + self.start

    def available(self) -> int:
        return self.end - self.start

    def fill(self, wanted: int = 0) -> bool:
        """Read on, to have `wanted` bytes or some more than now; False at the end of the source."""
        if self.finished:
            return False
        missing = max(wanted - self.available(), 1)
        if len(self.data) - self.end < missing:
            self._move(max(len(self.data), wanted + STEP_BYTES))
        upto = min(self.end + max(missing, STEP_BYTES), len(self.data))
        count = self.source.readinto(memoryview(self.data)[self.end : upto])
        self.end += count
        self.finished = self.source.ended
        return count > 0

    def need(self, count: int) -> bool:
        """Have `count` bytes at `start`, reading on if necessary."""
        while self.available() < count and self.fill(count):
            pass
        return self.available() >= count

    def buffer(self) -> Any:
        return self.array if self.large else self.data

    def take(self, count: int) -> bytes:
        """Consume `count` bytes that are available."""
        piece = bytes(self.data[self.start : self.start + count])
        self.start += count
        return piece

    def skip(self, count: int) -> int:
        """Consume `count` bytes or as many as there are; gives how many were missing."""
        while count > 0:
            step = min(count, self.available())
            self.start += step
            count -= step
            if count and not self.fill():
                break
        return count


def room_for(window: Window) -> int:
    """How many records the window may hold, bounded: small records are walked in more steps."""
    return min(max(window.available() // 60, 64), 1 << 17)


def first_records(records: Records, count: int) -> Records:
    """The first `count` records, copied out of the walk's columns."""
    return Records(records.rows[:count].copy())


Walk = Callable[..., tuple[int, int, int]]


def run_walk(walk: Walk, window: Window, *arguments: Any) -> tuple[int, int, int]:
    """Run a walk over what the window holds, compiled when that pays."""
    count, position, why = run_kernel(
        walk, record_walk.CALLEES, window.large, window.buffer(), window.start, window.end, *arguments
    )
    return int(count), int(position), int(why)


def make_batch(window: Window, account: CaptureMetadata, records: Records) -> Batch:
    """A batch of the records just walked, counted in the account."""
    count = len(records)
    batch = Batch(window.data, window.array, records, account.frames + 1, window.large)
    account.frames += count
    account.snapped += int(np.count_nonzero(records.captured < records.wire))
    account.links.update(records.links())
    return batch
