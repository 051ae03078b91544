"""What databases believe of addresses → words for a place; what is contradicted is called no place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from analyzer.model import Destination, Place, Report
from analyzer.report.countries import country
from analyzer.report.groups import RegionTotal, is_linked, is_located, total
from analyzer.report.language import _, mark, number
from analyzer.report.reverse_translation import spoken

OF_PLACE = ("located", "second", "given")  # claims on where an address is, in contrast to whose it is
_NAMED = 3  # countries of several servers

ONE_DATABASE = mark("a server that one database places in {country}")
TWO_DATABASES = mark("a server that two databases place in {country}")
DATABASES = mark("a server that {n} databases place in {country}")
NOT_LOOKED_UP = mark("a server whose place was not looked up")
UNKNOWN = mark("a server whose place no database knows")
DISPUTED = mark("a server whose place is disputed: what the databases say is contradicted")
MANY_PLACES = mark("a server whose address is used in many places at once")
SPECIAL = mark("an address of a local network or another special use ({special})")


def places(report: Report) -> dict[str, Place]:
    """Return what is known of each destination address."""
    return {row.address: row.place for row in report.destinations if row.place}


class Whereabouts:
    """The places of a report's destination addresses."""

    def __init__(self, report: Report) -> None:
        self._places = places(report)
        self._refuted = {row.address for row in report.destinations if row.contradictions}

    def place(self, address: str) -> Place | None:
        """Return all that is known of an address."""
        return self._places.get(address)

    def is_special(self, address: str) -> bool:
        """Return whether an address is for local or special use; packets to it may stay in the network."""
        place = self.place(address)
        return place is not None and place.special is not None

    def is_disputed(self, address: str) -> bool:
        """Return whether sources or a measurement contradict the location, or the address has many."""
        place = self.place(address)
        if place is None:
            return False
        return place.anycast or address in self._refuted or len(codes(place)) > 1

    def code(self, address: str) -> str | None:
        """Return the country that a database names and nothing contradicts."""
        place = self.place(address)
        return None if place is None or self.is_disputed(address) else place.code("located")

    def said(self, addresses: Sequence[str]) -> str:
        """Return what is believed of where these addresses are, in apposition to who has them."""
        return self._of_one(addresses[0]) if len(addresses) == 1 else self._of_many(addresses)

    def _of_one(self, address: str) -> str:
        place, code = self.place(address), self.code(address)
        if place is None:
            return _(NOT_LOOKED_UP)
        if place.special:
            return _(SPECIAL).format(special=spoken(place.special))
        if code is None:
            disputed = _(MANY_PLACES) if place.anycast else _(DISPUTED)
            return disputed if self.is_disputed(address) else _(UNKNOWN)
        sources = {o.source for o in place.opinions if o.claim in OF_PLACE and o.code == code}
        said = _({1: ONE_DATABASE, 2: TWO_DATABASES}.get(len(sources), DATABASES))
        said = said.format(n=number(len(sources)), country=country(code))
        network = _("network: {name}").format(name=place.as_name) if place.as_name else ""
        return f"{said} ({network})" if network else said

    def _of_many(self, addresses: Sequence[str]) -> str:
        """Each country apart, for none is summed with another."""
        counts = Counter(map(self._kind, addresses)).most_common()
        named = [f"{words} {number(times)}" for words, times in counts[:_NAMED]]
        if left := sum(times for _words, times in counts[_NAMED:]):
            named.append(_("others {n}").format(n=number(left)))
        return _("servers by where databases place them: {places}").format(places=", ".join(named))

    def _kind(self, address: str) -> str:
        if code := self.code(address):
            return country(code)
        if self.is_special(address):
            return _("local or special use")
        return _("disputed") if self.is_disputed(address) else _("not known")


def codes(place: Place) -> set[str]:
    """Return the countries in which sources place an address; who registered or runs it is no place."""
    return {o.code for o in place.opinions if o.claim in OF_PLACE and o.code}


def region_traffic(
    report: Report, code: str, where: Whereabouts
) -> tuple[RegionTotal, RegionTotal, RegionTotal]:
    """Return what went to addresses located there, to disputed ones, and to those of other claims alone."""
    located: list[Destination] = []
    disputed: list[Destination] = []
    other: list[Destination] = []
    for row in report.destinations:
        if is_located(row, code):
            (disputed if where.is_disputed(row.address) else located).append(row)
        elif is_linked(row, code):
            other.append(row)
    return total(code, True, located), total(code, False, disputed), total(code, False, other)
