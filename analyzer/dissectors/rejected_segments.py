"""Segments that their receiver would not have taken, so that what came again in their place is read first.

A sender who wants to mislead an observer sends a segment that never arrives, or is thrown away there, and
then the true one. Only connections in which something came again are looked at. What is doubtful is still
read: behind the rest of its batch, so that the first copy that counts is the valid one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analyzer.capture.batch import Batch
from analyzer.flows.flow_table import HAS_ISN_A, HAS_NEXT_A, ISN, MARKS, NEXT, RESENT, Flows
from analyzer.flows.tracker import FlowIds
from analyzer.packets.checksums import WRONG, verdicts
from analyzer.packets.packet_table import ACKNOWLEDGMENT, Packets

SYN, RST, ACK = 2, 4, 16
# A time to live that is so much below that of the connection's other packets that it is meant to run out.
LESS_HOPS = 8
# An acknowledgment so far from what the other side sent is of nothing that was sent (RFC 9293 §3.10.7.4).
FARTHEST, FULL = 1 << 30, 1 << 32


def doubtful(
    batch: Batch, packets: Packets, ids: FlowIds, flows: Flows, rows: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Return of each of some rows with TCP payload whether its receiver would not have taken it."""
    found = np.zeros(len(rows), np.bool_)
    flow, direction = ids.flow[rows], ids.direction[rows]
    again = np.flatnonzero(flows.numbers[flow, RESENT + direction] > 0)
    if not len(again):
        return found
    rows, flow, direction = rows[again], flow[again], direction[again]
    flags = packets.flags[rows]
    no_ack = (flags & (SYN | RST | ACK)) == 0
    wrong = verdicts(batch, packets, np.asarray(rows, np.int64)) == WRONG
    found[again] = (
        no_ack
        | wrong
        | _is_far(packets, flows, rows, flow, direction)
        | _runs_out(batch, packets, rows, flow * 2 + direction)
    )
    return found


def _is_far(
    packets: Packets,
    flows: Flows,
    rows: NDArray[np.intp],
    flow: NDArray[np.int64],
    direction: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Whether they acknowledge what the other side can't have sent."""
    other = 1 - direction
    marks = flows.numbers[flow, MARKS]
    has_sent, has_begun = (marks & (HAS_NEXT_A << other)) != 0, (marks & (HAS_ISN_A << other)) != 0
    reached = np.where(has_sent, flows.numbers[flow, NEXT + other], flows.numbers[flow, ISN + other])
    distance = (packets.numbers[rows, ACKNOWLEDGMENT] - reached) % FULL
    known = has_sent | has_begun
    has_ack = (packets.flags[rows] & ACK) != 0
    return np.asarray(known & has_ack & (distance > FARTHEST) & (distance < FULL - FARTHEST))


def _runs_out(
    batch: Batch, packets: Packets, rows: NDArray[np.intp], side: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether their time to live is far below the greatest one of their side of the connection."""
    network = packets.network[rows]
    data = np.frombuffer(batch.data, np.uint8)
    at = np.where(data[network] >> 4 == 4, network + 8, network + 7)
    hops = data[at].astype(np.int64)
    _, of = np.unique(side, return_inverse=True)
    most = np.zeros(int(of.max()) + 1, np.int64)
    np.maximum.at(most, of, hops)
    return np.asarray(hops + LESS_HOPS < most[of])
