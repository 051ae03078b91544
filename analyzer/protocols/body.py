"""Octets of a message body to a Body: hashed whole, kept up to a limit, content codings undone."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from analyzer.model import Body

# Octets of a body that are kept, as sent and decoded; hashes and lengths speak of all.
KEEP = 4 << 20
# Decoded octets that are looked at before a body counts as a decompression bomb.
MOST_DECODED = 32 << 20
STEP = 1 << 16
INPUT_STEP, ZSTD_STEP = 1 << 14, 1 << 9
# Members of a gzip body and codings of any body that are undone; real ones have one or two.
MOST_MEMBERS, MOST_CODINGS = 1000, 4
# A short body is a bomb sooner: deflate makes at most 1,032 octets of one.
LEAST_DECODED, MOST_GROWTH = 1 << 20, 1000


class BodySink:
    """Takes a body piece by piece; `codings` are those that Content-Encoding names."""

    __slots__ = ("_hash", "_kept", "codings", "complete", "length", "lost")

    def __init__(self) -> None:
        self.codings: tuple[str, ...] = ()
        self.length = 0
        self.lost = 0
        self.complete = True
        self._kept = bytearray()
        self._hash: Any = None

    def add(self, piece: bytes) -> None:
        """The next octets of the body."""
        if self._hash is None:
            self._hash = hashlib.sha256()
        self._hash.update(piece)
        self.length += len(piece)
        if len(self._kept) < KEEP:
            self._kept += piece[: KEEP - len(self._kept)]

    def lose(self, count: int) -> None:
        """Octets of the body that never came."""
        if count:
            self.lost += count
            self.complete = False

    def loss(self) -> str:
        """What is missing, in words."""
        return f"{self.lost:,} of {self.length + self.lost:,} octets of the body were not captured"

    def body(self) -> tuple[Body, list[str]]:
        """The finished body, and what has to be said about it."""
        notes: list[str] = []
        raw = bytes(self._kept)
        if self.length > len(raw):
            notes.append(f"only the first {len(raw):,} of {self.length:,} octets of a body were kept")
        content, digest = raw, None
        undone: tuple[str, ...] = ()
        if raw and self.codings:
            content, undone, whole, note = undo(raw, self.codings)
            notes += [note] if note else []
            if undone and whole and self.length == len(raw) and self.complete:
                digest = hashlib.sha256(content).hexdigest()
        body = Body(
            length=self.length,
            sha256=self._hash.hexdigest() if self._hash is not None else None,
            content=content[:KEEP],
            content_sha256=digest,
            codings=undone,
            complete=self.complete,
            missing=self.loss() if self.lost else None,
        )
        return body, notes


def undo(raw: bytes, codings: tuple[str, ...]) -> tuple[bytes, tuple[str, ...], bool, str | None]:
    """(content, codings undone, whether whole, what has to be said) of a coded body.

    A coding that can't be undone leaves the octets as they were: a wrong label loses nothing.
    """
    content, undone = raw, list[str]()
    most = min(MOST_DECODED, LEAST_DECODED + MOST_GROWTH * len(raw))
    for coding in codings[:MOST_CODINGS]:
        decoder = DECODERS.get(coding)
        if decoder is None:
            return content, tuple(undone), False, f"the content coding “{coding}” is not known"
        out, whole = bytearray(), True
        try:
            for piece in decoder(content):
                out += piece
                if len(out) > most:
                    return (
                        bytes(out[:KEEP]), (*undone, coding), False,
                        f"a {coding} body of {len(content):,} octets grows beyond {most:,} octets "
                        "when decoded; decoding stopped there",
                    )  # fmt: skip
        except Exception as error:  # the decoders share no base class
            whole = False
            if not out:
                return content, tuple(undone), False, f"the body is labelled {coding} and is not ({error})"
        content = bytes(out)
        undone.append(coding)
        if not whole:
            return content, tuple(undone), False, f"the {coding} body breaks off"
    if len(codings) > MOST_CODINGS:
        note = f"only {MOST_CODINGS} of {len(codings)} content codings were undone"
        return content, tuple(undone), False, note
    return content, tuple(undone), True, None


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
        # A block of 4 octets can stand for 128 KiB, so few octets at a time.
        piece = data[position : position + ZSTD_STEP]
        if not piece:
            raise ValueError("it ends before its end mark")
        yield frame.decompress(piece)
        position += len(piece)


DECODERS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
