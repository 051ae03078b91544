"""A path or standard input to plain capture bytes: opened, decompressed, hashed.

Magic decides the format, never the file's name.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import time
from typing import Any

from analyzer.capture.decompression import LONGEST_START, BrokenArchiveError, format_of
from analyzer.capture.hasher import BackgroundHash
from analyzer.capture.inputs import Input
from analyzer.model import CaptureError
from analyzer.system.pipes import opened

HASH_CHUNK = 1 << 20
LEAST_HOLE = 1 << 30  # bytes; a hole of at least this size at a file's end is left out


class CaptureSource:
    """Plain capture bytes with a running account of what was read.

    `damage` is the sentence about a stream that ended early, None while all is well; `ended` tells that
    no more is to come.
    """

    def __init__(self, path: str, raw: Any = None, hashed: bool = True) -> None:
        """`raw` gives the bytes in place of what `path` names: an open raw stream that someone writes to.

        Without `hashed` the digest is that of nothing.
        """
        self.path = path
        self.size: int | None = None
        self.compression: str | None = None
        self.damage: str | None = None
        self.decoded = 0
        self.ended = False
        self._hash: Any = hashlib.sha256() if hashed else _Unhashed()
        self._hashed = hashed
        self._behind: BackgroundHash | None = None
        self._drains = raw is None and hashed
        self._input = Input(raw, self._hash) if raw is not None else self._open()
        self._archive: Any = None
        self._piece = memoryview(b"")  # what a step of the decompressor gave beyond the last buffer
        self._look()

    def _open(self) -> Input:
        if self.path == "-":
            self.path = "standard input"
            if sys.stdin is None:
                raise CaptureError("standard input is closed")
            return Input(_Kept(_unbuffered(sys.stdin)), self._hash)
        try:
            raw = open(opened(self.path), "rb", buffering=0)  # noqa: SIM115 - closed by close()
            state = os.fstat(raw.fileno())
        except IsADirectoryError:
            raise CaptureError(f"{self.path}: is a directory, not a capture file") from None
        except OSError as error:
            raise CaptureError(f"{self.path}: can't be opened ({error.strerror})") from None
        if stat.S_ISDIR(state.st_mode):
            raw.close()
            raise CaptureError(f"{self.path}: is a directory, not a capture file")
        if not stat.S_ISREG(state.st_mode):
            return Input(raw, self._hash)
        self.size = written = _written(raw.fileno(), state.st_size)
        if written < state.st_size:
            self.damage = (
                f"{self.path}: the last {state.st_size - written:,} of {state.st_size:,} bytes were never "
                "written (a hole of a sparse file); they are neither read nor hashed"
            )
        return Input(raw, self._hash, written)

    def _look(self) -> None:
        """Find out whether the bytes are compressed."""
        try:
            found = format_of(self._input.peek(LONGEST_START))
        except OSError as error:
            raise CaptureError(f"{self.path}: can't be read ({error.strerror})") from None
        if found is not None:
            self.compression, self._archive = found.name, found.open(self._input)

    def is_live(self) -> bool:
        """Whether bytes come as someone sends them, so that none may be waited for without need."""
        return self._input.is_live()

    def hash_behind(self) -> None:
        """From now on hash in a thread. What `readinto` fills must stay as it is until it is called again."""
        if (
            self._hashed and self._archive is None and self._behind is None
        ):  # decompressors use their buffers as they like
            self._behind = BackgroundHash(self._hash)
            self._input.hash_by(self._behind)

    def growth(self) -> int:
        """Bytes that a file has gained since it was opened; they are neither read nor hashed."""
        return 0 if self.size is None else max(os.fstat(self._input.fileno()).st_size - self.size, 0)

    def readinto(self, buffer: memoryview) -> int:
        """Fill `buffer`, or of what someone is sending as much as has come; 0 at the end.

        Damage ends the stream and is said.
        """
        filled, since = 0, time.monotonic()
        try:
            while filled < len(buffer) and not self.ended:
                count = self._read_some(buffer[filled:])
                filled += count
                self.ended = not count
                if filled < len(buffer) and self.is_live() and not self.ended and not self._more_soon(since):
                    break
        except (BrokenArchiveError, OSError) as error:
            self.damage = f"{self.path}: the {self.compression or 'file'} stream breaks off ({error})"
            self.ended = True
        self.decoded += filled
        return filled

    def _read_some(self, buffer: memoryview) -> int:
        if self._archive is None:
            return self._input.readinto(buffer)
        if not self._piece:
            self._piece = memoryview(self._archive.read())
        count = min(len(buffer), len(self._piece))
        buffer[:count], self._piece = self._piece[:count], self._piece[count:]
        return count

    def _more_soon(self, since: float) -> bool:
        if self._archive is not None and (self._piece or self._archive.is_ready()):
            return True
        return self._input.has_more(since)

    def drain(self) -> None:
        """Read the rest, so that the hash is of all that lies there or came down the pipe.

        Of what someone sends without end, the hash is of what was read.
        """
        self._hash_here()
        try:
            while self._drains and self._input.read(HASH_CHUNK):
                pass
        except OSError:
            pass  # what can't be read can't be hashed

    def close(self) -> None:
        self._hash_here()
        self._input.close()

    def _hash_here(self) -> None:
        if self._behind is not None:
            self._input.hash_by(self._behind.finish())
            self._behind = None

    def sha256(self) -> str:
        """Of the bytes as they lie on disk, or came down the pipe; complete after `drain`."""
        return str(self._hash.hexdigest())


class _Unhashed:
    """Stands for a running hash where nobody will ask for it."""

    def update(self, _: object) -> None:
        """Nothing."""

    def hexdigest(self) -> str:
        return hashlib.sha256().hexdigest()


class _Kept:
    """Standard input, which belongs to the whole process and stays open."""

    def __init__(self, inner: Any) -> None:
        self.readinto, self.fileno = inner.readinto, inner.fileno

    def close(self) -> None:
        """Nothing."""


def _unbuffered(stream: Any) -> Any:
    """What lies below a text stream and its buffer, which nothing was read from yet."""
    return getattr(stream.buffer, "raw", stream.buffer)


def _written(descriptor: int, size: int) -> int:
    """Return where the hole begins that a file ends in, if it is large; else the file's size.

    Reading a terabyte of zeros behind a header would take an hour (lseek(2), SEEK_HOLE).
    """
    if size < LEAST_HOLE or not hasattr(os, "SEEK_HOLE"):
        return size
    end = size
    try:
        at = 0
        while at < size:
            hole = os.lseek(descriptor, at, os.SEEK_HOLE)
            try:
                at = os.lseek(descriptor, hole, os.SEEK_DATA)
            except OSError:  # ENXIO: no data behind it
                end = hole
                break
    except OSError:
        pass
    finally:
        os.lseek(descriptor, 0, os.SEEK_SET)
    return end if size - end >= LEAST_HOLE else size
