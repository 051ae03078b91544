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

from analyzer.dissectors.body import BodySink
from analyzer.dissectors.body_framing import Framing, codings_of, framing_of, given_in
from analyzer.dissectors.start_line import (
    LONGEST_PREFIX,
    MOST_HEAD,
    StartLine,
    bare_start_line,
    begins_message,
    begins_within,
    may_be_bare,
    may_begin_message,
    simple_request,
    start_line,
)
from analyzer.flows.reassembly import Gap, Segment
from analyzer.model import Role

__all__ = ["MOST_FRAMES", "HttpMessage", "HttpReader", "begins_message", "start_line"]

PLAIN = bytes(range(0x20, 0x7F)) + b"\r\n\t"
# The end of a body, where a start line should be: words, and no target behind the first.
PROSE = re.compile(rb"\w+[ \t]+[^/*\s]")
# What stands before a start line and means nothing: blank lines (RFC 9112 §2.2) and their like.
BLANK = re.compile(rb"[\r\n\t \0\x0b]+")
LINE_ENDS = re.compile(rb"[\r\n]+")
FOLD = re.compile(r"\r?\n[ \t]+")  # obs-fold (RFC 9112 §5.2)
CHUNK_SIZE = re.compile(rb"[ \t]*0*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\Z")
# … and one byte that doesn't belong there.
ODD_CHUNK_SIZE = re.compile(rb"[ \t\x0b\x0c]*0*([0-9A-Fa-f]{1,15})[^0-9A-Fa-f\r\n]?[ \t]*\Z")

LINE_FEED = 0x0A
MOST_HEADERS = 1000
LONGEST_KEPT = 1 << 14  # bytes of a header's value in a head that is too long
# Bytes that are looked at to tell whether they begin a message.
MOST_PEEK = 8192
# Bytes of the line that tells a chunk's size, its extensions included.
MOST_CHUNK_LINE = 4096
# Frames named as evidence of one message, at most; beyond that the last one is kept up to date.
MOST_FRAMES = 2048

NO_BODY_STATUSES = frozenset({204, 304})


@dataclass(slots=True)
class HttpMessage:
    """A request or response as far as it was read. Offsets are bytes of the stream."""

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
    oddities: list[str] = field(default_factory=list)  # what was tolerated, by kind
    informational: bool = False  # a 1xx response: another will follow
    protocol: str = ""  # where it is not HTTP: "websocket", "socks 5"
    authority: str | None = None  # whom a request is for, where no Host header says it (RFC 9113 §8.3.1)
    stream: int | None = None  # of an HTTP/2 connection
    tunnel: tuple[str, ...] = ()  # what it went through, outermost first: "CONNECT example.com:443"
    one_way: bool = False  # no response belongs to it
    readings: list[str] = field(default_factory=list)  # what else it may mean, with its numbers
    # (stream offset, frame): where each frame's bytes begin; a frame may come more than once
    spans: list[tuple[int, int]] = field(default_factory=list)

    def values(self, name: str) -> list[str]:
        """All values of a header, by lower-case name."""
        return [value for key, value in self.headers if key.lower() == name]

    def lacks(self, what: str) -> None:
        """Something of the message is not there."""
        self.complete = False
        self.missing.append(what)


class MessagePlace(NamedTuple):
    """Where a message stood: bytes of the stream or datagram, the frames, first and last time."""

    start: int
    end: int
    frames: tuple[int, ...]
    time_ns: int
    end_ns: int


class HttpReader:
    """Reads one direction. `method_of` names the method of the request that a response answers."""

    def __init__(
        self,
        method_of: Callable[[HttpMessage], str | None] = lambda _: None,
        pass_over: Callable[[Segment], None] = lambda _: None,
    ) -> None:
        """`pass_over` gets the bytes that belong to no message."""
        self._pass_over = pass_over
        self.role: Role | None = None
        self.opaque = False  # switched to something that is not HTTP
        self._method_of = method_of
        self._buffer = bytearray()
        self._buffer_start = 0  # stream offset of the buffer's first byte
        self._marks: list[Segment] = []  # frames of what the buffer holds, data left out
        self.message: HttpMessage | None = None  # the one being read
        self._state: Callable[[], HttpMessage | bool] = self._idle
        self._framing = Framing()  # of the message being read
        self._is_plain = True  # whether the headers are printable ASCII
        self._left = 0
        self._chunks = 0  # sizes read of the message's chunks
        self._broken = False  # whether the body goes on to the next segment that begins a message
        self._searched = 0  # bytes of the buffer known to hold no end of what is being read
        self._line_end = 0  # where the start line of the message being read ends in the buffer
        self._synced = True  # whether the next byte is where a message begins
        self._may_be_simple = False  # whether a line waits that may be a request of HTTP/0.9
        self._is_head_begun = False  # whether the first part of a head too long was taken
        self._is_bare = False  # whether lines of the message's head end in a carriage return alone
        self._blank, self._blank_end = b"", -1  # zero bytes before a line, and where they ended
        self.skipped = 0  # bytes of messages whose beginning was not captured

    def feed(self, piece: Segment | Gap) -> Iterator[HttpMessage]:
        """Messages that are finished by this piece."""
        if isinstance(piece, Gap):
            yield from self._gap(piece)
            return
        if self.message is not None and not self._buffer:
            if (self._broken or self._waits_to_send()) and begins_message(piece.data):
                yield self._done()
            elif self._takes_whole(piece):
                return
        if self.message is None and not self._synced and self.role is None:
            piece = self._behind_preamble(piece)
        if self.message is None and not self._synced and not self._resync(piece):
            self.skipped += len(piece.data)
            self._pass_over(piece)
            return
        if self.message is None and PROSE.match(self._buffer) and begins_message(piece.data):
            self._drop()  # what stood there was the end of something that began before the capture
            self._synced = True
        if not self._buffer:
            self._buffer_start = piece.offset
        self._buffer += piece.data
        self._marks.append(Segment(piece.offset, b"", piece.frame, piece.time_ns))
        yield from self._run()

    def rest(self) -> list[Segment]:
        """What waits behind the last message, taken out: it is for another reader."""
        marks, self._marks = self._marks, []
        starts = [max(mark.offset, self._buffer_start) for mark in marks]
        data, first = bytes(self._buffer), self._buffer_start
        self._buffer.clear()
        self._searched = 0
        ends = [*starts[1:], first + len(data)][: len(starts)]
        return [
            Segment(start, data[start - first : end - first], mark.frame, mark.time_ns)
            for mark, start, end in zip(marks, starts, ends, strict=True)
            if end > start
        ]

    def close(self) -> Iterator[HttpMessage]:
        """The message that the stream's end completes or cuts."""
        yield from self.answered()
        yield from self._settle()
        if self.message is not None:
            self._finish_cut(self.message)
            yield self._done()
        self._drop()  # a start line that never ended is no message

    def answered(self) -> Iterator[HttpMessage]:
        """Return the request of HTTP/0.9 that waits, now that the other side speaks."""
        if not self._may_be_simple or self.message is not None:
            return
        self._may_be_simple = False
        line = simple_request(bytes(self._buffer))
        if line is not None and self.role != "response":
            self._open(line, self._buffer.find(b"\n"))
            self._take(len(self._buffer))
            yield self._done()

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
        self._note_frame(message, piece.offset, piece.frame)
        return True

    def _tolerate(self, what: str) -> None:
        """Note a kind of oddity of the message, once."""
        assert self.message is not None
        if what not in self.message.oddities:
            self.message.oddities.append(what)

    def _resync(self, piece: Segment) -> bool:
        """Whether reading can resume here: the segment begins with a whole start line."""
        if not begins_message(piece.data):
            return False
        self._synced = True
        self.opaque = False
        return True

    def _behind_preamble(self, piece: Segment) -> Segment:
        """What of a segment follows bytes that are of no message, from where a request begins in it."""
        at = begins_within(piece.data)
        if not at:
            return piece
        self._pass_over(piece._replace(data=piece.data[:at]))
        self.skipped += at
        return piece._replace(offset=piece.offset + at, data=piece.data[at:])

    def _waits_to_send(self) -> bool:
        """Whether a request asked for leave to send its body (RFC 9110 §10.1.1), and has sent none of it."""
        message = self.message
        if message is None or self._state != self._sized_body or message.body.length:
            return False
        return any(value.lower() == "100-continue" for value in message.values("expect"))

    def _take(self, count: int) -> bytes:
        """Consume bytes of the buffer on behalf of the message."""
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
            self._note_frame(message, mark.offset, mark.frame)
            message.end_ns = mark.time_ns
            passed += 1
        # The last frame passed still carries what comes next, unless nothing is left.
        del marks[: passed if not self._buffer else max(passed - 1, 0)]
        message.end = self._buffer_start
        return piece

    def _note_frame(self, message: HttpMessage, offset: int, frame: int) -> None:
        frames, spans = message.frames, message.spans
        if spans and spans[-1][1] == frame:
            return
        if len(spans) < MOST_FRAMES:
            spans.append((max(offset, message.start), frame))
        if frame in frames[-8:]:
            return
        if len(frames) < MOST_FRAMES:
            frames.append(frame)
        else:
            frames[-1] = frame

    def _drop(self) -> None:
        """Give up the place in the stream until a start line begins a segment."""
        self.skipped += len(self._buffer)
        is_behind_blank = self._blank and self._blank_end == self._buffer_start
        for number, segment in enumerate(self.rest()):
            if not number and is_behind_blank:  # in a protocol of its own these bytes are part of a message
                start = segment.offset - len(self._blank)
                segment = segment._replace(offset=start, data=self._blank + segment.data)
            self._pass_over(segment)
        self._synced = False
        self._state = self._idle

    # ── start line and headers ──────────────────────────────────────────

    def _idle(self) -> HttpMessage | bool:
        buffer = self._buffer
        if buffer and buffer[0] <= 0x20 and (blank := BLANK.match(buffer)):
            self._blank = bytes(buffer[: blank.end()]) if 0 in blank[0] else b""
            del buffer[: blank.end()]
            self._buffer_start += blank.end()
            self._blank_end = self._buffer_start
            self._searched = 0
            self._marks = [m for m in self._marks if m.offset >= self._buffer_start] or self._marks[-1:]
        if not buffer:
            self._marks.clear()  # a frame of blank lines carries nothing of the next message
            return False
        end = buffer.find(b"\n", self._searched)
        if (bare := self._bare_end(end)) > 0 and (line := start_line(bytes(buffer[:bare]))) is not None:
            self._open(line, bare)
            self._tolerate("its lines end in a carriage return alone")
            self._is_bare = True
            return True
        if end < 0 and self._may_become_line():
            self._searched = len(buffer)
            return False
        line = start_line(bytes(buffer[:end])) if end >= 0 else None
        if line is None:
            return self._unversioned()
        self._open(line, end)
        return True

    def _bare_end(self, end: int) -> int:
        """Where the start line ends, if lines end in a carriage return alone, once the head is whole."""
        buffer, limit = self._buffer, end if end >= 0 else len(self._buffer)
        head_end = buffer.find(b"\r\r", max(self._searched - 1, 0), limit)
        bare = buffer.find(b"\r", 0, head_end) if head_end > 0 else -1
        return bare if bare > 0 and buffer[bare + 1] != LINE_FEED else -1

    def _unversioned(self) -> HttpMessage | bool:
        """A line that is no start line: a request without a version, or bytes before one, or nothing."""
        data = bytes(self._buffer[:MOST_PEEK])
        if self.role != "response":
            if found := bare_start_line(data):
                self._open(*found)
                self._tolerate("its start line names no version")
                return True
            self._may_be_simple = may_be_bare(data) or simple_request(data) is not None
            if self._may_be_simple and len(data) < MOST_PEEK:
                return False
            if at := begins_within(self._buffer):
                self._skip(at)
                return True
        self.opaque = self.opaque or self.role is None
        self._drop()
        return False

    def _skip(self, count: int) -> None:
        """Pass over the first bytes that wait."""
        held = self.rest()
        self._buffer_start = held[0].offset + count
        for segment in held:
            passed = min(max(self._buffer_start - segment.offset, 0), len(segment.data))
            if passed:
                self._pass_over(segment._replace(data=segment.data[:passed]))
            if passed < len(segment.data):
                self._buffer += segment.data[passed:]
                at = max(segment.offset, self._buffer_start)
                self._marks.append(Segment(at, b"", segment.frame, segment.time_ns))
        self.skipped += count

    def _may_become_line(self) -> bool:
        buffer, searched = self._buffer, self._searched
        if len(buffer) > MOST_HEAD:
            return False
        bare = buffer.find(b"\r", max(searched - 1, 0), len(buffer) - 1)
        if bare >= 0:
            return searched > bare + 1 or start_line(bytes(buffer[:bare])) is not None
        return searched > LONGEST_PREFIX or may_begin_message(bytes(buffer[:LONGEST_PREFIX]))

    def _open(self, line: StartLine, end: int) -> None:
        first = self._marks[0]
        role: Role = "request" if line.status is None else "response"
        self.role = self.role or role
        self.opaque = self._may_be_simple = self._is_bare = self._is_head_begun = False
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
        if line.is_odd:
            self._tolerate("its start line is not as the standard has it")
        self._state = self._head

    def _head(self) -> HttpMessage | bool:
        # From the end of the start line on, so that a head without headers ends at once.
        end = self._head_end(max(self._line_end, self._searched - 2))
        if end < 0:
            self._searched = len(self._buffer)
            if len(self._buffer) > MOST_HEAD:
                self._take_begun_head()
            return False
        self._read_headers(self._take(end))
        return self._choose_body()

    def _take_begun_head(self) -> None:
        """Take the first part of a head that is too long; all of it is searched, long values are not kept."""
        message = self.message
        assert message is not None
        self._tolerate(f"its headers are longer than {MOST_HEAD:,} bytes")
        # The end of a line, or what may be the beginning of one, stays.
        cut = self._buffer.rfind(b"\n", self._line_end + 1) + 1 or len(self._buffer) - 3
        head = self._take(cut)
        self._read_headers(head)
        self._pass_over_end(message, head)
        message.headers[:] = [(name, value) for name, value in message.headers if len(value) <= LONGEST_KEPT]
        self._is_head_begun, self._line_end, self._searched = True, 0, 0

    def _head_end(self, start: int) -> int:
        """Where the first empty line ends, searched for from `start` on; -1 where there is none."""
        if self._is_bare:
            end = self._buffer.find(b"\r\r", start)
            return end + 2 if end >= 0 else -1
        strict = self._buffer.find(b"\n\r\n", start)
        loose = self._buffer.find(b"\n\n", start, strict if strict >= 0 else len(self._buffer))
        return loose + 2 if loose >= 0 else strict + 3 if strict >= 0 else -1

    def _read_headers(self, head: bytes) -> None:
        message = self.message
        assert message is not None
        text = head.decode("latin-1")
        if self._is_head_begun:
            text = "\n" + text
        self._is_plain = is_plain = not head.translate(None, PLAIN)
        if message.oddities and "\r" in text.partition("\n")[0][:-1]:  # the sender ends its lines so
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if "\n " in text or "\n\t" in text:
            text = FOLD.sub(" ", text)
            message.oddities.append("headers are folded over several lines")
        lines, headers = text.split("\n")[1:], message.headers
        room = MOST_HEADERS + 1 - len(headers)
        for line in lines[:room]:
            name, colon, value = line.partition(":")
            if colon:
                bare = name.strip()
                headers.append((bare, value.strip(" \t\r")))
                if bare is not name or not (is_plain or bare.isprintable()):
                    self._tolerate("a header's name has blanks or control characters in it")
            elif line.rstrip("\r"):
                self._tolerate("a header line has no colon")
        if len(lines) > room + 1:
            self._tolerate(f"only the first {MOST_HEADERS} headers were kept")
            self._pass_over_end(message, "\n".join(lines[room:]).encode("latin-1"))

    def _pass_over_end(self, message: HttpMessage, data: bytes) -> None:
        """Pass over the last bytes that were taken for a message, each with the frame that carried it."""
        start = message.end - len(data)
        ends = [*(offset for offset, _ in message.spans[1:]), message.end]
        for (offset, frame), end in zip(message.spans, ends, strict=True):
            low, high = max(offset, start), min(end, message.end)
            if low < high:
                self._pass_over(Segment(low, data[low - start : high - start], frame, message.end_ns))

    # ── how long the body is ────────────────────────────────────────────

    def _choose_body(self) -> HttpMessage | bool:
        """How the body's length is known (RFC 9112 §6.3)."""
        message = self.message
        assert message is not None
        given = given_in(message.headers, self._is_plain)
        framing = self._framing = framing_of(given)
        self._chunks, self._left = 0, framing.length or 0
        message.body.codings = codings_of(given)
        message.body.content_type = given["content-type"][0] if "content-type" in given else None
        message.oddities += framing.oddities
        message.readings += framing.readings
        if message.role == "response":
            if self._response_has_body(message):
                return self._go(self._framed_body(self._open_body))
            if not framing.announces_body:
                return self._done()
            return self._go(self._surprise)
        _note_hosts(message, given)
        if not framing.announces_body:
            return self._done()
        return self._go(self._framed_body(self._sized_body))

    def _framed_body(self, otherwise: Callable[[], HttpMessage | bool]) -> Callable[[], HttpMessage | bool]:
        if self._framing.chunked:
            return self._chunk_size
        return otherwise if self._framing.length is None else self._sized_body

    def _go(self, state: Callable[[], HttpMessage | bool]) -> bool:
        self._state = state
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

    def _surprise(self) -> HttpMessage | bool:
        """Where a response has no body by its status or request: unless bytes stand there that are none."""
        message = self.message
        assert message is not None
        begins = self.opaque or self._begins_next()
        if begins is not False:
            return self._done() if begins else False
        message.oddities.append("a response has a body where the standard allows none")
        if message.informational:
            message.informational = False
            self._method_of(message)
        return self._go(self._framed_body(self._open_body))

    def _begins_next(self) -> bool | None:
        """Whether what waits begins a message; None while that can't be told."""
        message = self.message
        assert message is not None
        data = bytes(self._buffer[:MOST_PEEK])
        undecided = None if len(data) < MOST_PEEK else False
        if blank := BLANK.match(data):
            data = data[blank.end() :]
        if not data:
            return undecided
        if message.role == "response":
            first = data[:5].upper()
            return undecided if len(first) < 5 and b"HTTP/".startswith(first) else first == b"HTTP/"
        line, newline, _ = data.partition(b"\n")
        if newline:
            return start_line(line) is not None
        return undecided if may_begin_message(data[:LONGEST_PREFIX]) else False

    # ── bodies ──────────────────────────────────────────────────────────

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
        if self._framing.longer is not None:
            return self._go(self._longer_body)
        return self._ended_with_loss(message) if message.body.lost else self._done()

    def _longer_body(self) -> HttpMessage | bool:
        """Two lengths were given: the bytes behind the shorter one tell which was meant."""
        message, framing = self.message, self._framing
        assert message is not None
        assert framing.longer is not None
        assert framing.length is not None
        begins = self._begins_next()
        if begins is None:
            return False
        shorter, longer, framing.longer = framing.length, framing.longer, None
        both = f"Content-Length is given as {shorter} and as {longer}"
        if begins:
            message.readings.append(f"{both}; read as {shorter}, behind which the next message begins")
            return self._ended_with_loss(message) if message.body.lost else self._done()
        message.readings.append(f"{both}; read as {longer}, since no message begins behind {shorter} bytes")
        self._left = longer - shorter
        return self._go(self._sized_body)

    def _open_body(self) -> HttpMessage | bool:
        message = self.message
        assert message is not None
        if self._buffer:
            message.body.add(self._take(len(self._buffer)))
        return False

    def _chunk_size(self) -> HttpMessage | bool:
        if ends := LINE_ENDS.match(self._buffer):
            self._take(ends.end())
            self._tolerate("a chunk's size has blank lines before it")
        end = self._buffer.find(b"\n", self._searched, MOST_CHUNK_LINE)
        if end < 0:
            self._searched = len(self._buffer)
            return self._lose_chunks() if len(self._buffer) >= MOST_CHUNK_LINE else False
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        size = CHUNK_SIZE.match(line)
        if size is None:
            size = ODD_CHUNK_SIZE.match(line)
            if size is None:
                return self._lose_chunks()
            self._tolerate("a chunk's size has something beside it")
        self._take(end + 1)
        self._chunks += 1
        self._note_extension(line.partition(b";")[2])
        self._left = int(size.group(1), 16)
        return self._go(self._chunk_data if self._left else self._trailer)

    def _note_extension(self, data: bytes) -> None:
        """Pass over what stands behind a chunk's size (RFC 9112 §7.1.1)."""
        message = self.message
        assert message is not None
        if data and message.frames:
            start = message.end - len(data)
            self._pass_over(Segment(start, data, message.frames[-1], message.end_ns))

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
        return self._go(self._chunk_size)

    def _trailer(self) -> HttpMessage | bool:
        message = self.message
        assert message is not None
        while (end := self._buffer.find(b"\n", self._searched)) >= 0:
            line = self._take(end + 1).strip()
            if not line:
                return self._ended_with_loss(message) if message.body.lost else self._done()
            name, colon, value = line.decode("latin-1").partition(":")
            if colon and len(message.headers) < MOST_HEADERS:
                message.headers.append((name.strip(), value.strip()))
        self._searched = len(self._buffer)
        return self._lose_chunks() if len(self._buffer) > MOST_HEAD else False

    def _lose_chunks(self) -> HttpMessage | bool:
        """What is no chunk size: the label was wrong, or the chunks break off. The bytes are kept."""
        message, framing = self.message, self._framing
        assert message is not None
        if self._chunks == 0:
            message.oddities.append("a body is labelled chunked and is not")
            if framing.length is not None:
                message.readings.append(f"read by Content-Length {framing.length}: no chunk size is there")
                self._left = framing.length
                return self._go(self._sized_body)
        else:
            message.lacks("the chunked framing breaks off; what follows is kept as it was sent")
            message.body.complete = False
        self._broken = True
        return self._go(self._open_body)

    # ── endings ─────────────────────────────────────────────────────────

    def _done(self) -> HttpMessage:
        message = self.message
        assert message is not None
        self.message = None
        self._broken = False
        self._state = self._idle
        if message.role == "request" and message.method == "CONNECT":
            self._synced = True
        return message

    def _gap(self, gap: Gap) -> Iterator[HttpMessage]:
        yield from self._settle()
        message, state = self.message, self._state
        if message is None:
            self._drop()
        elif state in (self._sized_body, self._chunk_data) and gap.length <= self._left:
            self._left -= gap.length
            message.body.lose(gap.length)
            message.complete = False
            message.end = gap.offset + gap.length
            if state == self._sized_body:
                yield from self._run()
        elif state == self._open_body and not self._broken:
            message.body.lose(gap.length)
            message.complete = False
        else:
            self._finish_cut(message, gap)
            yield self._done()
            self._drop()

    def _settle(self) -> Iterator[HttpMessage]:
        """Decide what waits for the end of a chunk's size and can't become one."""
        if self.message is None or self._state != self._chunk_size or self._chunks:
            return
        if self._buffer and CHUNK_SIZE.match(self._buffer.rstrip(b"\r")) is None:
            self._lose_chunks()
            yield from self._run()

    def _ended_with_loss(self, message: HttpMessage) -> HttpMessage:
        message.missing.append(message.body.loss())
        return self._done()

    def _finish_cut(self, message: HttpMessage, gap: Gap | None = None) -> None:
        """Say what the end of the stream, or a gap, leaves missing of a message."""
        where = f"a gap of {gap.length:,} bytes" if gap else "the end of what was captured"
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
        elif self._state in (self._surprise, self._longer_body):
            if message.body.lost:
                message.lacks(message.body.loss())
        else:
            message.body.complete = False
            message.lacks(f"the chunked body is cut by {where}")


def whole_message(data: bytes, place: MessagePlace) -> HttpMessage | None:
    """Return the one message that bytes begin with: of a datagram, for instance, which has no stream."""
    reader = HttpReader()
    segment = Segment(place.start, data, place.frames[0], place.time_ns)
    return next(iter([*reader.feed(segment), *reader.close()]), None)


def _note_hosts(message: HttpMessage, given: dict[str, list[str]]) -> None:
    """Say where a request names no host, or two (RFC 9112 §3.2)."""
    hosts = given.get("host", ())
    if len(set(hosts)) > 1:
        message.oddities.append("two different Host headers are given")
    elif not hosts and message.version == "1.1":
        message.readings.append("no Host header is given, which HTTP/1.1 requires")
