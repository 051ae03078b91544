"""Flow columns to what can be measured of each flow: round trips, repetitions, what was acknowledged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analyzer.flows.devices import Sides
from analyzer.flows.flow_table import (
    ACK_NUMBER,
    ASKED_A,
    HAS_ACK_A,
    HAS_ISN_A,
    HAS_NEXT_A,
    ISN,
    MARKS,
    NEXT,
    PACKETS,
    PAYLOAD,
    PROTOCOL,
    QUIC_FIRST,
    RESENT,
    START_NS,
    Column,
    Flows,
)  # fmt: skip

HANDSHAKE, QUIC_START, DNS_ANSWER = (
    "SYN to SYN-ACK",
    "QUIC's first packet to its answer",
    "DNS question to answer",
)
ROUND_TRIPS = ("", HANDSHAKE, QUIC_START, DNS_ANSWER)

# What became of the data that the device sent in a TCP flow.
DELIVERIES = (
    "nothing sent", "all acknowledged", "acknowledged in part", "not acknowledged", "answers not captured",
)  # fmt: skip


@dataclass(frozen=True)
class Metrics:
    """One entry a flow, seen from the device; lists, since they are read one by one."""

    round_trip_ns: list[int]  # -1 where none was seen
    round_trip_of: list[int]  # position in ROUND_TRIPS
    payload_up: list[int]
    payload_down: list[int]
    resent_up: list[int]
    resent_down: list[int]
    delivery: list[int]  # position in DELIVERIES, -1 where the protocol acknowledges nothing


def measure(flows: Flows, sides: Sides, dns_round_trips: Mapping[int, int]) -> Metrics:
    """`dns_round_trips` gives nanoseconds for the flows that carried DNS questions."""
    rows, own = np.arange(len(flows)), sides.own
    payload, resent = flows.pair(PAYLOAD), flows.pair(RESENT)
    took, of = _round_trips(flows, sides)
    for flow, nanoseconds in dns_round_trips.items():
        if own[flow] == sides.client[flow]:
            took[flow], of[flow] = nanoseconds, ROUND_TRIPS.index(DNS_ANSWER)
    return Metrics(
        round_trip_ns=took.tolist(),
        round_trip_of=of.tolist(),
        payload_up=payload[rows, own].tolist(),
        payload_down=payload[rows, 1 - own].tolist(),
        resent_up=resent[rows, own].tolist(),
        resent_down=resent[rows, 1 - own].tolist(),
        delivery=deliveries(flows, own).tolist(),
    )


def _round_trips(flows: Flows, sides: Sides) -> tuple[Column, Column]:
    """Nanoseconds and how measured. Only where the device asked: else it would be the device's own delay.

    Both times are of the first packet of their kind, so a repetition makes the value larger, never smaller.
    """
    rows, own, marks = np.arange(len(flows)), sides.own, flows.one(MARKS)
    starts = flows.pair(START_NS)
    asked_ns, answered_ns = starts[rows, own], starts[rows, 1 - own]
    seen = (asked_ns != 0) & (answered_ns != 0) & (answered_ns >= asked_ns)
    tcp = flows.one(PROTOCOL) == 6
    both = (marks & (HAS_ISN_A * 3)) == HAS_ISN_A * 3
    asked = (marks & (ASKED_A << own)) != 0
    crossed = (marks & (ASKED_A << (1 - own))) != 0
    handshake = seen & tcp & both & asked & ~crossed
    quic = seen & ~tcp & ((marks & QUIC_FIRST) != 0) & (own == 0)
    of = np.where(handshake, ROUND_TRIPS.index(HANDSHAKE), np.where(quic, ROUND_TRIPS.index(QUIC_START), 0))
    return np.where(of > 0, answered_ns - asked_ns, -1), of


def deliveries(flows: Flows, own: Column) -> Column:
    """Positions in DELIVERIES, -1 where the protocol acknowledges nothing; `own` is the device's side."""
    rows, marks = np.arange(len(flows)), flows.one(MARKS)
    sent = (marks & (HAS_NEXT_A << own)) != 0
    heard = flows.pair(PACKETS)[rows, 1 - own] > 0
    acknowledges = (marks & (HAS_ACK_A << (1 - own))) != 0
    acknowledged = flows.pair(ACK_NUMBER)[rows, 1 - own]
    all_of_it = acknowledges & _at_or_after(acknowledged, flows.pair(NEXT)[rows, own])
    started = (marks & (HAS_ISN_A << own)) != 0
    some = acknowledges & (~started | _at_or_after(acknowledged, flows.pair(ISN)[rows, own] + 2))
    return np.select(
        [flows.one(PROTOCOL) != 6, ~sent, ~heard, all_of_it, some], [-1, 0, 4, 1, 2], default=3
    ).astype(np.int64)


def _at_or_after(number: Column, other: Column) -> Column:
    """Whether a 32-bit sequence number is `other` or lies after it, modulo 2^32 (RFC 9293 §3.4)."""
    return np.asarray(((number - other) & 0xFFFFFFFF) < 0x80000000)
