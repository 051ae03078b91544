"""Decoded batches that lie in one buffer → one batch, for what costs the same for a few packets as for many.

Reading and decoding go in steps that fit the processor's cache; whoever follows flows wants more at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from analyzer.capture.batch import Batch
from analyzer.capture.records import Records
from analyzer.packets.packet_table import Packets

Decoded = tuple[Batch, Packets]

# Rows of a joined batch at least, unless its buffer ends before.
ROWS = 16_384


def joined(decoded: Iterable[Decoded]) -> Iterator[Decoded]:
    """The same packets in the same order, in fewer batches."""
    parts: list[Decoded] = []
    rows = 0
    for batch, packets in decoded:
        if parts and (rows >= ROWS or not _goes_on(parts[-1][0], batch)):
            yield _one(parts)
            parts, rows = [], 0
        parts.append((batch, packets))
        rows += len(packets)
    if parts:
        yield _one(parts)


def _goes_on(batch: Batch, further: Batch) -> bool:
    is_next = further.first_frame == batch.first_frame + len(batch.records)
    return further.data is batch.data and is_next


def _one(parts: list[Decoded]) -> Decoded:
    if len(parts) == 1:
        return parts[0]
    first = parts[0][0]
    records = Records(np.concatenate([batch.records.rows for batch, _ in parts]))
    numbers = np.concatenate([packets.numbers for _, packets in parts])
    addresses = np.concatenate([packets.addresses for _, packets in parts])
    return Batch(first.data, first.array, records, first.first_frame), Packets(numbers, addresses)
