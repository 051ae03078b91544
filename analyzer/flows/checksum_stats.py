"""Packets to what is odd about them and no loss: checksums, lengths left to a network card, copies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analyzer.capture.batch import Batch
from analyzer.flows.tracker import FlowIds
from analyzer.packets import BatchSummary, Packets
from analyzer.packets.batch_summary import NOTED
from analyzer.packets.checksums import ABSENT, LEFT_TO_CARD, RIGHT, WRONG, verdicts
from analyzer.packets.packet_table import COPY, HEADER_SUM_ABSENT, HEADER_SUM_WRONG, LENGTH_ABSENT


@dataclass(slots=True)
class Count:
    """How often something was seen, and the first frame of it."""

    times: int = 0
    frame: int | None = None

    def add(self, times: int, frame: int) -> None:
        """So many more, of which this is the first."""
        self.times += times
        if self.frame is None:
            self.frame = frame


class ChecksumStats:
    """Counts over the batches of a capture, by the bits of NOTES and by the codes of `checksums`."""

    def __init__(self) -> None:
        self.notes = {bit: Count() for bit in (HEADER_SUM_WRONG, HEADER_SUM_ABSENT, LENGTH_ABSENT, COPY)}
        # Of the packets whose payload was looked at.
        self.sums = {code: Count() for code in (RIGHT, LEFT_TO_CARD, ABSENT, WRONG)}

    def watch(
        self, batch: Batch, packets: Packets, outline: BatchSummary, ids: FlowIds, frames: list[int] | None
    ) -> None:
        """Rows of a batch once they are assigned; `frames` has the frame numbers of a batch that was made."""

        def frame_of(row: int) -> int:
            return frames[row] if frames is not None else batch.first_frame + row

        noted = np.flatnonzero(outline.marks & NOTED)
        if len(noted):
            notes, weight = packets.notes[noted], packets.weight[noted]
            for bit, count in self.notes.items():
                has = (notes & bit) != 0
                if has.any():
                    count.add(int(weight[has].sum()), frame_of(int(noted[has.argmax()])))
        rows = np.flatnonzero(ids.handed)
        if len(rows):
            found = verdicts(batch, packets, rows)
            for code, count in self.sums.items():
                if times := int(np.count_nonzero(found == code)):
                    count.add(times, frame_of(int(rows[(found == code).argmax()])))
