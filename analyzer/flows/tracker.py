"""Batches of packets to flow numbers, with the flow columns that grow over the capture."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer.capture.batch import Batch
from analyzer.compiling import run_kernel
from analyzer.packets.table import Packets

from . import kernel
from .table import Flows, grown, new_flows

START_FLOWS = 256


class FlowIds(NamedTuple):
    """One entry a row of the packet columns."""

    flow: NDArray[np.int64]  # -1 where the row belongs to none
    direction: NDArray[np.int64]  # 0 from A, 1 from B
    handed: NDArray[np.int64]  # 1 where the payload goes on to the streams


class FlowTracker:
    """Assigns packets to flows and counts them; `flows` has `count` valid rows."""

    def __init__(self) -> None:
        self.flows: Flows = new_flows(START_FLOWS)
        self.count = 0
        self._slots = np.full(2 * START_FLOWS, -1, np.int64)

    def assign(self, batch: Batch, packets: Packets) -> FlowIds:
        """The flow of each row; the flow columns are updated as a side effect."""
        rows = len(packets)
        ids = FlowIds(np.full(rows, -1, np.int64), np.zeros(rows, np.int64), np.zeros(rows, np.int64))
        done = 0
        while done < rows:
            done, self.count = run_kernel(
                kernel.assign_flows, kernel.CALLEES, batch.large, batch.octets(),
                batch.records.rows.reshape(-1), packets.numbers.reshape(-1), packets.addresses.reshape(-1),
                done, batch.first_frame, self.flows.numbers.reshape(-1), self.flows.addresses.reshape(-1),
                self.count, self._slots, *ids,
            )  # fmt: skip
            if done < rows:
                self._grow(batch.large)
        return ids

    def seen(self) -> Flows:
        """The valid rows."""
        return self.flows.head(self.count)

    def _grow(self, large: bool) -> None:
        self.flows = grown(self.flows, 2 * len(self.flows))
        self._slots = np.full(2 * len(self.flows), -1, np.int64)
        run_kernel(
            kernel.refill_slots, kernel.CALLEES, large, self.flows.numbers.reshape(-1), self.count, self._slots
        )
