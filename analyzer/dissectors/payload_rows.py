"""The payloads that the flow kernel hands on: one row each, as the parsers of flows take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from analyzer.capture.batch import Batch
from analyzer.flows.flow_table import HAS_ISN_A, ISN, MARKS, PAYLOAD, Flows

# How far before the first segment seen a stream may begin when no SYN told its start and its first
# segments came out of order.
LOOK_BACK = 1 << 17


class PayloadRow(NamedTuple):
    """A payload in a batch's buffer and where it belongs; `sequence` is of TCP."""

    flow: int
    direction: int
    sequence: int
    start: int
    length: int
    frame: int
    time_ns: int


def payload(batch: Batch, row: PayloadRow) -> bytes:
    """The payload itself."""
    return bytes(batch.data[row.start : row.start + row.length])


def first_sequence(rows: Sequence[PayloadRow]) -> int:
    """The lowest sequence number near the first one seen."""
    first = rows[0].sequence
    behind = [(first - row.sequence) % (1 << 32) for row in rows]
    return (first - max(b for b in behind if b <= LOOK_BACK)) % (1 << 32)


def isn(flows: Flows, flow: int, side: int) -> int | None:
    """The initial sequence number of a side, where its SYN was seen."""
    return int(flows.numbers[flow, ISN + side]) if flows.numbers[flow, MARKS] & (HAS_ISN_A << side) else None


def taken_before(group: Sequence[PayloadRow], flows: Flows) -> int:
    """Return the payload of a flow, in bytes, that came before these rows of its newest batch."""
    payload = int(flows.numbers[group[0].flow, PAYLOAD : PAYLOAD + 2].sum())
    return max(payload - sum(row.length for row in group), 0)
