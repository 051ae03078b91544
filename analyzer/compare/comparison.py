"""The words of a comparison: rows that have an A and a B, and the two sides they come from.

Everything is frozen data without judgement: that something is missing in B is a row without a `b`. What that
may mean is said by whoever shows it, from the times in the row and the facts of the two sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from analyzer.model import Confidence

State = Literal["new", "gone", "unchanged"]
SCHEMA = "phonehome-diff/1"


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something was seen, and how far apart; the three are None where it was seen once."""

    times: int
    first_ns: int
    last_ns: int
    least_us: int | None = None
    median_us: int | None = None
    most_us: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """Findings of one kind that went to one recipient."""

    rate: Rate
    values: int  # different ones
    confidence: Confidence  # of the surest
    known: bool = False  # one equals an identifier that the owner gave
    in_known_grammar: bool = False  # one of high confidence stood in a recognised registration


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an identifier or fact, and how often it was seen on either side."""

    value: str
    a: int | None
    b: int | None


@dataclass(frozen=True, slots=True)
class IdentifierUse:
    """A kind of identifier and whom it went to; `values` is None where values can't be compared."""

    kind: str
    recipient: str  # host name, or address where none was named
    a: Sent | None
    b: Sent | None
    values: tuple[Value, ...] | None = None


@dataclass(frozen=True, slots=True)
class PhoneFact:
    """Something told about the phone that identifies nobody: model, software version, operator."""

    kind: str
    value: str
    a: Rate | None
    b: Rate | None


@dataclass(frozen=True, slots=True)
class Sends:
    """Pings of one dossier to one recipient. `statuses` counts each ping once, as far as it got."""

    rate: Rate
    statuses: Mapping[str, int]
    silent: int  # attempts that carried no request that was seen
    keys: tuple[str, ...]  # of the payload


@dataclass(frozen=True, slots=True)
class Sender:
    """A dossier and whom its pings went to."""

    dossier: str
    title: str
    recipient: str
    a: Sends | None
    b: Sends | None


@dataclass(frozen=True, slots=True)
class Contact:
    """Destinations under a name that a dossier documents: what is known of it, not what was sent."""

    dossier: str
    title: str
    kind: str  # "activation-ping", "telemetry", "benign"
    name: str
    a: int | None  # addresses
    b: int | None


@dataclass(frozen=True, slots=True)
class Traffic:
    """The ledger's rows of one name, or of one address without a name."""

    packets_up: int
    packets_down: int
    bytes_up: int
    bytes_down: int
    payload: int
    readable: int  # bytes of the payload that anyone on the way can read


@dataclass(frozen=True, slots=True)
class Peer:
    """A name that destinations went by, or an address that had none."""

    name: str
    is_named: bool
    is_local: bool  # at an address of special purpose: private, multicast, link-local
    a: Traffic | None
    b: Traffic | None


@dataclass(frozen=True, slots=True)
class CountryReach:
    """Destinations for which one claim names one country."""

    addresses: int
    packets_up: int


@dataclass(frozen=True, slots=True)
class CountryClaim:
    """One claim and one country code; claims are never put together, nor are codes."""

    claim: str  # "located", "second", "registered", "operated", "given", "named"
    code: str  # ISO 3166-1 alpha-2
    a: CountryReach | None
    b: CountryReach | None


@dataclass(frozen=True, slots=True)
class MovedAddress:
    """An address in both reports for which one claim doesn't name the same countries."""

    address: str
    claim: str
    a: tuple[str, ...]
    b: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DatabaseUse:
    """A location database that answered."""

    name: str
    date: str
    used_for: str


@dataclass(frozen=True, slots=True)
class ReportSide:
    """One of the two reports: what it is of, and what limits what it can show."""

    captures: tuple[str, ...]  # paths
    hashes: tuple[str | None, ...]  # SHA-256 of each
    device: str | None  # Device.id; None where all devices are compared
    chosen: str  # why this device
    mac: str | None
    devices: int  # in the report
    others: tuple[str, ...]  # further devices of the report with findings, which are not compared
    first_ns: int | None
    last_ns: int | None
    watched_us: int | None  # time that the captures cover, overlaps once
    stretches: int  # pieces of time without a break between them that is longer than a minute
    frames: int
    complete: bool
    problems: tuple[str, ...]
    gaps: int  # places where bytes of a readable stream were sent and not captured
    snapped: int  # frames cut by the snapshot length
    dropped: int  # packets lost while capturing, where the file counts them
    filters: tuple[str, ...]  # what was let through into the file
    link_types: tuple[str, ...]
    vantage: tuple[str, ...]  # where the capture was made, as far as it shows
    undecrypted: int  # Wi-Fi frames that stayed encrypted
    regions: tuple[str, ...]
    known: tuple[str, ...]  # kinds that the owner gave
    sources: tuple[DatabaseUse, ...]
    version: str  # of phonehome
    blind_spots: tuple[str, ...]
    payload: int
    readable: int
    redaction: str | None  # tells the key; None where identifiers are shown
    reconstruction: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two reports have in common and what only one of them has.

    `values_comparable` is False where identifiers are pseudonyms under different keys, or on one side only.
    """

    a: ReportSide
    b: ReportSide
    values_comparable: bool
    senders: tuple[Sender, ...] = ()
    contacts: tuple[Contact, ...] = ()
    identifiers: tuple[IdentifierUse, ...] = ()
    facts: tuple[PhoneFact, ...] = ()
    peers: tuple[Peer, ...] = ()
    countries: tuple[CountryClaim, ...] = ()
    moved: tuple[MovedAddress, ...] = ()
    schema: str = field(default=SCHEMA)

    def mirrored(self) -> Comparison:
        """The same with A and B exchanged."""
        rows: dict[str, Any] = {name: tuple(map(_swapped, getattr(self, name))) for name in ROWS}
        return replace(self, a=self.b, b=self.a, **rows)


ROWS = ("senders", "contacts", "identifiers", "facts", "peers", "countries", "moved")


def state(row: Any) -> State:
    """ "new": only B has it; "gone": only A has it, so it was not seen in B; "unchanged": both have it."""
    if row.a is None:
        return "new"
    return "gone" if row.b is None else "unchanged"


def _swapped(row: Any) -> Any:
    made = replace(row, a=row.b, b=row.a)
    values = getattr(row, "values", None)
    return made if values is None else replace(made, values=tuple(map(_swapped, values)))
