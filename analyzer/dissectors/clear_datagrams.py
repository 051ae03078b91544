"""UDP datagrams of clear text, on any port, to exchanges: CoAP, syslog, bare documents; SSDP and mDNS apart.

Rows are chosen by columns and first bytes; a flow whose first datagrams are of no known form is left alone.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer.capture.batch import Batch
from analyzer.dissectors import bare_documents, coap, mdns, registry, sip, ssdp, syslog
from analyzer.dissectors.clear_message import ClearExchange, MessagePlace, message
from analyzer.dissectors.coap import CoapFlow
from analyzer.dissectors.exchange import Exchange
from analyzer.dissectors.http1 import HttpMessage, begins_message, whole_message
from analyzer.dissectors.layout_stream import datagram_messages
from analyzer.dissectors.local_discovery import LocalNetwork
from analyzer.flows.address_text import address_text
from analyzer.flows.flow_ids import New, moved, moved_column
from analyzer.flows.flow_table import KIND, NOTHING, PACKETS, Flows
from analyzer.flows.tracker import FlowIds
from analyzer.layouts import Layouts
from analyzer.packets.batch_summary import CLEAR, NAMING, BatchSummary
from analyzer.packets.packet_table import (
    DESTINATION_HI,
    DESTINATION_LO,
    PAYLOAD_WIRE,
    SOURCE_HI,
    SOURCE_LO,
    Packets,
)
from analyzer.system.containment import Failures, contained

# Datagrams of a flow that are looked at before it counts as something else.
TRIES = 8
DISMISSED, KNOWN = 254, 255
UNNAMED = "clear text"  # stands for the readers of flows that no form is known of
# Flows of CoAP with something under way, at most; the one that was quiet longest gives way.
MOST_FLOWS = 4096
# Messages of one protocol, at most; further ones are counted.
MOST_MESSAGES = 20_000

# What a datagram of any of these may begin with: CoAP version 1 (which holds most letters), or text.
NO_LAYOUTS = Layouts()
FIRST = np.zeros(256, np.bool_)
FIRST[0x40:0x80] = True
FIRST[list(bare_documents.FIRST | frozenset(b"<") | registry.UDP_FIRSTS)] = True


class ClearDatagrams:
    """Follows UDP flows over the batches of a capture."""

    def __init__(
        self, share: float = 1.0, failures: Failures | None = None, layouts: Layouts = NO_LAYOUTS
    ) -> None:
        """`share` is the part of the usual bound on what is said in the local network.

        `failures` gets each datagram that could not be read. `layouts` are grammars of the dossiers.
        """
        self._layouts = layouts
        self._firsts = FIRST.copy()
        self._firsts[list(layouts.firsts)] = True
        self._failures = Failures() if failures is None else failures
        self.kinds: dict[int, str] = {}  # flow → what it carries
        self.local = LocalNetwork(share)
        self.left_out: Counter[str] = Counter()  # messages beyond the limit
        self._state: NDArray[np.uint8] = np.zeros(0, np.uint8)  # datagrams looked at, DISMISSED or KNOWN
        self._coap: dict[int, CoapFlow] = {}
        self._taken: Counter[str] = Counter()
        self.rows: set[int] = set()  # of the batch that was read last: those of a known form

    def read(
        self, batch: Batch, packets: Packets, outline: BatchSummary, ids: FlowIds, flows: Flows,
        frames: list[int] | None,
    ) -> Iterator[ClearExchange]:  # fmt: skip
        """Exchanges that this batch finishes; `frames` gives the frame numbers of rebuilt datagrams."""
        self.rows.clear()
        naming = np.flatnonzero(outline.marks & NAMING)
        for row in naming[packets.source_port[naming] == mdns.PORT].tolist():
            frame = frames[row] if frames else batch.first_frame + row
            spoken = self._failures.attempt("datagram", "mDNS", frame, self._mdns, batch, packets, row)
            for said in spoken or ():
                self._hear(said, batch, packets, ids, row, frames)
        rows = self._unjudged(np.flatnonzero(outline.marks & CLEAR), ids, flows)
        for row in self._promising(batch, packets, ids, rows).tolist():
            try:
                for flow, exchange, acknowledged in self._datagram(batch, packets, ids, row, frames):
                    yield ClearExchange(flow, exchange, _delivered(flows, flow, exchange, acknowledged))
            except Exception as error:
                flow, frame = int(ids.flow[row]), frames[row] if frames else batch.first_frame + row
                self._failures.add(contained(error, "datagram", self.kinds.get(flow, UNNAMED), flow, frame))
                yield from self.let_go((flow,), flows)

    def _mdns(self, batch: Batch, packets: Packets, row: int) -> list[ssdp.SsdpFact]:
        return list(mdns.said_in(_payload(batch, packets, row)))

    def waiting(self, flow: int) -> Iterator[ClearExchange]:
        """Requests of CoAP that wait for their answers."""
        conversation = self._coap.get(flow)
        for exchange, acknowledged in conversation.waiting() if conversation is not None else ():
            yield ClearExchange(flow, exchange, acknowledged or None)

    def close(self, flows: Flows) -> Iterator[ClearExchange]:
        """What the end of the capture leaves unanswered."""
        yield from self.let_go(list(self._coap), flows)

    def let_go(self, gone: Iterable[int], flows: Flows) -> Iterator[ClearExchange]:
        """Close those of these flows that are being read."""
        for flow in gone:
            conversation = self._coap.pop(flow, None)
            left = conversation.close() if conversation else ()
            for exchange, acknowledged in self._failures.guarded(left, "datagram", "coap"):
                yield ClearExchange(flow, exchange, _delivered(flows, flow, exchange, acknowledged))

    def renumber(self, new: New, count: int) -> None:
        """Go on with new numbers of flows (`flows.renumbering`); there are `count` of them."""
        self.kinds, self._coap = moved(self.kinds, new), moved(self._coap, new)
        self._state = moved_column(self._state, new, count)
        self.local.renumber(new)

    # ── choosing rows ───────────────────────────────────────────────────

    def _unjudged(self, rows: NDArray[np.intp], ids: FlowIds, flows: Flows) -> NDArray[np.intp]:
        """The rows of flows that are known or may yet be, QUIC and what else is encrypted left out."""
        if not len(rows):
            return rows
        flow = ids.flow[rows]
        self._grow(int(flow.max()) + 1)
        live = (self._state[flow] != DISMISSED) & (flow >= 0)
        rows, flow = rows[live], flow[live]
        encrypted = flows.numbers[flow, KIND] != NOTHING
        self._state[flow[encrypted]] = DISMISSED
        return np.asarray(rows[~encrypted])

    def _promising(
        self, batch: Batch, packets: Packets, ids: FlowIds, rows: NDArray[np.intp]
    ) -> NDArray[np.intp]:
        """Rows of known flows, and of the first datagrams of others those that begin as clear text may."""
        if not len(rows):
            return rows
        flow = ids.flow[rows]
        state = self._state[flow]
        known, undecided = state == KNOWN, state < TRIES
        if not undecided.any():
            return np.asarray(rows[known])
        at, of = np.flatnonzero(undecided), flow[undecided]
        order = np.argsort(of, kind="stable")
        ordered = of[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        rank = np.arange(len(ordered)) - np.repeat(starts, np.diff(np.r_[starts, len(ordered)]))
        early = rank + self._state[ordered] < TRIES
        first = batch.array[packets.payload[rows[at[order]]]]
        chosen = np.zeros(len(rows), np.bool_)
        chosen[at[order]] = early & self._firsts[first]
        seen = np.diff(np.r_[starts, len(ordered)]) + self._state[ordered[starts]]
        self._state[ordered[starts]] = np.where(seen >= TRIES, DISMISSED, seen).astype(np.uint8)
        # A flow that turns out to be known is read whole, beginning with this batch.
        later = np.zeros(len(rows), np.bool_)
        later[at[order]] = ~early
        return self._with_later(batch, packets, rows, flow, chosen, known, later)

    def _with_later(
        self, batch: Batch, packets: Packets, rows: NDArray[np.intp], flow: NDArray[np.int64],
        chosen: NDArray[np.bool_], known: NDArray[np.bool_], later: NDArray[np.bool_],
    ) -> NDArray[np.intp]:  # fmt: skip
        """The chosen rows, and further ones of flows of which a chosen row is of a known form."""
        if later.any():
            fitting = {
                number
                for row, number in zip(rows[chosen].tolist(), flow[chosen].tolist(), strict=True)
                if looks_clear(
                    _payload(batch, packets, row),
                    _is_on(packets, row, coap.PORT),
                    _ports(packets, row),
                    self._layouts,
                )
            }
            if fitting:
                chosen |= later & np.isin(flow, list(fitting))
        return np.asarray(rows[known | chosen])

    def _grow(self, count: int) -> None:
        if count > len(self._state):
            more = max(count - len(self._state), len(self._state))
            self._state = np.concatenate([self._state, np.zeros(more, np.uint8)])

    # ── reading ─────────────────────────────────────────────────────────

    def _datagram(
        self, batch: Batch, packets: Packets, ids: FlowIds, row: int, frames: list[int] | None
    ) -> Iterator[tuple[int, Exchange, bool | None]]:
        flow, side = int(ids.flow[row]), int(ids.direction[row])
        data = _payload(batch, packets, row)
        if data[:1] in (b"M", b"N", b"H") and (parsed := ssdp.parse(data)) is not None:
            self._know(flow, "ssdp")
            yield from self._ssdp(parsed, batch, packets, ids, row, frames, data)
            return
        frame = frames[row] if frames else batch.first_frame + row
        time_ns = int(batch.records.time_ns[row])
        place = MessagePlace(0, len(data), (frame,), time_ns, time_ns)
        cut = int(packets.numbers[row, PAYLOAD_WIRE]) > len(data)
        if (pair := self._of_http(data, place, row, flow, side)) is not None:
            yield pair
            return
        if (found := dissected(data, place, _ports(packets, row), self._layouts)) is not None:
            self.rows.add(row)
            self._know(flow, found.name)
            for said in found.messages if self._has_room(found.name) else ():
                yield flow, Exchange(said, None, side), None
            return
        made = self._text(data, place, packets, row, cut)
        if made is not None:
            self.rows.add(row)
            self._know(flow, made.protocol.removesuffix(" over udp"))
            if self._has_room(made.protocol):
                yield flow, Exchange(made, None, side), None
            return
        yield from self._of_coap(data, place, packets, row, flow, side)

    def _text(
        self, data: bytes, place: MessagePlace, packets: Packets, row: int, cut: bool
    ) -> HttpMessage | None:
        if data[:1] == b"<":
            made = syslog.parse(data, place, _is_on(packets, row, syslog.PORT))
            if made is not None:
                return made
        return bare_documents.datagram_message(data, place, cut) if data[0] in bare_documents.FIRST else None

    def _of_http(
        self, data: bytes, place: MessagePlace, row: int, flow: int, side: int
    ) -> tuple[int, Exchange, bool | None] | None:
        """A datagram that is a message of HTTP or SIP."""
        made = sip.datagram(data, place)
        if made is None and is_http(data):
            made = whole_message(data, place)
        if made is None:
            return None
        self.rows.add(row)
        self._know(flow, made.protocol or "http")
        if not self._has_room(made.protocol or "http over udp"):
            return None
        is_request = made.role == "request"
        exchange = Exchange(made, None, side) if is_request else Exchange(None, made, 1 - side)
        return flow, exchange, None

    def _of_coap(
        self, data: bytes, place: MessagePlace, packets: Packets, row: int, flow: int, side: int
    ) -> Iterator[tuple[int, Exchange, bool | None]]:
        packet = coap.parse(data)
        conversation = self._coap.pop(flow, None)
        lenient = conversation is not None or _is_on(packets, row, coap.PORT)
        if packet is None or not (lenient or coap.is_unmistakable(packet)):
            if conversation is not None:
                self._coap[flow] = conversation
            return
        self.rows.add(row)
        self._know(flow, "coap")
        conversation = self._coap[flow] = conversation or CoapFlow()  # now the last to give way
        for exchange, acknowledged in conversation.take(side, packet, place):
            if self._has_room("coap"):
                yield flow, exchange, acknowledged
        if len(self._coap) > MOST_FLOWS:
            oldest = next(iter(self._coap))
            for exchange, acknowledged in self._coap.pop(oldest).close():
                yield oldest, exchange, acknowledged

    def _ssdp(
        self, parsed: tuple[str, list[tuple[str, str]]], batch: Batch, packets: Packets, ids: FlowIds,
        row: int, frames: list[int] | None, data: bytes,
    ) -> Iterator[tuple[int, Exchange, bool | None]]:  # fmt: skip
        """To multicast and private addresses it is local; beyond them it is a message like others."""
        to = address_text(*packets.addresses[row, [DESTINATION_HI, DESTINATION_LO]].tolist())
        address = ipaddress.ip_address(to)
        if address.is_multicast or not address.is_global:
            self._hear(ssdp.said_by(*parsed), batch, packets, ids, row, frames)
            return
        self.rows.add(row)
        if self._has_room("ssdp"):
            frame = frames[row] if frames else batch.first_frame + row
            time_ns = int(batch.records.time_ns[row])
            place = MessagePlace(0, len(data), (frame,), time_ns, time_ns)
            made = message(
                "ssdp", "request", place, method=parsed[0] or None, headers=parsed[1], one_way=True
            )
            yield int(ids.flow[row]), Exchange(made, None, int(ids.direction[row])), None

    def _hear(
        self, said: ssdp.SsdpFact, batch: Batch, packets: Packets, ids: FlowIds, row: int,
        frames: list[int] | None,
    ) -> None:  # fmt: skip
        come_from = address_text(*packets.addresses[row, [SOURCE_HI, SOURCE_LO]].tolist())
        frame = frames[row] if frames else batch.first_frame + row
        time_ns = int(batch.records.time_ns[row])
        self.local.add(said, int(ids.flow[row]), come_from, frame, time_ns)

    def _know(self, flow: int, name: str) -> None:
        self._state[flow] = KNOWN
        self.kinds.setdefault(flow, name)

    def _has_room(self, protocol: str) -> bool:
        self._taken[protocol] += 1
        if self._taken[protocol] <= MOST_MESSAGES:
            return True
        self.left_out[protocol] += 1
        return False


def is_http(data: bytes) -> bool:
    """Return whether a datagram is an HTTP message, those for all who hear them ("M-SEARCH *") left out."""
    return begins_message(data) and data.split(b" ", 2)[1:2] != [b"*"]


class Dissected(NamedTuple):
    """What a dissector of the registry made of a datagram."""

    name: str
    messages: list[HttpMessage]


def dissected(
    data: bytes, place: MessagePlace, ports: tuple[int, int], layouts: Layouts = NO_LAYOUTS
) -> Dissected | None:
    """Return the messages of a datagram whose form a dissector or a layout knows; None where none does."""
    for row in registry.of_datagram(data, ports):
        try:
            return Dissected(row.name, registry.load(row.unit)(data, place))
        except registry.MalformedError:
            continue
    if (layout := layouts.of_datagram(data)) is not None:
        return Dissected(layout.layout.protocol, datagram_messages(layout, data, place))
    return None


def looks_clear(
    data: bytes, on_coap: bool, ports: tuple[int, int] = (0, 0), layouts: Layouts = NO_LAYOUTS
) -> bool:
    """Whether a datagram is of one of the known forms."""
    packet = coap.parse(data)
    return (
        dissected(data, MessagePlace(0, 0, (), 0, 0), ports, layouts) is not None
        or ssdp.parse(data) is not None
        or sip.opens(data)
        or is_http(data)
        or (packet is not None and (on_coap or coap.is_unmistakable(packet)))
        or syslog.parse(data, MessagePlace(0, 0, (), 0, 0)) is not None
        or bool(bare_documents.documents_in(data))
    )


def _delivered(flows: Flows, flow: int, exchange: Exchange, acknowledged: bool | None) -> bool | None:
    """False only where an acknowledgement was asked for, and the capture shows the side that owed it."""
    if exchange.request is None or acknowledged is not False:
        return acknowledged
    heard = flows.numbers[flow, PACKETS + 1 - exchange.direction] > 0
    return False if heard else None


def _is_on(packets: Packets, row: int, port: int) -> bool:
    return port in (int(packets.source_port[row]), int(packets.destination_port[row]))


def _ports(packets: Packets, row: int) -> tuple[int, int]:
    return int(packets.source_port[row]), int(packets.destination_port[row])


def _payload(batch: Batch, packets: Packets, row: int) -> bytes:
    start = int(packets.payload[row])
    return bytes(batch.data[start : start + int(packets.payload_captured[row])])
