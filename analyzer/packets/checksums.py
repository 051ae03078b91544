"""TCP and UDP packets to whether their checksum is right, as far as the whole packet was captured.

A checksum that is not there yet is no damage: a sender's network card computes it last, and a capture made
before that shows the sum of the pseudo-header alone, or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analyzer.capture.batch import Batch
from analyzer.core.byte_access import byte_sum, folded, u8, u16, u32
from analyzer.core.kernel_types import Bytes, Marks, Numbers
from analyzer.core.kernels import is_compiled, run_kernel
from analyzer.packets.packet_table import (
    NETWORK,
    PAYLOAD,
    PAYLOAD_CAPTURED,
    PAYLOAD_WIRE,
    PROTOCOL,
    TCP,
    UDP,
    WIDTH,
    Packets,
)

# Of a packet: not looked at, or not to be told; right; left to the network card; absent; wrong.
UNKNOWN, RIGHT, LEFT_TO_CARD, ABSENT, WRONG = range(5)


def verdicts(batch: Batch, packets: Packets, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    """One of the codes above for each of these rows of a batch."""
    found = np.zeros(len(rows), np.uint8)
    if is_compiled():
        run_kernel(
            judge_rows, batch.data, packets.numbers.reshape(-1),
            np.ascontiguousarray(rows, np.int64), found,
        )  # fmt: skip
        return found
    numbers, data = packets.numbers, memoryview(batch.data)
    for at, row in enumerate(rows.tolist()):
        found[at] = _judge_plain(data, numbers[row].tolist(), int(packets.kind[row]))
    return found


def _judge_plain(data: memoryview, row: Sequence[int], kind: int) -> int:
    """The same for one row, uncompiled: Python's long integers sum a packet in one step."""
    start, end = segment(data, row, 0, kind)
    if start < 0:
        return UNKNOWN
    total = int.from_bytes(data[start:end], "big")
    if (end - start) & 1:
        total <<= 8
    return verdict(data, row, 0, kind, start, end, total % 0xFFFF if total else 0)


def judge_rows(data: Bytes, packets: Numbers, rows: Numbers, found: Marks) -> None:
    """The verdict on each of `rows` into `found`; all arrays are flat."""
    for at in range(len(rows)):
        row = rows[at] * WIDTH
        kind = packets[row]
        start, end = segment(data, packets, row, kind)
        if start < 0:
            continue
        found[at] = verdict(data, packets, row, kind, start, end, byte_sum(data, start, end))


def segment(data: Bytes, packets: Numbers, row: int, kind: int) -> tuple[int, int]:
    """Where the transport header begins and the packet ends; -1 where the checksum can't be told.

    That is so for what was cut, and behind options or extension headers, which may change the destination
    that the sum was made with.
    """
    if (kind != TCP and kind != UDP) or packets[row + PAYLOAD_CAPTURED] != packets[row + PAYLOAD_WIRE]:
        return -1, 0
    network, protocol = packets[row + NETWORK], packets[row + PROTOCOL]
    end = packets[row + PAYLOAD] + packets[row + PAYLOAD_CAPTURED]
    start, stated = -1, 0
    if u8(data, network) == 0x45:
        start, stated = network + 20, network + u16(data, network + 2)
    elif u8(data, network) >> 4 == 6 and u8(data, network + 6) == protocol:
        start, stated = network + 40, network + 40 + u16(data, network + 4)
    # What was put together from fragments may end before the packet does; a length of 0 states none.
    if kind == UDP and start > 0 and u16(data, start + 4) not in (0, end - start):
        return -1, 0
    is_short = end < stated if kind == TCP else False
    return (-1, 0) if is_short else (start, end)


def verdict(data: Bytes, packets: Numbers, row: int, kind: int, start: int, end: int, total: int) -> int:
    """From the sum of the segment's words (RFC 9293 §3.1, RFC 768)."""
    network, field = packets[row + NETWORK], u16(data, start + (16 if kind == TCP else 6))
    if kind == UDP and field == 0:
        return ABSENT
    addresses = 0
    first, words = (network + 12, 2) if u8(data, network) == 0x45 else (network + 8, 8)
    for k in range(words):
        addresses += u32(data, first + 4 * k)
    addresses += packets[row + PROTOCOL]
    if folded(total + addresses + end - start) == 0xFFFF:
        return RIGHT
    # The pseudo-header's sum is left there; where the card is to cut the packet, some leave out its length.
    if field == folded(addresses + end - start) or field == folded(addresses):
        return LEFT_TO_CARD
    return WRONG if field else ABSENT
