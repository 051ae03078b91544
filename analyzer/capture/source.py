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


class _ZstdFile:
    """Zstandard frames (RFC 8878), one after the other; a frame that breaks off raises EOFError.

    The library's own stream reader takes a cut frame for a whole one.
    """

    def __init__(self, raw: BinaryIO) -> None:
        import zstandard

        self._raw = raw
        self._decompressor = zstandard.ZstdDecompressor()
        self._frame: Any = None
        self._ahead = b""  # compressed octets behind the last frame
        self._ready = memoryview(b"")

    def read1(self, size: int) -> bytes:
        """At most `size` octets, at the end none."""
        while not self._ready:
            octets = self._ahead or self._raw.read(ZSTD_STEP)
            if not octets:
                if self._frame is not None:
                    raise EOFError("Compressed file ended before the end-of-stream marker was reached")
                return b""
            self._ready = memoryview(self._step(octets))
        piece = bytes(self._ready[:size])
        self._ready = self._ready[size:]
        return piece

    def _step(self, octets: bytes) -> bytes:
        if self._frame is None:
            self._frame = self._decompressor.decompressobj()
        plain = bytes(self._frame.decompress(octets))
        self._ahead = b""
        if self._frame.eof:
            self._ahead = bytes(self._frame.unused_data)
            self._frame = None
        return plain

    def close(self) -> None:
        self._raw.close()


OPENERS: tuple[tuple[bytes, str, Callable[[BinaryIO], Any]], ...] = (
    (GZIP, "gzip", lambda raw: gzip.GzipFile(fileobj=raw, mode="rb")),
    (ZSTD, "zstd", _ZstdFile),
    (XZ, "xz", lzma.LZMAFile),
)

DECOMPRESSION_ERRORS: tuple[type[Exception], ...] = (OSError, EOFError, zlib.error, lzma.LZMAError)

HASH_CHUNK = 1 << 20
STEP = 1 << 16
# Compressed octets at a time: a block of 4 octets can stand for 128 KiB.
ZSTD_STEP = 1 << 10


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
        self._raw = self._open_raw()
        self._plain: IO[bytes] = self._decompress(self._raw)

    def _open_raw(self) -> BinaryIO:
        if self.path == "-":
            self.path = "standard input"
            return cast(BinaryIO, io.BufferedReader(_HashingRaw(sys.stdin.buffer, self._hash), 1 << 20))
        try:
            raw = open(self.path, "rb", buffering=0)  # noqa: SIM115 - closed by close()
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
        plain = cast(io.BufferedReader, self._plain)
        if self.compression is None:
            return plain.readinto(buffer) or 0
        # One step of the decompressor at a time: a read that has to go on would lose what it has
        # when the archive breaks off.
        piece = plain.read1(min(len(buffer), STEP))
        buffer[: len(piece)] = piece
        return len(piece)

    def drain(self) -> None:
        """Read the rest of a pipe, so that its hash is of all that came down; a file's always is."""
        try:
            while self._thread is None and self._raw.read(HASH_CHUNK):
                pass
        except OSError:
            pass  # what can't be read can't be hashed

    def close(self) -> None:
        self._plain.close()
        self._raw.close()

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
