"""Datagrams that no reader takes, to messages: the first ones of each flow, then one now and then.

Rows are chosen by columns, so that a flow of encrypted datagrams costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from analyzer.capture.batch import Batch
from analyzer.flows.addresses import is_home
from analyzer.flows.renumbering import New, moved_column
from analyzer.flows.table import KIND, NOTHING, Flows
from analyzer.flows.tracker import FlowIds
from analyzer.packets.outline import CLEAR, NAMING, Outline
from analyzer.packets.table import Packets

from . import mdns
from .clear import ClearExchange, Place
from .exchange import Exchange
from .unclassified import is_encrypted, is_searched, unclassified

# Datagrams of a flow that are looked at, and of those behind them one in so many.
FIRST, ONE_IN = 64, 64
# Messages made, at most.
MOST_MESSAGES = 20_000
# Octets of a datagram that are read.
LONGEST = 1 << 14


class OtherDatagrams:
    """Follows UDP flows over the batches of a capture."""

    def __init__(self) -> None:
        self._seen: NDArray[np.uint8] = np.zeros(0, np.uint8)  # datagrams of a flow, up to FIRST
        self._made = 0

    def read(
        self, batch: Batch, packets: Packets, outline: Outline, ids: FlowIds, flows: Flows,
        frames: list[int] | None, taken: Collection[int],
    ) -> Iterator[ClearExchange]:  # fmt: skip
        """Messages of a batch's datagrams; `taken` has the rows that another reader took."""
        for row in self._chosen(batch, packets, outline, ids, flows).tolist():
            if row in taken or not is_told(packets, row):
                continue
            start, length = int(packets.payload[row]), int(packets.payload_captured[row])
            octets = bytes(batch.data[start : start + min(length, LONGEST)])
            if is_encrypted(octets) or not is_searched(octets):
                continue
            self._made += 1
            if self._made > MOST_MESSAGES:
                return
            frame, time_ns = frames[row] if frames else batch.first_frame + row, batch.records.time_ns[row]
            place = Place(0, len(octets), (frame,), int(time_ns), int(time_ns))
            yield ClearExchange(
                int(ids.flow[row]), Exchange(unclassified(octets, place), None, int(ids.direction[row])), None
            )

    def renumber(self, new: New, count: int) -> None:
        """Go on with new numbers of flows (`flows.renumbering`); there are `count` of them."""
        self._seen = moved_column(self._seen, new, count)

    def _chosen(
        self, batch: Batch, packets: Packets, outline: Outline, ids: FlowIds, flows: Flows
    ) -> NDArray[np.intp]:
        """The rows that are looked at, those of DNS and DHCP and of known encrypted kinds left out."""
        marks = outline.marks
        rows = np.flatnonzero(
            (marks & CLEAR != 0) | ((marks & NAMING != 0) & (packets.source_port == mdns.PORT))
        )
        rows = rows[ids.flow[rows] >= 0]
        rows = rows[flows.numbers[ids.flow[rows], KIND] == NOTHING]
        if not len(rows):
            return rows
        flow = ids.flow[rows]
        self._grow(int(flow.max()) + 1)
        sampled = (rows + batch.first_frame) % ONE_IN == 0
        early = np.flatnonzero(self._seen[flow] < FIRST)
        chosen = sampled
        if len(early):
            of = flow[early]
            order = np.argsort(of, kind="stable")
            ordered = of[order]
            starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
            sizes = np.diff(np.r_[starts, len(ordered)])
            rank = np.arange(len(ordered)) - np.repeat(starts, sizes)
            chosen[early[order]] |= rank + self._seen[ordered] < FIRST
            seen = np.minimum(sizes + self._seen[ordered[starts]], FIRST)
            self._seen[ordered[starts]] = seen.astype(np.uint8)
        return np.asarray(rows[chosen])

    def _grow(self, count: int) -> None:
        if count > len(self._seen):
            more = max(count - len(self._seen), len(self._seen))
            self._seen = np.concatenate([self._seen, np.zeros(more, np.uint8)])


def is_told(packets: Packets, row: int) -> bool:
    """Return whether a packet does not come from outside into a local network."""
    source_hi, source_lo, hi, lo = packets.addresses[row].tolist()
    return is_home(source_hi, source_lo) or not is_home(hi, lo)
