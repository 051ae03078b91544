"""The time to live of each flow's first packet, and who sends larger segments than a network card can."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from analyzer.capture.batch import Batch
from analyzer.flows.flow_ids import New, moved_column
from analyzer.flows.tracker import FlowIds
from analyzer.packets.batch_summary import LARGE, BatchSummary
from analyzer.packets.packet_table import Packets

# Senders of such frames that are remembered.
MOST_OVERSIZED = 4096
T = TypeVar("T", bound=np.generic)


class FirstPackets:
    """Looks at the first packet of each flow."""

    def __init__(self) -> None:
        self.oversized: dict[int, int] = {}  # source MAC → packets larger than a network card sends
        self._hops: NDArray[np.uint8] = np.zeros(0, np.uint8)

    def watch(self, batch: Batch, packets: Packets, outline: BatchSummary, ids: FlowIds, count: int) -> None:
        """Rows of a batch once they are assigned; `count` is the number of flows now."""
        known = len(self._hops)
        new = (ids.flow >= known).nonzero()[0]
        self._hops = _grown(self._hops, count)
        if len(new):
            self._first_packets(batch, packets, ids, new)
        large = (outline.marks & LARGE).nonzero()[0]
        if len(large):
            for mac, times in zip(*np.unique(packets.source_mac[large], return_counts=True), strict=True):
                if int(mac) in self.oversized or len(self.oversized) < MOST_OVERSIZED:
                    self.oversized[int(mac)] = self.oversized.get(int(mac), 0) + int(times)

    def hops(self, count: int) -> NDArray[np.uint8]:
        """Return the time to live, or hop limit, of the first packet of `count` flows; 0: not read."""
        return _grown(self._hops, count)

    def renumber(self, new: New, count: int) -> None:
        """Go on with new numbers of flows (`flows.renumbering`); there are `count` of them."""
        self._hops = moved_column(self._hops, new, count)

    def _first_packets(self, batch: Batch, packets: Packets, ids: FlowIds, rows: NDArray[np.intp]) -> None:
        flows, first = np.unique(ids.flow[rows], return_index=True)
        at = packets.network[rows[first]]
        ends = (batch.records.offset + batch.records.captured)[rows[first]]
        whole = at + 9 <= ends
        at, flows = at[whole], flows[whole]
        version = batch.array[at] >> 4
        self._hops[flows] = np.where(version == 6, batch.array[at + 7], batch.array[at + 8])


def _grown(array: NDArray[T], count: int) -> NDArray[T]:
    if count <= len(array):
        return array
    return np.concatenate([array, np.zeros(count - len(array), array.dtype)])
