"""What became of each packet and byte of a session: searched, encrypted, or not looked into, and why.

Nothing counts as searched by its name: of each flow, the bytes that went through decoding and detection are
compared with the bytes that it carried (`scan.searched_bytes`). The rest is encrypted where its form shows
that, and else not searched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analyzer.flows.entropy import ByteSpread
from analyzer.flows.flow_table import (
    A_PORT,
    BYTES,
    HAS_ISN_A,
    HAS_NEXT_A,
    ISN,
    MARKS,
    NEXT,
    PACKETS,
    PAYLOAD,
    PROTOCOL,
    Flows,
)
from analyzer.flows.flow_table import Column as Numbers
from analyzer.flows.ledger import IP_KINDS, MAYBE_QUIC, PROTOCOL_NAMES, UNKNOWN
from analyzer.model import Coverage, CoverageState, Endpoint
from analyzer.packets.layers import (
    NETLINK,
    WIFI_CONTROL,
    WIFI_MANAGEMENT,
    WIFI_NO_DATA,
    WIFI_PROTECTED,
    WIFI_RETRY,
)
from analyzer.packets.packet_table import DAMAGED, FRAGMENT, NOT_IP, UNKNOWN_LINK
from analyzer.packets.protocol_names import ethertype_name, link_name
from analyzer.session.searched_bytes import SearchedBytes

ENCRYPTED_KINDS = frozenset(
    (
        "tls", "quic", "dtls", "dns over tls", "dns over quic", "dns over dtls", "wireguard", "openvpn",
        "tailscale", "ipsec esp", "ipsec ike", "ssh",
    )
)  # fmt: skip
TUNNEL, INNER_TLS, AFTER_STARTTLS = "tunnel, not readable", "tls inside a tunnel", "tls after starttls"
TUNNEL_KINDS = frozenset({"gre", "l2tp", TUNNEL})
# What flows of no known form count as where their first bytes are spread as random ones.
FORMLESS: Mapping[str, CoverageState] = {UNKNOWN: "unrecognised", MAYBE_QUIC: "encrypted"}

FRAGMENTS = "incomplete ip fragments"

# IP protocols other than TCP and UDP. What is in none of these sets counts as not searched.
# https://www.iana.org/assignments/protocol-numbers
WITHOUT_CONTENT = frozenset({1, 2, 58, 59, 88, 89, 103, 112})  # ICMP, IGMP, routing, redundancy
TUNNEL_PROTOCOLS = frozenset({4, 41, 47, 55, 94, 97, 98, 115, 137})  # IP, Ethernet or MPLS inside
ENCRYPTED_PROTOCOLS = frozenset({50})

NOTICE = 0x88B5
# EtherTypes, and what Wi-Fi frames are instead (`packets.layers`). What is in none of these counts as not
# decoded.
STATES_OF_TYPES: Mapping[int, CoverageState] = {
    **dict.fromkeys((0x0806, 0x8035, 0x888E, 0x8863, 0x9000), "no-content"),
    **dict.fromkeys((WIFI_MANAGEMENT, WIFI_CONTROL, WIFI_NO_DATA, WIFI_RETRY, NETLINK), "no-content"),
    **dict.fromkeys((0x8847, 0x8848, 0x8864, 0x4305, 0x22F3, 0x8903, 0x8926, 0x893F), "tunnel-not-opened"),
    WIFI_PROTECTED: "wifi-not-opened",
    0x88E5: "encrypted",
}

Share = tuple[CoverageState, str, int, int]
"""State, what it is, packets, bytes."""


@dataclass(frozen=True)
class Seen:
    """What is known of a session's flows, an entry each where not said otherwise."""

    flows: Flows
    kinds: Sequence[str]
    own: Sequence[str]  # the device's address
    own_port: Sequence[int]
    remote: Sequence[str]
    times: Sequence[int]  # how many flows each stands for; empty where each stands for itself
    spreads: Mapping[int, ByteSpread]  # of flows of no known form
    searched: SearchedBytes
    inner_tls: frozenset[int]  # flows with TLS in a tunnel
    sealed: Mapping[int, int]  # flow → bytes before TLS began


Outside = Mapping[tuple[int, int], Sequence[int]]
"""As `scanning.Outside`."""


def coverage(seen: Seen, outside: Sequence[Outside], is_reconstruction: bool) -> tuple[Coverage, ...]:
    """The rows of a session, those with the most bytes first; `outside` counts what is in no flow."""
    sums: dict[tuple[CoverageState, str], list[int]] = defaultdict(lambda: [0, 0])
    for state, what, packets, size in (*_of_flows(seen), *_of_others(outside, is_reconstruction)):
        sums[state, what][0] += packets
        sums[state, what][1] += size
    made = [Coverage(state, what, *counts) for (state, what), counts in sums.items() if any(counts)]
    return tuple(sorted(made, key=lambda row: (-row.bytes, -row.packets, row.state, row.what)))


# ── flows ───────────────────────────────────────────────────────────────────


def _of_flows(seen: Seen) -> Iterator[Share]:
    flows = seen.flows
    packets, size = flows.pair(PACKETS).sum(axis=1).tolist(), flows.pair(BYTES).sum(axis=1).tolist()
    protocols, payload = flows.one(PROTOCOL).tolist(), _carried(flows, seen.times).tolist()
    ports = flows.pair(A_PORT).max(axis=1).tolist()
    for flow, protocol in enumerate(protocols):
        counts = packets[flow], size[flow]
        if protocol not in (6, 17):
            yield (_state_of_protocol(protocol), _protocol_name(protocol), *counts)
        elif not payload[flow] and not ports[flow]:
            yield ("not-decoded", FRAGMENTS, *counts)  # without the fragment that has the ports
        elif not payload[flow]:
            yield ("no-content", f"{PROTOCOL_NAMES[protocol]} without data", *counts)
        else:
            yield from _shared(_parts(seen, flow, protocol == 6, payload[flow]), payload[flow], *counts)


def _carried(flows: Flows, times: Sequence[int]) -> Numbers:
    """Bytes above TCP and UDP; of a stream whose beginning was seen each once, however often it was sent."""
    sent = flows.pair(PAYLOAD)
    marks = flows.one(MARKS)[:, None]
    known = (marks & (HAS_ISN_A * np.array([1, 2])) != 0) & (marks & (HAS_NEXT_A * np.array([1, 2])) != 0)
    known &= (flows.one(PROTOCOL) == 6)[:, None] & (sent < 1 << 31)
    if times:
        known &= (np.array(times) == 1)[:, None]
    span = (flows.pair(NEXT) - flows.pair(ISN) - 1) & 0xFFFFFFFF
    return np.asarray(np.where(known, np.minimum(sent, span), sent).sum(axis=1))


def _parts(seen: Seen, flow: int, is_stream: bool, payload: int) -> list[tuple[CoverageState, str, int]]:
    """State, what, and payload bytes of each part of a flow; together they are its payload."""
    kind = seen.kinds[flow]
    if kind in ENCRYPTED_KINDS:
        return [("encrypted", kind, payload)]
    searched = answers = leaves_unsearched = 0
    for source, sums in seen.searched.of(flow, is_stream).items():
        searched += sums.searched
        if _is_own(seen, flow, source):
            leaves_unsearched += sums.answers
        else:
            answers += sums.answers
    cut = min(seen.searched.cut_of(flow), payload)
    searched = min(searched, payload - cut)
    answers = min(answers, payload - cut - searched)
    rest = payload - cut - searched - answers
    parts: list[tuple[CoverageState, str, int]] = [
        ("searched", kind, searched),
        ("answers", kind, answers),
        ("not-captured", kind, cut),
    ]
    if flow in seen.sealed:
        before = min(max(seen.sealed[flow] - searched - answers, 0), rest)
        parts += [("not-searched", kind, before), ("encrypted", AFTER_STARTTLS, rest - before)]
    elif flow in seen.inner_tls:
        parts.append(("encrypted", INNER_TLS, rest))
    else:
        parts.append((_state_of_rest(seen, flow), kind, rest))
    return [part for part in parts if part[2]]


def _is_own(seen: Seen, flow: int, source: Endpoint) -> bool:
    """Whether a device sent this, so that it left it."""
    if source.address != seen.own[flow]:
        return False
    return seen.remote[flow] != seen.own[flow] or source.port in (0, seen.own_port[flow])


def _state_of_rest(seen: Seen, flow: int) -> CoverageState:
    """What the bytes of a flow are that nobody searched."""
    kind, spread = seen.kinds[flow], seen.spreads.get(flow)
    if kind in TUNNEL_KINDS:
        return "tunnel-not-opened"
    if spread is None or not spread.looks_random:
        return "not-searched"
    return FORMLESS.get(kind, "not-searched")


def _shared(
    parts: Sequence[tuple[CoverageState, str, int]], payload: int, packets: int, size: int
) -> Iterator[Share]:
    """The packets and bytes of a flow shared out as its payload is; no part of it counts as nothing."""
    left_packets, left_size = packets, size
    for state, what, data in sorted(parts, key=lambda part: part[2])[:-1]:
        mine = min(round(packets * data / payload) or 1, left_packets)
        its_size = min(max(size * data // payload, 1), left_size)
        left_packets, left_size = left_packets - mine, left_size - its_size
        yield state, what, mine, its_size
    state, what, _ = max(reversed(parts), key=lambda part: part[2])
    yield state, what, left_packets, left_size


def _state_of_protocol(protocol: int) -> CoverageState:
    if protocol in WITHOUT_CONTENT:
        return "no-content"
    if protocol in ENCRYPTED_PROTOCOLS:
        return "encrypted"
    return "tunnel-not-opened" if protocol in TUNNEL_PROTOCOLS else "not-searched"


def _protocol_name(protocol: int) -> str:
    return IP_KINDS.get(protocol) or PROTOCOL_NAMES.get(protocol) or f"ip protocol {protocol}"


# ── what is in no flow ──────────────────────────────────────────────────────


def _of_others(outside: Sequence[Outside], is_reconstruction: bool) -> Iterator[Share]:
    for counted in outside:
        for (kind, number), (packets, size) in counted.items():
            if kind == NOT_IP:
                notice = is_reconstruction and number == NOTICE
                state = "no-content" if notice else STATES_OF_TYPES.get(number, "not-decoded")
                yield state, ethertype_name(number), packets, size
            else:
                yield "not-decoded", _name(kind, number), packets, size


def _name(kind: int, number: int) -> str:
    if kind == UNKNOWN_LINK:
        return link_name(number)
    return {DAMAGED: "damaged frames", FRAGMENT: FRAGMENTS}.get(kind, "other frames")
