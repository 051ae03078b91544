"""Many alike → a few groups: pings of one grammar and way, findings of one value, region totals.

Nothing is judged here, only put together; every writer shows the same groups.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from analyzer.model import Destination, Finding, Message, Name, Ping, Report
from analyzer.report.wording import STATUSES, reached

T = TypeVar("T")


def grouped(items: Iterable[T], key: Callable[[T], Hashable]) -> list[list[T]]:
    """Items of equal key together, in the order of their first appearance."""
    groups: dict[Hashable, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return list(groups.values())


# ── pings ───────────────────────────────────────────────────────────────────


def ping_groups(report: Report) -> list[list[Ping]]:
    """Pings of the same grammar, keys, device and destination, each group in the order of time.

    Attempts that carried no request stand in groups of their own, at the end.
    """
    ordered = sorted(report.pings, key=lambda ping: (ping.message is None, ping.time_ns))
    return grouped(ordered, _alike)


def _alike(ping: Ping) -> Hashable:
    keys = frozenset(field.key for field in ping.fields)
    way = (ping.device, ping.destination, ping.host)
    return (ping.dossier, way, keys, ping.encoding, ping.client, ping.message is None)


def status_counts(pings: Sequence[Ping]) -> dict[str, int]:
    """How many reached each status; one that was answered was also delivered and attempted."""
    passed = [status for ping in pings for status in reached(ping.status)]
    return {status: passed.count(status) for status in STATUSES}


def intervals(pings: Sequence[Ping]) -> list[int]:
    """Nanoseconds from each ping to the next."""
    times = sorted(ping.time_ns for ping in pings)
    return [after - before for before, after in pairwise(times)]


# ── findings ────────────────────────────────────────────────────────────────

_RANK = {"high": 0, "medium": 1, "low": 2}


def finding_groups(report: Report) -> list[list[Finding]]:
    """Findings of one kind and value, the surest first and the groups by their surest."""
    ordered = sorted(report.findings, key=lambda f: (f.known is not True, _RANK[f.confidence], f.time_ns))
    return grouped(ordered, lambda finding: (finding.kind, finding.value))


def messages_by_number(report: Report) -> dict[int, Message]:
    return {message.number: message for message in report.messages}


def pings_by_message(report: Report) -> dict[int, Ping]:
    return {ping.message: ping for ping in report.pings if ping.message is not None}


# ── regions ─────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class RegionTotal:
    """Packets and bytes between the devices and the addresses of one claim on one region."""

    code: str
    located: bool  # located there; otherwise registered, operated or by a second opinion only
    addresses: int
    packets_up: int
    packets_down: int
    bytes_up: int
    bytes_down: int


def region_totals(report: Report) -> list[RegionTotal]:
    """Two rows a region of the scope: located there, and linked to it by another claim alone."""
    return [
        total(code, located, [d for d in report.destinations if _claims(d, code, located)])
        for code in report.scope.regions
        for located in (True, False)
    ]


def total(code: str, located: bool, rows: Sequence[Destination]) -> RegionTotal:
    """The sums of some rows, each address counted once."""
    return RegionTotal(
        code=code,
        located=located,
        addresses=len({row.address for row in rows}),
        packets_up=sum(row.packets_up for row in rows),
        packets_down=sum(row.packets_down for row in rows),
        bytes_up=sum(row.bytes_up for row in rows),
        bytes_down=sum(row.bytes_down for row in rows),
    )


def _claims(row: Destination, code: str, located: bool) -> bool:
    return is_linked(row, code) and is_located(row, code) == located


def is_located(row: Destination, code: str) -> bool:
    """Does the location in force name this region?"""
    return row.place is not None and row.place.code("located") == code


def is_linked(row: Destination, code: str) -> bool:
    """Does any claim name this region?"""
    opinions = row.place.opinions if row.place else ()
    return any(opinion.code == code for opinion in opinions)


def region_addresses(report: Report) -> list[list[Destination]]:
    """The destinations with a claim on the scope, an address each: located first, then by bytes."""
    rows = [row for row in report.destinations if row.scope_claims]
    groups = grouped(rows, lambda row: row.address)
    return sorted(groups, key=lambda group: (not group[0].in_scope, -sum(map(traffic, group))))


def named_under(name: Name, code: str) -> bool:
    """Is the name under a top-level domain of the region? A name says nothing about a place."""
    return name.region == code


def named_only(report: Report) -> list[tuple[str, str]]:
    """Name and address where the name alone points to the scope and no claim on the address does."""
    found = {
        (name.name, row.address): None
        for row in report.destinations
        if not row.scope_claims
        for name in row.names
        if any(named_under(name, code) for code in report.scope.regions)
    }
    return list(found)


def traffic(row: Destination) -> int:
    """Bytes in both directions."""
    return row.bytes_up + row.bytes_down
