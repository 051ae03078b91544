"""One pass over a decoded batch: what its rows are in sum, and which of them are worth a closer look.

Same rules as the packet kernel. Whoever looks for rare rows starts from `marks`, a byte a row, rather
than from the wide rows themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.capture.batch import Batch
from analyzer.capture.records import RECORD_WIDTH, TIME, WIRE
from analyzer.core.kernel_types import Marks, Numbers
from analyzer.core.kernels import run_kernel
from analyzer.packets.packet_table import (
    DESTINATION_PORT,
    ETHERTYPE,
    FRAGMENT,
    KIND,
    NOT_IP,
    NOTES,
    PATH,
    PAYLOAD_CAPTURED,
    SOURCE_PORT,
    TCP,
    UDP,
    WIDTH,
    Packets,
)  # fmt: skip

# Bits of a mark: bytes to read; a datagram of DNS, mDNS or DHCP; a packet that announces what a phone is
# doing; a TCP segment larger than a network card sends; a fragment; no IP packet; any other datagram that
# holds something; a packet inside another, or with a note.
PAYLOAD, NAMING, ANNOUNCING, LARGE, FRAGMENTED, OTHER, CLEAR, NOTED = 1, 2, 4, 8, 16, 32, 64, 128

DNS, MDNS, DHCP_SERVER = 53, 5353, 67
EAPOL = 0x888E  # EtherType of IEEE 802.1X, the last step of joining a protected network
LARGEST_FRAME = 1600  # bytes on the wire; more are segments that a network card would still have cut

# Sums: rows by kind, then the first and last time, and how many rows are stamped before the one above.
KINDS = 7
FIRST_NS, LAST_NS, BACKWARDS = 7, 8, 9
SUMS = 10


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """`marks` has a byte a row; `sums` has SUMS numbers."""

    marks: NDArray[np.uint8]
    sums: NDArray[np.int64]

    def rows(self, bits: int) -> list[int]:
        """The rows that have one of these bits, in order."""
        return np.flatnonzero(self.marks & bits).tolist()

    def has(self, kind: int) -> bool:
        return bool(self.sums[kind])


def outline(batch: Batch, packets: Packets) -> BatchSummary:
    """The marks and sums of a batch, as its packets are now."""
    marks, sums = np.zeros(len(packets), np.uint8), np.zeros(SUMS, np.int64)
    run_kernel(
        outline_batch,
        batch.records.rows.reshape(-1), packets.numbers.reshape(-1), marks, sums,
    )  # fmt: skip
    return BatchSummary(marks, sums)


def outline_batch(records: Numbers, packets: Numbers, marks: Marks, sums: Numbers) -> None:
    """Fill `marks` and `sums`; all arrays are flat."""
    before = 0
    for i in range(len(marks)):
        row = i * WIDTH
        time_ns = records[i * RECORD_WIDTH + TIME]
        if i == 0:
            sums[FIRST_NS] = time_ns
            sums[LAST_NS] = time_ns
        elif time_ns < before:
            sums[BACKWARDS] += 1
        before = time_ns
        if time_ns < sums[FIRST_NS]:
            sums[FIRST_NS] = time_ns
        if time_ns > sums[LAST_NS]:
            sums[LAST_NS] = time_ns
        kind = packets[row + KIND]
        sums[kind] += 1
        mark = 0
        if packets[row + PAYLOAD_CAPTURED] > 0:
            mark |= PAYLOAD
        if kind == TCP:
            if records[i * RECORD_WIDTH + WIRE] > LARGEST_FRAME:
                mark |= LARGE
        elif kind == UDP:
            source, destination = packets[row + SOURCE_PORT], packets[row + DESTINATION_PORT]
            if mark and (source in (DNS, MDNS) or destination in (DNS, DHCP_SERVER)):
                mark |= NAMING
            elif mark:
                mark |= CLEAR
            if destination in (DNS, DHCP_SERVER):
                mark |= ANNOUNCING
        elif kind == FRAGMENT:
            mark |= FRAGMENTED
        elif kind == NOT_IP:
            mark |= OTHER
            if packets[row + ETHERTYPE] == EAPOL:
                mark |= ANNOUNCING
        if packets[row + NOTES] or packets[row + PATH]:
            mark |= NOTED
        marks[i] = mark
