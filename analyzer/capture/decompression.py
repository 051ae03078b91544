"""Compressed bytes to plain ones: gzip, zstd, xz, lz4 and bzip2, one archive after the other.

A step of a decompressor gives a bounded piece, so a file that unpacks to terabytes takes no more memory
than any other.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

# Compressed bytes a step at most; what a damaged step held is lost with it. Smaller steps would wait more
# often for the interpreter, while batches before are looked at.
INPUT_STEP = 1 << 16
# Plain bytes a step at most; where a checksum is wrong, of xz and lz4 the last step is lost.
GZIP_STEP, STEP = 1 << 20, 1 << 16
# What a header may make a decompressor allocate; “xz -9” asks for 65 MiB.
MOST_MEMORY = 256 << 20

LONGEST_START = 6  # of xz
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
ZSTD_READ = 1 << 18
ZSTD_HEADER = 18  # bytes of a frame header at most (RFC 8878 §3.1.1)
# Skippable frames have one of sixteen magics (RFC 8878 §3.1.2).
SKIPPABLE = tuple(bytes([0x50 + low]) + b"\x2a\x4d\x18" for low in range(16))


class ByteSource(Protocol):
    """What is read from: some bytes as they come, none at the end."""

    def read(self, size: int, /) -> bytes | None: ...


class BrokenArchiveError(Exception):
    """The archive breaks off or contradicts itself."""


CUT, NOT_ONE = "it ends before its end mark", "what follows the archive is not one"


class _Inflate:
    """One gzip member (RFC 1952) behind the interface of the standard library's other decompressors."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(31)
        self._is_full = False
        self._error: zlib.error | None = None

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._is_full and not self._inner.unconsumed_tail and self._error is None

    def decompress(self, data: bytes, limit: int) -> bytes:
        if self._error is not None:
            raise self._error
        before, data = self._inner.copy(), self._inner.unconsumed_tail + data
        try:
            plain = self._inner.decompress(data, limit)
        except zlib.error as error:
            self._error = error
            return _before_damage(before, data, limit)
        self._is_full = len(plain) == limit
        return plain


def _before_damage(inner: Any, data: bytes, limit: int) -> bytes:
    """What these bytes give up to the one that makes no sense; a wrong checksum stands behind all."""
    plain = bytearray()
    try:
        for at in range(len(data)):
            if len(plain) >= limit:
                break
            plain += inner.decompress(data[at : at + 1])
    except zlib.error:
        pass  # said to whoever asks for more
    return bytes(plain)


def _lz4() -> Any:
    import lz4.frame

    return lz4.frame.LZ4FrameDecompressor()


class Archives:
    """Archives one after the other as one stream; `make` gives a decompressor for each.

    `starts` are the first bytes that an archive of the format may have.
    """

    def __init__(
        self, raw: ByteSource, starts: tuple[bytes, ...], make: Callable[[], Any], step: int = STEP
    ) -> None:
        self._raw = raw
        self._starts = starts
        self._make = make
        self._limit = step
        self._member: Any = None
        self._ahead = b""  # compressed bytes behind the last archive

    def read(self) -> bytes:
        """The next piece, bounded; at the end nothing. Raises BrokenArchiveError."""
        while True:
            if self._member is None and not self._begin():
                return b""
            if piece := self._step():
                return piece

    def is_ready(self) -> bool:
        """Whether there is more without reading on."""
        return bool(self._ahead) or (self._member is not None and not self._member.needs_input)

    def _begin(self) -> bool:
        """Begin the next archive; False at the end. Zeros may pad each (gzip on tapes, xz §2.2)."""
        self._ahead = self._ahead.lstrip(b"\0")
        while len(self._ahead) < LONGEST_START and (data := self._raw.read(INPUT_STEP)):
            self._ahead = (self._ahead + data).lstrip(b"\0")
        if not self._ahead:
            return False
        if not self._ahead.startswith(self._starts):
            raise BrokenArchiveError(NOT_ONE)
        self._member = self._make()
        return True

    def _step(self) -> bytes:
        data, self._ahead = self._ahead, b""
        if not data and self._member.needs_input:
            data = self._raw.read(INPUT_STEP) or b""
            if not data:
                raise BrokenArchiveError(CUT)
        try:
            plain: bytes = self._member.decompress(data, self._limit)
        except (OSError, EOFError, zlib.error, lzma.LZMAError, RuntimeError) as error:
            raise BrokenArchiveError(str(error)) from None
        if self._member.eof:
            self._ahead, self._member = self._member.unused_data or b"", None
        return plain


class ZstdFrames:
    """Zstandard frames (RFC 8878), block by block, so that a step gives 128 KiB at most.

    The library's own readers either take a cut frame for a whole one or know no bound on a step's output.
    """

    def __init__(self, raw: ByteSource) -> None:
        import zstandard

        self._zstd = zstandard
        self._raw = raw
        self._frame: Any = None
        self._has_checksum = False
        self._is_over = False  # whether only the checksum is left of the frame
        self._data = b""  # compressed bytes read and, from `_at` on, not yet used
        self._at = 0

    def read(self) -> bytes:
        """The next piece, at most 128 KiB; at the end nothing. Raises BrokenArchiveError."""
        try:
            while True:
                if self._frame is None and not self._begin():
                    return b""
                if self._is_over:
                    self._finish()
                elif self._frame is not None and (piece := self._block()):
                    return piece
        except self._zstd.ZstdError as error:
            raise BrokenArchiveError(str(error)) from None

    def is_ready(self) -> bool:
        """Whether a whole block is there without reading on; an empty one, as flushing makes it, is none."""
        there = len(self._data) - self._at
        if self._is_over or self._frame is None or there < 3:
            return False
        return 0 < self._block_size() <= there - 3

    def _begin(self) -> bool:
        """Begin the next frame or pass over a skippable one; False at the end."""
        if not self._have(1):
            return False
        if self._have(8) and self._data.startswith(SKIPPABLE, self._at):
            self._skip(8 + int.from_bytes(self._data[self._at + 4 : self._at + 8], "little"))
            return True
        self._have(ZSTD_HEADER)
        head = self._data[self._at : self._at + ZSTD_HEADER]
        if not head.startswith(ZSTD_MAGIC):
            raise BrokenArchiveError(CUT if ZSTD_MAGIC.startswith(head) else NOT_ONE)
        parameters = self._zstd.get_frame_parameters(head)
        if parameters.window_size > MOST_MEMORY:
            raise BrokenArchiveError(f"it asks for {parameters.window_size:,} bytes of memory")
        self._has_checksum = parameters.has_checksum
        self._frame = self._zstd.ZstdDecompressor(max_window_size=MOST_MEMORY).decompressobj()
        self._frame.decompress(self._take(self._zstd.frame_header_size(head)))
        return True

    def _block(self) -> bytes:
        if not self._have(3):
            raise BrokenArchiveError(CUT)
        is_last, size = self._data[self._at] & 1, 3 + self._block_size()
        if not self._have(size):
            return self._what_is_left()
        plain: bytes = self._frame.decompress(self._take(size))
        self._is_over = bool(is_last)
        return plain

    def _finish(self) -> None:
        """End the frame; its checksum comes last, so that a wrong one takes nothing with it."""
        if self._has_checksum:
            self._frame.decompress(self._take(4))
        self._frame, self._is_over = None, False

    def _what_is_left(self) -> bytes:
        """What a cut block still gives."""
        if plain := self._frame.decompress(self._data[self._at :]):
            self._at = len(self._data)
            return bytes(plain)
        raise BrokenArchiveError(CUT)

    def _block_size(self) -> int:
        """Bytes behind the header of the block that begins here; a run has one (RFC 8878 §3.1.1.2)."""
        header = int.from_bytes(self._data[self._at : self._at + 3], "little")
        return 1 if header >> 1 & 3 == 1 else header >> 3

    def _have(self, count: int) -> bool:
        while len(self._data) - self._at < count:
            if not (data := self._raw.read(ZSTD_READ)):
                return False
            self._data, self._at = self._data[self._at :] + data, 0
        return True

    def _take(self, count: int) -> bytes:
        if not self._have(count):
            raise BrokenArchiveError(CUT)
        self._at += count
        return self._data[self._at - count : self._at]

    def _skip(self, count: int) -> None:
        while count:
            if not self._have(1):
                raise BrokenArchiveError(CUT)
            step = min(count, len(self._data) - self._at)
            self._at += step
            count -= step


def _archives(
    starts: tuple[bytes, ...], make: Callable[[], Any], step: int = STEP
) -> Callable[[ByteSource], Archives]:
    return lambda raw: Archives(raw, starts, make, step)


@dataclass(frozen=True, slots=True)
class CompressionFormat:
    """A compressed format: its name, how it may begin, and what opens it."""

    name: str
    starts: tuple[bytes, ...]
    open: Callable[[ByteSource], Archives | ZstdFrames]


GZIP, XZ, LZ4, BZIP2 = (b"\x1f\x8b",), (b"\xfd7zXZ\0",), (b"\x04\x22\x4d\x18",), (b"BZh",)

FORMATS = (
    CompressionFormat("gzip", GZIP, _archives(GZIP, _Inflate, GZIP_STEP)),
    CompressionFormat("zstd", (ZSTD_MAGIC,), ZstdFrames),
    CompressionFormat("xz", XZ, _archives(XZ, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, MOST_MEMORY))),
    CompressionFormat("lz4", LZ4, _archives((*LZ4, *SKIPPABLE), _lz4)),
    CompressionFormat("bzip2", BZIP2, _archives(BZIP2, bz2.BZ2Decompressor)),
)


def format_of(start: bytes) -> CompressionFormat | None:
    """The compressed format that these first bytes belong to."""
    return next((entry for entry in FORMATS if start.startswith(entry.starts)), None)
