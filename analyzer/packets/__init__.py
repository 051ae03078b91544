"""Batches of records to packet columns."""

from __future__ import annotations

from analyzer.capture.batch import Batch
from analyzer.core.kernels import run_kernel
from analyzer.packets import kernel
from analyzer.packets.batch_summary import BatchSummary, outline
from analyzer.packets.packet_table import Packets, new_packets

__all__ = ["BatchSummary", "Packets", "decode", "outline"]


def decode(batch: Batch) -> Packets:
    """The columns of a batch: one row a record."""
    packets = new_packets(len(batch.records))
    run_kernel(
        kernel.decode_batch, batch.data,
        batch.records.rows.reshape(-1), packets.numbers.reshape(-1), packets.addresses.reshape(-1),
    )  # fmt: skip
    return packets
