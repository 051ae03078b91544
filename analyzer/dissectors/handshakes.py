"""Flows of TLS, QUIC and DTLS to what their hellos tell: names, versions, protocols, fingerprints.

Of TLS the client's first bytes are read and the server's first segment; of QUIC the Initial packets of
whichever side can be opened; of DTLS both sides' handshake records. Each until its hello is whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from analyzer.capture.batch import Batch
from analyzer.dissectors.advertised_names import server_name
from analyzer.dissectors.certificates import ClientFlight
from analyzer.dissectors.clear_message import MessagePlace
from analyzer.dissectors.client_hello import Hello, read_client_hello
from analyzer.dissectors.datagrams import LearnedName
from analyzer.dissectors.dtls import DtlsReader
from analyzer.dissectors.http1 import HttpMessage
from analyzer.dissectors.payload_rows import PayloadRow, first_sequence, isn, payload
from analyzer.dissectors.quic import InitialReader
from analyzer.dissectors.quic_google import CHLO, GoogleHello, agent_in, chlo, google_hello
from analyzer.dissectors.tls import CLIENT_HELLO, ServerName, server_version, told
from analyzer.flows.flow_ids import New, moved, moved_pairs
from analyzer.flows.flow_table import (
    DTLS,
    HANDED,
    KIND,
    MARKS,
    QUIC,
    TLS,
    TLS_BYTES,
    TLS_FROM_B,
    TLS_OVER,
    Flows,
)
from analyzer.flows.reassembly import Segment, Stream
from analyzer.flows.retransmissions import Retransmissions

# Flows whose hello is still incomplete at most; the oldest gives way.
MOST_OPEN = 1024

IN_INITIAL = "read in QUIC's Initial packet, whose keys anyone on the way can derive"

K = TypeVar("K")
T = TypeVar("T")

# Kinds of flow that begin with hellos.
HELLO_KINDS = (TLS, QUIC, DTLS)


class Handshakes:
    """Reads hellos over the batches of a capture; `of` maps a flow to what its hellos told."""

    def __init__(self, names: list[LearnedName]) -> None:
        self.of: dict[int, Hello] = {}
        self.agents: dict[int, tuple[str, int]] = {}  # flow → the program a QUIC client names, frame
        self.messages: list[tuple[int, int, HttpMessage]] = []  # of names and certificates: flow, side
        self._names = names
        self._streams: dict[int, _ClientStream] = {}
        self._initials: dict[tuple[int, int], InitialReader] = {}
        self._dtls: dict[tuple[int, int], DtlsReader] = {}

    def read(self, batch: Batch, group: Sequence[PayloadRow], flows: Flows) -> None:
        """The payloads of one flow, in the order of capture."""
        kind = flows.numbers[group[0].flow, KIND]
        read = self._quic if kind == QUIC else self._dtls_records if kind == DTLS else self._tls
        read(batch, group, flows)

    def renumber(self, new: New) -> None:
        """Go on with new numbers of flows (`flows.renumbering`)."""
        self.of, self.agents = moved(self.of, new), moved(self.agents, new)
        self._streams = moved(self._streams, new)
        self._initials, self._dtls = moved_pairs(self._initials, new), moved_pairs(self._dtls, new)

    # ── TLS ─────────────────────────────────────────────────────────────

    def _tls(self, batch: Batch, group: Sequence[PayloadRow], flows: Flows) -> None:
        flow = group[0].flow
        client = 1 if flows.numbers[flow, MARKS] & TLS_FROM_B else 0
        mine = [row for row in group if row.direction == client]
        for row in group:
            if row.direction != client:
                self._chosen(flow, server_version(payload(batch, row)))
        if mine and flows.numbers[flow, TLS_BYTES]:
            self._client_bytes(batch, mine, flows)

    def _client_bytes(self, batch: Batch, rows: Sequence[PayloadRow], flows: Flows) -> None:
        flow, side = rows[0].flow, rows[0].direction
        client = self._streams.get(flow)
        if client is None:
            client = self._streams[flow] = _ClientStream(isn(flows, flow, side), rows)
            _shorten(self._streams)
        for row in rows:
            client.feed(row, payload(batch, row))
        server = client.server
        if server.hello is not None:
            self._tell(flow, server.hello, time_ns=rows[-1].time_ns, side=side)
        if client.flight.certificate is not None:
            self.messages.append((flow, side, client.flight.certificate))
        is_over = flows.numbers[flow, MARKS] & TLS_OVER or flows.numbers[flow, HANDED + side] >= int(
            flows.numbers[flow, TLS_BYTES]
        )
        if (server.done and (server.hello is None or client.flight.done)) or is_over:
            del self._streams[flow]
            flows.numbers[flow, TLS_BYTES] = 0  # nothing more is wanted

    # ── QUIC ────────────────────────────────────────────────────────────

    def _quic(self, batch: Batch, group: Sequence[PayloadRow], flows: Flows) -> None:
        for row in group:
            hello = self._quic_hello(row, payload(batch, row))
            if hello is not None:
                via = IN_INITIAL if hello.offered else ""
                self._tell(row.flow, hello, via, row.time_ns, row.direction)
                self._forget(self._initials, row.flow, flows)
                return
        _shorten(self._initials)

    def _quic_hello(self, row: PayloadRow, datagram: bytes) -> Hello | None:
        """What a client tells, once its hello is whole."""
        if google := google_hello(datagram):
            return self._google(row, google)
        reader = self._initials.setdefault((row.flow, row.direction), InitialReader())
        reader.feed(datagram)
        message = reader.message or b""
        if message.startswith(CHLO) and (google := chlo(message, reader.version)):
            return self._google(row, google)
        if message[:1] != bytes([CLIENT_HELLO]):
            return None
        found = read_client_hello(message[4 : 4 + int.from_bytes(message[1:4], "big")])
        if found is None:
            return None
        if agent := agent_in(found.extensions):
            self.agents[row.flow] = (agent, row.frame)
        return told(found, "q", row.frame, reader.version)

    def _google(self, row: PayloadRow, seen: GoogleHello) -> Hello:
        if seen.agent:
            self.agents[row.flow] = (seen.agent, row.frame)
        return Hello(0, name=seen.name, frame=row.frame, quic=seen.version)

    # ── DTLS ────────────────────────────────────────────────────────────

    def _dtls_records(self, batch: Batch, group: Sequence[PayloadRow], flows: Flows) -> None:
        flow = group[0].flow
        for row in group:
            reader = self._dtls.setdefault((flow, row.direction), DtlsReader())
            was_done = reader.done
            reader.feed(payload(batch, row), row.frame)
            if reader.done and not was_done:
                if reader.hello is not None:
                    self._tell(flow, reader.hello, time_ns=row.time_ns, side=row.direction)
                self._chosen(flow, reader.chosen)
        hello = self.of.get(flow)
        if hello is not None and hello.chosen is not None:
            self._forget(self._dtls, flow, flows)
        _shorten(self._dtls)

    # ── all ─────────────────────────────────────────────────────────────

    def _tell(self, flow: int, hello: Hello, via: str = "", time_ns: int = 0, side: int = 0) -> None:
        """The first hello of a flow counts: a second one repeats it with a cookie or another group."""
        known = self.of.get(flow)
        if known is not None and known.frame:
            return
        hello.chosen = known.chosen if known else None
        self.of[flow] = hello
        if hello.name:
            self._names.append(LearnedName("sni", hello.name, hello.frame, flow=flow, via=via))
            place = MessagePlace(0, 0, (hello.frame,), time_ns, time_ns)
            if (made := server_name(hello.name, place)) is not None:
                self.messages.append((flow, side, made))

    def _chosen(self, flow: int, version: int | None) -> None:
        if version is not None:
            self.of.setdefault(flow, Hello(0)).chosen = version

    def _forget(self, readers: dict[tuple[int, int], T], flow: int, flows: Flows) -> None:
        readers.pop((flow, 0), None)
        readers.pop((flow, 1), None)
        flows.numbers[flow, TLS_BYTES] = 0  # nothing more is wanted


class _ClientStream:
    """The client's side of a TLS flow until its hello is whole."""

    __slots__ = ("flight", "server", "stream")

    def __init__(self, isn: int | None, rows: Sequence[PayloadRow]) -> None:
        self.stream = Stream(isn, Retransmissions(0))
        self.server = ServerName()
        self.flight = ClientFlight()
        if self.stream.base is None:
            self.stream.begin(first_sequence(rows))

    def feed(self, row: PayloadRow, data: bytes) -> None:
        for piece in self.stream.add(row.sequence, data, row.frame, row.time_ns):
            if isinstance(piece, Segment):
                self.server.feed(piece.data, piece.frame)
                self.flight.feed(piece.data, piece.offset, piece.frame, piece.time_ns)


def _shorten(readers: dict[K, T]) -> None:
    """Let the oldest go."""
    while len(readers) > MOST_OPEN:
        del readers[next(iter(readers))]
