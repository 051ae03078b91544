"""Floods inside connections: messages without end in one, or connections without end with a message each."""

from __future__ import annotations

import base64
import gzip
import json
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, count

from tests.dissectors.conversations import (
    CONVERSATIONS,
    Conversation,
)
from tests.floods.wire import MOST, SERVER, Connection, packed

Frames = Iterator[bytes]
Said = tuple[int, bytes]
UP, DOWN = 0, 1
GET = b"GET /%d HTTP/1.1\r\nHost: a.example\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
UPGRADE = (
    (UP, b"GET /chat HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"),
    (DOWN, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
)  # fmt: skip
CONNECT_MQTT = b"\x10\x0f\0\4MQTT\4\2\0\x3c\0\3abc"


def endless(
    data: Callable[[int], bytes], *before: Said, side: int = UP, port: int = 80, most: int = MOST
) -> Callable[[], Frames]:
    """Return a flood in one connection: what was said `before`, then `data` of 0, 1, 2 … in full segments.

    `most` bytes are in a segment.
    """

    def made() -> Frames:
        talk = Connection(port=port)
        yield from talk.opened()
        for from_side, said in before:
            yield from talk.says(from_side, said)
        for piece in packed(map(data, count()), most):
            yield from talk.says(side, piece, most)

    return made


def dialogue(turn: Callable[[int], Iterable[Said]], *before: Said, port: int = 80) -> Callable[[], Frames]:
    """Return a flood in one connection, whose sides take turns without end."""

    def made() -> Frames:
        talk = Connection(port=port)
        yield from talk.opened()
        for side, said in before:
            yield from talk.says(side, said)
        for number in count():
            for side, said in turn(number):
                yield from talk.says(side, said)

    return made


def connections(
    turn: Callable[[int], Iterable[Said]], *, port: int = 80, close: bool = True,
    servers: Callable[[int], int] = lambda _: SERVER, most: int = MOST,
) -> Callable[[], Frames]:  # fmt: skip
    """Return a flood of connections, each with what `turn` gives for its number."""

    def made() -> Frames:
        for number in count():
            talk = Connection(number, port, servers(number))
            yield from talk.opened()
            for side, said in turn(number):
                yield from talk.says(side, said, most)
            if close:
                yield from talk.closed()

    return made


def dripping(data: bytes, rest: Callable[[int], bytes] = lambda _: b"x") -> Callable[[], Frames]:
    """Return a flood of one connection that says `data` and goes on without end, a byte a segment."""

    def made() -> Frames:
        talk = Connection()
        yield from talk.opened()
        for piece in chain([data], map(rest, count())):
            for at in range(len(piece)):
                yield talk.sent(UP, piece[at : at + 1])

    return made


def dripped_heads() -> Frames:
    """Heads of sixty kilobytes that come a byte a segment."""
    head = (
        b"GET / HTTP/1.1\r\nHost: a.example\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(6000)) + b"\r\n"
    )
    for number in count():
        talk = Connection(number)
        yield from talk.opened()
        for at in range(len(head)):
            yield talk.sent(UP, head[at : at + 1])


def posted(
    body: Callable[[int], bytes], *headers: bytes, host: bytes = b"a.example"
) -> Callable[[int], list[Said]]:
    """Return turns of one request with a body and its answer."""

    def turn(number: int) -> list[Said]:
        data = body(number)
        lines = b"".join(line + b"\r\n" for line in headers)
        head = b"POST /%d HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %d\r\n\r\n" % (
            number,
            host,
            lines,
            len(data),
        )
        return [(UP, head + data), (DOWN, OK)]

    return turn


def asked(request: Callable[[int], bytes], response: bytes = OK) -> Callable[[int], list[Said]]:
    """Return turns of one request and an answer."""
    return lambda number: [(UP, request(number)), (DOWN, response)]


def imei(number: int) -> bytes:
    """Return an IMEI of its own with its check digit (3GPP TS 23.003, annex B)."""
    digits = f"49015420{number % 1_000_000:06d}"
    total = sum(int(d) if at % 2 == 0 else sum(map(int, str(2 * int(d)))) for at, d in enumerate(digits))
    return f"{digits}{-total % 10}".encode()


def client_hello(number: int, version: int = 0x0301, padding: int = 0) -> bytes:
    """Return a TLS ClientHello with a server name of its own (RFC 8446 §4.1.2)."""
    host = b"h%d.example" % number
    sni = struct.pack(">HHHBH", 0, len(host) + 5, len(host) + 3, 0, len(host)) + host
    extensions = sni + bytes.fromhex("002b0003020304") + struct.pack(">HH", 21, padding) + bytes(padding)
    suites = struct.pack(">HH", 2 + number % 60_000, 0x1301)
    body = b"\3\3" + number.to_bytes(32, "big") + b"\0" + struct.pack(">H", len(suites)) + suites + b"\1\0"
    message = body + struct.pack(">H", len(extensions)) + extensions
    handshake = b"\1" + len(message).to_bytes(3, "big") + message
    return struct.pack(">BHH", 22, version, len(handshake)) + handshake


def frame2(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Return a frame of HTTP/2 (RFC 9113 §4.1)."""
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def headers2(number: int) -> bytes:
    """Return HEADERS of a GET with a path of its own, from the static table (RFC 7541)."""
    path = b"/%d" % number
    block = b"\x82\x86\x41\x09a.example\x04" + bytes((len(path),)) + path
    return frame2(1, 5, 1 + 2 * number, block)


def indexed2(number: int) -> bytes:
    """Return HEADERS that put a field of its own into the dynamic table."""
    value = b"v%d" % number
    return frame2(1, 5, 1 + 2 * number, b"\x82\x86\x84\x40\x03x-a" + bytes((len(value),)) + value)


def websocket(number: int, code: int = 0x81, payload: bytes | None = None) -> bytes:
    """Return a masked frame (RFC 6455 §5.2) with a mask of zeros."""
    data = b"%d" % (number % 10) if payload is None else payload
    return bytes((code, 0x80 | len(data))) + bytes(4) + data


def publish(number: int) -> bytes:
    """Return a publication of MQTT with a byte of payload."""
    return b"\x30\x04\0\1a%d" % (number % 10)


def publish_topic(number: int) -> bytes:
    """Return a publication to a topic of its own, to be acknowledged."""
    topic = b"t/%d" % number
    return (
        b"\x32"
        + bytes((len(topic) + 5,))
        + struct.pack(">H", len(topic))
        + topic
        + struct.pack(">H", 1 + number % 65_535)
        + b"x"
    )


def subscribe(number: int) -> bytes:
    """Return a subscription to a topic of its own."""
    topic = b"t/%d" % number
    return (
        b"\x82"
        + bytes((len(topic) + 5,))
        + struct.pack(">HH", 1 + number % 65_535, len(topic))
        + topic
        + b"\0"
    )


def repeated(one: Conversation) -> Callable[[], Frames]:
    """Return a flood that goes on with the last thing that a conversation's client says."""
    last = max(at for at, (side, _) in enumerate(one.said) if side == UP)
    return endless(lambda _: one.said[last][1], *one.said[: last + 1], port=one.port)


def many(one: Conversation) -> Callable[[], Frames]:
    """Return a flood of connections with that conversation."""
    return connections(lambda _: one.said, port=one.port)


def longest() -> dict[str, Conversation]:
    """Return one conversation for each protocol of log-ins: the one in which most is said."""
    found: dict[str, Conversation] = {}
    for one in CONVERSATIONS:
        name = one.protocol if one.protocol != "line log-in" else f"line log-in, port {one.port}"
        if name not in found or len(one.said) > len(found[name].said):
            found[name] = one
    return found


def nested(number: int, depth: int = 500) -> bytes:
    """Return JSON as deep as that."""
    return b'{"n":%d,"a":' % number + b"[" * depth + b"]" * depth + b"}"


def wide(number: int) -> bytes:
    """Return JSON of three thousand members."""
    return json.dumps({f"k{at}": number for at in range(3000)}).encode()


def layered(number: int) -> bytes:
    """Return an identifier under ten layers of Base64."""
    data = b"imei=" + imei(number)
    for _ in range(10):
        data = base64.b64encode(data)
    return b"data=" + data


BOMB = gzip.compress(bytes(1 << 24))
DEFLATED = zlib.compress(b"imei=490154203237518&" * 50_000)


def multipart(number: int) -> bytes:
    """Return a form of two hundred parts."""
    part = b'--b\r\nContent-Disposition: form-data; name="f%d"\r\n\r\n%d\r\n'
    return b"".join(part % (at, number) for at in range(200)) + b"--b--\r\n"


def xml(number: int) -> bytes:
    """Return XML of a thousand elements."""
    return b"<r>" + b"".join(b"<e%d a='%d'/>" % (at, number) for at in range(1000)) + b"</r>"
