"""Flow columns to ledger rows: device × destination × protocol × port, every packet in one row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from .devices import Sides
from .kernel import ACK, FIN, RST, SYN
from .table import (
    A_PORT,
    B_PORT,
    FIRST_NS,
    FLAGS,
    KIND,
    LAST_NS,
    OCTETS,
    OPAQUE,
    PACKETS,
    PROTOCOL,
    QUIC,
    TEXT,
    TLS,
    UNDECIDED,
    Column,
    Flows,
    Words,
)  # fmt: skip

PROTOCOL_NAMES = {1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp"}

# Kinds of flow in the report's words.
NAMED_KINDS = {TEXT: "text", TLS: "tls", OPAQUE: "binary", UNDECIDED: "undecided", QUIC: "quic"}

# UDP services named by the port of the side that offers them.
UDP_SERVICES = {53: "dns", 5353: "mdns", 67: "dhcp", 123: "ntp", 1900: "ssdp", 443: "udp/443"}

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
    octets_up: int
    octets_down: int
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
    octets_up: Column
    octets_down: Column


def orient(flows: Flows, sides: Sides) -> Oriented:
    """Each flow with its device's end first."""
    rows, own = np.arange(len(flows)), sides.own
    swap = own == 1
    a_port, b_port = flows.one(A_PORT), flows.one(B_PORT)
    packets, octets = flows.pair(PACKETS), flows.pair(OCTETS)
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
        octets_up=octets[rows, own],
        octets_down=octets[rows, 1 - own],
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


def kinds(flows: Flows, service_port: Column) -> list[str]:
    """What each flow carried, as far as its octets have shown."""
    columns = (flows.one(KIND), flows.one(PROTOCOL), service_port)
    return [_kind(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]


def _kind(kind: int, protocol: int, port: int) -> str:
    if protocol == 17 and kind != QUIC:
        return UDP_SERVICES.get(port, "udp")
    if protocol in (6, 17):
        return NAMED_KINDS.get(kind, "no data")
    return PROTOCOL_NAMES.get(protocol, f"ip protocol {protocol}")


def ledger_rows(flows: Flows, seen: Oriented) -> list[LedgerRow]:
    """Rows in the order of their octets, largest first."""
    count = len(flows)
    if not count:
        return []
    keys = (seen.service_port, flows.one(PROTOCOL), seen.remote_lo, seen.remote_hi, seen.device)
    order = np.lexsort(keys)
    changed = np.zeros(count, np.bool_)
    changed[0] = True
    for key in keys:
        ordered = key[order]
        changed[1:] |= ordered[1:] != ordered[:-1]
    starts = changed.nonzero()[0]

    def total(column: Column) -> list[int]:
        return [int(n) for n in np.add.reduceat(column[order], starts)]

    first = np.minimum.reduceat(flows.one(FIRST_NS)[order], starts).tolist()
    last = np.maximum.reduceat(flows.one(LAST_NS)[order], starts).tolist()
    up, down = total(seen.up), total(seen.down)
    octets_up, octets_down = total(seen.octets_up), total(seen.octets_down)
    members = np.split(order, starts[1:])
    rows = [
        LedgerRow(
            device=int(seen.device[flow]),
            hi=int(seen.remote_hi[flow]),
            lo=int(seen.remote_lo[flow]),
            protocol=int(flows.numbers[flow, PROTOCOL]),
            port=int(seen.service_port[flow]),
            flows=len(group),
            packets_up=up[at],
            packets_down=down[at],
            octets_up=octets_up[at],
            octets_down=octets_down[at],
            first_ns=first[at],
            last_ns=last[at],
            members=group,
        )
        for at, group in enumerate(members)
        for flow in (int(group[0]),)
    ]
    return sorted(rows, key=lambda r: (-(r.octets_up + r.octets_down), r.device, r.hi, r.lo, r.port))


def counted(values: list[str], members: Column) -> dict[str, int]:
    """How often each value occurs among the member flows, most frequent first."""
    return dict(Counter(values[m] for m in members.tolist()).most_common())
