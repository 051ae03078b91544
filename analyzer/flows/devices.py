"""Flows to the local devices they belong to.

A device is a MAC address, or an address where frames carry no MAC or the MAC is a router's that
stands for many. Which end of a flow is local is known by private address blocks, and by MAC: a
host that has a private address is local with its global IPv6 addresses too, unless it forwards
for many others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analyzer.flows.address_text import address_text, is_group, is_local, is_v4, mac_text
from analyzer.flows.flow_table import (
    A_HI,
    A_LO,
    A_PORT,
    ASKED_A,
    ASKED_B,
    B_HI,
    B_LO,
    B_PORT,
    FLAGS,
    MAC,
    MARKS,
    PACKETS,
    PROTOCOL,
    Flows,
)
from analyzer.flows.kernel import SYN

# More local addresses behind one MAC than a single host plausibly has.
ROUTER_ADDRESSES = 6
# More global addresses behind one MAC than a single host plausibly has.
GATEWAY_ADDRESSES = 8
TCP_NUMBER = 6
# Others that talk to an end that serves, where nothing else shows it.
FEWEST_PEERS = 3
NONE_ASKED: Mapping[int, int] = {}

Key = tuple[int, int]


@dataclass
class LocalDevice:
    """A device while it is being put together."""

    id: str
    mac: int | None
    addresses: Counter[str] = field(default_factory=Counter)


@dataclass
class Sides:
    """One entry a flow: which device, and which end is its own (0 is A, 1 is B)."""

    device: NDArray[np.int64]  # index into `devices`
    own: NDArray[np.int64]
    client: NDArray[np.int64]  # which end opened the flow
    devices: list[LocalDevice]


def sides_of(flows: Flows, asked: Mapping[int, int] = NONE_ASKED) -> Sides:
    """Assign each flow to exactly one device.

    `asked` gives the side that sent requests (0 for A) of flows in which some were read.
    """
    count = len(flows)
    owner = _owners(_senders(flows))
    client = client_sides(flows, asked)
    own = _own_sides(flows, owner, client)
    devices: dict[str, int] = {}
    entries: list[LocalDevice] = []
    device = np.zeros(count, np.int64)
    hi, lo = (np.where(own == 0, a, b).tolist() for a, b in zip(flows.a, flows.b, strict=True))
    mac = flows.pair(MAC)[np.arange(count), own].tolist()
    packets = flows.pair(PACKETS).sum(axis=1).tolist()
    known: dict[tuple[int, int, int], int] = {}
    for flow in range(count):
        key = (hi[flow], lo[flow], mac[flow])
        index = known.get(key)
        if index is None:
            name, device_mac = _identity(key, owner)
            index = devices.setdefault(name, len(entries))
            if index == len(entries):
                entries.append(LocalDevice(name, device_mac))
            known[key] = index
        device[flow] = index
        if hi[flow] or lo[flow] & 0xFFFFFFFF:
            entries[index].addresses[address_text(hi[flow], lo[flow])] += packets[flow]
    return Sides(device, own, client, entries)


def client_sides(flows: Flows, asked: Mapping[int, int] = NONE_ASKED) -> NDArray[np.int64]:
    """Return which end opened each flow: the one that sent a SYN alone, else the one with the higher port.

    A SYN with ACK shows the server, and so does a request that was read. Of TCP flows in which nothing shows
    it, an end that is a server in another flow is one here too, as is an end that several others talk to.
    Where nothing says anything, the sender of the first packet counts as the client.
    """
    marks, syn = flows.one(MARKS), (flows.pair(FLAGS) & SYN) != 0
    a_port, b_port = flows.one(A_PORT), flows.one(B_PORT)
    a_serves = (a_port < b_port) & (a_port > 0) & (a_port < 1024)
    b_serves = (b_port < a_port) & (b_port > 0) & (b_port < 1024)
    shown = [(marks & ASKED_A) != 0, (marks & ASKED_B) != 0, syn[:, 0], syn[:, 1]]
    client = np.select([*shown, a_serves], [0, 1, 1, 0, 1], default=0).astype(np.int64)
    proven = np.logical_or.reduce(shown)
    for flow, side in asked.items():
        if flow < len(client) and not proven[flow]:
            client[flow], proven[flow] = side, True
    open_ones = (~proven & ~a_serves & ~b_serves & (flows.one(PROTOCOL) == TCP_NUMBER)).nonzero()[0]
    if len(open_ones):
        _decide_by_others(flows, client, proven.nonzero()[0], open_ones)
    return client


End = tuple[int, int, int]
"""Address in two words, and port."""


def _decide_by_others(
    flows: Flows, client: NDArray[np.int64], proven: NDArray[np.intp], open_ones: NDArray[np.intp]
) -> None:
    """Decide of the flows `open_ones` which end is the client by what the ends are in other flows."""
    tcp = proven[flows.one(PROTOCOL)[proven] == TCP_NUMBER]
    servers = {ends[1 - client[flow]] for flow, ends in zip(tcp.tolist(), _ends(flows, tcp), strict=True)}
    pairs = list(_ends(flows, open_ones))
    peers: dict[End, set[End]] = defaultdict(set)
    for a, b in pairs:
        peers[a].add(b)
        peers[b].add(a)
    for flow, (a, b) in zip(open_ones.tolist(), pairs, strict=True):
        if (a in servers) != (b in servers):
            client[flow] = 1 if a in servers else 0
        elif a not in servers:
            fewer, more = sorted((len(peers[a]), len(peers[b])))
            if fewer == 1 and more >= FEWEST_PEERS:
                client[flow] = 1 if len(peers[a]) == more else 0


def _ends(flows: Flows, rows: NDArray[np.intp]) -> Iterator[tuple[End, End]]:
    """Both ends of some flows."""
    words, ports = flows.addresses[rows].tolist(), flows.pair(A_PORT)[rows].tolist()
    for address, (a_port, b_port) in zip(words, ports, strict=True):
        a_hi, a_lo, b_hi, b_lo = address[A_HI], address[A_LO], address[B_HI], address[B_LO]
        yield (a_hi, a_lo, a_port), (b_hi, b_lo, b_port)


def _senders(flows: Flows) -> dict[int, Counter[Key]]:
    """Source addresses by MAC, with their packets."""
    senders: dict[int, Counter[Key]] = defaultdict(Counter)
    macs, packets = flows.pair(MAC), flows.pair(PACKETS)
    for side, (hi, lo) in enumerate((flows.a, flows.b)):
        rows = ((packets[:, side] > 0) & ~is_group(hi, lo)).nonzero()[0]
        columns = (macs[rows, side], hi[rows], lo[rows], packets[rows, side])
        for mac, high, low, sent in zip(*(c.tolist() for c in columns), strict=True):
            senders[mac][high, low] += sent
    return senders


def _owners(senders: dict[int, Counter[Key]]) -> dict[Key, int]:
    """The MAC that each local address belongs to; -1 where the address stands for itself."""
    owner: dict[Key, int] = {}
    for mac, addresses in senders.items():
        keys = list(addresses)
        hi = np.array([k[0] for k in keys], np.uint64)
        lo = np.array([k[1] for k in keys], np.uint64)
        local = is_local(hi, lo)
        shared = mac < 0 or int(local.sum()) > ROUTER_ADDRESSES
        forwards = _forwards(hi[~local], lo[~local])
        for key, at_home in zip(keys, local.tolist(), strict=True):
            if at_home:
                owner.setdefault(key, -1 if shared else mac)
            elif mac >= 0 and local.any() and not forwards and not shared and key[0]:
                owner.setdefault(key, mac)  # a host's global IPv6 address
    return owner


def _forwards(hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> bool:
    """Whether the global addresses behind one MAC are those of others.

    A host with a private address has no global IPv4 address besides, and its IPv6 addresses share
    one prefix of 64 bits, or two while the provider renumbers.
    """
    if len(hi) > GATEWAY_ADDRESSES or bool(is_v4(hi, lo).any()):
        return True
    return len(set(hi.tolist())) > 2


def _own_sides(flows: Flows, owner: dict[Key, int], client: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which end is the device's: the local one; the client where both or neither are."""
    ends = []
    for hi, lo in (flows.a, flows.b):
        at_home = is_local(hi, lo)
        rest = (~at_home).nonzero()[0]
        for row, *words in zip(rest.tolist(), hi[rest].tolist(), lo[rest].tolist(), strict=True):
            at_home[row] = tuple(words) in owner
        ends.append(at_home)
    a, b = ends
    own = np.where(a == b, client, np.where(a, 0, 1))
    # A group address or 0.0.0.0 is no device while the other end can be one.
    asks_without_address = is_group(*flows.a) & b
    own = np.where(asks_without_address, np.where(flows.one(MAC) >= 0, 0, 1), own)
    return np.where(is_group(*flows.b), 0, own)


def _identity(key: tuple[int, int, int], owner: dict[Key, int]) -> tuple[str, int | None]:
    hi, lo, mac = key
    unspecified = hi == 0 and lo & 0xFFFFFFFF == 0
    if unspecified and mac >= 0:
        return mac_text(mac), mac
    owning = owner.get((hi, lo), -1)
    if owning >= 0:
        return mac_text(owning), owning
    return address_text(hi, lo), None
