"""Packets inside others: which outer path each flow took, and the outer packets counted by their ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer.capture.batch import Batch
from analyzer.flows.address_text import address_text
from analyzer.flows.flow_ids import New, moved_column
from analyzer.flows.tracker import FlowIds
from analyzer.packets import BatchSummary, Packets
from analyzer.packets.batch_summary import NOTED
from analyzer.packets.encapsulation import Ends, kinds_of, path_text
from analyzer.packets.layers import FAR, HEADER_BASE

# Different paths kept at most; what goes beyond is counted.
MOST_PATHS = 10_000
# IP headers that an OUTER column tells of at most.
DEEPEST = 4

Words = tuple[int, int, int, int]  # source and destination, in two words each
Column = NDArray[np.int64]


class PathKey(NamedTuple):
    """A path and the ends of the IP headers on it, outermost first; None where one began too far in."""

    path: int
    ends: tuple[Words | None, ...]

    def back(self) -> PathKey:
        """The same path the other way round."""
        return PathKey(self.path, tuple(e and (e[2], e[3], e[0], e[1]) for e in self.ends))


@dataclass(slots=True)
class Path:
    """What went along a path, in the direction of the first packet seen and back."""

    key: PathKey
    first_ns: int
    last_ns: int
    frame: int  # the first one
    packets: list[int]
    size: list[int]
    flows: int = 0

    @property
    def kinds(self) -> tuple[str, ...]:
        return kinds_of(self.key.path)

    @property
    def ends(self) -> tuple[Ends | None, ...]:
        return tuple(e and (address_text(e[0], e[1]), address_text(e[2], e[3])) for e in self.key.ends)

    def __str__(self) -> str:
        return path_text(self.key.path, self.ends)


class Tunnels:
    """Follows the paths of packets over the batches of a capture; `paths` grows as they are seen."""

    def __init__(self, share: float = 1.0) -> None:
        """`share` is the part of the usual bound that holds here."""
        self._most = int(MOST_PATHS * share)
        self.paths: list[Path] = []
        self.left_out = 0  # packets on paths beyond the limit
        self._known: dict[PathKey, tuple[int, int]] = {}  # number of the path, from 1, and direction
        # By flow: the number of its first path, whether it took others, packets that came along any.
        self._first: Column = np.zeros(0, np.int64)
        self._several: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._inside: Column = np.zeros(0, np.int64)

    def watch(
        self,
        batch: Batch,
        packets: Packets,
        outline: BatchSummary,
        ids: FlowIds,
        frames: list[int] | None,
        count: int,
    ) -> None:
        """Rows of a batch once they are assigned; `count` is the number of flows now."""
        rows = np.flatnonzero(outline.marks & NOTED)
        rows = rows[(packets.path[rows] != 0) & (ids.flow[rows] >= 0)]
        if not len(rows):
            return
        self._make_room(count)
        number = np.zeros(len(rows), np.int64)
        for key, members in _grouped(batch, packets, rows):
            at = rows[members]
            number[members] = self._count(key, at, batch, packets, frames)
        flow = ids.flow[rows]
        np.add.at(self._inside, flow, packets.weight[rows])
        new = np.flatnonzero(self._first[flow] == 0)[::-1]  # the first of several is written last
        self._first[flow[new]] = number[new]
        self._several[flow[self._first[flow] != number]] = True

    def renumber(self, new: New, count: int) -> None:
        """Go on with new numbers of flows."""
        old = np.flatnonzero(new[: len(self._inside)] >= 0)
        first, several, inside = (
            moved_column(self._first, new, count),
            np.zeros(count, np.bool_),
            self._inside,
        )
        several[new[old[self._several[old]]]] = True
        other = (inside[old] > 0) & (self._first[old] != first[new[old]])  # of flows that became one
        several[new[old[other]]] = True
        self._first, self._several, self._inside = first, several, np.zeros(count, np.int64)
        np.add.at(self._inside, new[old], inside[old])

    def of_flow(self, flow: int, packets: int) -> str | None:
        """The outer path of a flow that has this many packets, in words; None where it has none."""
        if flow >= len(self._first) or not self._inside[flow]:
            return None
        number, inside = int(self._first[flow]), int(self._inside[flow])
        said = str(self.paths[number - 1]) if number else "a path that was not kept"
        if self._several[flow]:
            said += "; several such paths"
        return said if inside >= packets else f"{said}; {inside:,} of {packets:,} packets"

    def close(self) -> list[Path]:
        """The paths, each with the number of flows that took it first."""
        flows = np.bincount(self._first, minlength=len(self.paths) + 1)
        for number, path in enumerate(self.paths, 1):
            path.flows = int(flows[number])
        return self.paths

    def _make_room(self, count: int) -> None:
        if count <= len(self._first):
            return
        more = count + count // 2 - len(self._first)
        self._first = np.concatenate([self._first, np.zeros(more, np.int64)])
        self._several = np.concatenate([self._several, np.zeros(more, np.bool_)])
        self._inside = np.concatenate([self._inside, np.zeros(more, np.int64)])

    def _count(
        self, key: PathKey, rows: Column, batch: Batch, packets: Packets, frames: list[int] | None
    ) -> int:
        """Add these rows to their path; its number, 0 where there is no more room."""
        times, weight = batch.records.time_ns[rows], int(packets.weight[rows].sum())
        data = int(batch.records.wire[rows].sum())
        first, last = int(times.min()), int(times.max())
        if key not in self._known:
            if len(self.paths) >= self._most:
                self.left_out += weight
                return 0
            row = int(rows[0])
            frame = frames[row] if frames is not None else batch.first_frame + row
            self.paths.append(Path(key, first, last, frame, [0, 0], [0, 0]))
            self._known[key.back()] = len(self.paths), 1
            self._known[key] = len(self.paths), 0
        number, direction = self._known[key]
        path = self.paths[number - 1]
        path.packets[direction] += weight
        path.size[direction] += data
        path.first_ns, path.last_ns = min(path.first_ns, first), max(path.last_ns, last)
        return number


def _grouped(batch: Batch, packets: Packets, rows: Column) -> Iterator[tuple[PathKey, Column]]:
    """The different paths among these rows, in the order they appear, with the positions of their rows."""
    columns: list[NDArray[np.uint64]] = [packets.path[rows].astype(np.uint64)]
    outer, starts = packets.outer[rows], batch.records.offset[rows]
    depth = 0
    while depth < DEEPEST and bool((outer > 0).any()):
        columns += _level(batch, starts, outer % HEADER_BASE)
        outer = outer // HEADER_BASE
        depth += 1
    for members in _alike(columns):
        path, *rest = (int(column[members[0]]) for column in columns)
        levels = [rest[at : at + 5] for at in range(0, len(rest), 5)]
        ends = [(s, t, u, v) if known == 2 else None for known, s, t, u, v in levels if known]
        yield PathKey(path, tuple(reversed(ends))), members


def _level(batch: Batch, starts: Column, digits: Column) -> list[NDArray[np.uint64]]:
    """Whether there is a header (2 when its ends are known), and its ends, for one digit of OUTER each."""
    known = np.where(digits == 0, 0, np.where(digits == FAR, 1, 2))
    at = np.where(known == 2, starts + digits - 1, starts)
    data = np.minimum(at[:, None] + np.arange(40), len(batch.array) - 1)
    header = batch.array[data]
    six, four = header[:, 8:40].copy().view(">u8"), header[:, 12:20].copy().view(">u4")
    is_six = (header[:, 0] >> 4) == 6
    zero, prefix = np.uint64(0), np.uint64(0xFFFF_0000_0000)
    words = [
        np.where(is_six, six[:, 0], zero), np.where(is_six, six[:, 1], four[:, 0] | prefix),
        np.where(is_six, six[:, 2], zero), np.where(is_six, six[:, 3], four[:, 1] | prefix),
    ]  # fmt: skip
    return [known.astype(np.uint64), *(np.where(known == 2, w, zero).astype(np.uint64) for w in words)]


def _alike(columns: list[NDArray[np.uint64]]) -> list[Column]:
    """Positions grouped by equal values in all columns, groups by their first position."""
    varying = [column for column in columns if (column != column[0]).any()]
    if not varying:
        return [np.arange(len(columns[0]))]
    order = np.lexsort(varying)
    changes = np.zeros(len(order), np.bool_)
    for column in varying:
        ordered = column[order]
        changes[1:] |= ordered[1:] != ordered[:-1]
    groups = np.split(order, np.flatnonzero(changes))  # lexsort is stable: each group is in order
    return sorted(groups, key=lambda group: int(group[0]))
