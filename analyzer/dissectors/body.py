"""Bytes of a message body to a Body: hashed whole, kept up to a limit, codings undone, charset chosen."""

from __future__ import annotations

import hashlib
from typing import Any

from analyzer.dissectors.charset import charset_of
from analyzer.dissectors.codings import LEAST_DECODED, MOST_CODINGS, MOST_DECODED, MOST_GROWTH, STEP, undo
from analyzer.model import Body

__all__ = [
    "KEEP",
    "LEAST_DECODED",
    "MOST_CODINGS",
    "MOST_DECODED",
    "MOST_GROWTH",
    "STEP",
    "BodySink",
]

# Bytes of a body that are kept, as sent and decoded; hashes and lengths speak of all.
KEEP = 4 << 20


class BodySink:
    """Takes a body piece by piece; `codings` are those to undo, `content_type` what the header says."""

    __slots__ = ("_hash", "_kept", "codings", "complete", "content_type", "length", "lost")

    def __init__(self) -> None:
        self.codings: tuple[str, ...] = ()
        self.content_type: str | None = None
        self.length = 0
        self.lost = 0
        self.complete = True
        self._kept = bytearray()
        self._hash: Any = None

    def add(self, piece: bytes) -> None:
        """The next bytes of the body."""
        if self._hash is None:
            self._hash = hashlib.sha256()
        self._hash.update(piece)
        self.length += len(piece)
        if len(self._kept) < KEEP:
            self._kept += piece[: KEEP - len(self._kept)]

    def lose(self, count: int) -> None:
        """Bytes of the body that never came."""
        if count:
            self.lost += count
            self.complete = False

    def loss(self) -> str:
        """What is missing, in words."""
        return f"{self.lost:,} of {self.length + self.lost:,} bytes of the body were not captured"

    def body(self) -> tuple[Body, list[str]]:
        """The finished body, and what has to be said about it."""
        if not self.length:
            return self._empty(), []
        raw = bytes(self._kept)
        content, digest = raw, None
        notes: list[str] = []
        undone: tuple[str, ...] = ()
        stopped = False
        if self.codings:
            done = undo(raw, self.codings)
            content, notes, undone, stopped = done.content, done.notes, tuple(done.codings), done.stopped
            if undone and done.whole and self.length == len(raw) and self.complete:
                digest = hashlib.sha256(content).hexdigest()
        left_out = _left_out(self.length, len(raw), len(content), stopped)
        content = content[:KEEP]
        charset = charset_of(content, self.content_type)
        body = Body(
            length=self.length,
            sha256=self._hash.hexdigest(),
            content=content,
            content_sha256=digest,
            codings=undone,
            complete=self.complete,
            missing=self.loss() if self.lost else None,
            charset=charset.name,
            charset_from=charset.how,
            left_out=left_out,
        )
        return body, [*notes, *([left_out] if left_out else [])]

    def _empty(self) -> Body:
        return Body(complete=self.complete, missing=self.loss() if self.lost else None)


def _left_out(length: int, kept: int, decoded: int, stopped: bool) -> str | None:
    """What of a body is not in its content, in words."""
    if stopped:
        return f"only the first {min(decoded, KEEP):,} bytes that came out of a body were kept"
    if kept < length:
        return f"only the first {kept:,} of {length:,} bytes of a body were kept"
    if decoded > KEEP:
        return f"only the first {KEEP:,} of {decoded:,} decoded bytes of a body were kept"
    return None
