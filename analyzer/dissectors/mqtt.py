"""One MQTT connection (3.1, 3.1.1, 5) to exchanges: who connects, what is published, what is subscribed to.

Passwords and other proofs are named and never kept; see `credentials`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from analyzer.dissectors.byte_queue import ByteQueue
from analyzer.dissectors.clear_message import Headers, MessagePlace, grow, message, place_of, text
from analyzer.dissectors.exchange import Exchange
from analyzer.dissectors.http1 import HttpMessage
from analyzer.dissectors.text_logins import NOT_SHOWN
from analyzer.flows.reassembly import Gap, Segment

PORT = 1883
(
    CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK,
    PINGREQ, PINGRESP, DISCONNECT, AUTH,
) = range(1, 16)  # fmt: skip
NAMES = {CONNACK: "CONNACK", PUBACK: "PUBACK", PUBREC: "PUBREC", SUBACK: "SUBACK", UNSUBACK: "UNSUBACK"}
ANSWERS = {CONNACK: CONNECT, PUBACK: PUBLISH, PUBREC: PUBLISH, SUBACK: SUBSCRIBE, UNSUBACK: UNSUBSCRIBE}
# Flags that the fixed header of each type must have (MQTT 5 §2.1.3); those of PUBLISH vary.
FLAGS = {PUBREL: 2, SUBSCRIBE: 2, UNSUBSCRIBE: 2}

VERSIONS = {(b"MQIsdp", 3): "3.1", (b"MQTT", 4): "3.1.1", (b"MQTT", 5): "5"}
# Return codes of CONNACK before version 5 (MQTT 3.1.1 §3.2.2.3).
RETURNS = (
    "Connection Accepted", "unacceptable protocol version", "identifier rejected", "Server unavailable",
    "bad user name or password", "not authorized",
)  # fmt: skip

# Properties of version 5 (§2.2.2.2) by the form of their values.
BYTE, TWO, FOUR, VARIABLE, STRING, PAIR = range(6)
PROPERTIES = {
    1: BYTE, 2: FOUR, 3: STRING, 8: STRING, 9: STRING, 11: VARIABLE, 17: FOUR, 18: STRING, 19: TWO,
    21: STRING, 22: STRING, 23: BYTE, 24: FOUR, 25: BYTE, 26: STRING, 28: STRING, 31: STRING, 33: TWO,
    34: TWO, 35: TWO, 36: BYTE, 37: BYTE, 38: PAIR, 39: FOUR, 40: BYTE, 41: BYTE, 42: BYTE,
}  # fmt: skip
# Headers that this reader makes; a sender's own property must not pass for one.
OWN_HEADERS = frozenset(("user", "password", "client-id", "will-topic", "topic-filter", "keep-alive"))
SIZES = {BYTE: 1, TWO: 2, FOUR: 4}
NAMED = {3: "Content-Type", 8: "Response-Topic", 18: "Client-Id", 21: "Authentication-Method", 31: "Reason"}
AUTHENTICATION_DATA, TOPIC_ALIAS = 22, 35

# Bytes of a packet that is read whole; of a larger PUBLISH the payload is hashed as it passes.
MOST_PACKET = 1 << 18
# … of which so many are wanted first, so that topic and properties are there.
LEAST_BEGINNING = 1 << 17
MOST_TOPICS = 100
MOST_PROPERTIES = 100
# Packets that wait for an answer at most.
MOST_WAITING = 256


class CutError(Exception):
    """A packet ends before what it announces."""


class FixedHeader(NamedTuple):
    """A fixed header (MQTT 5 §2.1)."""

    type: int
    flags: int
    start: int  # of what follows
    end: int


def head_at(data: bytes | bytearray, at: int = 0) -> FixedHeader | None:
    """The fixed header at `at`; None while it is cut. Raises ValueError where there is none."""
    if at >= len(data):
        return None
    kind, flags = data[at] >> 4, data[at] & 15
    if kind == 0 or (kind != PUBLISH and flags != FLAGS.get(kind, 0)):
        raise ValueError("no MQTT packet begins so")
    length = shift = 0
    for position in range(at + 1, at + 5):
        if position >= len(data):
            return None
        length |= (data[position] & 127) << shift
        if data[position] < 128:
            return FixedHeader(kind, flags, position + 1, position + 1 + length)
        shift += 7
    raise ValueError("a length of more than four bytes")


def opens(data: bytes) -> bool:
    """Whether a side's first bytes are a CONNECT packet of a known version."""
    try:
        head = head_at(data)
    except ValueError:
        return False
    return head is not None and head.type == CONNECT and _version(data, head.start) is not None


def _version(data: bytes, at: int) -> str | None:
    length = int.from_bytes(data[at : at + 2], "big")
    name = data[at + 2 : at + 2 + length] if length <= 6 else b""
    level = data[at + 2 + length : at + 3 + length]
    # The highest bit marks a bridge between brokers, as common brokers have it.
    return VERSIONS.get((bytes(name), level[0] & 0x7F)) if level else None


def is_chain(data: bytes) -> bool:
    """Whether bytes are whole packets, one after the other, each of a size that its type allows."""
    at = 0
    while at < len(data):
        try:
            head = head_at(data, at)
        except ValueError:
            return False
        if head is None or head.end > len(data) or not _is_sized(data, head):
            return False
        at = head.end
    return bool(data)


def _is_sized(data: bytes, head: FixedHeader) -> bool:
    length = head.end - head.start
    if head.type == PUBLISH and head.flags & 6 != 6:
        topic = int.from_bytes(data[head.start : head.start + 2], "big")
        name = data[head.start + 2 : head.start + 2 + topic]
        try:
            return 0 < topic <= length - 2 and name.decode().isprintable()
        except UnicodeDecodeError:
            return False
    if head.type in (PINGREQ, PINGRESP):
        return length == 0
    return head.type in (PUBACK, PUBREC, PUBREL, PUBCOMP) and length == 2


class _Fields:
    """Reads the fields of one packet one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self.at, self._end = data, 0, len(data)
        self.alias = 0  # a topic's, once the properties are read

    def data(self, count: int) -> bytes:
        if count < 0 or self.at + count > self._end:
            raise CutError
        self.at += count
        return self._data[self.at - count : self.at]

    def number(self, count: int) -> int:
        return int.from_bytes(self.data(count), "big")

    def string(self) -> bytes:
        return self.data(self.number(2))

    def variable(self) -> int:
        value = 0
        for shift in (0, 7, 14, 21):
            byte = self.number(1)
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise CutError

    def rest(self) -> bytes:
        return self.data(self._end - self.at)

    def more(self) -> bool:
        return self.at < self._end

    def properties(self) -> Headers:
        """The properties that say something of the sender or the content, as headers."""
        end = self.variable() + self.at
        if end > self._end:
            raise CutError
        found: Headers = []
        while self.at < end:
            found += self._property()
            if len(found) > MOST_PROPERTIES:
                self.at = end
        return found

    def _property(self) -> Headers:
        identifier = self.variable()
        form = PROPERTIES.get(identifier)
        if form is None:
            raise CutError
        if form in SIZES:
            value = self.number(SIZES[form])
            self.alias = value if identifier == TOPIC_ALIAS else self.alias
        elif form == VARIABLE:
            self.variable()
        elif form == PAIR:
            name, means = text(self.string()), text(self.string())
            return [(f"Property-{name}" if name.lower() in OWN_HEADERS else name, means)]
        else:
            said = self.string()
            if identifier == AUTHENTICATION_DATA:
                return [("Authentication-Data", NOT_SHOWN)] if said else []
            if identifier in NAMED:
                return [(NAMED[identifier], text(said))]
        return []


@dataclass(slots=True)
class MqttDirection:
    """What one side has sent that is not read yet."""

    data: ByteQueue = field(default_factory=ByteQueue)
    left: int = 0  # bytes of a packet too large to be held that are still to come
    open: _Published | None = None  # … and what it publishes
    lost: bool = False
    aliases: dict[int, str] = field(default_factory=dict)  # topics (MQTT 5 §3.3.2.3.4)


class _Published(NamedTuple):
    message: HttpMessage
    quality: int
    number: int


class MqttFlow:
    """Both directions of a connection. What the broker publishes to the client counts as a response."""

    name = "mqtt"

    def __init__(self, client: int, version: str = "") -> None:
        self.client = client
        self.proven = True
        self.ended = False
        self._version = version  # until a CONNECT tells
        self._sides = (MqttDirection(), MqttDirection())
        self._waiting: dict[tuple[int, int], HttpMessage] = {}  # (type, packet identifier) → request

    def feed(self, side: int, piece: Segment | Gap) -> Iterator[Exchange]:
        """Exchanges that this piece finishes; behind a gap reading resumes where whole packets fit."""
        if isinstance(piece, Gap):
            yield from self._gap(side, piece.length)
            return
        at = self._sides[side]
        if at.lost:
            if not is_chain(piece.data):
                return
            at.lost = False
        if at.left:
            piece = yield from self._go_on(side, piece)
        if piece.data:
            at.data.add(piece)
            try:
                yield from self._packets(side)
            except ValueError:
                at.lost = True
                at.data.clear()

    def close(self) -> Iterator[Exchange]:
        """What is unanswered, or still under way."""
        for side in (0, 1):
            yield from self._break_off(side)
        for request in self._waiting.values():
            yield Exchange(request, None, self.client)
        self._waiting.clear()

    # ── packets ─────────────────────────────────────────────────────────

    def _packets(self, side: int) -> Iterator[Exchange]:
        data = self._sides[side].data
        while (head := head_at(data.data)) is not None and head.end <= len(data):
            taken = data.take(head.end)
            yield from self._take(side, head, taken.data[head.start :], place_of(taken))
        if head is not None and head.end > MOST_PACKET:
            self._begin(side, head)

    def _begin(self, side: int, head: FixedHeader) -> None:
        """Start on a packet too large to be held."""
        here = self._sides[side]
        have = len(here.data)
        if have < LEAST_BEGINNING:
            return
        taken = here.data.take(have)
        if head.type == PUBLISH:
            try:
                here.open = self._publish(side, head, taken.data[head.start :], place_of(taken))
            except CutError:
                raise ValueError("a topic or properties that fill a packet") from None
        here.left = head.end - have

    def _go_on(self, side: int, piece: Segment) -> Generator[Exchange, None, Segment]:
        """More of a large packet; gives what comes behind it."""
        here = self._sides[side]
        taken = piece.data[: here.left]
        here.left -= len(taken)
        if here.open is not None:
            here.open.message.body.add(taken)
            end = piece.offset + len(taken)
            grow(
                here.open.message,
                MessagePlace(piece.offset, end, (piece.frame,), piece.time_ns, piece.time_ns),
            )
            if not here.left:
                published, here.open = here.open, None
                yield from self._published(side, published)
        return piece._replace(offset=piece.offset + len(taken), data=piece.data[len(taken) :])

    def _gap(self, side: int, length: int) -> Iterator[Exchange]:
        here = self._sides[side]
        if here.open is not None and length < here.left:
            here.left -= length
            here.open.message.body.lose(length)
            return
        yield from self._break_off(side)
        here.lost = True
        here.data.clear()

    def _break_off(self, side: int) -> Iterator[Exchange]:
        here = self._sides[side]
        if here.open is not None:
            here.open.message.body.lose(here.left)
            published, here.open = here.open, None
            yield from self._published(side, published)
        here.left = 0

    def _take(self, side: int, head: FixedHeader, data: bytes, place: MessagePlace) -> Iterator[Exchange]:
        try:
            if head.type == PUBLISH:
                yield from self._published(side, self._publish(side, head, data, place))
            elif head.type in ANSWERS:
                yield from self._answer(side, head.type, _Fields(data), place)
            elif head.type in READ:
                request, number = READ[head.type](self, _Fields(data), place)
                yield from self._ask(head.type, number, request)
        except CutError:
            if head.type not in METHODS:
                raise ValueError("a packet ends before what it announces") from None
            broken = self._made(METHODS[head.type], place, [])
            broken.lacks("its fields reach beyond its end, so they were not read")
            broken.one_way = True
            yield Exchange(broken, None, self.client)

    def _ask(self, kind: int, number: int, request: HttpMessage) -> Iterator[Exchange]:
        before = self._waiting.pop((kind, number), None)
        if before is not None:
            yield Exchange(before, None, self.client)
        self._waiting[kind, number] = request
        if len(self._waiting) > MOST_WAITING:
            yield Exchange(self._waiting.pop(next(iter(self._waiting))), None, self.client)

    def _made(
        self, method: str, place: MessagePlace, headers: Headers, target: str | None = None
    ) -> HttpMessage:
        return message(self._protocol, "request", place, method=method, target=target, headers=headers)

    @property
    def _protocol(self) -> str:
        return f"mqtt/{self._version}" if self._version else "mqtt"

    def _has_properties(self) -> bool:
        return self._version == "5"

    # ── each type ───────────────────────────────────────────────────────

    def _connect(self, fields: _Fields, place: MessagePlace) -> tuple[HttpMessage, int]:
        name, level = fields.string(), fields.number(1)
        self._version = VERSIONS.get((name, level & 0x7F), "")
        flags, keep_alive = fields.number(1), fields.number(2)
        properties = fields.properties() if self._has_properties() else []
        headers: Headers = [("Client-Id", text(fields.string()))]
        will = b""
        if flags & 4:
            properties += fields.properties() if self._has_properties() else []
            headers.append(("Will-Topic", text(fields.string())))
            will = fields.string()
        if flags & 128:
            headers.append(("User", text(fields.string())))
        if flags & 64 and fields.string():
            headers.append(("Password", NOT_SHOWN))
        headers += [("Keep-Alive", str(keep_alive)), *properties]
        request = self._made("CONNECT", place, headers)
        if will:
            request.body.add(will)
        return request, 0

    def _subscribe(self, fields: _Fields, place: MessagePlace) -> tuple[HttpMessage, int]:
        return self._filters("SUBSCRIBE", fields, place, 1)

    def _unsubscribe(self, fields: _Fields, place: MessagePlace) -> tuple[HttpMessage, int]:
        return self._filters("UNSUBSCRIBE", fields, place, 0)

    def _filters(
        self, method: str, fields: _Fields, place: MessagePlace, options: int
    ) -> tuple[HttpMessage, int]:
        number = fields.number(2)
        headers = fields.properties() if self._has_properties() else []
        topics: list[str] = []
        while fields.more() and len(topics) < MOST_TOPICS:
            topics.append(text(fields.string()))
            fields.data(options)
        headers += [("Topic-Filter", topic) for topic in topics]
        return self._made(method, place, headers, topics[0] if topics else None), number

    def _publish(self, side: int, head: FixedHeader, data: bytes, place: MessagePlace) -> _Published:
        fields, quality = _Fields(data), head.flags >> 1 & 3
        topic = text(fields.string())
        number = fields.number(2) if quality else 0
        headers = fields.properties() if self._has_properties() else []
        topic = self._topic(side, topic, fields.alias)
        if head.flags & 1:
            headers.append(("Retain", "1"))
        asks = side == self.client
        made = message(
            self._protocol, "request" if asks else "response", place, body=fields.rest(), method="PUBLISH",
            target=topic, headers=headers, one_way=quality == 0,
        )  # fmt: skip
        if quality == 3:
            made.oddities.append("its quality of service is 3, which is reserved")
        return _Published(made, quality, number)

    def _topic(self, side: int, topic: str, alias: int) -> str:
        aliases = self._sides[side].aliases
        if not topic:
            return aliases.get(alias, f"(alias {alias})")
        if alias and (alias in aliases or len(aliases) < MOST_TOPICS):
            aliases[alias] = topic
        return topic

    def _published(self, side: int, published: _Published) -> Iterator[Exchange]:
        made, quality, number = published
        if made.body.lost:
            made.lacks(made.body.loss())
        if side != self.client:
            yield Exchange(None, made, self.client)
        elif quality:
            yield from self._ask(PUBLISH, number, made)
        else:
            yield Exchange(made, None, self.client)

    def _answer(self, side: int, kind: int, fields: _Fields, place: MessagePlace) -> Iterator[Exchange]:
        number = fields.number(2) if kind != CONNACK else fields.number(1) & 0
        request = self._waiting.pop((ANSWERS[kind], number), None) if side != self.client else None
        if request is None:
            return
        if kind in (SUBACK, UNSUBACK) and self._has_properties():
            fields.properties()
        code = fields.number(1) if fields.more() else 0
        yield Exchange(request, self._answered(kind, code, place), self.client)

    def _answered(self, kind: int, code: int, place: MessagePlace) -> HttpMessage:
        refused = f"refused with reason code 0x{code:02x}" if code >= 0x80 else "accepted"
        if kind == CONNACK and not self._has_properties():
            refused = RETURNS[code] if code < len(RETURNS) else f"return code {code}"
        reason = f"{NAMES[kind]}: {refused}"
        return message(self._protocol, "response", place, status=code, reason=reason)


METHODS = {CONNECT: "CONNECT", SUBSCRIBE: "SUBSCRIBE", UNSUBSCRIBE: "UNSUBSCRIBE"}
READ: dict[int, Callable[[MqttFlow, _Fields, MessagePlace], tuple[HttpMessage, int]]] = {
    CONNECT: MqttFlow._connect,
    SUBSCRIBE: MqttFlow._subscribe,
    UNSUBSCRIBE: MqttFlow._unsubscribe,
}
