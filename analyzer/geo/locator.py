"""Addresses → Places, with the databases that stand for the capture's date."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from analyzer.geo.addresses import MAPPED_SAYS, Addresses, numbers
from analyzer.geo.claims import SPECIAL, classify, region_in_question
from analyzer.geo.database_selection import capture_date, gap_text, nearest, warning
from analyzer.geo.databases import Layer, layers
from analyzer.geo.iso import CODES, code_number, numbers_of
from analyzer.geo.lookup import Codes, Lookup
from analyzer.geo.special import is_special, special_names
from analyzer.geo.user_databases import UserDatabase
from analyzer.model import Claim, GeoSource, Opinion, Place

U64 = NDArray[np.uint64]
DATED: tuple[Claim, ...] = ("located", "second", "registered")
# One release holds the networks and one the holders of their numbers, whatever the capture's date.
USED_FOR: Mapping[str, str] = {
    "located": "location",
    "second": "second opinion",
    "registered": "registration",
    "network": "network number and name, anycast",
    "operated": "country where the network's number is registered",
}


class Locator:
    """Looks up addresses in the databases that the snapshot rule picks for one capture.

    `capture_ns` is the capture's time, None where it is unknown; `day` stands for it where another date
    is asked for. `regions` are those whose verdicts are worded, `given` the user's own databases. Making
    a Locator reads nothing; each database is mapped at its first look-up.
    """

    def __init__(
        self,
        capture_ns: int | None = None,
        *,
        day: date | None = None,
        regions: Sequence[str] = ("CN",),
        given: Sequence[UserDatabase] = (),
    ) -> None:
        self._asked = day
        self._day = day or (None if capture_ns is None else capture_date(capture_ns))
        self._regions = tuple(regions)
        self._given = tuple(given)

    # ── which databases ─────────────────────────────────────────────────────

    @cached_property
    def _in_force(self) -> Mapping[str, Layer]:
        return _layers_for(self._day)

    @cached_property
    def _dated(self) -> list[tuple[Claim, Layer]]:
        return [(claim, self._in_force[claim]) for claim in DATED]

    @cached_property
    def _today(self) -> list[tuple[Claim, Layer]]:
        """The newest database of each claim that an older one answers."""
        newest = _layers_for(None)
        return [(claim, newest[claim]) for claim, layer in self._dated if layer is not newest[claim]]

    @property
    def sources(self) -> tuple[GeoSource, ...]:
        """Every database consulted, with its licence, attribution, hash and what it was used for."""
        uses: dict[Layer, list[str]] = {}
        for role, layer in self._in_force.items():
            uses.setdefault(layer, []).append(USED_FOR[role])
        for claim, layer in self._today:
            uses.setdefault(layer, []).append(f"today's {USED_FOR[claim]}")
        consulted = (layer.source(", ".join(used)) for layer, used in uses.items())
        return (*consulted, *(given.source for given in self._given))

    @property
    def note(self) -> str:
        """The snapshot rule as it was applied: dates, gaps in days, a warning above 180 days."""
        last = f"Network names: {self._in_force['network'].said}."
        if self._day is None:
            chosen = ", ".join(f"{claim} by {layer.said}" for claim, layer in self._dated)
            return f"No capture date: the newest databases answer: {chosen}. {last}"
        gaps = ", ".join(gap_text(claim, layer, self._day) for claim, layer in self._dated)
        late = warning(self._dated, self._day)
        beside = " Today's answers stand beside." if self._today else ""
        of = "As asked, for" if self._asked else "Capture of"
        return f"{of} {self._day.isoformat()}: {gaps}.{late}{beside} {last}"

    # ── many addresses, one claim or any ────────────────────────────────────

    def in_regions(self, hi: U64, lo: U64, regions: Sequence[str]) -> NDArray[np.bool_]:
        """True where any claim in force names one of the ISO 3166-1 codes.

        Addresses are 128-bit numbers in two uint64 arrays of one length, IPv4 as ::ffff:a.b.c.d;
        tunnelled ones are unwrapped as in `places`.
        """
        if not len(hi):
            return np.zeros(0, np.bool_)
        wanted = _wanted(tuple(regions))
        addresses = Addresses.of(hi, lo)
        lookup = Lookup(addresses)
        named = wanted[self._holders(lookup)]
        for claim, layer in self._dated:
            named |= wanted[lookup.codes(layer, claim)]
        if self._given:
            named |= wanted[self._given_codes(addresses)].any(axis=0)
        return addresses.restore(named & ~is_special(addresses))

    def codes(self, hi: U64, lo: U64, claim: str) -> Codes:
        """Positions in `iso.CODES` of the country that one claim names for each address, 0 for none.

        `claim` is "located", "second", "registered" or "operated"; addresses as in `in_regions`.
        """
        addresses = Addresses.of(hi, lo)
        lookup = Lookup(addresses)
        codes = self._holders(lookup) if claim == "operated" else lookup.codes(self._in_force[claim], claim)
        codes[is_special(addresses)] = 0
        return addresses.restore(codes)

    def _given_codes(self, addresses: Addresses) -> Codes:
        """One row for each of the user's databases."""
        texts = addresses.texts()
        return np.array([[code_number(g.opinion(t).code) for t in texts] for g in self._given], np.uint8)

    def _holders(self, lookup: Lookup) -> Codes:
        return lookup.holders(self._in_force["network"], self._in_force["operated"])

    # ── everything about each address ───────────────────────────────────────

    def places(self, addresses: Sequence[str]) -> list[Place]:
        """A Place for each address, in their order; ValueError where a text is no address."""
        found = Addresses.of(*numbers(addresses))
        lookup = Lookup(found)
        network = self._in_force["network"]
        columns = zip(
            found.asked_at.tolist(),
            special_names(found),
            found.inner_text(),
            self._opinions(lookup),
            found.texts(),
            _opinions(self._today, [lookup.codes(layer, claim) for claim, layer in self._today], len(found)),
            lookup.column(network, "asn").tolist(),
            lookup.column(network, "anycast").tolist(),
            strict=True,
        )
        places: dict[int, Place] = {}
        for at, special, inner, opinions, asked, today, asn, anycast in columns:
            text = addresses[at]
            unwrapped = inner or _mapped(text)
            if special:
                places[at] = Place(text, SPECIAL, special=special, unwrapped=unwrapped)
                continue
            opinions = (*opinions, *(given.opinion(asked) for given in self._given))
            places[at] = Place(
                address=text,
                verdict=classify(opinions, anycast, region_in_question(opinions, self._regions)),
                unwrapped=unwrapped,
                opinions=opinions,
                today=today,
                asn=asn or None,
                as_name=network.as_name(asn) if asn else None,
                anycast=anycast,
            )
        return [places[at] for at in range(len(places))]

    def _opinions(self, lookup: Lookup) -> list[tuple[Opinion, ...]]:
        codes = [lookup.codes(layer, claim) for claim, layer in self._dated]
        holders = self._holders(lookup)
        sources = [*self._dated, ("operated", self._in_force["operated"])]
        return _opinions(sources, [*codes, holders], len(holders))


@cache
def _wanted(regions: tuple[str, ...]) -> NDArray[np.bool_]:
    """True at the numbers of these codes."""
    wanted = np.zeros(256, np.bool_)
    wanted[list(numbers_of(regions))] = True
    return wanted


def _layers_for(day: date | None) -> dict[str, Layer]:
    """The layer that plays each role; networks and holders come from the newest."""
    by_role = {role: [layer for layer in layers() if role in layer.claims] for role in USED_FOR}
    return {role: nearest(found, day if role in DATED else None) for role, found in by_role.items()}


def _opinions(
    layers: Sequence[tuple[Claim, Layer]], columns: Sequence[Codes], count: int
) -> list[tuple[Opinion, ...]]:
    """The opinions on each address; equal ones are made once."""
    rows: Iterable[tuple[int, ...]] = (
        zip(*(c.tolist() for c in columns), strict=True) if columns else [()] * count
    )
    made: dict[tuple[int, ...], tuple[Opinion, ...]] = {}
    return [made.get(row) or made.setdefault(row, _opinion_row(layers, row)) for row in rows]


def _opinion_row(layers: Sequence[tuple[Claim, Layer]], row: Sequence[int]) -> tuple[Opinion, ...]:
    # A source that says nothing is shown as such; a network without a known holder is no claim at all.
    return tuple(
        Opinion(claim, CODES[number], layer.short, layer.month)
        for (claim, layer), number in zip(layers, row, strict=True)
        if number or claim != "operated"
    )


def _mapped(text: str) -> str | None:
    if ":" not in text:
        return None
    inner = ipaddress.IPv6Address(text).ipv4_mapped
    return f"IPv4 {inner} inside {MAPPED_SAYS}" if inner else None
