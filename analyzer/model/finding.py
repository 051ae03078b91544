"""Findings and identifiers: what a readable value is believed to be, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from analyzer.model.evidence import Evidence

Confidence = Literal["high", "medium", "low"]


Certainty = Literal["identifier", "probable identifier", "number worth checking"]


Owner = Literal["own device", "other device", "server", "unknown"]


# How sure a detector is decides which of the three classes a value is of.
CERTAINTY: Mapping[Confidence, Certainty] = {
    "high": "identifier",
    "medium": "probable identifier",
    "low": "number worth checking",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """An identifier that left the phone readable."""

    kind: str  # "imei"
    value: str  # normalised: digits only, MAC as aa:bb:cc:dd:ee:ff
    raw: str  # as it stood in the field
    name: str  # the field's name, "IMEI1"
    confidence: Confidence
    reasons: tuple[str, ...]  # each one sentence a reader can check
    evidence: Evidence
    message: int  # Message.number
    time_ns: int = 0
    known: bool | None = None  # equal to an identifier the owner gave; None when none of the kind was given
    details: Mapping[str, str] = field(default_factory=dict)  # {"tac": "49015420", "issuer": "…"}
    owner: Owner = "unknown"  # whose it is, as far as the capture shows

    @property
    def certainty(self) -> Certainty:
        """The class of the value; `class` in the JSON document."""
        return CERTAINTY[self.confidence]


@dataclass(frozen=True, slots=True)
class KnownKind:
    """Whether an identifier the owner gave was seen; the value itself is never kept."""

    kind: str
    seen: bool
    times: int
    encodings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identifier:
    """All findings of one kind and value together: whose it is, how often it left, and to whom."""

    kind: str
    value: str
    confidence: Confidence  # of the surest finding
    times: int
    first_ns: int
    last_ns: int
    destinations: tuple[str, ...]  # "zzhc.example (203.0.113.7:80)", most frequent first
    devices: tuple[str, ...]  # Device.id of those that sent it
    belongs_to: str = ""  # "the device that sent it: equal to its MAC address"
    known: bool | None = None  # as in Finding
    owner: Owner = "unknown"  # as in Finding

    @property
    def certainty(self) -> Certainty:
        """The class of the surest finding; `class` in the JSON document."""
        return CERTAINTY[self.confidence]


@dataclass(frozen=True, slots=True)
class Redaction:
    """That identifiers were replaced by pseudonyms, and how; a report without it shows them as they were."""

    says: str  # the notice that stands in every document
    how: tuple[str, ...]  # one sentence each
    key: str  # tells reports that were made with the same key, and nothing else of it
    pseudonyms: Mapping[str, int]  # how many were made of each kind
    withheld: int = 0  # values left out because an encoding in them could not be written anew
    # HMAC-SHA-256 under the key of each capture's SHA-256: who holds key and capture can show which it was.
    commitments: tuple[str | None, ...] = ()


CoverageState = Literal[
    "searched", "answers", "encrypted", "not-searched", "unrecognised", "wifi-not-opened",
    "tunnel-not-opened", "not-decoded", "not-captured", "no-content",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many packets and bytes of a capture session met one fate; all rows of a session add up to it.

    `searched`: went through decoding and detection. `answers`: what others answered to a device; read, and
    not searched, since it did not leave the device. `encrypted`: by a protocol that is known to encrypt.
    `not-searched`: readable, or not shown to be anything else. `unrecognised`: of no known form, and spread
    as encrypted or compressed data are. `wifi-not-opened`: Wi-Fi frames that no key opened.
    `tunnel-not-opened`: packets of tunnels and encapsulations that were not read. `not-decoded`: frames of
    other link types and protocols, damaged frames, fragments that stayed incomplete. `not-captured`: cut off
    by the snapshot length. `no-content`: nothing to search, as handshakes, acknowledgements, ARP and ICMP.

    Packets inside frames that were opened count in place of these frames. Packets and bytes of a flow that
    was searched in part are shared out as its payload is.
    """

    state: CoverageState
    what: str  # "http", "802.11 protected (encrypted)"
    packets: int
    bytes: int
    capture: int = 0  # the first of Report.captures in the session
