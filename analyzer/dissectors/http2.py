"""Both directions of an HTTP/2 connection in clear text to exchanges (RFC 9113), as an observer sees them.

Sans-IO: segments and gaps go in, exchanges come out, each stream one. Flow control is not checked; what a
receiver would refuse is read on. Directions may be fed in any order: the stream number pairs them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hyperframe.exceptions import HyperframeError
from hyperframe.frame import Frame as ParsedFrame

from analyzer.dissectors.body import KEEP
from analyzer.dissectors.body_framing import codings_of, given_in
from analyzer.dissectors.byte_queue import QueuedBytes, note
from analyzer.dissectors.exchange import Exchange, Placed
from analyzer.dissectors.http1 import HttpMessage
from analyzer.dissectors.http2_frames import (
    CONTINUATION,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PUSH_PROMISE,
    RST_STREAM,
    DataPiece,
    FrameReader,
    Http2Frame,
)
from analyzer.dissectors.http2_headers import NOT_KNOWN, HeaderDecoder
from analyzer.flows.reassembly import Gap, Segment
from analyzer.model import Role

# Bytes of a header block, at most: servers refuse at 8 to 64 KiB.
MOST_BLOCK = 1 << 18
MOST_PARTS = 4096  # … and frames that it may come in
# Header blocks of a stream that are kept: two for each message, and interim responses.
MOST_BLOCKS = 16
# Streams that wait for their other half, at most, and bytes of bodies in them; the oldest give way.
MOST_STREAMS = 1 << 14
MOST_WAITING = 1 << 26

# RFC 9113 §7
ERRORS = (
    "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
    "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR",
    "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
)  # fmt: skip
ROLES: tuple[Role, Role] = ("request", "response")
# Pseudo-header fields that a Message has places for (RFC 9113 §8.3).
PLACED = frozenset({":method", ":path", ":authority", ":status"})

# … and those of requests; statuses are in the static table, so a field that isn't known is none.
OF_REQUESTS = frozenset({":method", ":path", ":authority", ":scheme", NOT_KNOWN})


class OpenHeaderBlock(NamedTuple):
    """A header block that is being put together of HEADERS or PUSH_PROMISE and CONTINUATIONs."""

    stream: int
    ends_stream: bool
    promised: int  # the stream that a PUSH_PROMISE announces, else 0
    data: bytearray
    parts: list[QueuedBytes]


@dataclass(slots=True)
class Http2Direction:
    """One direction: its frames, its header table, the block being put together."""

    frames: FrameReader
    headers: HeaderDecoder
    role: Role | None
    block: OpenHeaderBlock | None = None
    breaks: int = 0  # times that frames of unknown streams were lost


@dataclass(slots=True)
class _Stream:
    """A stream of the connection: its two messages, by role, and which of them have ended."""

    messages: dict[Role, HttpMessage] = field(default_factory=dict)
    ended: set[Role] = field(default_factory=set)
    begun: dict[Role, int] = field(default_factory=dict)  # the side's breaks when the message began
    blocks: int = 0  # header blocks of both messages
    pushed: str = ""  # what the server promised to send unasked
    given_up: str = ""  # why nothing more of it comes
    interim: Sequence[HttpMessage] = ()  # responses before the final one


class Http2:
    """Reads a connection. `client` is the direction of the requests, None where it is not known yet.

    `from_start` says of each direction whether it is read from its first byte on. `upgraded` is the
    HTTP/1.1 request that asked for HTTP/2: stream 1 answers it (RFC 7540 §3.2), after `interim` responses.
    """

    wants_more = sure = True
    returned: Sequence[Placed] = ()

    def __init__(
        self,
        client: int | None,
        from_start: tuple[bool, bool] = (True, True),
        upgraded: HttpMessage | None = None,
        interim: Sequence[HttpMessage] = (),
    ) -> None:
        self._sides = tuple(
            Http2Direction(FrameReader(known), HeaderDecoder(known), None) for known in from_start
        )
        self._streams: dict[int, _Stream] = {}
        self._given_up: set[int] = set()  # streams that gave way before they ended
        self._waiting = 0  # bytes of bodies in streams that have not ended
        if client is not None:
            self._sides[client].role, self._sides[1 - client].role = ROLES
        if upgraded is not None:
            self._waiting = _kept(upgraded)
            self._streams[1] = _Stream({"request": upgraded}, {"request"}, interim=interim)

    @property
    def skipped(self) -> int:
        """Bytes that were passed over while no frame's beginning was known."""
        return sum(side.frames.skipped for side in self._sides)

    def feed(self, direction: int, piece: Segment | Gap) -> Iterator[Exchange]:
        """Exchanges that are finished by this piece."""
        side = self._sides[direction]
        for event in side.frames.feed(piece):
            if isinstance(event, DataPiece):
                self._take_content(side, event)
                number = event.stream
            elif isinstance(event, Http2Frame):
                number = self._take_frame(side, event)
            else:
                self._lose(side)
                continue
            yield from self._finished(number)

    def close(self) -> Iterator[Exchange]:
        """What the end of the connection leaves: cut messages and unanswered requests."""
        for number in list(self._streams):
            yield from self._give_out(number)

    def unanswered(self) -> Iterator[Exchange]:
        """Give the requests that have ended in streams that have not."""
        for stream in self._streams.values():
            if "request" in stream.ended and "request" in stream.messages:
                yield Exchange(stream.messages["request"], None, self._client(), stream.interim)

    # ── frames ──────────────────────────────────────────────────────────

    def _take_frame(self, side: Http2Direction, frame: Http2Frame) -> int:
        if frame.kind in (HEADERS, PUSH_PROMISE):
            return self._open_block(side, frame)
        if frame.kind == CONTINUATION:
            return self._continue_block(side, frame)
        if frame.kind == RST_STREAM:
            self._reset(side, frame)
        return frame.stream

    def _open_block(self, side: Http2Direction, frame: Http2Frame) -> int:
        if side.block is not None:
            self._damaged(side, side.block.stream, "its header block does not end")
        content, promised = _fragment(frame)
        if content is None:
            self._damaged(side, frame.stream, "a frame with headers is damaged")
            return frame.stream
        ends = frame.kind == HEADERS and bool(frame.flags & END_STREAM)
        side.block = OpenHeaderBlock(
            frame.stream, ends, promised, bytearray(content), [frame.taken._replace(data=b"")]
        )
        return self._end_block(side, frame)

    def _continue_block(self, side: Http2Direction, frame: Http2Frame) -> int:
        block = side.block
        if block is None or block.stream != frame.stream:
            self._damaged(side, frame.stream, "a header block goes on that did not begin")
            return frame.stream
        block.data.extend(frame.taken.data)
        block.parts.append(frame.taken._replace(data=b""))
        if len(block.data) > MOST_BLOCK or len(block.parts) > MOST_PARTS:
            self._damaged(side, frame.stream, "its headers are too long to be read")
            return frame.stream
        return self._end_block(side, frame)

    def _end_block(self, side: Http2Direction, frame: Http2Frame) -> int:
        block = side.block
        if block is None or not frame.flags & END_HEADERS:
            return frame.stream
        side.block = None
        fields, unknown, notes = side.headers.decode(bytes(block.data))
        if block.promised:
            side.role = side.role or "response"
            self._promise(block.promised, dict(fields))
            return block.promised
        role = self._role(side, fields)
        message = self._message(side, block.stream, role, block.parts[0], fields)
        if message is None:
            return block.stream
        for part in block.parts:
            note(message, part)
        stream = self._streams[block.stream]
        if stream.blocks <= MOST_BLOCKS:
            message.oddities += notes
        if unknown and stream.blocks <= MOST_BLOCKS:
            message.lacks(f"{unknown} of its headers refer to what was sent before what was captured")
        if block.ends_stream:
            self._end(side, stream, role)
        return block.stream

    def _role(self, side: Http2Direction, fields: list[tuple[str, str]]) -> Role:
        """Whether requests or responses go this way, known by their pseudo-header fields at the latest."""
        if side.role is None:
            names = {name for name, _ in fields}
            side.role = "response" if ":status" in names or not names & OF_REQUESTS else "request"
            other = self._sides[1] if side is self._sides[0] else self._sides[0]
            other.role = other.role or ("request" if side.role == "response" else "response")
        return side.role

    def _message(
        self, side: Http2Direction, number: int, role: Role, first: QueuedBytes, fields: list[tuple[str, str]]
    ) -> HttpMessage | None:
        """The message that these fields begin or end as trailers; None for an interim response."""
        stream = self._stream(number)
        if stream is None:
            return None
        stream.blocks += 1
        message = stream.messages.get(role)
        if message is not None:
            if stream.blocks <= MOST_BLOCKS:
                message.headers += fields
            return message
        given = dict(reversed(fields))
        status = given.get(":status", "")
        if role == "response" and status.startswith("1"):
            return None
        message = stream.messages[role] = _begin(role, first, number)
        stream.begun[role] = side.breaks
        message.method = _known(given.get(":method"))
        message.target = _known(given.get(":path", given.get(":authority")))
        message.authority = _known(given.get(":authority"))
        message.status = int(status) if status.isascii() and status.isdecimal() and len(status) == 3 else None
        message.headers = [(name, value) for name, value in fields if name not in PLACED]
        listed = given_in(message.headers)
        message.body.codings = codings_of(listed)
        message.body.content_type = listed["content-type"][0] if "content-type" in listed else None
        if not given.keys() & PLACED:
            message.lacks("its first headers were not captured")
        if stream.pushed:
            message.missing.append(f"not asked for: the server pushed it as {stream.pushed}")
        return message

    def _promise(self, number: int, given: dict[str, str]) -> None:
        stream = self._stream(number)
        if stream is not None:
            asked = " ".join(given.get(name, "?") for name in (":method", ":path"))
            stream.pushed = f"{asked} of {given.get(':authority', '?')}"
            stream.ended.add("request")

    def _reset(self, side: Http2Direction, frame: Http2Frame) -> None:
        """The sender gives up a stream (RFC 9113 §6.4); what it had sent of a message stays."""
        stream = self._streams.get(frame.stream)
        if stream is None or side.role is None:
            return
        code = int.from_bytes(frame.taken.data[:4], "big")
        sender = "client" if side.role == "request" else "server"
        stream.given_up = f"the {sender} gave up the stream ({ERRORS[code] if code < len(ERRORS) else code})"
        message = stream.messages.get(side.role)
        if message is not None and side.role not in stream.ended:
            message.lacks(stream.given_up)
            message.body.complete = False
            note(message, frame.taken)
        self._end(side, stream, side.role)

    # ── content ─────────────────────────────────────────────────────────

    def _take_content(self, side: Http2Direction, piece: DataPiece) -> None:
        role = side.role
        stream = self._stream(piece.stream) if role else None
        if stream is None or role is None or role in stream.ended:
            return
        message = stream.messages.get(role)
        if message is None:
            if piece.taken is None:
                return
            message = stream.messages[role] = _begin(role, piece.taken, piece.stream)
            stream.begun[role] = side.breaks
            message.lacks("its headers were not captured")
        if piece.taken is not None:
            note(message, piece.taken)
        if piece.taken is not None and piece.taken.data:
            self._waiting -= _kept(message)
            message.body.add(piece.taken.data)
            self._waiting += _kept(message)
        if piece.lost:
            message.body.lose(piece.lost)
            message.complete = False
        if piece.ended:
            self._end(side, stream, role)

    # ── losses ──────────────────────────────────────────────────────────

    def _damaged(self, side: Http2Direction, number: int, what: str) -> None:
        """A header block that can't be read: the table behind it isn't known any more."""
        side.headers.forget()
        side.block = None
        stream = self._streams.get(number)
        for message in stream.messages.values() if stream else ():
            if what not in message.oddities:
                message.oddities.append(what)

    def _lose(self, side: Http2Direction) -> None:
        """Frames of unknown streams are missing: each open message of the direction may lack some."""
        side.headers.forget()
        side.block = None
        side.breaks += 1

    def _end(self, side: Http2Direction, stream: _Stream, role: Role) -> None:
        """A message has ended, or nothing more of it comes."""
        if role in stream.ended:
            return
        stream.ended.add(role)
        message = stream.messages.get(role)
        if message is not None and stream.begun.get(role, 0) < side.breaks:
            message.lacks("a gap in the connection may have held more of it")
            message.body.complete = False

    # ── streams ─────────────────────────────────────────────────────────

    def _stream(self, number: int) -> _Stream | None:
        """The stream of that number; None for one that gave way, or for the connection itself."""
        if not number or number in self._given_up:
            return None
        return self._streams.setdefault(number, _Stream())

    def _finished(self, number: int) -> Iterator[Exchange]:
        stream = self._streams.get(number)
        if stream is not None and len(stream.ended) == 2:
            yield from self._give_out(number)
        while self._streams and (len(self._streams) > MOST_STREAMS or self._waiting > MOST_WAITING):
            oldest = next(iter(self._streams))
            if len(self._given_up) < MOST_STREAMS:
                self._given_up.add(oldest)
            self._streams[oldest].given_up = "too many streams were open: this one was not read to its end"
            yield from self._give_out(oldest)

    def _give_out(self, number: int) -> Iterator[Exchange]:
        stream = self._streams.pop(number)
        for side in self._sides:
            if side.role is not None and side.role not in stream.ended and side.role in stream.messages:
                stream.messages[side.role].lacks(stream.given_up or "its end was not captured")
                stream.messages[side.role].body.complete = False
                self._end(side, stream, side.role)
        for message in stream.messages.values():
            self._waiting -= _kept(message)
            if message.body.lost:
                message.missing.append(message.body.loss())
        request, response = (stream.messages.get(role) for role in ROLES)
        if request is not None or response is not None:
            yield Exchange(request, response, self._client(), stream.interim)

    def _client(self) -> int:
        """The direction of the requests."""
        return 1 if self._sides[1].role == "request" or self._sides[0].role == "response" else 0


def _fragment(frame: Http2Frame) -> tuple[bytes | None, int]:
    """The part of a header block in HEADERS or PUSH_PROMISE, padding and priority left out; the promise."""
    try:
        parsed, _ = ParsedFrame.parse_frame_header(memoryview(frame.header))
        parsed.parse_body(memoryview(frame.taken.data))
    except HyperframeError:
        return None, 0
    return parsed.data, getattr(parsed, "promised_stream_id", 0)  # type: ignore[attr-defined]


def _begin(role: Role, first: QueuedBytes, stream: int) -> HttpMessage:
    return HttpMessage(
        role=role, version="2", method=None, target=None, status=None, reason=None,
        start=first.start, end=first.end, time_ns=first.time_ns, end_ns=first.end_ns, stream=stream,
    )  # fmt: skip


def _kept(message: HttpMessage) -> int:
    """Bytes of a message's body that are held in memory."""
    return min(message.body.length, KEEP)


def _known(value: str | None) -> str | None:
    return None if value == NOT_KNOWN else value
