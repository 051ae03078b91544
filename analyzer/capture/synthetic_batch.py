"""Packets that were made rather than read, as a batch: reassembled datagrams, decrypted frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analyzer.capture.batch import Batch
from analyzer.capture.records import new_records

Rows = NDArray[np.int64]


def packed(packets: Sequence[bytes], times_ns: Sequence[int], link: int) -> Batch:
    """A batch of these packets, all of one LINKTYPE_; its frame numbers mean nothing."""
    lengths = np.array([len(packet) for packet in packets], np.int64)
    starts = np.cumsum(lengths) - lengths
    return placed(bytearray(b"".join(packets)), starts, lengths, np.array(times_ns, np.int64), link)


def placed(data: bytearray, start: Rows, length: Rows, time_ns: Rows, link: int) -> Batch:
    """As `packed`, of packets that stand in `data`, in any order."""
    records = new_records(len(start))
    records.offset[:], records.captured[:], records.wire[:] = start, length, length
    records.time_ns[:], records.link[:] = time_ns, link
    array = np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8)
    return Batch(data, array, records, 1)
