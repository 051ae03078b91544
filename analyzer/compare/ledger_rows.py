"""Two ledgers → rows: names and nameless addresses, countries by claim, addresses that moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from analyzer.compare.comparison import CountryClaim, CountryReach, MovedAddress, Peer, Traffic
from analyzer.compare.readable_content import both
from analyzer.model import Destination, Place, Report


def peers(a: Report, b: Report) -> tuple[Peer, ...]:
    """A row for each name; a destination with several names stands under each of them."""
    return tuple(Peer(*key, of_a, of_b) for key, of_a, of_b in both(_peers(a), _peers(b)))


def _peers(report: Report) -> dict[tuple[str, bool, bool], Traffic]:
    """By name or address, whether that is a name, and whether the address is of special purpose."""
    groups: dict[tuple[str, bool, bool], list[Destination]] = defaultdict(list)
    for row in report.destinations:
        is_local = row.place is not None and row.place.special is not None
        names = {name.name.lower().rstrip(".") for name in row.names if name.how != "file"}
        for key in [(name, True) for name in names] or [(row.address, False)]:
            groups[*key, is_local].append(row)
    return {key: _traffic(rows) for key, rows in groups.items()}


def _traffic(rows: list[Destination]) -> Traffic:
    return Traffic(
        packets_up=sum(row.packets_up for row in rows),
        packets_down=sum(row.packets_down for row in rows),
        bytes_up=sum(row.bytes_up for row in rows),
        bytes_down=sum(row.bytes_down for row in rows),
        payload=sum(row.payload_up + row.payload_down for row in rows),
        readable=sum(row.payload_readable for row in rows),
    )


def countries(a: Report, b: Report) -> tuple[CountryClaim, ...]:
    """A row for each claim and each code that it names for a destination."""
    return tuple(
        CountryClaim(claim, code, *sides) for (claim, code), *sides in both(_countries(a), _countries(b))
    )


def _countries(report: Report) -> dict[tuple[str, str], CountryReach]:
    groups: dict[tuple[str, str], list[Destination]] = defaultdict(list)
    for row in report.destinations:
        for key in sorted({*_codes(row.place), *_named(row)}):
            groups[key].append(row)
    return {
        key: CountryReach(len({row.address for row in rows}), sum(row.packets_up for row in rows))
        for key, rows in groups.items()
    }


def _codes(place: Place | None) -> Iterator[tuple[str, str]]:
    """Claim and code of each opinion; an address of special purpose is in no country."""
    if place is not None and not place.special:
        yield from ((opinion.claim, opinion.code) for opinion in place.opinions if opinion.code)


def _named(row: Destination) -> Iterator[tuple[str, str]]:
    """The country-code domains of its names, which name no place."""
    yield from (("named", name.region) for name in row.names if name.region and name.how != "file")


def moved(a: Report, b: Report) -> tuple[MovedAddress, ...]:
    """The addresses in both for which a claim names different countries: databases differ, or their dates."""
    of_a, of_b = _claims(a), _claims(b)
    addresses = {address for address, _ in of_a} & {address for address, _ in of_b}
    return tuple(
        MovedAddress(address, claim, in_a or (), in_b or ())
        for (address, claim), in_a, in_b in both(of_a, of_b)
        if address in addresses and (in_a or ()) != (in_b or ())
    )


def _claims(report: Report) -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in report.destinations:
        for claim, code in _codes(row.place):
            found[row.address, claim].add(code)
    return {key: tuple(sorted(codes)) for key, codes in found.items()}
