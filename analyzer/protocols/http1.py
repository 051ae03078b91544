"""One direction of a connection to HTTP/1 messages (RFC 9112), as a passive observer sees them.

Sans-IO: segments and gaps go in, finished messages come out. Where a server must refuse, an
observer reads on and records what it tolerated. After a loss, or on a connection that began
before the capture, reading resumes at the next segment that begins with a start line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from analyzer.flows.streams import Gap, Segment
from analyzer.model import Role

from .body import BodySink

METHOD = re.compile(rb"[A-Za-z][!#$%&'*+.^_`|~0-9A-Za-z-]{1,31}(?=[ \t])")
VERSION = re.compile(rb"[ \t]HTTP/([01]\.\d)\Z")
STATUS = re.compile(rb"HTTP/([01]\.\d)[ \t]+(\d{3})(?![^ \t])")
# Beginnings that may still grow into a start line.
METHOD_PREFIX = re.compile(rb"[A-Za-z][!#$%&'*+.^_`|~0-9A-Za-z-]{0,31}(?:[ \t]|\Z)")
# … but have no target behind the method: words, as in the end of a body.
PROSE = re.compile(rb"\w+[ \t]+[^/*\s]")
HEAD_END = re.compile(rb"\r?\n\r?\n")
BLANK_LINES = re.compile(rb"(?:\r?\n)+")
CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\Z")

# Octets of start line and headers, at most; servers refuse at 8 to 64 KiB.
MOST_HEAD = 1 << 18
MOST_HEADERS = 1000
# Frames named as evidence of one message, at most; beyond that the last one is kept up to date.
MOST_FRAMES = 2048

NO_BODY_STATUSES = frozenset({204, 304})


class StartLine(NamedTuple):
    """A request line (RFC 9112 §3) or a status line (§4)."""

    version: str
    method: str | None
    target: str | None
    status: int | None
    reason: str | None


def start_line(line: bytes) -> StartLine | None:
    """The start line that these octets are, line end left out; None for all else.

    Taken apart from both ends, so that no run of blanks makes it slow.
    """
    line = line.removesuffix(b"\r")
    if b"\r" in line:
        return None
    if status := STATUS.match(line):
        reason = line[status.end() :].decode("latin-1").strip()
        return StartLine(status[1].decode(), None, None, int(status[2]), reason)
    line = line.rstrip(b" \t")
    method, version = METHOD.match(line), VERSION.search(line, max(len(line) - 9, 0))
    if method is None or version is None or version.start() <= method.end():
        return None
    target = line[method.end() : version.start()].strip(b" \t")
    return StartLine(version[1].decode(), method[0].decode(), target.decode("latin-1"), None, None)


def begins_message(segment: bytes) -> bool:
    """Whether a segment begins with a whole start line."""
    line, newline, _ = segment[:MOST_HEAD].partition(b"\n")
    return bool(newline) and start_line(line) is not None


def may_begin_message(octets: bytes) -> bool:
    """Whether octets without a line end may still become a start line."""
    if octets == b"\r":  # of a blank line
        return True
    return octets[:5] == b"HTTP/"[: len(octets)] or METHOD_PREFIX.match(octets) is not None


@dataclass(slots=True)
class HttpMessage:
    """A request or response as far as it was read. Offsets are octets of the stream."""

    role: Role
    version: str
    method: str | None
    target: str | None
    status: int | None
    reason: str | None
    start: int
    end: int
    time_ns: int
    end_ns: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    body: BodySink = field(default_factory=BodySink)
    complete: bool = True
    missing: list[str] = field(default_factory=list)
    oddities: list[str] = field(default_factory=list)  # what was tolerated
    informational: bool = False  # a 1xx response: another will follow

    def values(self, name: str) -> list[str]:
        """All values of a header, by lower-case name."""
        return [value for key, value in self.headers if key.lower() == name]

    def lacks(self, what: str) -> None:
        """Something of the message is not there."""
        self.complete = False
        self.missing.append(what)


class HttpReader:
    """Reads one direction. `method_of` names the method of the request that a response answers."""

    def __init__(self, method_of: Callable[[HttpMessage], str | None] = lambda _: None) -> None:
        self.role: Role | None = None
        self.opaque = False  # switched to something that is not HTTP
        self._method_of = method_of
        self._buffer = bytearray()
        self._buffer_start = 0  # stream offset of the buffer's first octet
        self._marks: list[Segment] = []  # frames of what the buffer holds, data left out
        self.message: HttpMessage | None = None  # the one being read
        self._state: Callable[[], HttpMessage | bool] = self._idle
        self._left = 0
        self._searched = 0  # octets of the buffer known to hold no end of what is being read
        self._line_end = 0  # where the start line of the message being read ends in the buffer
        self._synced = True  # whether the next octet is where a message begins
        self.skipped = 0  # octets of messages whose beginning was not captured

    def feed(self, piece: Segment | Gap) -> Iterator[HttpMessage]:
        """Messages that are finished by this piece."""
        if isinstance(piece, Gap):
            yield from self._gap(piece)
            return
        if self.message is not None and not self._buffer and self._takes_whole(piece):
            return
        if self.message is None and not self._synced and not self._resync(piece):
            self.skipped += len(piece.data)
            return
        if self.message is None and PROSE.match(self._buffer) and begins_message(piece.data):
            self._drop()  # what stood there was the end of something that began before the capture
            self._synced = True
        if not self._buffer:
            self._buffer_start = piece.offset
        self._buffer += piece.data
        self._marks.append(Segment(piece.offset, b"", piece.frame, piece.time_ns))
        yield from self._run()

    def close(self) -> Iterator[HttpMessage]:
        """The message that the stream's end completes or cuts."""
        message = self.message
        if message is not None:
            self._finish_cut(message)
            yield self._done()
        else:
            self._drop()  # a start line that never ended is no message

    # ── the machine ─────────────────────────────────────────────────────

    def _run(self) -> Iterator[HttpMessage]:
        while True:
            outcome = self._state()
            if isinstance(outcome, HttpMessage):
                yield outcome
            elif not outcome:
                return

    def _takes_whole(self, piece: Segment) -> bool:
        """Hand a whole segment to the body without a stop in the buffer."""
        message = self.message
        if message is None or self._state not in (self._sized_body, self._open_body):
            return False
        size = len(piece.data)
        if self._state == self._sized_body:
            if size >= self._left:
                return False
            self._left -= size
        message.body.add(piece.data)
        message.end, message.end_ns = piece.offset + size, piece.time_ns
        self._note_frame(message, piece.frame)
        return True

    def _resync(self, piece: Segment) -> bool:
        """Whether reading can resume here: the segment begins with a whole start line."""
        if not begins_message(piece.data):
            return False
        self._synced = True
        self.opaque = False
        return True

    def _take(self, count: int) -> bytes:
        """Consume octets of the buffer on behalf of the message."""
        message = self.message
        assert message is not None
        piece = bytes(self._buffer[:count])
        del self._buffer[:count]
        self._buffer_start += count
        self._searched = 0
        marks = self._marks
        passed = 0
        for mark in marks:
            if mark.offset >= self._buffer_start:
                break
            self._note_frame(message, mark.frame)
            message.end_ns = mark.time_ns
            passed += 1
        # The last frame passed still carries what comes next, unless nothing is left.
        del marks[: passed if not self._buffer else max(passed - 1, 0)]
        message.end = self._buffer_start
        return piece

    def _note_frame(self, message: HttpMessage, frame: int) -> None:
        frames = message.frames
        if frame in frames[-8:]:
            return
        if len(frames) < MOST_FRAMES:
            frames.append(frame)
        else:
            frames[-1] = frame

    def _drop(self) -> None:
        """Give up the place in the stream until a start line begins a segment."""
        self.skipped += len(self._buffer)
        self._buffer.clear()
        self._marks.clear()
        self._searched = 0
        self._synced = False
        self._state = self._idle

    # ── states ──────────────────────────────────────────────────────────

    def _idle(self) -> HttpMessage | bool:
        buffer = self._buffer
        if blank := BLANK_LINES.match(buffer):
            del buffer[: blank.end()]
            self._buffer_start += blank.end()
            self._searched = 0
            self._marks = [m for m in self._marks if m.offset >= self._buffer_start] or self._marks[-1:]
        if not buffer:
            return False
        end = buffer.find(b"\n", self._searched)
        if end < 0 and self._may_become_line():
            self._searched = len(buffer)
            return False
        line = start_line(bytes(buffer[:end])) if end >= 0 else None
        if line is None:
            self.opaque = self.opaque or self.role is None
            self._drop()
            return False
        self._open(line, end)
        return True

    def _may_become_line(self) -> bool:
        buffer, searched = self._buffer, self._searched
        if len(buffer) > MOST_HEAD or buffer.find(b"\r", max(searched - 1, 0), len(buffer) - 1) >= 0:
            return False
        return searched > 40 or may_begin_message(bytes(buffer[:40]))

    def _open(self, line: StartLine, end: int) -> None:
        first = self._marks[0]
        role: Role = "request" if line.status is None else "response"
        self.role = self.role or role
        self._line_end, self._searched = end, 0
        self.message = HttpMessage(
            role=role,
            version=line.version,
            method=line.method,
            target=line.target,
            status=line.status,
            reason=line.reason,
            start=self._buffer_start,
            end=self._buffer_start,
            time_ns=first.time_ns,
            end_ns=first.time_ns,
        )
        self._state = self._head

    def _head(self) -> HttpMessage | bool:
        # From the end of the start line on, so that a head without headers ends at once.
        end = HEAD_END.search(self._buffer, max(self._line_end - 1, self._searched - 3, 0))
        if end is None:
            self._searched = len(self._buffer)
            if len(self._buffer) > MOST_HEAD:
                assert self.message is not None
                self.message.lacks(f"the headers are longer than {MOST_HEAD:,} octets")
                self._take(len(self._buffer))
                self._synced = False
                return self._done()
            return False
        self._read_headers(self._take(end.end()))
        return self._choose_body()

    def _read_headers(self, head: bytes) -> None:
        message = self.message
        assert message is not None
        lines = head.decode("latin-1").split("\n")[1:]
        for line in lines[: MOST_HEADERS + 1]:
            line = line.rstrip("\r")
            if not line:
                continue
            if line[0] in " \t" and message.headers:  # obs-fold (RFC 9112 §5.2)
                name, value = message.headers[-1]
                message.headers[-1] = (name, f"{value} {line.strip()}")
                continue
            name, colon, value = line.partition(":")
            if colon:
                message.headers.append((name.strip(), value.strip(" \t")))
            else:
                message.oddities.append("a header line has no colon")
        if len(lines) > MOST_HEADERS + 2:
            message.oddities.append(f"only the first {MOST_HEADERS} headers were kept")

    def _choose_body(self) -> HttpMessage | bool:
        """How the body's length is known (RFC 9112 §6.3)."""
        message = self.message
        assert message is not None
        message.body.codings = _codings(message)
        if message.role == "response" and not self._response_has_body(message):
            return self._done()
        if "chunked" in " ".join(message.values("transfer-encoding")).lower():
            if message.values("content-length"):
                message.oddities.append("both Transfer-Encoding and Content-Length are given")
            self._state = self._chunk_size
            return True
        length = _content_length(message)
        if length is None:
            if message.role == "request":
                return self._done()
            self._state = self._open_body
            return True
        self._left = length
        self._state = self._sized_body
        return True

    def _response_has_body(self, message: HttpMessage) -> bool:
        status = message.status or 0
        if 100 <= status < 200 and status != 101:
            message.informational = True
            return False
        method = self._method_of(message)
        if status == 101:
            self.opaque = True
            return False
        if method == "CONNECT" and 200 <= status < 300:
            self.opaque = True
            return False
        return method != "HEAD" and status not in NO_BODY_STATUSES

    def _takes_what_is_left(self, message: HttpMessage) -> bool:
        """Hand the body what the buffer holds of it; whether that was all."""
        count = min(self._left, len(self._buffer))
        if count:
            message.body.add(self._take(count))
            self._left -= count
        return self._left == 0

    def _sized_body(self) -> HttpMessage | bool:
        message = self.message
        assert message is not None
        if not self._takes_what_is_left(message):
            return False
        return self._ended_with_loss(message) if message.body.lost else self._done()

    def _open_body(self) -> HttpMessage | bool:
        message = self.message
        assert message is not None
        if self._buffer:
            message.body.add(self._take(len(self._buffer)))
        return False

    def _chunk_size(self) -> HttpMessage | bool:
        message = self.message
        assert message is not None
        end = self._buffer.find(b"\n")
        if end < 0:
            return self._lost_chunks() if len(self._buffer) > 4096 else False
        size = CHUNK_SIZE.match(bytes(self._buffer[:end]).rstrip(b"\r"))
        if size is None:
            return self._lost_chunks()
        self._take(end + 1)
        self._left = int(size.group(1), 16)
        self._state = self._chunk_data if self._left else self._trailer
        return True

    def _chunk_data(self) -> HttpMessage | bool:
        message = self.message
        assert message is not None
        if not self._takes_what_is_left(message):
            return False
        if (self._buffer[:1] == b"\r" and len(self._buffer) < 2) or not self._buffer:
            return False
        if self._buffer[:2] == b"\r\n":
            self._take(2)
        elif self._buffer[:1] == b"\n":
            self._take(1)
        self._state = self._chunk_size
        return True

    def _trailer(self) -> HttpMessage | bool:
        message = self.message
        assert message is not None
        while (end := self._buffer.find(b"\n", self._searched)) >= 0:
            line = self._take(end + 1).strip()
            if not line:
                return self._done()
            name, colon, value = line.decode("latin-1").partition(":")
            if colon and len(message.headers) < MOST_HEADERS:
                message.headers.append((name.strip(), value.strip()))
        self._searched = len(self._buffer)
        return self._lost_chunks() if len(self._buffer) > MOST_HEAD else False

    def _lost_chunks(self) -> HttpMessage:
        message = self.message
        assert message is not None
        message.lacks("the chunked framing breaks off")
        message.body.complete = False
        done = self._done()
        self._drop()
        return done

    # ── endings ─────────────────────────────────────────────────────────

    def _done(self) -> HttpMessage:
        message = self.message
        assert message is not None
        self.message = None
        self._state = self._idle
        if message.role == "request" and message.method == "CONNECT":
            self._synced = True
        return message

    def _gap(self, gap: Gap) -> Iterator[HttpMessage]:
        message = self.message
        if message is not None and self._state == self._sized_body and gap.length <= self._left:
            self._left -= gap.length
            message.body.lose(gap.length)
            message.complete = False
            message.end = gap.offset + gap.length
            if self._left == 0:
                yield self._ended_with_loss(message)
            return
        if message is not None and self._state == self._open_body:
            message.body.lose(gap.length)
            message.complete = False
            return
        if message is not None:
            self._finish_cut(message, gap)
            yield self._done()
        self._drop()

    def _ended_with_loss(self, message: HttpMessage) -> HttpMessage:
        message.missing.append(message.body.loss())
        return self._done()

    def _finish_cut(self, message: HttpMessage, gap: Gap | None = None) -> None:
        """Say what the end of the stream, or a gap, leaves missing of a message."""
        where = f"a gap of {gap.length:,} octets" if gap else "the end of what was captured"
        if self._state == self._head:
            self._read_headers(self._take(len(self._buffer)))
            message.lacks(f"the headers are cut by {where}")
        elif self._state == self._sized_body:
            message.body.lose(self._left)
            message.lacks(message.body.loss())
        elif self._state == self._open_body:
            if gap is not None:
                message.body.lose(gap.length)
            if message.body.lost:
                message.lacks(message.body.loss())
        else:
            message.body.complete = False
            message.lacks(f"the chunked body is cut by {where}")


def _codings(message: HttpMessage) -> tuple[str, ...]:
    """Content codings in the order they have to be undone (RFC 9110 §8.4)."""
    listed = ",".join(message.values("content-encoding")).lower().split(",")
    return tuple(c for c in (name.strip() for name in reversed(listed)) if c and c != "identity")


def _content_length(message: HttpMessage) -> int | None:
    """The body's length; of several different ones the first, with a note (RFC 9112 §6.3)."""
    given = [v.strip() for value in message.values("content-length") for v in value.split(",")]
    if not given:
        return None
    if len(set(given)) > 1:
        message.oddities.append("conflicting Content-Length values are given")
    if not given[0].isdecimal() or not given[0].isascii() or len(given[0]) > 15:
        message.oddities.append("Content-Length is not a number")
        return None
    return int(given[0])
