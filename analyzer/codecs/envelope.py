"""Compressed data inside an envelope: behind a head of its own kind, before a checksum, several times over.

A stream of gzip, zlib, zstd or LZ4 is told by its mark, at any offset, and counts where it ends with the
checksum that fits or gives text. Raw deflate has no mark: it is tried in the first bytes alone, and has to
give readable text up to its end.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Literal, NamedTuple

from analyzer.codecs.compression import RAW, READ_EITHER_HEADER, STEP, coding_of
from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, PlainPart
from analyzer.codecs.plain_text import readable_text
from analyzer.codecs.text_runs import is_media

ENVELOPE = "envelope"
# gzip, zlib with its four usual levels (RFC 1950 §2.2), zstd, LZ4; each is looked for by itself, to be quick.
MARKS = tuple(
    re.compile(mark)
    for mark in (rb"\x1f\x8b\x08", rb"\x78[\x01\x5e\x9c\xda]", rb"\x28\xb5\x2f\xfd", rb"\x04\x22\x4d\x18")
)
OWN_MARKS = (b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18")
# The first byte of a deflate block with a code of its own or the fixed one (RFC 1951 §3.2.3, §3.2.7).
DEFLATE_FIRSTS = [byte for byte in range(256) if byte & 7 in (2, 3) or (byte & 6 == 4 and byte >> 3 < 30)]
DEFLATE = re.compile(b"[%s]" % b"".join(b"\\x%02x" % byte for byte in DEFLATE_FIRSTS))
FARTHEST = 1 << 20  # bytes that are searched for a mark
FARTHEST_RAW = 256
SHORT_HEADS = (2, 4, 5, 6, 8, 12, 16)
ORDERS: tuple[Literal["big", "little"], ...] = ("big", "little")
MOST_BEHIND = 32  # bytes behind a stream, such as a checksum
LONGEST_RAW = 1 << 18  # bytes of a body in which raw deflate is looked for
SHORTEST_RAW = 24  # bytes of text that no chance gives
MOST_TRIED = 64
MOST_STREAMS = 16
MOST_GIVEN = 8 << 20  # bytes of a stream whose end is looked for
SHORTEST_TEXT = 12
HEAD_TEXT = re.compile(rb"[\x20-\x7e]{8}")


class PackedStream(NamedTuple):
    """Where compressed data stands among other bytes."""

    start: int
    end: int


def decode_envelope(part: MessagePart, _: Budget) -> list[PlainPart]:
    """The compressed streams and the bytes around them, each for itself; nothing where there are none."""
    data = part.value
    streams = [] if isinstance(data, str) else streams_in(data)
    if isinstance(data, str) or not streams or streams == [(0, len(data))]:
        return []
    path = (*part.path, ENVELOPE)
    borders = sorted({0, len(data), *(at for stream in streams for at in (stream.start, stream.end))})
    return [
        (part.name, data[start:end], (*path, f"octets {start}"), part.beside)
        for start, end in pairwise(borders)
    ]


def streams_in(data: bytes) -> list[PackedStream]:
    """The compressed streams in the bytes, in their order."""
    if len(data) < SHORTEST_RAW or is_media(data):
        return []
    return list(_marked(data)) or list(_raw(data))


def _marked(data: bytes) -> Iterator[PackedStream]:
    upto = count = 0
    for start, mark in sorted(_marks(data)):
        if start < upto or count >= MOST_STREAMS:
            continue
        end = start + _length(data[start:], mark) if mark in OWN_MARKS else _end(data, start)
        if end > start:
            count, upto = count + 1, end
            yield PackedStream(start, end)


def _marks(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Where the marks are, at most so many of each as are tried."""
    for mark in MARKS:
        for found in islice(mark.finditer(data, 0, FARTHEST), MOST_TRIED):
            yield found.start(), found[0]


def _length(data: bytes, mark: bytes) -> int:
    """Of zstd and LZ4 all of the rest, where it opens."""
    return len(data) if coding_of(data) and mark else 0


def _end(data: bytes, start: int) -> int:
    """Where a stream of gzip or zlib ends; 0 where it is none, or is cut and gives no text."""
    reader = zlib.decompressobj(READ_EITHER_HEADER)
    try:
        first = reader.decompress(data[start : start + 4096], 256)
    except zlib.error:
        return 0
    if not first and not reader.eof:
        return 0
    at, given = start + 4096, len(first)
    try:
        rest = reader.unconsumed_tail
        while not reader.eof and given < MOST_GIVEN and (rest or at < len(data)):
            if not rest:
                rest, at = data[at : at + STEP], at + STEP
            given += len(reader.decompress(rest, STEP))
            rest = reader.unconsumed_tail
    except zlib.error:
        return len(data) if readable_text(first, SHORTEST_TEXT) else 0
    if reader.eof:
        return min(at, len(data)) - len(reader.unused_data)
    return len(data) if readable_text(first, SHORTEST_TEXT) or given >= MOST_GIVEN else 0


def _raw(data: bytes) -> Iterator[PackedStream]:
    """A raw deflate stream behind a head in which there is text or the stream's length."""
    if len(data) > LONGEST_RAW:
        return
    first_text = HEAD_TEXT.search(data, 0, FARTHEST_RAW)
    last = min(FARTHEST_RAW, len(data) - SHORTEST_RAW // 2)
    starts = (at.start() for at in DEFLATE.finditer(data, 1, last)) if first_text else _counted(data)
    for start in starts:
        reader = zlib.decompressobj(RAW)
        try:
            first = reader.decompress(data[start : start + 1024], 64)
            if not readable_text(
                first[:SHORTEST_RAW], SHORTEST_RAW if len(first) >= SHORTEST_RAW else len(first)
            ):
                continue
            if len(first) < SHORTEST_RAW:
                continue
            content, rest, at = first, reader.unconsumed_tail, start + 1024
            while not reader.eof and len(content) < LONGEST_RAW and (rest or at < len(data)):
                if not rest:
                    rest, at = data[at : at + STEP], at + STEP
                content += reader.decompress(rest, STEP)
                rest = reader.unconsumed_tail
        except zlib.error:
            continue
        if reader.eof and readable_text(content, SHORTEST_RAW):
            yield PackedStream(start, min(at, len(data)) - len(reader.unused_data))
            return


def _counted(data: bytes) -> Iterator[int]:
    """Where the rest of the bytes begins whose length stands right before it."""
    for start in SHORT_HEADS:
        left = len(data) - start
        for size in (2, 4):
            head = data[max(0, start - size) : start]
            if any(left - MOST_BEHIND <= int.from_bytes(head, order) <= left for order in ORDERS):
                yield start
                break
