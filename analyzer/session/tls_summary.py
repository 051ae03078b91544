"""What is known of each flow's content to the report's words: versions, protocols, entropy, guesses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from analyzer.dissectors.client_hello import Hello
from analyzer.flows.entropy import ByteSpread
from analyzer.flows.ledger import MAYBE_QUIC, UNKNOWN

RANDOM = "{} of {} flows of no known form look encrypted or compressed ({} bits a byte): a guess"
BY_PORT = "QUIC by its port alone: a guess, since no beginning of a connection was captured"


class _Said(NamedTuple):
    """What one flow's hellos tell, in words; empty where they don't."""

    version: str
    alpn: str
    ja4: str
    ech: bool


NOTHING = _Said("", "", "", False)


class TlsSummary:
    """Says of flows and of ledger rows what was read of them beside their kind; made once a report.

    `spreads` holds the flows whose first bytes were sampled, `kinds` has an entry a flow.
    """

    def __init__(
        self,
        hellos: Mapping[int, Hello],
        spreads: Mapping[int, ByteSpread],
        kinds: Sequence[str],
        times: Sequence[int] = (),
    ) -> None:
        """`times` tells how many flows each one stands for, empty where each stands for itself."""
        self._times = times
        self._kinds = kinds
        self._spreads = {flow: spread for flow, spread in spreads.items() if kinds[flow] == UNKNOWN}
        self._said = {flow: _said(hello) for flow, hello in hellos.items()}

    def columns(self) -> dict[str, list[Any]]:
        """An entry a flow; None where nothing is known."""
        flows = range(len(self._kinds))
        said = [self._said.get(flow, NOTHING) for flow in flows]
        spreads = [self._spreads.get(flow) for flow in flows]
        return {
            "version": [one.version or None for one in said],
            "alpn": [one.alpn or None for one in said],
            "ja4": [one.ja4 or None for one in said],
            "ech": [one.ech if one.version else None for one in said],
            "entropy": [None if spread is None else round(spread.entropy, 2) for spread in spreads],
        }

    def of_row(self, members: Sequence[int]) -> dict[str, Any]:
        """Fields of a Destination; `members` are the row's flows."""
        spreads = [self._spreads[flow] for flow in members if flow in self._spreads]
        said = [
            (one, self._times[flow] if self._times else 1)
            for flow in members
            if (one := self._said.get(flow))
        ]
        return {
            "versions": _counted((one.version, times) for one, times in said),
            "alpn": _counted((one.alpn, times) for one, times in said),
            "ja4": _counted((one.ja4, times) for one, times in said),
            "ech": sum(times for one, times in said if one.ech),
            "entropy": _mean(spreads),
            "guesses": tuple(self._guesses(members, spreads)),
        }

    def _guesses(self, members: Sequence[int], spreads: Sequence[ByteSpread]) -> list[str]:
        random = [spread for spread in spreads if spread.looks_random]
        said = [RANDOM.format(f"{len(random):,}", f"{len(spreads):,}", _range(random))] if random else []
        if any(self._kinds[flow] == MAYBE_QUIC for flow in members):
            said.append(BY_PORT)
        return said


def _said(hello: Hello) -> _Said:
    known = hello.offered or hello.chosen or hello.quic
    return _Said(hello.version if known else "", ",".join(hello.protocols), hello.ja4, hello.hides_name)


def _counted(values: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for value, times in values:
        if value:
            found[value] = found.get(value, 0) + times
    return dict(sorted(found.items(), key=lambda item: -item[1])) if len(found) > 1 else found


def _mean(spreads: Sequence[ByteSpread]) -> float | None:
    """Of all bytes looked at together, in bits a byte."""
    total = sum(spread.size for spread in spreads)
    return round(sum(s.entropy * s.size for s in spreads) / total, 2) if total else None


def _range(spreads: Sequence[ByteSpread]) -> str:
    least, most = (f"{pick(s.entropy for s in spreads):.1f}" for pick in (min, max))
    return least if least == most else f"{least} to {most}"
