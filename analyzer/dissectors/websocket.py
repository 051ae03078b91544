"""Both directions of a WebSocket connection to its messages (RFC 6455), as a passive observer sees them.

Sans-IO: what follows the opening handshake goes in, messages come out, each an exchange of its own: those of
the client as requests, the server's as responses. Messages compressed by permessage-deflate (RFC 7692) are
inflated with the context that the handshake agreed on. Behind a gap reading goes on at a segment that is a
chain of whole frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from analyzer.dissectors.byte_queue import ByteQueue, QueuedBytes, note
from analyzer.dissectors.deflate_stream import InflatedBody, Inflater
from analyzer.dissectors.exchange import Exchange, Placed
from analyzer.dissectors.http1 import HttpMessage
from analyzer.flows.reassembly import Gap, Segment
from analyzer.model import Role

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
METHODS = {TEXT: "text", BINARY: "binary", CLOSE: "close", PING: "ping", PONG: "pong"}
FIN, COMPRESSED, RESERVED, MASKED = 0x80, 0x40, 0x30, 0x80
READABLE = 8  # bytes of a text that is no chance
ENOUGH = 2  # marks of frames, for reading to resume
MOST_CANDIDATES = 16  # segments that wait for more marks
MOST_CONTROL = 125  # bytes of a control frame's payload (RFC 6455 §5.5)
ROLES: tuple[Role, Role] = ("request", "response")
WHO = ("client", "server")
UNMASKED = "a client's frame was not masked"


class FrameHeader(NamedTuple):
    """The header of a frame (RFC 6455 §5.2): its length in bytes, and what it says."""

    size: int
    opcode: int
    is_last: bool
    is_compressed: bool
    key: bytes | None
    length: int


def head_at(data: bytes | bytearray, at: int = 0) -> FrameHeader | None:
    """The frame header that begins at `at`; None while it is cut."""
    if len(data) < at + 2:
        return None
    first, second = data[at], data[at + 1]
    width = {126: 2, 127: 8}.get(second & 0x7F, 0)
    size = 2 + width + (4 if second & MASKED else 0)
    if len(data) < at + size:
        return None
    length = int.from_bytes(data[at + 2 : at + 2 + width], "big") if width else second & 0x7F
    key = bytes(data[at + size - 4 : at + size]) if second & MASKED else None
    return FrameHeader(size, first & 0x0F, bool(first & FIN), bool(first & COMPRESSED), key, length)


def is_valid(head: FrameHeader, first: int, is_masked: bool, is_compressible: bool) -> bool:
    """Whether a frame may have this header: nothing reserved, masked as its sender must mask."""
    if first & RESERVED or not (head.opcode in METHODS or head.opcode == CONTINUATION):
        return False
    if head.is_compressed and not (is_compressible and head.opcode in (TEXT, BINARY)):
        return False
    if head.opcode >= CLOSE and (head.length > MOST_CONTROL or not head.is_last):
        return False
    return (head.key is not None) == is_masked


def marks_of_frames(data: bytes, is_masked: bool, is_compressible: bool) -> int:
    """How much speaks for bytes being a chain of whole frames; 0 where they are none.

    Each frame that ends where the next begins is one mark, a long length that fits another, and so is
    readable text: of short frames one alone may be chance.
    """
    at = marks = 0
    while at < len(data):
        head = head_at(data, at)
        if head is None or not is_valid(head, data[at], is_masked, is_compressible):
            return 0
        start, at = at + head.size, at + head.size + head.length
        is_text = head.opcode == TEXT and not head.is_compressed and head.is_last and head.length >= READABLE
        marks += (
            1
            + (head.length > MOST_CONTROL)
            + (is_text and _is_readable(unmasked(data[start:at], head.key, 0)))
        )
    return marks if at == len(data) else 0


def _is_readable(data: bytes) -> bool:
    try:
        return data.decode("utf-8").isprintable()
    except UnicodeDecodeError:
        return False


def unmasked(data: bytes, key: bytes | None, position: int) -> bytes:
    """Bytes of a payload, from `position` on, without their mask (RFC 6455 §5.3)."""
    if key is None or not data:
        return data
    turned = key[position % 4 :] + key[: position % 4]
    mask = (turned * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(mask, "big")).to_bytes(len(data), "big")


@dataclass(slots=True)
class WebSocketDirection:
    """One direction: what waits, the frame being read, the message that its frames make."""

    role: Role
    inflater: Inflater | None
    data: ByteQueue = field(default_factory=ByteQueue)
    head: FrameHeader | None = None
    done: int = 0  # bytes of the frame's payload that were read
    message: HttpMessage | None = None  # of text or binary, perhaps in fragments
    control: HttpMessage | None = None  # a control frame, which may stand between fragments
    synced: bool = True
    candidates: list[Segment] = field(default_factory=list)  # behind a gap, of whole frames perhaps
    marks: int = 0  # that speak for them
    skipped: int = 0


class WebSocket:
    """Reads a connection behind its handshake: `request` and `response`, None where one was not seen."""

    wants_more = sure = True
    returned: Sequence[Placed] = ()

    def __init__(self, client: int, request: HttpMessage | None, response: HttpMessage | None) -> None:
        self._client = client
        self._target = request.target if request is not None else None
        self._host = next(iter(request.values("host")), None) if request is not None else None
        agreed = _agreed(response if response is not None else request)
        of_client, of_server = (
            WebSocketDirection(
                role, None if agreed is None else Inflater(f"{who}_no_context_takeover" in agreed)
            )
            for role, who in zip(ROLES, WHO, strict=True)
        )
        self._sides = (of_server, of_client) if client else (of_client, of_server)

    @property
    def skipped(self) -> int:
        """Bytes that were passed over behind gaps."""
        return sum(side.skipped for side in self._sides)

    def feed(self, direction: int, piece: Segment | Gap) -> Iterator[Exchange]:
        """Messages that this piece finishes."""
        side = self._sides[direction]
        if isinstance(piece, Gap):
            yield from self._gap(side, piece)
            return
        for segment in [piece] if side.synced else self._resync(side, piece):
            yield from self._take(side, segment)

    def close(self) -> Iterator[Exchange]:
        """Messages that the end of the connection cuts."""
        for side in (self._sides[self._client], self._sides[1 - self._client]):
            self._drop_candidates(side)
            yield from self._cut(side, "its end was not captured")

    def unanswered(self) -> Iterator[Exchange]:
        """Give nothing: each message is given out when it is complete."""
        return iter(())

    # ── frames ──────────────────────────────────────────────────────────

    def _take(self, side: WebSocketDirection, segment: Segment) -> Iterator[Exchange]:
        side.data.add(segment)
        while side.data.data:
            if side.head is None and not self._open(side):
                return
            yield from self._read(side)

    def _open(self, side: WebSocketDirection) -> bool:
        """Read a frame's header; False while it is cut, or where none can stand there."""
        head = head_at(side.data.data)
        if head is None:
            return False
        first = side.data.data[0]
        if first & RESERVED or (head.opcode not in METHODS and head.opcode != CONTINUATION):
            side.skipped += side.data.clear()
            side.synced = False
            return False
        taken = side.data.take(head.size)
        side.head, side.done = head, 0
        message = self._begin(side, head, taken)
        if (head.key is not None) != (side.role == "request"):
            what = UNMASKED if side.role == "request" else "a server's frame was masked"
            if what not in message.oddities:
                message.oddities.append(what)
        return True

    def _begin(self, side: WebSocketDirection, head: FrameHeader, taken: QueuedBytes) -> HttpMessage:
        """The message that a frame begins or goes on with."""
        if head.opcode >= CLOSE:
            message = side.control = self._made(side, head, taken)
        elif head.opcode == CONTINUATION and side.message is not None:
            message = side.message
        else:
            message = self._made(side, head, taken)
            if head.opcode == CONTINUATION:
                message.lacks("its first fragment was not captured")
            elif side.message is not None:
                message.oddities.append("the message before it does not end")
            side.message = message
        note(message, taken)
        return message

    def _made(self, side: WebSocketDirection, head: FrameHeader, taken: QueuedBytes) -> HttpMessage:
        message = HttpMessage(
            role=side.role, version="", method=METHODS.get(head.opcode, "continuation"), target=self._target,
            status=None, reason=None, start=taken.start, end=taken.end, time_ns=taken.time_ns,
            end_ns=taken.end_ns, protocol="websocket", authority=self._host, one_way=True,
        )  # fmt: skip
        if head.is_compressed and head.opcode in (TEXT, BINARY):
            message.body = InflatedBody(side.inflater)
        return message

    def _read(self, side: WebSocketDirection) -> Iterator[Exchange]:
        """Take what waits of the frame's payload; its last byte may finish a message."""
        head = side.head
        assert head is not None
        message = self._current(side, head)
        count = min(head.length - side.done, len(side.data))
        if count:
            taken = side.data.take(count)
            message.body.add(unmasked(taken.data, head.key, side.done))
            note(message, taken)
            side.done += count
        if side.done == head.length:
            yield from self._end_frame(side, head, message)

    def _current(self, side: WebSocketDirection, head: FrameHeader) -> HttpMessage:
        message = side.control if head.opcode >= CLOSE else side.message
        assert message is not None
        return message

    def _end_frame(
        self, side: WebSocketDirection, head: FrameHeader, message: HttpMessage
    ) -> Iterator[Exchange]:
        side.head = None
        if not head.is_last:
            return
        if head.opcode >= CLOSE:
            side.control = None
        else:
            side.message = None
        # Pings without a payload say nothing but that both are there.
        if message.body.length or message.body.lost or head.opcode < CLOSE:
            yield self._exchange(message)

    def _exchange(self, message: HttpMessage) -> Exchange:
        if isinstance(message.body, InflatedBody):
            message.body.end()
        if message.body.lost:
            message.missing.append(message.body.loss())
        if message.role == "request":
            return Exchange(message, None, self._client)
        return Exchange(None, message, self._client)

    # ── losses ──────────────────────────────────────────────────────────

    def _gap(self, side: WebSocketDirection, gap: Gap) -> Iterator[Exchange]:
        """Go on where the loss lies wholly inside a frame's payload."""
        head = side.head
        if head is not None and not side.data.data and side.done + gap.length <= head.length:
            message = self._current(side, head)
            message.body.lose(gap.length)
            message.complete = False
            side.done += gap.length
            if side.done == head.length:
                yield from self._end_frame(side, head, message)
            return
        if head is not None:
            self._current(side, head).body.lose(head.length - side.done)
        yield from self._cut(side, f"it is cut by a gap of {gap.length:,} bytes")
        if side.inflater is not None:
            side.inflater.lose()
        side.skipped += side.data.clear()
        side.head, side.synced = None, False
        self._drop_candidates(side)

    def _resync(self, side: WebSocketDirection, piece: Segment) -> list[Segment]:
        """The segments at which reading resumes, once enough speaks for their being whole frames."""
        marks = marks_of_frames(piece.data, side.role == "request", side.inflater is not None)
        side.candidates.append(piece)
        side.marks += marks
        if not marks or len(side.candidates) > MOST_CANDIDATES:
            self._drop_candidates(side)
        if side.marks < ENOUGH:
            return []
        found, side.candidates, side.marks, side.synced = side.candidates, [], 0, True
        return found

    def _drop_candidates(self, side: WebSocketDirection) -> None:
        side.skipped += sum(len(candidate.data) for candidate in side.candidates)
        side.candidates, side.marks = [], 0

    def _cut(self, side: WebSocketDirection, what: str) -> Iterator[Exchange]:
        for message in (side.message, side.control):
            if message is not None:
                message.lacks(what)
                message.body.complete = False
                yield self._exchange(message)
        side.message = side.control = None


def _agreed(handshake: HttpMessage | None) -> frozenset[str] | None:
    """The parameters of permessage-deflate (RFC 7692 §7.1), None where it is not used."""
    for value in handshake.values("sec-websocket-extensions") if handshake is not None else ():
        for extension in value.split(","):
            name, *parameters = [part.strip().lower() for part in extension.split(";")]
            if name == "permessage-deflate":
                return frozenset(parameter.partition("=")[0].strip() for parameter in parameters)
    return None
