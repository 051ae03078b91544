"""What is fuzzed: each target takes any bytes, and raises where a parser breaks its promises.

A target's first bytes choose how the rest is cut, ordered and labelled; so a plain mutator of bytes
reaches all of it. Seeds are messages that the parsers read to their end.
"""

from __future__ import annotations

import gzip
import itertools
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import brotli
import zstandard

from analyzer.dissectors.body import KEEP, BodySink
from analyzer.dissectors.charset import charset_of
from analyzer.dissectors.http1 import HttpMessage, HttpReader
from analyzer.dissectors.http_flow import HttpFlow
from analyzer.flows.reassembly import MOST_CONFLICTS, Gap, Segment, Stream
from analyzer.flows.retransmissions import Retransmissions
from tests.fuzz import clear, hellos, upgraded

Target = Callable[[bytes], None]


@dataclass(frozen=True)
class Fuzzed:
    """A target and what to begin with."""

    run: Target
    seeds: tuple[bytes, ...]


def cut(data: bytes, by: int) -> list[bytes]:
    """The data in pieces whose sizes follow from `by`."""
    pieces, at, size = [], 0, by % 61 + 1
    while at < len(data):
        pieces.append(data[at : at + size])
        at += size
        size = (size * 7 + by) % 97 + 1
    return pieces


def streams(data: bytes) -> None:
    """Segments at any places: what is given out is in order, and each byte is the first copy."""
    stream, pieces = Stream(7, Retransmissions(1 << 16)), list[Segment | Gap]()
    first, in_time = dict[int, int](), True
    for number in range(0, min(len(data) - 3, 4000), 4):
        place, length, byte, how = data[number : number + 4]
        offset = place + (how & 3) * 64
        content = bytes([byte]) * (length % 40 + 1)
        for k, value in enumerate(content):
            first.setdefault(offset + k, value)
        pieces += stream.add(8 + offset, content, number // 4 + 1, number)
        if how & 0x80:
            pieces += stream.lost_before(8 + place)
            in_time = False  # what was given up may come too late
    pieces += stream.close()
    at = 0
    for piece in pieces:
        assert piece.offset == at, (piece.offset, at)
        at += piece.length if isinstance(piece, Gap) else len(piece.data)
        if isinstance(piece, Segment) and in_time:
            assert all(first[piece.offset + k] == value for k, value in enumerate(piece.data))
    assert len(stream.conflicts) <= MOST_CONFLICTS
    assert all(one.first != one.second for one in stream.conflicts)


def check(message: HttpMessage, limit: int) -> None:
    """What holds for any message."""
    assert 0 <= message.start <= message.end <= limit
    assert message.frames
    assert all(message.start <= at <= message.end for at, _ in message.spans)
    assert [at for at, _ in message.spans] == sorted(at for at, _ in message.spans)
    assert len(message.oddities) < 20
    body, _ = message.body.body()
    assert len(body.content) <= KEEP
    assert message.complete or message.missing


def http1(data: bytes) -> None:
    """One direction of a connection, cut anywhere, with gaps."""
    if len(data) < 3:
        return
    by, gaps, method = data[0], data[1], (None, "GET", "HEAD", "CONNECT")[data[2] & 3]
    reader, at = HttpReader(lambda _: method), 0
    messages: list[HttpMessage] = []
    for number, piece in enumerate(cut(data[3:], by)):
        if gaps and number % (gaps + 1) == gaps:
            messages += reader.feed(Gap(at, len(piece)))
        else:
            messages += reader.feed(Segment(at, piece, number + 1, number))
        at += len(piece)
    messages += reader.close()
    for message in messages:
        check(message, at)
    for one, following in itertools.pairwise(messages):
        assert one.end <= following.start
    assert reader.message is None


def http_flow(data: bytes) -> None:
    """Both directions, cut and interleaved, some segments out of order, acknowledged or lost."""
    if len(data) < 4:
        return
    by, order, where = data[0], data[1], int.from_bytes(data[2:4], "big")
    raw = data[4:]
    split = where % (len(raw) + 1)
    flow, exchanges = HttpFlow(0, 0), []
    sides = [[(0, p) for p in cut(raw[:split], by)], [(1, p) for p in cut(raw[split:], by + 1)]]
    offsets, rows = [1, 1], []
    for side, piece in (pair for pairs in zip_longest(*sides) for pair in pairs):
        rows.append((side, offsets[side], piece))
        offsets[side] += len(piece)
    if order & 1:
        rows[1:4] = reversed(rows[1:4])
    for number, (side, offset, piece) in enumerate(rows):
        if order and number % (order + 2) == order:
            continue
        exchanges += flow.feed(side, offset, piece, number + 1, number)
        if order & 2:
            exchanges += flow.acknowledge(side, offset + len(piece))
    exchanges += flow.close()
    for exchange in exchanges:
        assert exchange.request is None or exchange.request.role == "request"
        assert exchange.response is None or exchange.response.role == "response"
        assert exchange.request or exchange.response or exchange.interim
    assert not list(flow.close())


def zip_longest(*sides: list[tuple[int, bytes]]) -> list[list[tuple[int, bytes]]]:
    """The pieces of both sides in turn."""
    return [[side[at] for side in sides if at < len(side)] for at in range(max(map(len, sides)))]


CODINGS = ("gzip", "deflate", "br", "zstd", "x-gzip", "identity?")


def body(data: bytes) -> None:
    """A body under any labels: it is hashed whole, and decoding ends."""
    if len(data) < 2:
        return
    sink = BodySink()
    sink.codings = tuple(CODINGS[(data[0] >> shift) % len(CODINGS)] for shift in range(data[1] % 4))
    sink.content_type = ("text/plain", "text/html; charset=gbk", None)[data[1] % 3]
    for piece in cut(data[2:], data[0]):
        sink.add(piece)
    made, notes = sink.body()
    assert made.length == len(data) - 2
    assert (made.content_sha256 is None) or made.codings
    assert all(len(note) < 400 for note in notes)
    if made.charset:
        assert isinstance(made.content.decode(made.charset), str)


def charset(data: bytes) -> None:
    """Content with a Content-Type: a charset that is named reads all of it."""
    label, _, content = data.partition(b"\n")
    found = charset_of(content, label.decode("latin-1"))
    if found.name:
        assert isinstance(content.decode(found.name), str)


REQUEST = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbodyGET /2 HTTP/1.1\r\nHost: b\r\n\r\n"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n"
    b"4;x=y\r\nabcd\r\n2\r\nef\r\n0\r\nDigest: z\r\n\r\nHTTP/1.1 204 No\r\n\r\n"
)
ODD = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 x\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\n"
    b"abcdeHTTP/1.0 200 x\r\n\r\nrest"
)
TEXT = b"imei=490154203237518&" * 20

BODIES = (
    b"\0\1" + gzip.compress(TEXT),
    b"\1\1" + zlib.compress(TEXT),
    b"\2\1" + brotli.compress(TEXT),
    b"\3\1" + zstandard.compress(TEXT),
    b"\0\2" + gzip.compress(gzip.compress(TEXT)),
)
TARGETS: dict[str, Fuzzed] = {
    "streams": Fuzzed(streams, (bytes(range(200)), bytes(range(255, 55, -1)))),
    "http1": Fuzzed(http1, tuple(b"\x10\0\0" + data for data in (REQUEST, CHUNKED, ODD))),
    "http_flow": Fuzzed(http_flow, (b"\x20\0\0\x60" + REQUEST + CHUNKED, b"\x05\x02\0\x60" + REQUEST + ODD)),
    "body": Fuzzed(body, BODIES),
    "charset": Fuzzed(
        charset, (b"text/html; charset=utf-8\n<meta charset=gbk>", b"\n\xff\xfea\0", b"\n\xc4\xe3\xba\xc3")
    ),
    "http2": Fuzzed(upgraded.http2, upgraded.http2_seeds()),
    "late_http2": Fuzzed(upgraded.late_http2, upgraded.http2_seeds()),
    "headers": Fuzzed(upgraded.headers, upgraded.HEADER_SEEDS),
    "websocket": Fuzzed(upgraded.websocket, upgraded.WEBSOCKET_SEEDS),
    "socks": Fuzzed(upgraded.talk, upgraded.SOCKS_SEEDS),
    "tunnel": Fuzzed(upgraded.tunnel, upgraded.TUNNEL_SEEDS),
    **{name: Fuzzed(*fuzzed) for name, fuzzed in clear.TARGETS.items()},
    **{name: Fuzzed(*fuzzed) for name, fuzzed in hellos.TARGETS.items()},
}
