"""Flows that are over, or long silent, to rows that stand for several: memory stays bounded, the sums exact.

Flows are put together where the report can't tell them apart: same ends, same side that asked, same service
port, same kind, same end. Only where too many such rows are left do the smallest of them lose an address, at
last a port too, and stand for all that is left; the unspecified address says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.flows.address_text import is_local
from analyzer.flows.devices import client_sides
from analyzer.flows.flow_table import (
    A_HI,
    A_PORT,
    ASKED_A,
    ASKED_B,
    B_HI,
    BYTES,
    FIRST_FRAME,
    FIRST_NS,
    FLAGS,
    HAS_ACK_A,
    HAS_ISN_A,
    HAS_ISN_B,
    HAS_NEXT_A,
    LAST_NS,
    MAC,
    MARKS,
    PACKETS,
    PAYLOAD,
    PROTOCOL,
    QUIC_FIRST,
    REPLACED,
    RESENT,
    START_NS,
    WIDTH,
    Column,
    Flows,
)  # fmt: skip
from analyzer.flows.kernel import ACK, FIN, RST, SYN
from analyzer.flows.metrics import deliveries
from analyzer.flows.row_groups import grouped

Bools = NDArray[np.bool_]
Rows = NDArray[np.intp]

# Rows of the flow columns before some have to go; how many stay as they are then: the last ones to be heard
# of, and those that something in the report refers to.
MOST_FLOWS = 1 << 16
MOST_RECENT, MOST_REFERRED = 1 << 14, 1 << 13
# Rows that stand for several flows before the smallest lose their addresses, and how many keep them then.
MOST_TOGETHER, LEFT_TOGETHER = 1 << 14, 1 << 13

SUMMED = (PACKETS, BYTES, PAYLOAD, RESENT)
DECISIVE_FLAGS = FIN | SYN | RST | ACK
# Marks of A; each has its like of B one bit further.
PAIRED_MARKS = HAS_ISN_A | HAS_ACK_A | ASKED_A | HAS_NEXT_A
DECISIVE_MARKS = HAS_ISN_A | HAS_ISN_B | ASKED_A | ASKED_B | QUIC_FIRST


@dataclass(frozen=True, slots=True)
class FlowState:
    """What is known of flows beside their columns, one entry a flow."""

    stands_for: Column  # flows
    kind: Column  # of what the report will call it
    label: Column  # flows that differ in it are not the same in the report
    referred: Bools  # something in the report refers to it
    listed: Column  # bit 0: packets to A are listed one by one, bit 1: those to B


@dataclass(frozen=True, slots=True)
class Eviction:
    """The rows that are left, in the order of the first flow of each."""

    flows: Flows
    row: Column  # of each old row its new one
    new: Column  # the same, and -1 where that has lost an address
    stands_for: Column
    kind: Column  # -1 where a row stands for itself alone
    nameless: int  # rows that lost an address just now


def staying(flows: Flows, stands_for: Column, referred: Bools, share: float = 1.0) -> Bools:
    """Which rows stay as they are, of the usual numbers this share."""
    last, single = flows.one(LAST_NS), stands_for == 1
    stays = np.zeros(len(flows), np.bool_)
    stays[_latest(single & referred, last, int(MOST_REFERRED * share))] = True
    alive = single & ~stays & ((flows.one(MARKS) & REPLACED) == 0)
    stays[_latest(alive, last, int(MOST_RECENT * share))] = True
    return stays


def retire(flows: Flows, known: FlowState, stays: Bools, share: float = 1.0) -> Eviction:
    """The flows that stay, and the others put together; `share` as in `staying`."""
    kept, gone = stays.nonzero()[0], (~stays).nonzero()[0]
    going = _Going(flows, known, gone, share)
    groups = going.groups()
    nameless = 0
    if len(groups.starts) > int(MOST_TOGETHER * share):
        lesser = going.lesser(groups)
        going.forget_ends(lesser.rows)
        groups, nameless = going.groups(), lesser.count
    # Old rows in the order of the new ones: those kept, and of each group the first.
    left = np.concatenate([kept, gone[groups.first]])
    place = np.empty(len(left), np.int64)
    place[np.argsort(left)] = np.arange(len(left))
    at_kept, at_groups = np.split(place, [len(kept)])
    numbers, addresses = flows.numbers[np.sort(left)], flows.addresses[np.sort(left)]
    numbers[at_groups], addresses[at_groups] = going.together(groups)
    row = np.empty(len(flows), np.int64)
    stands_for, kind = np.ones(len(left), np.int64), np.full(len(left), -1, np.int64)
    row[kept], row[gone] = at_kept, at_groups[groups.of_row]
    new = row.copy()
    new[gone[going.nameless]] = -1
    stands_for[at_groups], kind[at_groups] = groups.sums(going.stands_for), going.kinds(groups)
    return Eviction(Flows(numbers, addresses), row, new, stands_for, kind, nameless)


def _latest(rows: Bools, last_ns: Column, most: int) -> Rows:
    """Of these rows those that were heard of last."""
    found = rows.nonzero()[0]
    if len(found) <= most:
        return found
    return found[np.argpartition(last_ns[found], len(found) - most)[len(found) - most :]]


@dataclass(frozen=True, slots=True)
class _Groups:
    """Rows of columns in groups of equal ones; within a group they stay in order."""

    order: Rows
    starts: Rows
    of_row: Rows  # of each row its group

    @property
    def first(self) -> Rows:
        """The first row of each group."""
        return self.order[self.starts]

    def sizes(self) -> Column:
        return np.diff(np.append(self.starts, len(self.order)))

    def sums(self, column: Column) -> Column:
        return np.asarray(np.add.reduceat(column[self.order], self.starts, axis=0))


@dataclass(frozen=True, slots=True)
class _Lesser:
    rows: Rows
    count: int  # groups they were in


class _Going:
    """The flows that do not stay, in columns of their own that may be changed."""

    def __init__(self, flows: Flows, known: FlowState, rows: Rows, share: float) -> None:
        self._left = max(int(LEFT_TOGETHER * share), 2)  # groups
        self.flows = Flows(flows.numbers[rows], flows.addresses[rows])
        self.stands_for, self.kind = known.stands_for[rows], known.kind[rows]
        self.client = client_sides(self.flows)
        self.nameless = np.zeros(len(rows), np.bool_)
        self._label, self._listed = known.label[rows], known.listed[rows]

    def groups(self) -> _Groups:
        """The rows that the report can't tell apart, together."""
        if not len(self.client):
            none = np.zeros(0, np.intp)
            return _Groups(none, none, none)
        order, starts = grouped(self._keys())
        of_row = np.empty(len(order), np.intp)
        of_row[order] = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(order))))
        return _Groups(order, starts, of_row)

    def _keys(self) -> list[Column]:
        flows, numbers = self.flows, self.flows.numbers
        rows = np.arange(len(flows))
        ports, flags = flows.pair(A_PORT), flows.pair(FLAGS) & DECISIVE_FLAGS
        heard = flows.pair(PACKETS) > 0
        # A port that packets to a region are listed with stays told.
        listed = np.where((self._listed[:, None] & (1, 2)) != 0, ports, 0)
        # TCP by whether what each side sent was acknowledged.
        delivered = [deliveries(flows, np.full(len(flows), side)) for side in (0, 1)]
        return [
            *flags.T, *heard.T, *listed.T, *delivered, numbers[:, MARKS] & DECISIVE_MARKS, self.kind,
            self._label, self.client, ports[rows, 1 - self.client], numbers[:, PROTOCOL],
            *numbers[:, MAC : MAC + 2].T, *flows.addresses.view(np.int64).T,
        ]  # fmt: skip

    def lesser(self, groups: _Groups) -> _Lesser:
        """The rows of groups that are to lose an address: those of few bytes, listed ones last."""
        data = groups.sums(self.flows.pair(BYTES).sum(axis=1))
        is_listed = groups.sums((self._listed != 0).astype(np.int64)) > 0
        chosen = np.ones(len(data), np.bool_)
        chosen[np.lexsort((data, is_listed))[-self._left :]] = False
        return _Lesser(chosen[groups.of_row].nonzero()[0], int(chosen.sum()))

    def forget_ends(self, rows: Rows) -> None:
        """Take from these rows the far address, then the near one, then the port, until few are left."""
        self.nameless[rows] = True
        self._near_first(rows)
        numbers, addresses = self.flows.numbers, self.flows.addresses
        self._label[rows] = self._listed[rows] = 0
        numbers[rows, START_NS] = numbers[rows, START_NS + 1] = 0
        numbers[rows, A_PORT + self.client[rows]] = 0
        addresses[rows, B_HI:] = 0
        numbers[rows, MAC + 1] = -1
        if self._count(rows) > self._left // 2:
            addresses[rows, A_HI:B_HI] = 0
        if self._count(rows) > self._left // 2:
            numbers[rows, MAC] = -1
            numbers[rows, A_PORT : A_PORT + 2] = 0

    def _count(self, rows: Rows) -> int:
        return len(grouped([key[rows] for key in self._keys()])[1])

    def _near_first(self, rows: Rows) -> None:
        """Turn rows so that A is the local end; where both or none are, the one that asked."""
        local = [is_local(*ends)[rows] for ends in (self.flows.a, self.flows.b)]
        is_turned = np.where(local[0] == local[1], self.client[rows] == 1, local[1])
        # Rows that have lost their far address before lie right already.
        turned = rows[is_turned & (self.flows.addresses[rows, B_HI:] != 0).any(axis=1)]
        numbers, addresses = self.flows.numbers, self.flows.addresses
        addresses[turned] = addresses[turned][:, [2, 3, 0, 1]]
        columns = np.arange(WIDTH)
        columns[[A_PORT, A_PORT + 1]] = A_PORT + 1, A_PORT
        columns[PACKETS:] = columns[PACKETS:].reshape(-1, 2)[:, ::-1].reshape(-1)
        numbers[turned] = numbers[turned][:, columns]
        self.client[turned] = 1 - self.client[turned]
        marks = numbers[turned, MARKS]
        swapped = (marks & PAIRED_MARKS) << 1 | (marks >> 1) & PAIRED_MARKS
        numbers[turned, MARKS] = marks & ~(PAIRED_MARKS * 3) | swapped
        # Who asked can't be told by the ports any more.
        asked = np.where(self.client[rows] == 0, ASKED_A, ASKED_B)
        numbers[rows, MARKS] = numbers[rows, MARKS] & ~(ASKED_A | ASKED_B) | asked

    def kinds(self, groups: _Groups) -> Column:
        """Of each group; -1 where it is a single flow that may go on."""
        return np.where(self._lasts(groups), -1, self.kind[groups.first])

    def _lasts(self, groups: _Groups) -> Bools:
        first = groups.first
        single = (groups.sizes() == 1) & (self.stands_for[first] == 1)
        return np.asarray(single & ~self.nameless[first])

    def together(self, groups: _Groups) -> tuple[Column, NDArray[np.uint64]]:
        """A row for each group: its first flow's, with all counts added up."""
        numbers, order, starts = self.flows.numbers[groups.first], groups.order, groups.starts
        for at in SUMMED:
            numbers[:, at : at + 2] = groups.sums(self.flows.pair(at))
        ordered = self.flows.numbers[order]
        for at in (FIRST_NS, FIRST_FRAME):
            numbers[:, at] = np.minimum.reduceat(ordered[:, at], starts)
        numbers[:, LAST_NS] = np.maximum.reduceat(ordered[:, LAST_NS], starts)
        numbers[:, START_NS : START_NS + 2] = self._quickest(groups)
        numbers[~self._lasts(groups), MARKS] |= REPLACED
        return numbers, self.flows.addresses[groups.first]

    def _quickest(self, groups: _Groups) -> Column:
        """The times of question and answer of each group's flow with the least round trip."""
        starts = self.flows.pair(START_NS)
        rows = np.arange(len(starts))
        took = starts[rows, 1 - self.client] - starts[rows, self.client]
        took[(starts == 0).any(axis=1) | (took < 0)] = np.iinfo(np.int64).max
        least = np.lexsort((took, groups.of_row))[groups.starts]
        return starts[least]
