"""Fuzz targets for what follows on HTTP/1 or comes in its place: HTTP/2, WebSocket, SOCKS, tunnels."""

from __future__ import annotations

from collections.abc import Iterator

import hpack

from analyzer.dissectors.body import KEEP
from analyzer.dissectors.deflate_stream import CODING
from analyzer.dissectors.http1 import HttpMessage
from analyzer.dissectors.http2 import MOST_STREAMS, Http2
from analyzer.dissectors.http2_frames import PREFACE
from analyzer.dissectors.http2_headers import MOST_BYTES, MOST_HEADERS, HeaderDecoder
from analyzer.dissectors.http_flow import HttpFlow
from analyzer.dissectors.protocol_switch import MOST_HELD
from analyzer.flows.reassembly import Gap, Segment
from tests.dissectors.talks import CLIENT, SERVER, Http2Talk, Sent

Turn = tuple[int, Segment | Gap]
CONTROL = 4  # bytes that choose how the rest is cut and ordered


def turns(data: bytes, before: tuple[Sent, ...] = ()) -> Iterator[Turn]:
    """Segments and gaps of both sides: runs of bytes whose sizes and sides the first bytes choose."""
    by, sides, gaps, at = data[0] % 61 + 1, data[1], data[2] % 32, CONTROL
    offsets, number = [0, 0], 0
    for side, raw in before:
        number += 1
        yield side, Segment(offsets[side], raw, number, number)
        offsets[side] += len(raw)
    while at < len(data):
        piece = data[at : at + by]
        at, by, number = at + by, (by * 7 + data[3]) % 97 + 1, number + 1
        side = (sides >> number % 8) & 1
        is_lost = gaps and number % (gaps + 2) == 0
        whole = Segment(offsets[side], piece, number, number)
        yield side, Gap(offsets[side], len(piece)) if is_lost else whole
        offsets[side] += len(piece)


def talk(data: bytes, before: tuple[Sent, ...] = ()) -> None:
    """A connection to its end; what holds for any message is checked."""
    if len(data) <= CONTROL:
        return
    flow, limit = HttpFlow(None, None), len(data) + sum(len(raw) for _, raw in before)
    for turn in turns(data, before):
        for exchange in flow.read(*turn):
            check(exchange.request, limit)
            check(exchange.response, limit)
        assert flow.switch._held_bytes <= MOST_HELD + len(data)
        if isinstance(flow.switch.other, Http2):
            assert len(flow.switch.other._streams) <= MOST_STREAMS
    for exchange in flow.finish():
        check(exchange.request, limit)
        check(exchange.response, limit)
    assert not list(flow.finish())


def check(message: HttpMessage | None, limit: int) -> None:
    """What holds for any message."""
    if message is None:
        return
    assert 0 <= message.start <= message.end <= limit, (message.start, message.end, limit)
    assert message.frames
    assert message.frames == sorted(message.frames)
    assert (message.protocol == "" and not message.stream) or message.spans[0][0] == message.start
    assert [at for at, _ in message.spans] == sorted(at for at, _ in message.spans)
    assert len(message.oddities) < 40
    assert len(message.missing) < 40
    body, _ = message.body.body()
    assert len(body.content) <= KEEP
    assert message.complete or message.missing
    if body.codings == (CODING,) and body.content_sha256:
        assert body.complete


def http2(data: bytes) -> None:
    """Behind the preface of a client."""
    talk(data, ((CLIENT, PREFACE),))


def late_http2(data: bytes) -> None:
    """Whatever comes, as of a connection that began before the capture."""
    talk(data)


def websocket(data: bytes) -> None:
    """Behind a handshake that agrees on compression or does not, by the fourth byte."""
    agreed = (b"", DEFLATE, DEFLATE_ANEW)[data[3] % 3] if len(data) > 3 else b""
    talk(data, ((CLIENT, UPGRADE), (SERVER, SWITCHED + agreed + b"\r\n")))


def tunnel(data: bytes) -> None:
    """Behind a CONNECT, answered or not."""
    answer = ((SERVER, b"HTTP/1.1 200 OK\r\n\r\n"),) if len(data) > 3 and data[3] & 1 else ()
    talk(data, ((CLIENT, b"CONNECT a.example:443 HTTP/1.1\r\n\r\n"), *answer))


def headers(data: bytes) -> None:
    """Header blocks one after the other, cut where the first byte says."""
    if not data:
        return
    size = data[0] + 1
    for decoder in (HeaderDecoder(True), HeaderDecoder(False)):
        for at in range(1, len(data), size):
            fields, unknown, notes = decoder.decode(data[at : at + size])
            assert len(fields) <= MOST_HEADERS
            assert sum(len(name) + len(value) for name, value in fields) <= 3 * MOST_BYTES
            assert 0 <= unknown <= len(fields)
            assert len(notes) <= 2


UPGRADE = b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
DEFLATE_ANEW = DEFLATE[:-2] + b"; client_no_context_takeover; server_no_context_takeover\r\n"
WHOLE = b"\x3c\x00\x00\x00"  # one side, long pieces, no gaps
BOTH = b"\x20\xaa\x00\x01"


def conversation() -> Http2Talk:
    talk = Http2Talk().begin().ask(1, "/one", b"body" * 30, ("cookie", "a=b")).ask(3, "/two", pad_length=3)
    return talk.answer(1, b"answer", ("etag", "x"), trailers=[("grpc-status", "0")]).answer(3, b"two")


def http2_seeds() -> tuple[bytes, ...]:
    sent = conversation().sent
    one_side = b"".join(data for side, data in sent if side == CLIENT)
    other = b"".join(data for side, data in sent if side == SERVER)
    return WHOLE + one_side.removeprefix(PREFACE), b"\x3c\xff\x00\x00" + other, BOTH + one_side + other


WEBSOCKET_SEEDS = (
    WHOLE + b"\x81\x85\x01\x02\x03\x04ieolm\x01\x83\0\0\0\0abc\x89\x80\0\0\0\0\x80\x83\0\0\0\0def",
    b"\x3c\xff\x00\x01\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00\x88\x02\x03\xe8",
    b"\x3c\xff\x03\x02\x82\x7e\x01\x00" + b"x" * 256 + b"\x82\x7f" + bytes(7) + b"\x05fives",
)
SOCKS_SEEDS = (
    WHOLE + b"\5\2\0\2\5\1\0\3\x09a.example\x00\x50GET / HTTP/1.1\r\n\r\n",
    b"\x00\xaa\x00\x00" + b"\5\5\1\0\0\0",
    WHOLE + b"\4\1\0\x50\0\0\0\1me\0a.example\0GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    WHOLE + b"\5\1\2\1\2me\3abc\5\1\0\4" + bytes(16) + b"\0\x50" + PREFACE,
)
TUNNEL_SEEDS = (
    WHOLE + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    BOTH + b"\x16\3\1\0\x2a\1\0\0\x26\3\3" + bytes(32) + b"\0\0\2\x13\1\1\0",
    BOTH + b"CONNECT b:1 HTTP/1.1\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
)
HEADER_SEEDS = tuple(
    b"\x1f" + b"".join(hpack.Encoder().encode(fields, huffman=huffman) for _ in range(3))
    for huffman in (True, False)
    for fields in ([(":method", "GET"), (":path", "/abc")], [("x-long", "y" * 60), (":status", "404")])
)
