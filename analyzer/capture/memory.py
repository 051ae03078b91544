"""Packets that were made rather than read, as a batch: reassembled datagrams, decrypted frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .batch import Batch
from .records import new_records


def packed(packets: Sequence[bytes], times_ns: Sequence[int], link: int, large: bool) -> Batch:
    """A batch of these packets, all of one LINKTYPE_; its frame numbers mean nothing.

    `large` says whether kernels should run compiled, as that of the batch which the packets were in.
    """
    data = bytearray(b"".join(packets))
    records = new_records(len(packets))
    lengths = np.array([len(packet) for packet in packets], np.int64)
    records.offset[:] = np.cumsum(lengths) - lengths
    records.captured[:] = lengths
    records.wire[:] = lengths
    records.time_ns[:] = times_ns
    records.link[:] = link
    array = np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8)
    return Batch(data, array, records, 1, large)
