"""HTTP bytes for tests: fed in any segmentation, and generated messages that h11 understands."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from analyzer.dissectors.http1 import HttpMessage, HttpReader
from analyzer.flows.reassembly import Gap, Segment


class Read(NamedTuple):
    """What a message was read as, without what depends on the segmentation."""

    role: str
    method: str | None
    target: str | None
    status: int | None
    reason: str | None
    headers: tuple[tuple[str, str], ...]
    body: bytes
    start: int
    end: int
    complete: bool
    missing: tuple[str, ...]
    oddities: tuple[str, ...]


def as_read(message: HttpMessage) -> Read:
    """The comparable part of a message."""
    body, _ = message.body.body()
    return Read(
        message.role, message.method, message.target, message.status, message.reason,
        tuple(message.headers), body.content, message.start, message.end, message.complete,
        tuple(message.missing), tuple(message.oddities),
    )  # fmt: skip


def segments(data: bytes, cuts: Iterable[int] = ()) -> list[Segment]:
    """The bytes cut at these places, each piece in a frame of its own."""
    places = sorted({0, len(data), *(cut for cut in cuts if 0 < cut < len(data))})
    return [
        Segment(a, data[a:b], number + 1, number * 1000)
        for number, (a, b) in enumerate(itertools.pairwise(places))
    ]


def read(
    pieces: Sequence[Segment | Gap], close: bool = True, reader: HttpReader | None = None
) -> list[HttpMessage]:
    """The messages of one direction."""
    reader = reader or HttpReader()
    found = [message for piece in pieces for message in reader.feed(piece)]
    return found + (list(reader.close()) if close else [])


def read_whole(data: bytes, method: str | None = None) -> list[HttpMessage]:
    """The messages of bytes that came in one segment; `method` is that of the request answered."""
    return read(segments(data), reader=HttpReader(lambda _: method))


# ── generated messages ──────────────────────────────────────────────────────

TOKEN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~"
FRAMING = {
    "content-length",
    "transfer-encoding",
    "connection",
    "host",
    "expect",
    "upgrade",
    "content-encoding",
}
PRINTABLE = "".join(chr(n) for n in range(0x21, 0x7F))

names = st.text(TOKEN, min_size=1, max_size=10).filter(lambda name: name.lower() not in FRAMING)
values = st.text(PRINTABLE + " ", max_size=20).map(str.strip)
headers = st.lists(st.tuples(names, values), max_size=5)
bodies = st.binary(max_size=60)
methods = st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "M-SEARCH"])
targets = st.text(PRINTABLE, min_size=1, max_size=20).map(lambda text: "/" + text)
line_ends = st.sampled_from(["\r\n", "\r\n", "\n"])


def chunked(body: bytes, sizes: Sequence[int], extension: str = "", trailers: str = "") -> bytes:
    """A body in chunks of these sizes, over and over."""
    out, position, turn = [], 0, 0
    while position < len(body):
        size = sizes[turn % len(sizes)] if sizes else len(body)
        piece = body[position : position + size]
        out.append(b"%x%s\r\n%s\r\n" % (len(piece), extension.encode(), piece))
        position, turn = position + len(piece), turn + 1
    return b"".join(out) + b"0\r\n" + trailers.encode() + b"\r\n"


class Sent(NamedTuple):
    """A message as it is sent."""

    data: bytes
    method: str | None
    target: str | None
    status: int | None
    headers: tuple[tuple[str, str], ...]
    body: bytes


@st.composite
def requests(draw: st.DrawFn) -> Sent:
    """A valid request: no body, a sized one or a chunked one."""
    method, target, body = draw(methods), draw(targets), draw(bodies)
    fields = [("Host", "example.com"), *draw(headers)]
    data = _framed(draw, fields, body, f"{method} {target} HTTP/1.1\r\n")
    return Sent(data, method, target, None, tuple(fields), body)


@st.composite
def responses(draw: st.DrawFn) -> Sent:
    """A valid response with a sized or chunked body."""
    status, body, fields = draw(st.sampled_from([200, 201, 302, 404, 500])), draw(bodies), [*draw(headers)]
    data = _framed(draw, fields, body, f"HTTP/1.1 {status} Some reason\r\n", always=True)
    return Sent(data, None, None, status, tuple(fields), body)


def _framed(
    draw: st.DrawFn, fields: list[tuple[str, str]], body: bytes, start: str, always: bool = False
) -> bytes:
    """Start line, headers and body; the framing header is added to `fields`."""
    coded = body
    if draw(st.booleans()):
        fields.append(("Transfer-Encoding", "chunked"))
        coded = chunked(
            body, draw(st.lists(st.integers(1, 20), max_size=3)), draw(st.sampled_from(["", ";a=b"]))
        )
    elif body or always:
        fields.append(("Content-Length", str(len(body))))
    head = start + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
    return head.encode() + coded
