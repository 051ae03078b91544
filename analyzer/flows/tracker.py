"""Batches of packets to flow numbers, with the flow columns that grow over the capture."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer.capture.batch import Batch
from analyzer.core.kernels import run_kernel
from analyzer.flows import kernel
from analyzer.flows.flow_table import FIRST_FRAME, Flows, grown, new_flows
from analyzer.flows.kernel import KEYS
from analyzer.packets.packet_table import Packets

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
        self._recent = np.zeros(kernel.RECENT_SLOTS * kernel.RECENT_WIDTH, np.int64)
        # A secret of each scan: whoever makes a capture can't know which flows will share a slot.
        self._key = KEYS // 2 + int.from_bytes(os.urandom(4)) % (KEYS // 2)

    def assign(self, batch: Batch, packets: Packets, frames: Sequence[int] | None = None) -> FlowIds:
        """The flow of each row; the flow columns are updated as a side effect.

        `frames` gives the frame numbers of a batch that was made rather than read.
        """
        rows, known = len(packets), self.count
        ids = FlowIds(np.full(rows, -1, np.int64), np.zeros(rows, np.int64), np.zeros(rows, np.int64))
        done = 0
        while done < rows:
            done, self.count = run_kernel(
                kernel.assign_flows, batch.data,
                batch.records.rows.reshape(-1), packets.numbers.reshape(-1), _words(packets.addresses),
                done, batch.first_frame, self.flows.numbers.reshape(-1), _words(self.flows.addresses),
                self.count, self._slots, self._key, self._recent, *ids,
            )  # fmt: skip
            if done < rows:
                self._grow()
        if frames is not None and self.count > known:
            new = self.flows.numbers[known : self.count, FIRST_FRAME]
            new[:] = np.asarray(frames, np.int64)[new - batch.first_frame]
        return ids

    def replace(self, flows: Flows) -> None:
        """Go on with these flows instead; those that are marked as replaced get no more packets."""
        self.count = len(flows)
        self._recent[:] = 0  # it tells flows by their numbers
        room = START_FLOWS
        while room < 2 * self.count:  # slots are a power of two
            room *= 2
        self.flows = grown(flows, room)
        self._fill_slots()

    def seen(self) -> Flows:
        """The valid rows."""
        return self.flows.head(self.count)

    def _grow(self) -> None:
        self.flows = grown(self.flows, 2 * len(self.flows))
        self._fill_slots()

    def _fill_slots(self) -> None:
        self._slots = np.full(2 * len(self.flows), -1, np.int64)
        run_kernel(
            kernel.refill_slots, self.flows.numbers.reshape(-1),
            _words(self.flows.addresses), self.count, self._slots, self._key,
        )  # fmt: skip


def _words(addresses: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Addresses as the kernel takes them."""
    return addresses.view(np.int64).reshape(-1)
