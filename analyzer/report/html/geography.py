"""Destinations → countries, each counted apart: what is located, registered or operated where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from analyzer.model import Destination, Place, Report
from analyzer.report.countries import country
from analyzer.report.groups import grouped, traffic
from analyzer.report.sendings import finding_ends
from analyzer.report.whereabouts import Whereabouts

# Claims that speak of where an address is, and of whose it is.
OF_PLACE, OF_HOLDER = ("second", "given"), ("registered", "operated")


@dataclass
class CountryShare:
    """Addresses that the location in force puts into one country, and other claims on it."""

    code: str
    in_scope: bool
    addresses: int = 0
    packets_up: int = 0
    packets_down: int = 0
    size: int = 0
    finding: int = 0  # packets to addresses to which something left that a headline counts
    others: Counter[str] = field(default_factory=Counter)  # claim → addresses located elsewhere

    @property
    def name(self) -> str:
        return country(self.code)


@dataclass(frozen=True)
class Link:
    """Addresses located in one country that another claim links to another."""

    located: str  # empty where no source says
    other: str
    claim: str
    addresses: int


@dataclass(frozen=True)
class Geography:
    countries: tuple[CountryShare, ...]  # of the scope first, then by addresses
    links: tuple[Link, ...]  # the most addresses first
    unknown: int  # addresses without a location
    special: int  # special-purpose addresses
    addresses: int


def geography(report: Report) -> Geography:
    """Each address is counted once, however many devices and ports went to it."""
    found: dict[str, CountryShare] = {}
    links: Counter[tuple[str, str, str]] = Counter()
    unknown = special = 0
    groups = grouped(report.destinations, lambda row: row.address)
    ends = {address for _device, address in finding_ends(report, Whereabouts(report))}
    for rows in groups:
        place = rows[0].place
        if place is not None and place.special:
            special += 1
            continue
        located = (place.code("located") if place else None) or ""
        unknown += not located
        if located:
            _count(_country(found, located, report), rows, rows[0].address in ends)
        for claim, code in _elsewhere(place, located):
            _country(found, code, report).others[claim] += 1
            links[located, code, claim] += 1
    ranked = sorted(found.values(), key=lambda c: (not c.in_scope, -c.addresses, -sum(c.others.values())))
    return Geography(
        countries=tuple(ranked),
        links=tuple(Link(*way, number) for way, number in links.most_common()),
        unknown=unknown,
        special=special,
        addresses=len(groups),
    )


def _country(found: dict[str, CountryShare], code: str, report: Report) -> CountryShare:
    return found.setdefault(code, CountryShare(code, code in report.scope.regions))


def _count(entry: CountryShare, rows: list[Destination], is_finding: bool) -> None:
    entry.addresses += 1
    entry.packets_up += sum(row.packets_up for row in rows)
    entry.packets_down += sum(row.packets_down for row in rows)
    entry.size += sum(map(traffic, rows))
    entry.finding += sum(row.packets_up for row in rows) if is_finding else 0


def _elsewhere(place: Place | None, located: str) -> Iterator[tuple[str, str]]:
    """The claims that name another country than the location, each once."""
    opinions = place.opinions if place else ()
    said = {(o.claim, o.code): None for o in opinions if o.code and o.code != located}
    return ((claim, code) for claim, code in said if claim in (*OF_PLACE, *OF_HOLDER) and code)
