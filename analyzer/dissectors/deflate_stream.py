"""Messages compressed by permessage-deflate (RFC 7692) to bodies, with a window that goes on between them."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import replace

from analyzer.dissectors.body import KEEP, BodySink
from analyzer.dissectors.charset import charset_of
from analyzer.dissectors.codings import LEAST_DECODED, MOST_DECODED, MOST_GROWTH, STEP
from analyzer.model import Body

TAIL = b"\x00\x00\xff\xff"  # what a sender leaves out at the end of each message (RFC 7692 §7.2.1)
WINDOW = 1 << 15
CODING = "permessage-deflate"


class Inflater:
    """The inflating state of one direction; `forgets` when each message begins with an empty window."""

    __slots__ = ("_forgets", "_inflater", "_is_known")

    def __init__(self, forgets: bool) -> None:
        self._forgets = forgets
        self._is_known = True
        self._inflater = zlib.decompressobj(-15)

    def lose(self) -> None:
        """Messages are missing, and so is the window."""
        self._is_known = False

    def begin(self) -> bool:
        """Begin a message; whether its window is known."""
        if self._forgets:
            self._inflater, self._is_known = zlib.decompressobj(-15), True
        return self._is_known

    def inflate(self, data: bytes, most: int) -> bytes:
        """What these bytes inflate to, at most `most` bytes and a step. Raises zlib.error."""
        out, tail = bytearray(), data
        while len(out) <= most:
            piece = self._inflater.decompress(tail, STEP)
            out += piece
            tail = self._inflater.unconsumed_tail
            if self._inflater.eof:  # a last block, which permits no more in this stream (§7.2.3.5)
                tail = self._inflater.unused_data
                self._inflater = zlib.decompressobj(-15, zdict=bytes(out[-WINDOW:]))
            if not tail and len(piece) < STEP:
                break
        return bytes(out)


class InflatedBody(BodySink):
    """Takes the compressed bytes of a message as they come; `inflater` is None where none was agreed on."""

    __slots__ = ("_decoded", "_digest", "_inflated", "_inflater", "_said")

    def __init__(self, inflater: Inflater | None) -> None:
        super().__init__()
        self._inflater = inflater
        self._inflated = 0  # bytes that came out
        self._decoded = bytearray()  # … of which these are kept
        self._digest = hashlib.sha256()
        self._said = ""  # why it is not inflated, or not wholly
        if inflater is None:
            self._said = "a message is marked as compressed, and no compression was agreed on"
        elif not inflater.begin():
            self._said = "a compressed message can't be inflated: what came before it was not captured"

    def add(self, piece: bytes) -> None:
        super().add(piece)
        self._inflate(piece)

    def lose(self, count: int) -> None:
        super().lose(count)
        if count and self._inflater is not None:
            self._inflater.lose()
            self._said = self._said or "a compressed message is inflated up to what was not captured only"

    def end(self) -> None:
        """The message has ended."""
        if self.complete:
            self._inflate(TAIL)
        elif self._inflater is not None:
            self._inflater.lose()

    def body(self) -> tuple[Body, list[str]]:
        body, notes = super().body()  # of the compressed bytes
        if self._inflater is None or (self._said and not self._inflated):
            return body, [*notes, self._said]
        notes = [self._said] if self._said else []
        content, left_out = bytes(self._decoded), None
        if self._inflated > len(content):
            left_out = f"only the first {len(content):,} bytes of an inflated message were kept"
            notes.append(left_out)
        charset = charset_of(content, None)
        inflated = replace(
            body,
            content=content,
            content_sha256=self._digest.hexdigest() if self.complete and not self._said else None,
            codings=(CODING,),
            charset=charset.name,
            charset_from=charset.how,
            left_out=left_out,
        )
        return inflated, notes

    def _inflate(self, piece: bytes) -> None:
        if self._said or self._inflater is None:
            return
        most = min(MOST_DECODED, LEAST_DECODED + MOST_GROWTH * self.length)
        try:
            out = self._inflater.inflate(piece, most - self._inflated)
        except zlib.error as error:
            self._stop(f"a message is marked as compressed and is not ({error})")
            return
        self._inflated += len(out)
        self._digest.update(out)
        self._decoded += out[: KEEP - len(self._decoded)]
        if self._inflated > most:
            self._stop(f"a compressed message grows beyond {most:,} bytes when inflated; that stopped there")

    def _stop(self, why: str) -> None:
        assert self._inflater is not None
        self._inflater.lose()
        self._said = why
