"""A file, pipe or socket to batches of records, with an account of what was read."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from analyzer.capture.batch import Batch, Window
from analyzer.capture.decompression import format_of
from analyzer.capture.joined_files import JOINED, begins_pcap, begins_section
from analyzer.capture.metadata import CaptureMetadata
from analyzer.capture.pcap import MAGICS, read_pcap
from analyzer.capture.pcapng import SECTION_MAGIC, read_pcapng
from analyzer.capture.snoop import MAGIC as SNOOP_MAGIC
from analyzer.capture.snoop import read_snoop
from analyzer.capture.source import CaptureSource
from analyzer.capture.unsupported import LOOK, refusal
from analyzer.model import CaptureError, Problem

__all__ = ["Batch", "Capture", "CaptureMetadata", "begins_capture", "is_capture"]

# Bytes from which a file counts as long.
LONG = 16 << 20


def is_capture(path: str) -> bool:
    """Whether a file begins like a capture, compressed or not. CaptureError where it can't be opened."""
    source = CaptureSource(path)
    try:
        start = memoryview(bytearray(len(SNOOP_MAGIC)))
        return _is_magic(bytes(start[: source.readinto(start)]))
    finally:
        source.close()


def begins_capture(start: bytes) -> bool:
    """Whether these bytes begin a capture, or something compressed that may be one."""
    return _is_magic(start) or format_of(start) is not None


def _is_magic(start: bytes) -> bool:
    return start[:4] in (*MAGICS, SECTION_MAGIC) or start.startswith(SNOOP_MAGIC)


class Capture:
    """One capture being read: iterate for its batches, then look at `account`.

    `path` is a file or "-" for standard input; `raw` and `hashed` as in `CaptureSource`. Raises CaptureError
    where nothing can be read.
    """

    def __init__(self, path: str, raw: Any = None, hashed: bool = True) -> None:
        self.source = CaptureSource(path, raw, hashed)
        self.account = CaptureMetadata()
        self._window = Window(self.source)

    def __iter__(self) -> Generator[Batch, None, None]:
        window, account = self._window, self.account
        try:
            yield from self._read(window, account)
            yield from self._further(window, account)
            self.source.drain()
            if self.source.damage:
                account.damage("cut-file", self.source.damage)
            if grown := self.source.growth():
                account.problems.append(Problem("grown-file", self._grown(grown)))
        finally:
            self.source.close()
            account.close()
            window.release()
        if self.source.compression:
            account.format += f", {self.source.compression}"

    def may_compile(self, allowed: bool) -> None:
        """Have kernels compiled once there are many frames, or not: that takes long, and a stream waits."""
        self._window.may_compile = allowed

    def compile_kernels(self) -> None:
        """Run kernels compiled from the first batch on."""
        self._window.large = True

    def is_long(self) -> bool:
        """Whether reading ahead in a thread is worth it: a large file, or one of unknown size."""
        return self.source.size is None or self.source.size >= LONG

    def _read(self, window: Window, account: CaptureMetadata) -> Iterator[Batch]:
        if not window.need(4):
            raise CaptureError(self._nothing(window))
        magic = bytes(window.data[window.start : window.start + 4])
        if magic in MAGICS:
            return read_pcap(window, account)
        if magic == SECTION_MAGIC:
            return read_pcapng(window, account)
        if window.need(len(SNOOP_MAGIC)) and window.data.startswith(SNOOP_MAGIC, window.start):
            return read_snoop(window, account)
        window.need(LOOK)
        start = bytes(window.data[window.start : min(window.end, window.start + LOOK)])
        raise CaptureError(f"{self.source.path}: {refusal(start)}")

    def _further(self, window: Window, account: CaptureMetadata) -> Iterator[Batch]:
        """What was put behind the end of the file with cat."""
        while (is_pcap := begins_pcap(window)) or begins_section(window):
            said = JOINED.format(path=self.source.path, offset=window.offset, frame=account.frames)
            account.problems.append(Problem("joined-files", said, account.frames + 1))
            try:
                yield from (read_pcap if is_pcap else read_pcapng)(window, account)
            except CaptureError as error:
                account.damage("bad-block", str(error), account.frames + 1)
                return

    def _grown(self, size: int) -> str:
        return (
            f"{self.source.path}: the file grew by {size:,} bytes while it was read; these were neither "
            "read nor hashed, and a cut last record was still being written"
        )

    def _nothing(self, window: Window) -> str:
        if self.source.damage:
            return self.source.damage
        if not window.available():
            return f"{self.source.path}: is empty"
        return f"{self.source.path}: too short for a capture ({window.available()} bytes)"
