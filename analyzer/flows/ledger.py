"""Flow columns to ledger rows: device × destination × protocol × port, every packet in one row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from analyzer.flows.devices import Sides
from analyzer.flows.flow_table import (
    A_PORT,
    B_PORT,
    BYTES,
    DTLS,
    FIRST_NS,
    FLAGS,
    KIND,
    LAST_NS,
    PACKETS,
    PROTOCOL,
    QUIC,
    TEXT,
    TLS,
    Column,
    Flows,
    Words,
)  # fmt: skip
from analyzer.flows.kernel import ACK, FIN, RST, SYN
from analyzer.flows.row_groups import grouped

PROTOCOL_NAMES = {1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp"}

# Kinds of flow in the report's words.
NAMED_KINDS = {TEXT: "text", TLS: "tls", QUIC: "quic", DTLS: "dtls"}
# What encrypts names of hosts is named by its port (RFC 7858, RFC 9250).
ON_PORT_853 = {TLS: "dns over tls", QUIC: "dns over quic", DTLS: "dns over dtls"}
IP_KINDS = {47: "gre", 50: "ipsec esp", 51: "ipsec ah"}

# UDP services named by the port of the side that offers them, where no bytes were captured to tell;
# and port 443, where QUIC that began before the capture can't be recognised.
UDP_SERVICES = {53: "dns", 5353: "mdns", 67: "dhcp", 123: "ntp", 1900: "ssdp"}
MAYBE_QUIC = "udp/443"
UNKNOWN, SOME_TEXT, NO_DATA = "unknown binary", "text", "no data"

# How a flow ended, in the order in which the conditions are tried.
ENDINGS = (
    "refused", "unanswered", "reset", "closed", "half-closed", "open at the end",
    "one-way", "answered",
)  # fmt: skip


@dataclass
class LedgerRow:
    """One row of the ledger, in numbers only."""

    device: int
    hi: int
    lo: int
    protocol: int
    port: int
    flows: int
    packets_up: int
    packets_down: int
    bytes_up: int
    bytes_down: int
    first_ns: int
    last_ns: int
    members: Column  # the flow numbers


@dataclass
class Oriented:
    """The flow columns seen from the device: one entry a flow."""

    device: Column
    remote_hi: Words
    remote_lo: Words
    own_hi: Words
    own_lo: Words
    own_port: Column
    remote_port: Column
    service_port: Column  # of the side that was asked
    up: Column  # packets from the device
    down: Column
    bytes_up: Column
    bytes_down: Column


def orient(flows: Flows, sides: Sides) -> Oriented:
    """Each flow with its device's end first."""
    rows, own = np.arange(len(flows)), sides.own
    swap = own == 1
    a_port, b_port = flows.one(A_PORT), flows.one(B_PORT)
    packets, data = flows.pair(PACKETS), flows.pair(BYTES)
    return Oriented(
        device=sides.device,
        remote_hi=np.where(swap, flows.a[0], flows.b[0]),
        remote_lo=np.where(swap, flows.a[1], flows.b[1]),
        own_hi=np.where(swap, flows.b[0], flows.a[0]),
        own_lo=np.where(swap, flows.b[1], flows.a[1]),
        own_port=np.where(swap, b_port, a_port),
        remote_port=np.where(swap, a_port, b_port),
        service_port=np.where(sides.client == 0, b_port, a_port),
        up=packets[rows, own],
        down=packets[rows, 1 - own],
        bytes_up=data[rows, own],
        bytes_down=data[rows, 1 - own],
    )


def endings(flows: Flows) -> list[str]:
    """How each flow ended: for TCP by its flags, for the rest by whether an answer came."""
    a_flags, b_flags = flows.pair(FLAGS).T
    both = a_flags | b_flags
    answered = (flows.pair(PACKETS) > 0).all(axis=1)
    tcp = flows.one(PROTOCOL) == 6
    one_syn = ((both & SYN) != 0) & ((a_flags & b_flags & SYN) == 0)
    reset, finished = (both & RST) != 0, (a_flags & b_flags & FIN) != 0
    no_ack = (a_flags & b_flags & ACK) == 0
    codes = np.select(
        [
            tcp & one_syn & reset & answered,
            tcp & one_syn & ~answered & no_ack,
            tcp & reset,
            tcp & finished,
            tcp & ((both & FIN) != 0),
            tcp,
            ~answered,
        ],
        list(range(7)),
        default=7,
    )
    return [ENDINGS[code] for code in codes.tolist()]


def kinds(flows: Flows, service_port: Column, forms: Sequence[str | None], is_text: Set[int]) -> list[str]:
    """What each flow carried, as far as its bytes have shown.

    `forms` names the form of its first payloads: "" where none fits, None where none was captured.
    `is_text` holds the flows without a form whose first bytes are printable.
    """
    columns = (flows.one(KIND), flows.one(PROTOCOL), service_port)
    rows = zip(*(c.tolist() for c in columns), strict=True)
    return [
        _kind(kind, protocol, port, forms[flow], flow in is_text)
        for flow, (kind, protocol, port) in enumerate(rows)
    ]


def _kind(kind: int, protocol: int, port: int, form: str | None, is_text: bool) -> str:
    if protocol not in (6, 17):
        return IP_KINDS.get(protocol) or PROTOCOL_NAMES.get(protocol, f"ip protocol {protocol}")
    if port == 853 and kind in ON_PORT_853:
        return ON_PORT_853[kind]
    if kind in NAMED_KINDS:
        return NAMED_KINDS[kind]
    if form:
        return form
    if form is None:
        return UDP_SERVICES.get(port, NO_DATA) if protocol == 17 else NO_DATA
    if is_text:
        return SOME_TEXT
    return MAYBE_QUIC if protocol == 17 and port == 443 else UNKNOWN


def ledger_rows(flows: Flows, seen: Oriented, stands_for: Column | None = None) -> list[LedgerRow]:
    """Rows in the order of their bytes, largest first; `stands_for` tells how many each flow row is."""
    count = len(flows)
    if not count:
        return []
    keys = (seen.service_port, flows.one(PROTOCOL), seen.remote_lo, seen.remote_hi, seen.device)
    order, starts = grouped(keys)

    def total(column: Column) -> list[int]:
        return [int(n) for n in np.add.reduceat(column[order], starts)]

    first = np.minimum.reduceat(flows.one(FIRST_NS)[order], starts).tolist()
    last = np.maximum.reduceat(flows.one(LAST_NS)[order], starts).tolist()
    up, down = total(seen.up), total(seen.down)
    bytes_up, bytes_down = total(seen.bytes_up), total(seen.bytes_down)
    counts = total(stands_for if stands_for is not None else np.ones(count, np.int64))
    members = np.split(order, starts[1:])
    rows = [
        LedgerRow(
            device=int(seen.device[flow]),
            hi=int(seen.remote_hi[flow]),
            lo=int(seen.remote_lo[flow]),
            protocol=int(flows.numbers[flow, PROTOCOL]),
            port=int(seen.service_port[flow]),
            flows=counts[at],
            packets_up=up[at],
            packets_down=down[at],
            bytes_up=bytes_up[at],
            bytes_down=bytes_down[at],
            first_ns=first[at],
            last_ns=last[at],
            members=group,
        )
        for at, group in enumerate(members)
        for flow in (int(group[0]),)
    ]
    return sorted(rows, key=lambda r: (-(r.bytes_up + r.bytes_down), r.device, r.hi, r.lo, r.port))


def counted(values: Sequence[str], members: Sequence[int], times: Sequence[int] = ()) -> dict[str, int]:
    """How often each value occurs among the members, most frequent first; `times` tells what each counts."""
    if len(members) == 1:  # most rows
        return _one(values[members[0]], times[members[0]] if times else 1)
    if not times:
        return dict(Counter(values[m] for m in members).most_common())
    found: Counter[str] = Counter()
    for member in members:
        found[values[member]] += times[member]
    return dict(found.most_common())


@lru_cache(maxsize=4096)
def _one(value: str, times: int) -> dict[str, int]:
    """Of a flood there are many alike, which then take the memory of one."""
    return {value: times}
