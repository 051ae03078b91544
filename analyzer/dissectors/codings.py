"""Content and transfer codings of a body, undone within bounds (RFC 9110 §8.4).

A label that is wrong loses nothing: what can't be undone is passed over and said, and where a gzip
header or check sum is damaged the compressed data itself is still read.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

# Decoded bytes that are looked at before a body counts as a decompression bomb.
MOST_DECODED = 32 << 20
STEP = 1 << 16
INPUT_STEP, ZSTD_STEP = 1 << 14, 1 << 9
# Members of a gzip body and codings of any body that are undone; real ones have one or two.
MOST_MEMBERS, MOST_CODINGS = 1000, 4
# A short body is a bomb sooner: deflate makes at most 1,032 bytes of one.
LEAST_DECODED, MOST_GROWTH = 1 << 20, 1000

GZIP_MAGIC = b"\x1f\x8b\x08"
GZIP_HEADER = 10  # bytes before the optional parts (RFC 1952 §2.3)
HAS_CRC, HAS_EXTRA, HAS_NAME, HAS_COMMENT = 2, 4, 8, 16

LONGEST_NAME = 40  # of a coding, as it is quoted

Decoder = Callable[[bytes], Iterator[bytes]]


@dataclass(slots=True)
class DecodedContent:
    """What codings left: the content, the codings undone, whether all is, and what has to be said."""

    content: bytes
    codings: list[str] = field(default_factory=list)
    whole: bool = True
    notes: list[str] = field(default_factory=list)
    stopped: bool = False  # decoding, since it gave too much

    def say(self, note: str) -> None:
        self.whole = False
        self.notes.append(note)


def undo(raw: bytes, codings: tuple[str, ...]) -> DecodedContent:
    """Undo codings in the order given; those that the bytes are not in are passed over."""
    done = DecodedContent(raw)
    most = min(MOST_DECODED, LEAST_DECODED + MOST_GROWTH * len(raw))
    for coding in codings[:MOST_CODINGS]:
        if not _undo_one(done, coding, most):
            break
    if len(codings) > MOST_CODINGS:
        done.say(f"only {MOST_CODINGS} of {len(codings)} content codings were undone")
    return done


def _undo_one(done: DecodedContent, coding: str, most: int) -> bool:
    """Whether the next coding may be tried."""
    decoder = DECODERS.get(coding)
    if decoder is None:
        done.say(f"the content coding “{coding[:LONGEST_NAME]}” is not known")
        return True
    out, error = _decoded(decoder, done.content, most)
    if error and not out and coding in LENIENT:
        lenient, broken = _decoded(LENIENT[coding], done.content, most)
        if lenient and (not broken or done.content.startswith(GZIP_MAGIC)):
            done.content = bytes(lenient)
            done.codings.append(coding)
            done.say(f"the {coding} body's frame is damaged ({error}); its data was read nevertheless")
            return True
    if error and not out:
        done.say(f"the body is labelled {coding} and is not ({error})")
        return True
    size = len(done.content)
    done.content = bytes(out)
    done.codings.append(coding)
    if len(out) > most:
        done.stopped = True
        done.say(
            f"a {coding} body of {size:,} bytes grows beyond {most:,} bytes when decoded; "
            "decoding stopped there"
        )
        return False
    if error:
        done.say(f"the {coding} body breaks off")
    return not error


def _decoded(decoder: Decoder, data: bytes, most: int) -> tuple[bytearray, str]:
    """What comes out, a step beyond `most` at most, and why it ended too soon; empty where it did not."""
    out = bytearray()
    try:
        for piece in decoder(data):
            out += piece
            if len(out) > most:
                break
    except Exception as error:  # the decoders share no base class
        return out, str(error)
    return out, ""


# ── decoders ────────────────────────────────────────────────────────────────


def _inflate(data: bytes, window: int) -> Iterator[bytes]:
    """zlib, gzip or raw deflate in bounded steps; gzip members may follow one another.

    Small steps of input too: the inflater copies what it leaves over.
    """
    position = 0
    for _ in range(MOST_MEMBERS):
        inflater = zlib.decompressobj(window)
        while not inflater.eof:
            piece = data[position : position + INPUT_STEP]
            out = inflater.decompress(piece, STEP)
            position += len(piece) - len(inflater.unconsumed_tail) - len(inflater.unused_data)
            if not piece and not out:
                raise ValueError("it ends before its end mark")
            yield out
        if not data.startswith(b"\x1f\x8b", position):
            return
    raise ValueError(f"it has more than {MOST_MEMBERS} members")


def _gzip(data: bytes) -> Iterator[bytes]:
    return _inflate(data, 47)


def _deflate(data: bytes) -> Iterator[bytes]:
    """zlib format (RFC 9110 §8.4.1.2), or raw deflate as some senders have it."""
    try:
        zlib.decompressobj().decompress(data[:64])
    except zlib.error:
        return _inflate(data, -15)
    return _inflate(data, 47)


def _gzip_data(data: bytes) -> Iterator[bytes]:
    """The compressed data of a gzip body whose header or check sum is wrong; raw deflate without a header."""
    return _inflate(data[_gzip_header(data) :], -15)


def _gzip_header(data: bytes) -> int:
    """The length of a gzip header, 0 where there is none (RFC 1952 §2.3)."""
    if not data.startswith(GZIP_MAGIC) or len(data) < GZIP_HEADER:
        return 0
    flags, at = data[3], GZIP_HEADER
    if flags & HAS_EXTRA:
        at += 2 + int.from_bytes(data[at : at + 2], "little")
    for flag in (HAS_NAME, HAS_COMMENT):
        if flags & flag:
            at = data.find(b"\0", at) + 1 or len(data)
    return at + 2 if flags & HAS_CRC else at


def _brotli(data: bytes) -> Iterator[bytes]:
    import brotli

    decoder = brotli.Decompressor()
    yield decoder.process(data, output_buffer_limit=STEP)
    while not decoder.is_finished():
        piece = decoder.process(b"", output_buffer_limit=STEP)
        if not piece:
            raise ValueError("it ends before its end mark")
        yield piece


def _zstd(data: bytes) -> Iterator[bytes]:
    import zstandard

    # RFC 9659 §3: no window above 8 MiB has to be supported for the content coding.
    decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 23)
    position, frame = 0, decompressor.decompressobj()
    while not frame.eof:
        # A block of 4 bytes can stand for 128 KiB, so few bytes at a time.
        piece = data[position : position + ZSTD_STEP]
        if not piece:
            raise ValueError("it ends before its end mark")
        yield frame.decompress(piece)
        position += len(piece)


AWS_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,12})(?:;[^\r\n]{0,512})?\r?\n")


def _aws_chunked(data: bytes) -> Iterator[bytes]:
    """Chunks of a length, a signature and data; the last one is empty, trailers may follow it."""
    at = 0
    while found := AWS_CHUNK.match(data, at):
        start, size = found.end(), int(found[1], 16)
        if not size:
            return
        yield data[start : start + size]
        at = start + size
        at += 2 if data.startswith(b"\r\n", at) else data.startswith(b"\n", at)
    raise ValueError("it ends before its last chunk" if at else "no chunk size is there")


DECODERS: dict[str, Decoder] = {
    "aws-chunked": _aws_chunked,
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "x-deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
# Tried where the first gives nothing.
LENIENT: dict[str, Decoder] = dict.fromkeys(("gzip", "x-gzip", "deflate", "x-deflate"), _gzip_data)
