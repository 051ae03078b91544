"""One direction of an HTTP/2 connection to its frames (RFC 9113 §4), as a passive observer sees them.

Sans-IO: segments and gaps go in, frames come out. Behind a gap, or on a connection that began before the
capture, reading resumes where a chain of valid frame headers leaves no doubt of a frame's beginning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from analyzer.dissectors.byte_queue import ByteQueue, QueuedBytes
from analyzer.flows.reassembly import Gap, Segment

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"  # RFC 9113 §3.4
HEADER = 9

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = range(5)
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(5, 10)
END_STREAM, END_HEADERS, PADDED = 0x01, 0x04, 0x08

# Bytes of a frame that is no DATA, at most; longer ones are passed over.
MOST_FRAME = 1 << 18
# Bytes that wait while no frame's beginning is known.
MOST_WAITING = 1 << 16

CONNECTION, STREAM, EITHER = range(3)


class FrameRule(NamedTuple):
    """What a frame of a kind may be: its flags, where it belongs, its length as least, most and step."""

    flags: int
    belongs: int
    least: int = 0
    most: int = 1 << 14
    step: int = 1


RULES = {
    DATA: FrameRule(0x09, STREAM),
    HEADERS: FrameRule(0x2D, STREAM, least=1),
    PRIORITY: FrameRule(0x00, STREAM, 5, 5),
    RST_STREAM: FrameRule(0x00, STREAM, 4, 4),
    SETTINGS: FrameRule(0x01, CONNECTION, step=6),
    PUSH_PROMISE: FrameRule(0x0C, STREAM, least=5),
    PING: FrameRule(0x01, CONNECTION, 8, 8),
    GOAWAY: FrameRule(0x00, CONNECTION, least=8),
    WINDOW_UPDATE: FrameRule(0x00, EITHER, 4, 4),
    CONTINUATION: FrameRule(0x04, STREAM),
}
# Length below 16,640, a known type, a stream number below 2^20: a cheap first look.
MAY_BEGIN = re.compile(rb"(?=\0[\0-\x40][\0-\xff][\0-\x09][\0-\x2d]\0[\0-\x0f])", re.DOTALL)


class Http2Frame(NamedTuple):
    """A whole frame other than DATA."""

    kind: int
    flags: int
    stream: int
    taken: QueuedBytes  # of the payload; its start is that of the frame's header
    header: bytes


class DataPiece(NamedTuple):
    """Some bytes of a DATA frame's content, or how many of them were lost; `ended` ends the stream."""

    stream: int
    taken: QueuedBytes | None
    lost: int
    ended: bool


class Broken(NamedTuple):
    """The framing was lost: what comes next is of an unknown stream; `gap` bytes were not captured."""

    gap: int


Event = Http2Frame | DataPiece | Broken


def frame_length(data: bytes | bytearray, at: int) -> int:
    """Bytes of the frame whose header stands at `at`, header included; 0 where none can stand there."""
    if at + HEADER > len(data):
        return 0
    length, kind = int.from_bytes(data[at : at + 3], "big"), data[at + 3]
    rule = RULES.get(kind)
    stream = int.from_bytes(data[at + 5 : at + 9], "big")
    if rule is None or data[at + 4] & ~rule.flags or stream >= 1 << 20:
        return 0
    if rule.belongs != EITHER and (stream > 0) != (rule.belongs == STREAM):
        return 0
    return HEADER + length if rule.least <= length <= rule.most and not length % rule.step else 0


def are_frames(data: bytes | bytearray, at: int = 0) -> bool:
    """Whether frames begin at `at` without doubt: three valid headers, or two that end with the bytes.

    Whole HEADERS may also stand alone, or before the first DATA of their stream: a message begins there.
    """
    first = frame_length(data, at)
    if not first:
        return False
    is_block = data[at + 3] == HEADERS and bool(data[at + 4] & END_HEADERS)
    second_at = at + first
    second = frame_length(data, second_at)
    if not second:
        return is_block and second_at == len(data)
    is_its_data = data[second_at + 3] == DATA and data[at + 5 : at + 9] == data[second_at + 5 : second_at + 9]
    if is_block and is_its_data:
        return True
    third_at = second_at + second
    return third_at == len(data) or frame_length(data, third_at) > 0


class FrameReader:
    """Reads one direction; `synced` says whether it stands at a place it knows."""

    __slots__ = ("_buffer", "_flags", "_left", "_looked_at", "_pad", "_skip", "_stream", "skipped", "synced")

    def __init__(self, synced: bool) -> None:
        self.synced = synced
        self.skipped = 0  # bytes that were passed over while no frame's beginning was known
        self._buffer = ByteQueue()
        self._stream = self._flags = 0  # of the DATA frame being read
        self._left = self._pad = 0  # bytes of its content, and of the padding behind it
        self._skip = 0  # bytes of a frame that is passed over
        self._looked_at = 0  # bytes of the buffer that were searched for a beginning

    def feed(self, piece: Segment | Gap) -> Iterator[Event]:
        """What this piece makes readable."""
        if isinstance(piece, Gap):
            yield from self._gap(piece)
            return
        self._buffer.add(piece)
        if not self.synced and not self._resync(len(piece.data)):
            return
        while (event := self._next()) is not None:
            yield event

    # ── frames ──────────────────────────────────────────────────────────

    def _next(self) -> Event | None:
        while self._buffer.data:
            if self._left:
                return self._content()
            if self._skip or self._pad:
                self._pass_over()
            elif not self._is_at_hand():
                return None
            elif (event := self._open()) is not None:
                return event
        return None

    def _is_at_hand(self) -> bool:
        """Whether enough waits to go on: a header with what has to be read together with it."""
        data = self._buffer.data
        if len(data) < HEADER:
            return False
        if data.startswith(PREFACE[:HEADER]):
            return len(data) >= len(PREFACE)
        length = int.from_bytes(data[:3], "big")
        if data[3] == DATA:
            length = 1 if data[4] & PADDED and length else 0
        return len(data) >= HEADER + length or length > MOST_FRAME

    def _open(self) -> Event | None:
        data = self._buffer.data
        length = int.from_bytes(data[:3], "big")
        if data.startswith(PREFACE[:HEADER]):
            self._buffer.take(len(PREFACE))
            return None
        if data[3] == DATA:
            return self._open_data(length)
        if length <= MOST_FRAME:
            return self._whole(length)
        self._skip = HEADER + length
        self.skipped += self._skip
        return Broken(0) if data[3] in (HEADERS, PUSH_PROMISE, CONTINUATION) else None

    def _whole(self, length: int) -> Http2Frame:
        taken = self._buffer.take(HEADER + length)
        header, payload = taken.data[:HEADER], taken.data[HEADER:]
        stream = int.from_bytes(header[5:9], "big") & 0x7FFFFFFF
        return Http2Frame(header[3], header[4], stream, taken._replace(data=payload), header)

    def _open_data(self, length: int) -> DataPiece | None:
        """Begin a DATA frame (RFC 9113 §6.1); one without content is given at once."""
        data, padding = self._buffer.data, 0
        flags, head = data[4], HEADER
        if flags & PADDED and length:
            head, padding = HEADER + 1, min(data[HEADER], length - 1)
        self._stream, self._flags = int.from_bytes(data[5:9], "big") & 0x7FFFFFFF, flags
        self._left, self._pad = length - (head - HEADER) - padding, padding
        taken = self._buffer.take(head)
        if self._left:
            return None
        return DataPiece(self._stream, taken._replace(data=b""), 0, bool(flags & END_STREAM))

    def _content(self) -> DataPiece:
        taken = self._buffer.take(min(self._left, len(self._buffer)))
        self._left -= len(taken.data)
        return DataPiece(self._stream, taken, 0, not self._left and bool(self._flags & END_STREAM))

    def _pass_over(self) -> None:
        count = min(self._skip or self._pad, len(self._buffer))
        self._buffer.take(count)
        if self._skip:
            self._skip -= count
        else:
            self._pad -= count

    # ── losses ──────────────────────────────────────────────────────────

    def _gap(self, gap: Gap) -> Iterator[Event]:
        """Go on where the loss lies wholly inside a DATA frame, or a frame that is passed over."""
        lost, is_partial = gap.length, bool(self._buffer.data)
        if self.synced and not is_partial and self._left + self._pad >= lost and not self._skip:
            content = min(lost, self._left)
            self._left, self._pad = self._left - content, self._pad - (lost - content)
            if content:
                yield DataPiece(
                    self._stream, None, content, not self._left and bool(self._flags & END_STREAM)
                )
            return
        if self.synced and self._skip >= lost and not is_partial:
            self._skip -= lost
            return
        was_synced, left = self.synced, self._left
        self._lose()
        if left:
            yield DataPiece(self._stream, None, left, False)
        if was_synced:
            yield Broken(lost)

    def _lose(self) -> None:
        self.synced = False
        self._left = self._pad = self._skip = self._looked_at = 0
        self.skipped += self._buffer.clear()

    def _resync(self, added: int) -> bool:
        """Whether a frame's beginning is found: at the last segment's, or anywhere in what waits."""
        data = self._buffer.data
        if added >= HEADER and are_frames(data, len(data) - added):
            return self._begin_at(len(data) - added)
        # Searched anew only when much was added, so that small segments don't make it slow.
        if len(data) >= 2 * self._looked_at or len(data) > MOST_WAITING:
            self._looked_at = len(data)
            for found in MAY_BEGIN.finditer(bytes(data)):
                if are_frames(data, found.start()):
                    return self._begin_at(found.start())
        if len(data) > MOST_WAITING:
            self._drop(len(data) - MOST_WAITING // 4)
        return False

    def _begin_at(self, at: int) -> bool:
        self._drop(at)
        self.synced = True
        return True

    def _drop(self, count: int) -> None:
        if count:
            self._buffer.take(count)
        self._looked_at = 0
        self.skipped += count
