"""More flows than memory is meant for → fewer rows, some of which stand for several flows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analyzer.flows.address_text import address_words
from analyzer.flows.devices import client_sides
from analyzer.flows.eviction import MOST_FLOWS, Eviction, FlowState, retire, staying
from analyzer.flows.flow_table import A_HI, A_LO, A_PORT, B_HI, B_LO, PROTOCOL, Column, Flows
from analyzer.model import Problem
from analyzer.session.flow_labels import kinds_of

if TYPE_CHECKING:
    from analyzer.session.packet_reader import PacketReader

Bools = NDArray[np.bool_]


class EvictedRows:
    """Which rows of a scan's flows stand for several, and what is to be said of them."""

    def __init__(self) -> None:
        self.kinds: dict[int, str] = {}  # of rows that stand for several flows, or lost an address
        self.closed_early = 0  # flows
        self.nameless = 0  # rows that lost their address
        self._stands_for: Column = np.zeros(0, np.int64)

    def stands_for(self, count: int) -> Column:
        """Of each of `count` rows how many flows it stands for."""
        return np.concatenate([self._stands_for, np.ones(count - len(self._stands_for), np.int64)])

    def take(self, retired: Eviction, words: Sequence[str]) -> None:
        """Go on with what is left; `words` are the kinds by number."""
        self.kinds = {row: words[kind] for row, kind in enumerate(retired.kind.tolist()) if kind >= 0}
        self._stands_for = retired.stands_for
        self.closed_early = int(retired.stands_for[list(self.kinds)].sum())
        self.nameless += retired.nameless

    def problems(self) -> Iterator[Problem]:
        """What was put together, in words."""
        if self.closed_early:
            yield Problem(
                "flows-together",
                f"{self.closed_early:,} flows were closed early to keep memory bounded: rows of the flow "
                "table stand for several of the same ends, kind and outcome, and what came of them later "
                "counts as further flows; all their packets and bytes are counted",
                count=self.closed_early,
            )
        if self.nameless:
            yield Problem(
                "addresses-together",
                f"{self.nameless:,} rows of flows with few bytes were put together under the address :: to "
                "keep memory bounded: their packets and bytes are counted, their addresses are not kept",
                count=self.nameless,
            )


def is_crowded(scan: PacketReader) -> bool:
    """Whether there are more flows than memory is meant for."""
    return scan.tracker.count > MOST_FLOWS * scan.share


class FlowEviction:
    """One time that a crowd of flows is made smaller: first `let_go`, then `retire`."""

    def __init__(self, scan: PacketReader, hosts: Mapping[int, str], addresses: Iterable[str]) -> None:
        """`hosts` are of the flows that the report refers to; flows to `addresses` may be referred to yet."""
        self._scan, self._hosts = scan, hosts
        self._flows, self._count = scan.tracker.seen(), scan.tracker.count
        self._stands_for = scan.crowd.stands_for(self._count)
        referred = _to_any(self._flows, addresses)
        referred[list(hosts.keys() | scan.observer.reading())] = True
        self._referred = referred
        self._stays = staying(self._flows, self._stands_for, referred, scan.share)

    def let_go(self) -> Iterator[Any]:
        """What the early end of the flows that do not stay leaves."""
        return self._scan.observer.let_go((~self._stays).nonzero()[0].tolist(), self._flows)

    def retire(self, listed: NDArray[np.uint8]) -> Eviction:
        """Put flows together; the scan goes on with what is left. `listed` is as in `retiring.Known`."""
        words, kind = self._kinds()
        known = FlowState(self._stands_for, kind, self._labels(), self._referred, listed.astype(np.int64))
        retired = retire(self._flows, known, self._stays, self._scan.share)
        self._scan.tracker.replace(retired.flows)
        self._scan.renumber(retired.new, len(retired.flows))
        self._scan.crowd.take(retired, words)
        return retired

    def _kinds(self) -> tuple[list[str], Column]:
        """The words for what flows carried, and of each flow which one."""
        flows, scan = self._flows, self._scan
        ports = flows.pair(A_PORT)[np.arange(self._count), 1 - client_sides(flows)]
        spreads = scan.classes.samples.spreads()
        numbers: dict[str, int] = {}
        found = kinds_of(scan, flows, ports, scan.classes.forms(self._count), spreads)
        kind = [numbers.setdefault(word, len(numbers)) for word in found]
        return list(numbers), np.array(kind, np.int64)

    def _labels(self) -> Column:
        """What else the report says of a flow: names, versions, time to live, what its bytes look like."""
        numbers: dict[tuple[object, ...], int] = {}
        label = np.zeros(self._count, np.int64)
        hellos = self._scan.observer.hellos.of
        for flow in hellos.keys() | self._hosts.keys():
            hello = hellos.get(flow)
            told = hello and (hello.name, hello.version, hello.protocols, hello.ja4, hello.hides_name)
            label[flow] = numbers.setdefault((self._hosts.get(flow), told), 1 + len(numbers))
        hops = self._scan.openings.hops(self._count).astype(np.int64)
        return label << 16 | hops[: self._count] << 8 | self._scan.classes.codes(self._count)


def _to_any(flows: Flows, addresses: Iterable[str]) -> Bools:
    """TCP flows with one of these ends."""
    found = np.zeros(len(flows), np.bool_)
    for address in addresses:
        hi, lo = address_words(address)
        for at_hi, at_lo in ((A_HI, A_LO), (B_HI, B_LO)):
            found |= (flows.addresses[:, at_hi] == hi) & (flows.addresses[:, at_lo] == lo)
    return np.asarray(found & (flows.one(PROTOCOL) == 6))
