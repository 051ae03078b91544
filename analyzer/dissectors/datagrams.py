"""UDP datagrams to names, DNS round trips, and what DHCP clients say of themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from analyzer.capture.batch import Batch
from analyzer.dissectors import dhcp, dns
from analyzer.flows.address_text import address_text
from analyzer.flows.flow_ids import New, moved_pairs
from analyzer.flows.tracker import FlowIds
from analyzer.packets.batch_summary import NAMING, BatchSummary
from analyzer.packets.packet_table import (
    DESTINATION_HI,
    DESTINATION_LO,
    DESTINATION_PORT,
    PAYLOAD,
    PAYLOAD_CAPTURED,
    SOURCE_PORT,
    Packets,
)
from analyzer.system.containment import Failures

# Questions waiting for an answer at most; the oldest gives way.
MOST_PENDING = 4096
# Different DHCP clients and mDNS speakers kept at most.
MOST_CLIENTS = 1024


class LearnedName(NamedTuple):
    """A name that an address, a flow's server or a MAC address goes by."""

    how: str  # "dns", "mdns", "sni", "dhcp"
    name: str
    frame: int
    address: str | None = None
    flow: int | None = None
    mac: int | None = None
    chain: tuple[str, ...] = ()
    ttl: int | None = None
    time_ns: int | None = None
    asked_by: str | None = None  # the address that the answer went to
    via: str = ""  # how it came to be readable, where that is not plain


class Datagrams:
    """Reads DNS, mDNS and DHCP over the batches of a capture."""

    def __init__(self, names: list[LearnedName], failures: Failures) -> None:
        """`names` gets what is read, `failures` each datagram that could not be."""
        self._failures = failures
        self.round_trips: dict[int, int] = {}  # flow → the least nanoseconds from a question to its answer
        self.clients: dict[dhcp.DhcpClient, int] = {}  # with the frame that first told it
        self._names = names
        self._pending: dict[tuple[int, int], int] = {}  # (flow, transaction) → time of the question

    def read(
        self, batch: Batch, packets: Packets, outline: BatchSummary, ids: FlowIds, frames: list[int] | None
    ) -> None:
        """All datagrams of a batch; `frames` gives the frame numbers of rebuilt ones."""
        for one in _datagrams(batch, packets, outline.rows(NAMING), ids, frames):
            if dns.DNS_PORT in (one.come_from, one.to_port):
                self._failures.attempt("datagram", "DNS", one.frame, self._dns, one)
            elif one.come_from == dns.MDNS_PORT:
                self._failures.attempt("datagram", "mDNS", one.frame, self._mdns, one)
            if one.to_port == dhcp.SERVER_PORT:
                self._failures.attempt("datagram", "DHCP", one.frame, self._dhcp, one.payload, one.frame)

    def _mdns(self, one: _Datagram) -> None:
        for named in dns.answers_in(one.payload):
            self._names.append(
                LearnedName("mdns", named.name, one.frame, address=named.address, ttl=named.ttl)
            )

    def _dns(self, one: _Datagram) -> None:
        payload = one.payload
        if len(payload) < 12:
            return
        key = (one.flow, payload[0] << 8 | payload[1])
        if not payload[2] & 0x80:
            # A repeated question keeps its first time: a round trip is never made too short.
            self._pending.setdefault(key, one.time_ns)
            if len(self._pending) > MOST_PENDING:
                del self._pending[next(iter(self._pending))]
            return
        asked_ns = self._pending.pop(key, None)
        if asked_ns is not None and one.time_ns >= asked_ns:
            known = self.round_trips.get(key[0])
            took = one.time_ns - asked_ns
            self.round_trips[key[0]] = took if known is None else min(known, took)
        self.answers(payload, one.frame, one.time_ns, one.to)

    def answers(self, message: bytes, frame: int, time_ns: int, to: tuple[int, int]) -> None:
        """The names that a DNS response gives to addresses; `to` is the address it went to, in two words."""
        found = dns.answers_in(message)
        if not found:
            return
        asked_by = address_text(*to)
        for address, name, chain, ttl in found:
            self._names.append(
                LearnedName("dns", name, frame, address, None, None, chain, ttl, time_ns, asked_by)
            )

    def renumber(self, new: New) -> None:
        """Go on with new numbers of flows (`flows.renumbering`)."""
        trips: dict[int, int] = {}
        for flow, took in self.round_trips.items():
            if (number := int(new[flow])) >= 0:
                trips[number] = min(took, trips.get(number, took))
        self.round_trips, self._pending = trips, moved_pairs(self._pending, new)

    def _dhcp(self, payload: bytes, frame: int) -> None:
        client = dhcp.client_in(payload)
        if client is None:
            return
        if len(self.clients) < MOST_CLIENTS:
            self.clients.setdefault(client, frame)
        if client.name:
            self._names.append(LearnedName("dhcp", client.name, frame, mac=client.mac))


class _Datagram(NamedTuple):
    """What a row of a batch holds."""

    payload: bytes
    frame: int
    time_ns: int
    flow: int
    to: tuple[int, int]  # the address, in two words
    come_from: int  # ports
    to_port: int


NUMBERS = [PAYLOAD, PAYLOAD_CAPTURED, SOURCE_PORT, DESTINATION_PORT]


def _datagrams(
    batch: Batch, packets: Packets, rows: list[int], ids: FlowIds, frames: list[int] | None
) -> Iterator[_Datagram]:
    """The rows' datagrams; columns are asked once for all of them."""
    if not rows:
        return
    ends = packets.addresses[rows][:, [DESTINATION_HI, DESTINATION_LO]].tolist()
    times, flows = batch.records.time_ns[rows].tolist(), ids.flow[rows].tolist()
    numbers = packets.numbers[rows][:, NUMBERS].tolist()
    columns = zip(rows, numbers, times, flows, ends, strict=True)
    for row, (at, length, *ports), time_ns, flow, to in columns:
        frame = frames[row] if frames else batch.first_frame + row
        payload = bytes(batch.data[at : at + length])
        yield _Datagram(payload, frame, time_ns, flow, tuple(to), *ports)
