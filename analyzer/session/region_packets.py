"""Packets sent to addresses for which a claim names a region of the scope, one row each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analyzer.flows.flow_ids import New, moved_column
from analyzer.flows.tracker import FlowTracker
from analyzer.geo import Locator
from analyzer.session.packet_reader import Step

# Rows kept at most; beyond that packets are counted in the ledger only, and it is said.
MOST_ROWS = 500_000

# Packets and batches that wait to be sorted out: a look-up of many new addresses costs little more than of
# one. Live batches are small, and each holds on to its columns.
MOST_WAITING, MOST_STEPS = 1 << 16, 256
# Parts of the list before they are joined.
MOST_PARTS = 1024


class RegionWatch:
    """Looks up the ends of new flows and notes the packets that go to an end in the scope."""

    def __init__(self, locator: Locator, regions: Sequence[str], share: float = 1.0) -> None:
        """`share` is the part of the usual numbers of rows that are kept and wait."""
        self._most, self._most_waiting = int(MOST_ROWS * share), int(MOST_WAITING * share)
        self._locator = locator
        self._regions = tuple(regions)
        # Bit 0: A is in the scope, bit 1: B is.
        self._ends: NDArray[np.uint8] = np.zeros(0, np.uint8)
        self._parts: list[tuple[NDArray[np.int64], ...]] = []
        self._waiting: list[Step] = []
        self._waiting_rows = 0
        self._tracker: FlowTracker | None = None
        self.rows = 0
        self.left_out = 0

    def watch(self, step: Step, tracker: FlowTracker) -> None:
        """Note this step's packets; they are sorted out some steps later, many at once."""
        self._waiting.append(step)
        self._tracker = tracker
        self._waiting_rows += len(step.packets)
        if self._waiting_rows > self._most_waiting or len(self._waiting) > MOST_STEPS:
            self._sort_out()

    def _sort_out(self) -> None:
        """Keep the waiting packets that go to an end in the scope."""
        if self._tracker is None or not self._waiting:
            return
        self._look_up(self._tracker)
        # Flow -1, of rows in no flow, finds the last entry.
        ends = np.append(self._ends, np.uint8(0))
        for step in self._waiting:
            self._keep(step, ends)
        self._waiting, self._waiting_rows = [], 0
        if len(self._parts) > MOST_PARTS:
            self._parts = [tuple(np.concatenate(column) for column in zip(*self._parts, strict=True))]

    def _keep(self, step: Step, ends: NDArray[np.uint8]) -> None:
        flow, direction = step.ids.flow, step.ids.direction
        # A packet from A goes to B: bit 1 for direction 0, bit 0 for direction 1.
        rows = (ends[flow] & (2 >> direction)).nonzero()[0]
        room = self._most - self.rows
        self.left_out += max(len(rows) - room, 0)
        rows = rows[:room]
        self.rows += len(rows)
        if len(rows):
            frames = rows + step.batch.first_frame if step.frames is None else np.asarray(step.frames)[rows]
            records = step.batch.records
            times, lengths = records.time_ns[rows], records.wire[rows]
            self._parts.append((frames.astype(np.int64), times, flow[rows], direction[rows], lengths))

    def listed(self, count: int) -> NDArray[np.uint8]:
        """Of each flow, bit 0: packets to A are listed; bit 1: those to B. Brings the list up to date."""
        self._sort_out()
        return np.concatenate([self._ends, np.zeros(count - len(self._ends), np.uint8)])

    def frames(self) -> NDArray[np.int64]:
        """The frames that are listed, after `listed`."""
        return np.concatenate([np.zeros(0, np.int64), *(part[0] for part in self._parts)])

    def renumber(self, new: New, count: int) -> None:
        """Go on with new numbers of flows (`flows.renumbering`), after `listed`.

        What goes to an address that is kept no longer is counted and not listed.
        """
        self._ends = moved_column(self._ends, new, count)
        parts = []
        for frame, time_ns, flow, direction, length in self._parts:
            number = new[flow]
            rows = (number >= 0).nonzero()[0]
            parts.append(tuple(column[rows] for column in (frame, time_ns, number, direction, length)))
        kept = sum(len(part[0]) for part in parts)
        self.left_out += self.rows - kept
        self.rows, self._parts = kept, parts

    def columns(self) -> tuple[NDArray[np.int64], ...]:
        """(frame, time_ns, flow, direction, length), in the order of capture."""
        self._sort_out()
        if not self._parts:
            return tuple(np.zeros(0, np.int64) for _ in range(5))
        joined = tuple(np.concatenate(column) for column in zip(*self._parts, strict=True))
        order = np.argsort(joined[0], kind="stable")
        return tuple(column[order] for column in joined)

    def _look_up(self, tracker: FlowTracker) -> None:
        done, count, flows = len(self._ends), tracker.count, tracker.flows
        if count == done:
            return
        new = slice(done, count)
        hi, lo = (np.concatenate([a[new], b[new]]) for a, b in zip(flows.a, flows.b, strict=True))
        inside = self._locator.in_regions(hi, lo, self._regions)
        ends = inside[: count - done].astype(np.uint8) | (inside[count - done :].astype(np.uint8) << 1)
        self._ends = np.concatenate([self._ends, ends])
