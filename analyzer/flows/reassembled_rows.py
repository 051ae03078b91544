"""Reassembled datagrams → rows of the batch that completed them, each behind its last fragment.

So whoever follows flows sees a request before its answer, as on the wire.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analyzer.capture.batch import Batch
from analyzer.capture.records import OFFSET, Records
from analyzer.packets.packet_table import NETWORK, PAYLOAD, Packets

Decoded = tuple[Batch, Packets]


def inserted(
    read: Decoded, made: Decoded, after: Sequence[int], frames: list[int] | None, of_made: Sequence[int]
) -> tuple[Batch, Packets, list[int]]:
    """Return the rows of `read` with those of `made` among them, in one buffer, and the frame of each.

    `after` names for each made row the row of `read` that it follows, ascending; `frames` and `of_made` are
    the frame numbers of both.
    """
    batch, packets = read
    further, more = made
    start = int(batch.records.offset.min()) if len(packets) else 0
    end = int((batch.records.offset + batch.records.captured).max()) if len(packets) else 0
    data = bytearray(memoryview(batch.data)[start:end]) + further.data
    places = np.searchsorted(np.asarray(after, np.int64), np.arange(len(packets)), side="left")
    own = np.arange(len(packets)) + places
    theirs = np.asarray(after, np.int64) + 1 + np.arange(len(after))
    rows = np.empty((len(packets) + len(more), batch.records.rows.shape[1]), np.int64)
    numbers = np.empty((len(rows), packets.numbers.shape[1]), np.int64)
    addresses = np.empty((len(rows), packets.addresses.shape[1]), np.uint64)
    for at, one, columns, shift in (
        (own, batch, packets, -start),
        (theirs, further, more, end - start),
    ):
        rows[at], numbers[at], addresses[at] = one.records.rows, columns.numbers, columns.addresses
        rows[at, OFFSET] += shift
        numbers[at, PAYLOAD] += shift
        numbers[at, NETWORK] += shift
    numbered = np.empty(len(rows), np.int64)
    numbered[own] = frames if frames is not None else batch.first_frame + np.arange(len(packets))
    numbered[theirs] = of_made
    whole = Batch(data, np.frombuffer(data, np.uint8), Records(rows), batch.first_frame)
    return whole, Packets(numbers, addresses), numbered.tolist()
