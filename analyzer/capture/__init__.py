"""A file, pipe or socket to batches of records, with an account of what was read."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.model import CaptureError

from .batch import Account, Batch, Window
from .pcap import MAGICS, REFUSED, read_pcap
from .pcapng import SECTION_MAGIC, read_pcapng
from .source import Source

__all__ = ["Account", "Batch", "Capture"]

# Octets from which a file counts as long.
LONG = 16 << 20


class Capture:
    """One capture being read: iterate for its batches, then look at `account`.

    `path` is a file or "-" for standard input. Raises CaptureError where nothing can be read.
    """

    def __init__(self, path: str) -> None:
        self.source = Source(path)
        self.account = Account()
        self._window = Window(self.source)

    def __iter__(self) -> Iterator[Batch]:
        window, account = self._window, self.account
        try:
            yield from self._read(window, account)
            self.source.drain()
            if self.source.damage:
                account.damage("cut-file", self.source.damage)
        finally:
            self.source.close()
        if self.source.compression:
            account.format += f", {self.source.compression}"

    def is_long(self) -> bool:
        """Whether reading ahead in a thread is worth it: a large file, or one of unknown size."""
        return self.source.size is None or self.source.size >= LONG

    def _read(self, window: Window, account: Account) -> Iterator[Batch]:
        if not window.need(4):
            raise CaptureError(self._nothing(window))
        magic = bytes(window.data[window.start : window.start + 4])
        if magic in MAGICS:
            return read_pcap(window, account)
        if magic == SECTION_MAGIC:
            return read_pcapng(window, account)
        if magic in REFUSED:
            raise CaptureError(
                f"{self.source.path}: {REFUSED[magic]} is not supported; convert it with "
                "“editcap -F pcap IN OUT”"
            )
        raise CaptureError(f"{self.source.path}: not a pcap or pcapng file (starts {magic.hex()})")

    def _nothing(self, window: Window) -> str:
        if self.source.damage:
            return self.source.damage
        if not window.available():
            return f"{self.source.path}: is empty"
        return f"{self.source.path}: too short for a capture ({window.available()} octets)"
