"""Frames to flows, as the scan does it, without a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from analyzer.capture.batch import Batch
from analyzer.capture.records import new_records
from analyzer.flows.flow_table import Flows
from analyzer.flows.tracker import FlowIds, FlowTracker
from analyzer.packets import decode


class Tracked(NamedTuple):
    """What the flow kernel made of some frames."""

    ids: FlowIds
    flows: Flows

    @property
    def numbers(self) -> list[int]:
        """The flow of each frame."""
        return self.ids.flow.tolist()

    @property
    def directions(self) -> list[int]:
        """0 from A, 1 from B."""
        return self.ids.direction.tolist()


def batch_of(frames: Sequence[bytes], link: int = 1, first_frame: int = 1, start_ns: int = 1000) -> Batch:
    """These frames as a batch, a microsecond apart."""
    data = bytearray(b"".join(frames))
    records, position = new_records(len(frames)), 0
    for row, frame in enumerate(frames):
        records.rows[row] = position, len(frame), len(frame), start_ns + row * 1000, link
        position += len(frame)
    return Batch(data, np.frombuffer(data, np.uint8), records, first_frame)


def track(frames: Sequence[bytes], link: int = 1, tracker: FlowTracker | None = None) -> Tracked:
    """The flows of these frames; with a tracker given, they go on from what it has seen."""
    follower = tracker or FlowTracker()
    batch = batch_of(frames, link)
    return Tracked(follower.assign(batch, decode(batch)), follower.seen())
