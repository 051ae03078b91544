"""A path or standard input to plain capture octets: opened, decompressed, hashed.

Magic decides the format, never the file's name.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import os
import stat
import sys
import threading
import zlib
from collections.abc import Callable
from typing import IO, Any, BinaryIO, cast

from analyzer.model import CaptureError

# First octets of the compressed formats, their names, and what opens them.
GZIP, ZSTD, XZ = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00"


def _open_zstd(raw: BinaryIO) -> BinaryIO:
    import zstandard

    return cast(BinaryIO, zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True))


OPENERS: tuple[tuple[bytes, str, Callable[[BinaryIO], Any]], ...] = (
    (GZIP, "gzip", lambda raw: gzip.GzipFile(fileobj=raw, mode="rb")),
    (ZSTD, "zstd", _open_zstd),
    (XZ, "xz", lambda raw: lzma.LZMAFile(raw, "rb")),
)

DECOMPRESSION_ERRORS: tuple[type[Exception], ...] = (OSError, EOFError, zlib.error, lzma.LZMAError)

HASH_CHUNK = 1 << 20


class Source:
    """Plain capture octets with a running account of what was read.

    `damage` is the sentence about a compressed stream that ended early, None while all is well.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.size: int | None = None
        self.compression: str | None = None
        self.damage: str | None = None
        self.decoded = 0
        self._hash = hashlib.sha256()
        self._thread: threading.Thread | None = None
        raw = self._open_raw()
        self._plain: IO[bytes] = self._decompress(raw)

    def _open_raw(self) -> BinaryIO:
        if self.path == "-":
            self.path = "standard input"
            return cast(BinaryIO, io.BufferedReader(_HashingRaw(sys.stdin.buffer, self._hash), 1 << 20))
        try:
            raw = open(self.path, "rb", buffering=0)  # noqa: SIM115: closed by close()
            mode = os.fstat(raw.fileno()).st_mode
        except IsADirectoryError:
            raise CaptureError(f"{self.path}: is a directory, not a capture file") from None
        except OSError as error:
            raise CaptureError(f"{self.path}: can't be opened ({error.strerror})") from None
        if not stat.S_ISREG(mode):
            return cast(BinaryIO, io.BufferedReader(_HashingRaw(raw, self._hash), 1 << 20))
        self.size = os.fstat(raw.fileno()).st_size
        self._thread = threading.Thread(target=self._hash_file, daemon=True)
        self._thread.start()
        return cast(BinaryIO, io.BufferedReader(raw, 1 << 16))

    def _hash_file(self) -> None:
        # In a thread of its own: hashlib releases the interpreter lock, so the scan goes on.
        buffer = memoryview(bytearray(HASH_CHUNK))
        try:
            with open(self.path, "rb", buffering=0) as file:
                left = self.size or 0
                while left > 0 and (count := file.readinto(buffer[: min(left, HASH_CHUNK)])):
                    self._hash.update(buffer[:count])
                    left -= count
        except OSError as error:
            self.damage = f"{self.path}: could not be hashed ({error.strerror})"

    def _decompress(self, raw: BinaryIO) -> IO[bytes]:
        try:
            start = cast(io.BufferedReader, raw).peek(8)[:8]
        except OSError as error:
            raise CaptureError(f"{self.path}: can't be read ({error.strerror})") from None
        for magic, name, opener in OPENERS:
            if start.startswith(magic):
                self.compression = name
                return cast(IO[bytes], opener(raw))
        return raw

    def readinto(self, buffer: memoryview) -> int:
        """Fill `buffer` as far as the source goes; 0 at the end. Damage ends the stream, said."""
        filled = 0
        while filled < len(buffer):
            try:
                count = self._read_some(buffer[filled:])
            except DECOMPRESSION_ERRORS as error:
                self.damage = f"{self.path}: the {self.compression or 'file'} stream breaks off ({error})"
                break
            except Exception as error:
                # zstandard.ZstdError is no OSError, and its module is imported for .zst alone.
                if type(error).__name__ != "ZstdError":
                    raise
                self.damage = f"{self.path}: the zstd stream breaks off ({error})"
                break
            if not count:
                break
            filled += count
        self.decoded += filled
        return filled

    def _read_some(self, buffer: memoryview) -> int:
        if self.compression == "gzip":  # in small steps, so that a cut archive is read up to the cut
            piece = self._plain.read(min(len(buffer), 1 << 16))
            buffer[: len(piece)] = piece
            return len(piece)
        return cast(io.BufferedReader, self._plain).readinto(buffer) or 0

    def close(self) -> None:
        self._plain.close()

    def sha256(self) -> str:
        """Of the file as it lies on disk (or came down the pipe); waits until it is known."""
        if self._thread is not None:
            self._thread.join()
        return self._hash.hexdigest()


class _HashingRaw(io.RawIOBase):
    """A pipe whose octets are hashed as they pass."""

    def __init__(self, inner: Any, running: Any) -> None:
        self._inner = inner
        self._running = running

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._inner.readinto(buffer) or 0
        self._running.update(memoryview(buffer)[:count])
        return int(count)
