"""Conversations for tests: what two libraries send each other, cut anyhow, to what the analyzer reads."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import h2.config
import h2.connection

from analyzer.dissectors.clear_message import UNCLASSIFIED
from analyzer.dissectors.exchange import Exchange
from analyzer.dissectors.http1 import HttpMessage
from analyzer.dissectors.http_flow import HttpFlow
from analyzer.flows.reassembly import Gap, Segment
from analyzer.model import Body

CLIENT, SERVER = 0, 1
Sent = tuple[int, bytes]
"""A direction and the bytes that went there."""


class Heard(NamedTuple):
    """What a message was read as, without what depends on the segmentation."""

    role: str
    protocol: str
    method: str | None
    target: str | None
    authority: str | None
    status: int | None
    headers: tuple[tuple[str, str], ...]
    body: bytes
    start: int
    end: int
    missing: tuple[str, ...]
    oddities: tuple[str, ...]
    tunnel: tuple[str, ...]


def heard(message: HttpMessage) -> Heard:
    """The comparable part of a message."""
    return Heard(
        message.role, message.protocol or f"http/{message.version}", message.method, message.target,
        message.authority, message.status, tuple(message.headers), body_of(message).content, message.start,
        message.end, tuple(message.missing), tuple(message.oddities), message.tunnel,
    )  # fmt: skip


def body_of(message: HttpMessage) -> Body:
    """The body as the report would have it."""
    return message.body.body()[0]


def pieces(
    sent: Iterable[Sent], cut: Callable[[bytes], Sequence[int]] = lambda _: ()
) -> list[tuple[int, Segment]]:
    """Segments in the order of the conversation, each a frame; `cut` says where bytes are cut further."""
    offsets, found, frames = [0, 0], [], itertools.count(1)
    for direction, data in sent:
        places = sorted({0, len(data), *(place for place in cut(data) if 0 < place < len(data))})
        for start, end in itertools.pairwise(places):
            frame = next(frames)
            found.append((direction, Segment(offsets[direction], data[start:end], frame, frame * 1000)))
            offsets[direction] += end - start
    return found


def read(found: Iterable[tuple[int, Segment | Gap]], flow: HttpFlow | None = None) -> list[Exchange]:
    """The exchanges of a conversation, up to its end."""
    flow = flow or HttpFlow(None, None)
    exchanges = [exchange for direction, piece in found for exchange in flow.read(direction, piece)]
    return [exchange for exchange in (*exchanges, *flow.finish()) if not is_unclassified(exchange)]


def is_unclassified(exchange: Exchange) -> bool:
    """Whether it is made of what no reader took."""
    return exchange.request is not None and exchange.request.protocol == UNCLASSIFIED


def messages(exchanges: Iterable[Exchange]) -> list[HttpMessage]:
    """Requests and responses in the order in which they are given out."""
    return [m for exchange in exchanges for m in (exchange.request, exchange.response) if m is not None]


def lost(found: Sequence[tuple[int, Segment]], *frames: int) -> list[tuple[int, Segment | Gap]]:
    """The same with these frames not captured."""
    return [
        (direction, Gap(piece.offset, len(piece.data)) if piece.frame in frames else piece)
        for direction, piece in found
    ]


class Http2Talk:
    """An HTTP/2 connection between two h2 endpoints; `sent` is what went over the wire."""

    def __init__(self) -> None:
        self.client = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self.server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self.sent: list[Sent] = []

    def begin(self) -> Http2Talk:
        """Prefaces and settings both ways."""
        self.client.initiate_connection()
        self.server.initiate_connection()
        return self.pass_on()

    def pass_on(self) -> Http2Talk:
        """Deliver what both sides have to send, until they have no more."""
        while (up := self.client.data_to_send()) or (down := self.server.data_to_send()):
            if up:
                self.sent.append((CLIENT, up))
                self.server.receive_data(up)
            else:
                self.sent.append((SERVER, down))
                self.client.receive_data(down)
        return self

    def ask(
        self, stream: int, path: str, body: bytes = b"", *more: tuple[str, str], **padding: Any
    ) -> Http2Talk:
        """A request, with a body if one is given."""
        fields = [(":method", "POST" if body else "GET"), (":path", path), (":scheme", "http")]
        self.client.send_headers(stream, [*fields, (":authority", "example.com"), *more], end_stream=not body)
        for start in range(0, len(body), 10_000):
            end = start + 10_000
            self.client.send_data(stream, body[start:end], end_stream=end >= len(body), **padding)
            self.pass_on()
            self._open_windows(self.server, stream, body[start:end])
        return self.pass_on()

    def answer(self, stream: int, body: bytes = b"", *more: tuple[str, str], trailers: Any = ()) -> Http2Talk:
        """A response."""
        self.server.send_headers(stream, [(":status", "200"), *more], end_stream=not body and not trailers)
        for start in range(0, len(body), 10_000):
            end = start + 10_000
            self.server.send_data(stream, body[start:end], end_stream=end >= len(body) and not trailers)
            self.pass_on()
            self._open_windows(self.client, stream, body[start:end])
        if trailers:
            self.server.send_headers(stream, trailers, end_stream=True)
        return self.pass_on()

    def _open_windows(self, receiver: Any, stream: int, data: bytes) -> None:
        if len(data) == 10_000:
            receiver.increment_flow_control_window(20_000)
            receiver.increment_flow_control_window(20_000, stream)
            self.pass_on()
