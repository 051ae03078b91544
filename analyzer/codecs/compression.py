"""Compressed data → what was compressed: gzip, zlib, zstd, LZ4, bzip2 and xz told by their first bytes.

Raw deflate and Brotli have no mark of their own: they count only where all of the bytes make
one whole stream of readable text.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, inside
from analyzer.codecs.plain_text import readable_text, text_or_bytes

GZIP_MAGIC = b"\x1f\x8b\x08"  # RFC 1952 §2.3.1
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"  # RFC 8878 §3.1.1
LZ4_MAGIC = b"\x04\x22\x4d\x18"  # LZ4 frame format, little-endian 0x184D2204
BZIP2_MAGIC = re.compile(rb"BZh[1-9]1AY&SY")  # the digits of pi begin each block
XZ_MAGIC = b"\xfd7zXZ\0"  # The .xz File Format §2.1.1.1
ZLIB_METHODS = frozenset((0x58, 0x68, 0x78))  # deflate with a window of 8, 16 or 32 KiB
FIRSTS = ZLIB_METHODS | {GZIP_MAGIC[0], ZSTD_MAGIC[0], LZ4_MAGIC[0], XZ_MAGIC[0], ord("B")}
READ_EITHER_HEADER = 32 + zlib.MAX_WBITS
RAW = -zlib.MAX_WBITS
STEP = 1 << 16
SHORTEST_RAW = 24  # bytes compressed: fewer form a stream by chance
SHORTEST_TEXT = 16
MOST_MEMORY = 32 << 20  # bytes that a dictionary of xz may take
LONGEST_PROBE = 1 << 20

Opener = Callable[[bytes], Iterator[bytes]]
"""Gives the content in steps of about 64 KiB; raises where the data is damaged."""


def decode_compressed(part: MessagePart, budget: Budget) -> list[MessagePart]:
    """The decompressed content, as far as the limits allow; nothing where it is not compressed."""
    return _opened(part, coding_of, OPENERS, budget)


def is_compressed(data: bytes) -> bool:
    """Whether the bytes are compressed in one of the ways told above."""
    return coding_of(data) != ""


def coding_of(data: bytes) -> str:
    """The name of the compression; empty where there is none that gives something."""
    if len(data) < 8 or data[0] not in FIRSTS:
        return ""
    if data.startswith(ZSTD_MAGIC):
        return "zstd"
    if data.startswith(LZ4_MAGIC):
        return "lz4"
    if data.startswith(XZ_MAGIC):
        return "xz"
    if BZIP2_MAGIC.match(data):
        return "bzip2"
    if data.startswith(GZIP_MAGIC) or _is_zlib_header(data[0], data[1]):
        name = "gzip" if data.startswith(GZIP_MAGIC) else "zlib"
        return name if _begins_to_decompress(data[:4096]) else ""
    return ""


def decode_unmarked(part: MessagePart, budget: Budget) -> list[MessagePart]:
    """The text of a raw deflate or Brotli stream; nothing where the bytes are not exactly that."""
    return _opened(part, unmarked_coding_of, UNMARKED, budget)


def _opened(
    part: MessagePart, coding: Callable[[bytes], str], openers: Mapping[str, Opener], budget: Budget
) -> list[MessagePart]:
    """The content of a part by the way that `coding` tells; nothing where it tells none."""
    data = part.value
    if isinstance(data, str) or not (step := coding(data)):
        return []
    content = _bounded(data, openers[step], budget)
    return [inside(part, text_or_bytes(content), step)] if content else []


def unmarked_coding_of(data: bytes) -> str:
    """`deflate` or `brotli` where all bytes are one stream of text; empty otherwise."""
    if not SHORTEST_RAW <= len(data) <= LONGEST_PROBE:
        return ""
    return next((step for step, opener in UNMARKED.items() if _is_whole_text(data, opener)), "")


def _is_whole_text(data: bytes, opener: Opener) -> bool:
    """The first step tells in most cases; the rest has to end where the bytes end."""
    try:
        pieces = opener(data)
        first = next(pieces, b"")
        if not readable_text(first, SHORTEST_TEXT):
            return False
        return all(True for _ in islice(pieces, 1 << 10))
    except Exception:  # the decompressors share no class of errors
        return False


def _is_zlib_header(method: int, flags: int) -> bool:
    """The header is a multiple of 31 (RFC 1950 §2.2), as one pair of bytes in 31 is by chance."""
    return method in ZLIB_METHODS and (method << 8 | flags) % 31 == 0


def _begins_to_decompress(data: bytes) -> bool:
    try:
        return bool(zlib.decompressobj(READ_EITHER_HEADER).decompress(data, 64))
    except zlib.error:
        return False


def _bounded(data: bytes, opener: Opener, budget: Budget) -> bytes:
    """Up to the limits of size and ratio; of damaged or cut data what comes before the damage."""
    by_ratio = len(data) * budget.limits.ratio
    most = min(by_ratio, budget.bytes_left)
    content = bytearray()
    try:
        for piece in opener(data):
            content += piece
            if len(content) > most:
                break
    except Exception as damage:  # the decompressors share no class of errors; what came before counts
        if not content and isinstance(damage, MemoryError):
            raise
    if len(content) > most:
        budget.meet("decode-ratio" if by_ratio <= budget.bytes_left else "decode-octets")
    kept = bytes(content[:most])
    budget.bytes_left -= len(kept)
    return kept


# ── one opener a format ─────────────────────────────────────────────────────


def _inflated(data: bytes) -> Iterator[bytes]:
    reader = zlib.decompressobj(READ_EITHER_HEADER)
    rest = data
    while rest:
        yield reader.decompress(rest, STEP)
        rest = reader.unconsumed_tail
        if reader.eof and reader.unused_data.startswith(GZIP_MAGIC):  # RFC 1952 §2.2: members may follow
            rest, reader = reader.unused_data, zlib.decompressobj(READ_EITHER_HEADER)


def _raw_inflated(data: bytes) -> Iterator[bytes]:
    reader = zlib.decompressobj(RAW)
    rest = data
    while rest and not reader.eof:
        yield reader.decompress(rest, STEP)
        rest = reader.unconsumed_tail
    if not reader.eof or reader.unused_data:
        raise ValueError("not one whole stream")


def _brotli(data: bytes) -> Iterator[bytes]:
    import brotli

    reader = brotli.Decompressor()
    piece = reader.process(data, output_buffer_limit=STEP)
    while piece:
        yield piece
        piece = b"" if reader.is_finished() else reader.process(b"", output_buffer_limit=STEP)
    if not reader.is_finished():
        raise ValueError("not one whole stream")


def _zstd(data: bytes) -> Iterator[bytes]:
    import io

    import zstandard

    # RFC 8878 §3.1.1.1.2 recommends that decoders support windows of 8 MiB at least.
    decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 23)
    with decompressor.stream_reader(io.BytesIO(data), read_across_frames=True) as reader:
        while piece := reader.read(STEP):
            yield piece


def _lz4(data: bytes) -> Iterator[bytes]:
    import lz4.frame

    reader = lz4.frame.LZ4FrameDecompressor()
    piece = reader.decompress(data, STEP)
    while piece:
        yield piece
        piece = b"" if reader.eof or reader.needs_input else reader.decompress(b"", STEP)


def _bzip2(data: bytes) -> Iterator[bytes]:
    import bz2

    reader = bz2.BZ2Decompressor()
    piece = reader.decompress(data, STEP)
    while piece:
        yield piece
        piece = b"" if reader.eof or reader.needs_input else reader.decompress(b"", STEP)


def _xz(data: bytes) -> Iterator[bytes]:
    import lzma

    reader = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MOST_MEMORY)
    piece = reader.decompress(data, STEP)
    while piece:
        yield piece
        piece = b"" if reader.eof or reader.needs_input else reader.decompress(b"", STEP)


OPENERS: dict[str, Opener] = {
    "gzip": _inflated,
    "zlib": _inflated,
    "zstd": _zstd,
    "lz4": _lz4,
    "bzip2": _bzip2,
    "xz": _xz,
}
UNMARKED: dict[str, Opener] = {"deflate": _raw_inflated, "brotli": _brotli}
