"""Datagrams that no reader takes, names and options, to messages: the first ones of each flow, then some.

Rows are chosen by columns, so that a flow of encrypted datagrams costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from analyzer.capture.batch import Batch
from analyzer.dissectors import advertised_names
from analyzer.dissectors.clear_message import ClearExchange, MessagePlace
from analyzer.dissectors.dhcp import SERVER_PORT, SERVER_PORT_V6
from analyzer.dissectors.dns import DNS_PORT, MDNS_PORT, is_message
from analyzer.dissectors.exchange import Exchange
from analyzer.dissectors.http1 import HttpMessage
from analyzer.dissectors.unclassified import is_encrypted, is_searched, unclassified
from analyzer.flows.address_text import is_home
from analyzer.flows.flow_ids import New, moved_column
from analyzer.flows.flow_table import KIND, NOTHING, Flows
from analyzer.flows.tracker import FlowIds
from analyzer.packets.batch_summary import CLEAR, NAMING, PAYLOAD, BatchSummary
from analyzer.packets.packet_table import OTHER_IP, Packets

# Datagrams of a flow that are looked at, and of those behind them one in so many.
FIRST, ONE_IN = 32, 64
# Messages made, at most.
MOST_MESSAGES = 20_000
# Bytes of a datagram that are read.
LONGEST = 1 << 14
# Names of DNS that are remembered, and how often the same question of a device is searched.
MOST_NAMES, MOST_REPEATS = 50_000, 4
# Ports of what is said to all in the local network, which other readers take for what it announces.
LOCAL = {MDNS_PORT: "mdns", 1900: "ssdp in the local network"}
ADDRESSING = (68, 546, 547)  # DHCP and DHCPv6, whose work is to carry such addresses (RFC 2131, RFC 8415)
MAC_SIZE, FEWEST_DIFFERENT = 6, 4
ICMP = (1, 58)
ECHOES = (0, 8, 128, 129)
COUNTING = (
    bytes(range(256)) + bytes(range(0x61, 0x78)) * 2
)  # as most systems and Windows fill an echo request


class UnclassifiedDatagrams:
    """Follows UDP flows over the batches of a capture."""

    def __init__(self) -> None:
        self._seen: NDArray[np.uint8] = np.zeros(0, np.uint8)  # datagrams of a flow, up to FIRST
        self._made = 0
        self._asked: dict[int, int] = {}  # who asked for a name → how often

    def read(
        self, batch: Batch, packets: Packets, outline: BatchSummary, ids: FlowIds, flows: Flows,
        frames: list[int] | None, taken: Collection[int],
    ) -> Iterator[ClearExchange]:  # fmt: skip
        """Messages of a batch's datagrams; `taken` has the rows that another reader took."""
        for row in self._chosen(batch, packets, outline, ids, flows).tolist():
            if row in taken or not is_told(packets, row):
                continue
            start, length = int(packets.payload[row]), int(packets.payload_captured[row])
            data = bytes(batch.data[start : start + min(length, LONGEST)])
            frame, time_ns = frames[row] if frames else batch.first_frame + row, batch.records.time_ns[row]
            place = MessagePlace(0, len(data), (frame,), int(time_ns), int(time_ns))
            made = _message(data, place, packets, row)
            if made is None or self._is_repeated(made, packets, row):
                continue
            self._made += 1
            if self._made > MOST_MESSAGES:
                return
            yield ClearExchange(int(ids.flow[row]), Exchange(made, None, int(ids.direction[row])), None)

    def renumber(self, new: New, count: int) -> None:
        """Go on with new numbers of flows (`flows.renumbering`); there are `count` of them."""
        self._seen = moved_column(self._seen, new, count)

    def _is_repeated(self, made: HttpMessage, packets: Packets, row: int) -> bool:
        """Whether a device has asked for the same name a few times before."""
        if made.protocol != "dns":
            return False
        key = hash((*packets.addresses[row, :2].tolist(), *made.headers))
        times = self._asked.get(key, 0)
        if len(self._asked) < MOST_NAMES or times:
            self._asked[key] = times + 1
        return times >= MOST_REPEATS

    def _chosen(
        self, batch: Batch, packets: Packets, outline: BatchSummary, ids: FlowIds, flows: Flows
    ) -> NDArray[np.intp]:
        """The rows that are looked at, those of known encrypted kinds left out."""
        marks = outline.marks
        is_echo = (marks & PAYLOAD != 0) & (packets.kind == OTHER_IP) & np.isin(packets.protocol, ICMP)
        rows = np.flatnonzero((marks & (CLEAR | NAMING) != 0) | is_echo)
        rows = rows[ids.flow[rows] >= 0]
        rows = rows[flows.numbers[ids.flow[rows], KIND] == NOTHING]
        if not len(rows):
            return np.asarray(rows)
        flow = ids.flow[rows]
        self._grow(int(flow.max()) + 1)
        sampled = (rows + batch.first_frame) % ONE_IN == 0
        early = np.flatnonzero(self._seen[flow] < FIRST)
        chosen = sampled
        if len(early):
            of = flow[early]
            order = np.argsort(of, kind="stable")
            ordered = of[order]
            starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
            sizes = np.diff(np.r_[starts, len(ordered)])
            rank = np.arange(len(ordered)) - np.repeat(starts, sizes)
            chosen[early[order]] |= rank + self._seen[ordered] < FIRST
            seen = np.minimum(sizes + self._seen[ordered[starts]], FIRST)
            self._seen[ordered[starts]] = seen.astype(np.uint8)
        return np.asarray(rows[chosen])

    def _grow(self, count: int) -> None:
        if count > len(self._seen):
            more = max(count - len(self._seen), len(self._seen))
            self._seen = np.concatenate([self._seen, np.zeros(more, np.uint8)])


def _message(data: bytes, place: MessagePlace, packets: Packets, row: int) -> HttpMessage | None:
    """The message of a datagram, by its port where that tells how to read it; None for none."""
    if packets.kind[row] == OTHER_IP:
        return _of_echo(data, place)
    source, destination = int(packets.source_port[row]), int(packets.destination_port[row])
    if destination == DNS_PORT and is_message(data):
        return advertised_names.dns_question(data, place)
    if destination == SERVER_PORT:
        return advertised_names.dhcp_options(data, place)
    if destination == SERVER_PORT_V6:
        return advertised_names.dhcp_options(data, place, is_v6=True)
    if source == MDNS_PORT and (announced := advertised_names.announced_names(data, place)):
        return announced
    if source == DNS_PORT and is_message(data):
        return None
    holds_own = destination not in ADDRESSING and _holds_own(data, packets, row)
    if is_encrypted(data) or not (holds_own or is_searched(data)):
        return None
    made = unclassified(data, place)
    made.protocol = LOCAL.get(source) or LOCAL.get(destination) or made.protocol
    return made


def _holds_own(data: bytes, packets: Packets, row: int) -> bool:
    """Whether a datagram holds the MAC address of one of its ends, in either order of bytes."""
    for number in (int(packets.source_mac[row]), int(packets.destination_mac[row])):
        mac = max(number, 0).to_bytes(MAC_SIZE, "big")
        if len(set(mac)) >= FEWEST_DIFFERENT and (mac in data or mac[::-1] in data):
            return True
    return False


def _of_echo(raw: bytes, place: MessagePlace) -> HttpMessage | None:
    """The data of an echo (RFC 792, RFC 4443 §4), unless it counts upwards as ping's does."""
    data = raw[8:]
    if not raw or raw[0] not in ECHOES or not is_searched(data) or data[-16:] in COUNTING:
        return None
    made = unclassified(data, place._replace(start=8))
    made.protocol = "icmp"
    return made


def is_told(packets: Packets, row: int) -> bool:
    """Return whether a packet does not come from outside into a local network."""
    source_hi, source_lo, hi, lo = packets.addresses[row].tolist()
    return is_home(source_hi, source_lo) or not is_home(hi, lo)
