"""Places of addresses: four claims, each with its source and date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# "given": a database of the user's own.
Claim = Literal["located", "second", "registered", "operated", "given"]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one source of one date says of an address; `code` is None where it says nothing."""

    claim: Claim
    code: str | None  # ISO 3166-1 alpha-2
    source: str  # "DB-IP"
    date: str  # "2026-10", the source's own date
    detail: str = ""  # what else it says, in its own words: "Zurich; AS64500 Example"


@dataclass(frozen=True, slots=True)
class Place:
    """Everything the sources say of one address, kept apart.

    `verdict` is one of the classes of docs/geolocation: "agree CN", "located CN, registered
    elsewhere", "registered CN, located elsewhere", "Chinese-operated network, located
    elsewhere", "sources disagree", "anycast/unknown", "special-purpose", "agree XX".
    `opinions` are the ones in force for the capture's date; `today` the present ones where
    these differ in date.
    """

    address: str
    verdict: str
    special: str | None = None  # "private use (RFC 1918)": then nothing else is claimed
    unwrapped: str | None = None  # "IPv4 192.0.2.1 inside NAT64": how the address was read
    opinions: tuple[Opinion, ...] = ()
    today: tuple[Opinion, ...] = ()
    asn: int | None = None
    as_name: str | None = None
    anycast: bool = False

    def code(self, claim: Claim) -> str | None:
        """The country code that this claim carries, if any."""
        return next((o.code for o in self.opinions if o.claim == claim and o.code), None)


@dataclass(frozen=True, slots=True)
class GeoSource:
    """A database that was consulted; `attribution` must stand in every report."""

    name: str
    date: str
    licence: str
    says: str
    attribution: str
    sha256: str
    url: str = ""
    used_for: str = ""  # "location, nearest at or before the capture's date"
