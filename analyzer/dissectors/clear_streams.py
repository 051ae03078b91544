"""TCP flows of clear text other than HTTP, on any port, to exchanges: recognised by their first bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import numpy as np

from analyzer.capture.batch import Batch
from analyzer.dissectors import bare_documents, coap, mqtt, registry, sip, syslog, text_logins
from analyzer.dissectors.clear_message import ClearExchange, Reader
from analyzer.dissectors.direction_roles import client_of, searched_sides
from analyzer.dissectors.exchange import Exchange
from analyzer.dissectors.layout_stream import DocumentedStream
from analyzer.dissectors.memory_estimate import held
from analyzer.dissectors.payload_rows import PayloadRow, first_sequence, isn, taken_before
from analyzer.dissectors.payload_rows import payload as bytes_of
from analyzer.dissectors.stream_log import StreamLog
from analyzer.dissectors.unclassified import other_readings
from analyzer.flows.flow_ids import New, moved, moved_set
from analyzer.flows.flow_table import (
    A_PORT,
    ACK_NUMBER,
    B_PORT,
    FINISHED,
    FLAGS,
    HAS_ACK_A,
    HAS_ISN_A,
    HAS_ISN_B,
    KIND,
    LAST_NS,
    MARKS,
    OPAQUE,
    PACKETS,
    TEXT,
    Flows,
)  # fmt: skip
from analyzer.flows.kernel import FIN, RST
from analyzer.flows.reassembly import Gap, Segment, Stream
from analyzer.flows.retransmissions import Retransmissions
from analyzer.flows.tracker import FlowIds
from analyzer.layouts import Layouts
from analyzer.packets.packet_table import Packets
from analyzer.system.containment import Failures, contained

# Segments that are looked at before a flow counts as something else.
TRIES = 3
MOST_MESSAGES = 20_000  # of one protocol; further ones are counted
# Exchanges of a flow that wait for the next batch, which may show them acknowledged.
MOST_WAITING = 1024
# A closed connection is kept this long for stragglers, in nanoseconds of capture time.
LINGER_NS = 10_000_000_000

FIRST = (
    bare_documents.FIRST
    | frozenset(b"<+*1234567890")
    | frozenset((0x10, text_logins.IAC))
    | frozenset(range(0, 0xE0, 0x10))  # CoAP without a token
)
# Bytes of a first payload that show whether a protocol of the registry may begin there.
LOOKED_AT = 512
NO_LAYOUTS = Layouts()
UNNAMED = "clear text"  # stands for readers that have not told their protocol yet
# Log-ins stand at the beginning, so that of these no more than that is wanted.
BEGINNING_ONLY = frozenset(text_logins.DIALOGUES) - {"smtp"} | {"telnet", ""}


def reader_for(
    data: bytes,
    side: int,
    client: int,
    port: int,
    begins: bool,
    searched: tuple[bool, bool] = (True, True),
    layouts: Layouts = NO_LAYOUTS,
) -> Reader | None:
    """Who reads a flow in which `side` says `data` first; None where nobody does.

    `port` is the server's; `begins` whether the connection's beginning was captured; `searched` of which side
    what it sends is searched. `layouts` are grammars of the dossiers.
    """
    if mqtt.opens(data):
        return mqtt.MqttFlow(side)
    if coap.opens_stream(data):
        return coap.CoapStream(client)
    if syslog.opens_stream(data):
        return syslog.SyslogStream(side)
    if text_logins.opens_telnet(data):
        return text_logins.TelnetStream(client)
    if sip.opens(data):
        return sip.SipStream(client, data)
    if side != client and text_logins.GREETING.match(data):
        return text_logins.LoginStream(client, port)
    if side == client and text_logins.one_sided(data, port):
        return text_logins.LoginStream(client, port)
    if port == mqtt.PORT and mqtt.is_chain(data):
        return mqtt.MqttFlow(client)
    if (row := registry.of_stream(data, side == client, port)) is not None:
        reader: Reader = registry.load(row.unit)(client, port, searched)
        return reader
    if side == client and (layout := layouts.of_stream(data)) is not None:
        of_layout: Any = DocumentedStream
        documented: Reader = of_layout(layout, client, port, searched)
        return documented
    # Behind the beginning such bytes may as well be part of an HTTP body.
    return bare_documents.PlainStream(client) if begins and bare_documents.may_begin(data) else None


class OpenStream:
    """A flow that is being read, or not yet recognised."""

    __slots__ = ("client", "fed", "missing", "reader", "segments", "streams", "waiting")

    def __init__(self, client: int, isn_a: int | None, isn_b: int | None, recent: Retransmissions) -> None:
        self.client = client
        self.streams = (Stream(isn_a, recent), Stream(isn_b, recent))
        self.missing: list[tuple[int, Gap]] = []
        self.reader: Reader | None = None
        self.fed = 0  # bytes that the reader was given
        self.segments: list[tuple[int, Segment]] = []  # until somebody reads them
        self.waiting: list[Exchange] = []


class ClearStreams:
    """Follows TCP flows over the batches of a capture. `kinds` names those that were recognised."""

    def __init__(self, notes: StreamLog, failures: Failures, layouts: Layouts = NO_LAYOUTS) -> None:
        """`failures` gets what could not be read; such a flow is dismissed. `layouts` are of dossiers."""
        self._layouts = layouts
        self._notes, self._failures = notes, failures
        self.kinds: dict[int, str] = {}
        self.sealed: dict[int, int] = {}  # flow → bytes before the TLS that both sides agreed on
        self.left_out: Counter[str] = Counter()  # messages beyond the limit
        self.gaps = self.gap_bytes = 0  # of what was recognised
        self._open: dict[int, OpenStream] = {}
        self._dismissed: set[int] = set()
        self._taken: Counter[str] = Counter()

    def dismiss(self, flow: int) -> None:
        """Somebody else reads this flow."""
        self._open.pop(flow, None)
        self._dismissed.add(flow)

    def read(
        self, batch: Batch, packets: Packets, ids: FlowIds, group: list[PayloadRow], flows: Flows,
        frames: list[int] | None, in_order: bool,
    ) -> Iterator[ClearExchange]:  # fmt: skip
        """Exchanges that the rows of one flow finish; nothing while the flow isn't recognised.

        `in_order` says that no segment is to come later in place of one that was acknowledged.
        """
        flow = group[0].flow
        try:
            yield from self._read(batch, packets, ids, group, flows, frames, in_order)
        except Exception as error:
            failed = contained(error, "flow", self._name_of(flow), flow, group[0].frame)
            self._failures.add(failed, taken_before(group, flows))
            yield from self._abandon(flow, flows)

    def _read(
        self, batch: Batch, packets: Packets, ids: FlowIds, group: list[PayloadRow], flows: Flows,
        frames: list[int] | None, in_order: bool,
    ) -> Iterator[ClearExchange]:  # fmt: skip
        flow = group[0].flow
        at = self._open.get(flow)
        if at is None:
            if flow in self._dismissed or flows.numbers[flow, KIND] == TEXT:
                return
            if batch.data[group[0].start] not in FIRST and not self._may_begin(
                bytes_of(batch, group[0])[:LOOKED_AT]
            ):
                self._dismissed.add(flow)
                return
            ends = isn(flows, flow, 0), isn(flows, flow, 1)
            at = self._open[flow] = OpenStream(client_of(flows, flow), *ends, self._notes.recent)
        yield from self._settle(flow, at, flows)
        for side in (0, 1):
            rows = [row for row in group if row.direction == side]
            if rows and at.streams[side].base is None:
                at.streams[side].begin(first_sequence(rows))
        yield from self._rows(batch, group, flow, at, flows)
        if flow in self._open and at.reader is not None and at.reader.name not in BEGINNING_ONLY:
            if flows.numbers[flow, KIND] == OPAQUE:  # its limit was met in this very batch
                yield from self._rows(batch, _rest(batch, packets, ids, flow, frames), flow, at, flows)
            flows.numbers[flow, KIND] = TEXT
        if in_order and flow in self._open:
            self._give_up_lost(flow, at, flows)
        if at.reader is not None and at.reader.proven:
            self.kinds[flow] = at.reader.name
        if flow in self._open and at.reader is not None and at.reader.ended:
            yield from self._close(flow, flows)

    def waiting(self, flow: int, flows: Flows) -> Iterator[ClearExchange]:
        """What a flow has given that waits for its acknowledgement to be seen."""
        at = self._open.get(flow)
        if at is None:
            return
        for exchange in at.waiting:
            yield ClearExchange(flow, exchange, _delivered(flow, at, exchange, flows))

    def retire(self, flows: Flows, now_ns: int) -> Iterator[ClearExchange]:
        """Close connections that ended some time ago."""
        if not self._open:
            return
        active = np.fromiter(self._open, np.int64, len(self._open))
        flags = flows.pair(FLAGS)[active]
        ended = ((flags & FIN) != 0).all(axis=1) | ((flags & RST) != 0).any(axis=1)
        quiet = flows.one(LAST_NS)[active] < now_ns - LINGER_NS
        for flow in active[ended & quiet].tolist():
            recognised = flow in self.kinds
            yield from self._close(flow, flows)
            if recognised:
                flows.numbers[flow, KIND] = FINISHED

    def close(self, flows: Flows) -> Iterator[ClearExchange]:
        """What the end of the capture leaves."""
        for flow in list(self._open):
            yield from self._close(flow, flows)

    def let_go(self, gone: Iterable[int], flows: Flows) -> Iterator[ClearExchange]:
        """Close those of these flows that are being read."""
        for flow in gone:
            if flow in self._open:
                yield from self._close(flow, flows)

    def held(self, flow: int) -> int:
        """Bytes that the reader of a flow holds."""
        return held(self._open.get(flow))

    def may_take(self, flow: int) -> bool:
        """Whether a flow that no reader has proven may yet turn out to be one of these."""
        return flow in self._open

    def reading(self) -> Collection[int]:
        """The flows that are being read."""
        return self._open.keys()

    def renumber(self, new: New) -> None:
        """Go on with new numbers of flows (`flows.renumbering`)."""
        self.kinds, self._open = moved(self.kinds, new), moved(self._open, new)
        self.sealed = moved(self.sealed, new)
        self._dismissed = moved_set(self._dismissed, new)

    # ── parts ───────────────────────────────────────────────────────────

    def _may_begin(self, data: bytes) -> bool:
        return registry.may_begin(data) or self._layouts.may_begin(data)

    def _rows(
        self, batch: Batch, rows: list[PayloadRow], flow: int, at: OpenStream, flows: Flows
    ) -> Iterator[ClearExchange]:
        """Read rows; exchanges that don't wait for the next batch, where more are under way than may wait."""
        for row in rows:
            if len(at.waiting) > MOST_WAITING:
                yield from self._settle(flow, at, flows)
            stream = at.streams[row.direction]
            for piece in stream.add(row.sequence, bytes_of(batch, row), row.frame, row.time_ns):
                if flow not in self._open:
                    return
                self._piece(flow, at, row.direction, piece, flows)
            if flow not in self._open or (at.reader is not None and at.reader.ended):
                return

    def _give_up_lost(self, flow: int, at: OpenStream, flows: Flows) -> None:
        """What the receiver acknowledged and the capture lacks won't come again."""
        for side in (0, 1):
            if flows.numbers[flow, MARKS] & (HAS_ACK_A << (1 - side)):
                acknowledged = int(flows.numbers[flow, ACK_NUMBER + 1 - side])
                for piece in at.streams[side].lost_before(acknowledged):
                    if flow not in self._open:
                        return
                    self._piece(flow, at, side, piece, flows)

    def _piece(self, flow: int, at: OpenStream, side: int, piece: Segment | Gap, flows: Flows) -> None:
        if self._open.get(flow) is not at:  # dismissed by a piece before this one, of the same segment
            return
        if at.reader is not None:
            self._feed(at, side, piece)
            return
        if isinstance(piece, Gap):
            return
        at.segments.append((side, piece))
        opening = b"".join(segment.data for of, segment in at.segments if of == side)
        marks = int(flows.numbers[flow, MARKS])
        begins = bool(marks & (HAS_ISN_A | HAS_ISN_B)) and at.segments[0][1].offset == 0
        port = int(flows.numbers[flow, B_PORT if at.client == 0 else A_PORT])
        at.reader = reader_for(
            opening, side, at.client, port, begins, searched_sides(flows, flow), self._layouts
        )
        if at.reader is not None:
            held, at.segments = at.segments, []
            for of, segment in held:
                self._feed(at, of, segment)
        elif len(at.segments) >= TRIES:
            self.dismiss(flow)

    def _feed(self, at: OpenStream, side: int, piece: Segment | Gap) -> None:
        assert at.reader is not None
        if isinstance(piece, Gap):
            at.missing.append((side, piece))
        if not at.reader.ended:
            at.fed += piece.length if isinstance(piece, Gap) else len(piece.data)
            at.waiting += at.reader.feed(side, piece)

    def _settle(self, flow: int, at: OpenStream, flows: Flows) -> Iterator[ClearExchange]:
        """Exchanges of earlier batches: by now the acknowledgements of their bytes are seen."""
        waiting, at.waiting = at.waiting, []
        for exchange in waiting:
            made = exchange.request or exchange.response
            assert made is not None
            self._taken[made.protocol] += 1
            if self._taken[made.protocol] > MOST_MESSAGES:
                self.left_out[made.protocol] += 1
                continue
            yield ClearExchange(flow, exchange, _delivered(flow, at, exchange, flows))

    def _close(self, flow: int, flows: Flows) -> Iterator[ClearExchange]:
        at = self._open.pop(flow)
        self._dismissed.add(flow)
        if at.reader is None:
            return
        try:
            self._finish(flow, at, at.reader, flows)
        except Exception as error:
            self._failures.add(contained(error, "flow", at.reader.name or UNNAMED, flow))
        yield from self._settle(flow, at, flows)

    def _finish(self, flow: int, at: OpenStream, reader: Reader, flows: Flows) -> None:
        """Have the reader of a flow take what its streams hold, and note what it met."""
        for side in (reader.client, 1 - reader.client):
            for piece in at.streams[side].close():
                self._feed(at, side, piece)
        at.waiting += reader.close()
        at.waiting += other_readings(at.streams[reader.client], reader.client)
        if getattr(reader, "sealed", False):
            self.sealed[flow] = at.fed
        if reader.proven:
            self.kinds[flow] = reader.name
            self._notes.take(flow, at)
            self.gaps += len(at.missing)
            self.gap_bytes += sum(gap.length for _, gap in at.missing)
        elif flows.numbers[flow, KIND] == TEXT:
            flows.numbers[flow, KIND] = OPAQUE

    def _abandon(self, flow: int, flows: Flows) -> Iterator[ClearExchange]:
        """Read no more of a flow whose reader failed; what it had read until then is kept."""
        at = self._open.pop(flow, None)
        self._dismissed.add(flow)
        if at is None:
            return
        if at.reader is not None:
            with self._failures.silent():
                at.waiting += at.reader.close()
            if at.reader.proven:
                self.kinds[flow] = at.reader.name
        yield from self._settle(flow, at, flows)

    def _name_of(self, flow: int) -> str:
        at = self._open.get(flow)
        return UNNAMED if at is None or at.reader is None else at.reader.name or UNNAMED


def _delivered(flow: int, at: OpenStream, exchange: Exchange, flows: Flows) -> bool | None:
    """Whether the request's last byte was acknowledged; None where nothing of the other side was seen."""
    request, answering = exchange.request, 1 - exchange.direction
    if request is None or not flows.numbers[flow, PACKETS + answering]:
        return None
    if not flows.numbers[flow, MARKS] & (HAS_ACK_A << answering):
        return False
    end = at.streams[exchange.direction].sequence_at(request.end)
    return (int(flows.numbers[flow, ACK_NUMBER + answering]) - end) % (1 << 32) < 1 << 31


def _rest(
    batch: Batch, packets: Packets, ids: FlowIds, flow: int, frames: list[int] | None
) -> list[PayloadRow]:  # fmt: skip
    """The rows of a flow that the kernel did not hand on, since the flow seemed opaque to it."""
    rows = np.flatnonzero((ids.flow == flow) & (ids.handed == 0) & (packets.payload_captured > 0))
    sequence = packets.sequence[rows] + ((packets.flags[rows] & 2) != 0)
    frame = np.asarray(frames, np.int64)[rows] if frames else rows + batch.first_frame
    columns = (
        ids.direction[rows], sequence & 0xFFFFFFFF, packets.payload[rows], packets.payload_captured[rows],
        frame, batch.records.time_ns[rows],
    )  # fmt: skip
    return [PayloadRow(flow, *values) for values in zip(*(c.tolist() for c in columns), strict=True)]
