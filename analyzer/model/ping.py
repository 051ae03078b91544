"""Activation pings, their fields, their rhythm and what preceded them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from analyzer.model.evidence import Endpoint, Evidence
from analyzer.model.finding import Confidence

PingStatus = Literal["attempted", "delivered", "answered", "accepted"]


@dataclass(frozen=True, slots=True)
class PingField:
    """One key of a recognised payload with its explanation in plain words."""

    key: str
    value: str
    means: str


@dataclass(frozen=True, slots=True)
class Ping:
    """A message recognised as an activation or registration ping, with the reasons.

    `message` is None when only the attempt was seen (a connection that never carried a request).
    """

    dossier: str  # the dossier's id, "china-telecom-registration"
    title: str
    status: PingStatus
    time_ns: int
    flow: int
    device: str  # Device.id
    source: Endpoint
    destination: Endpoint
    host: str | None
    message: int | None
    evidence: Evidence
    reasons: tuple[str, ...]  # why it is called that
    status_reasons: tuple[str, ...]  # why the status is what it is
    fields: tuple[PingField, ...] = ()
    encoding: str = ""  # "base64 of JSON: encoded, not encrypted"
    client: str = ""  # the software known to send this, never proven by a capture
    confidence: Confidence = "medium"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How the sends of one sender follow each other in time."""

    dossier: str
    device: str
    sends: int
    least_ns: int  # between two sends
    median_ns: int
    most_ns: int
    regularity: str
    retry: str = ""  # against what the dossier documents


@dataclass(frozen=True, slots=True)
class Association:
    """Sends set against one kind of event before them: a statement of association, never of cause.

    Of `shifts` random shifts in time of all sends together, `as_often` left at least as many of
    them within `window_ns` after an event; `shifts` is 0 where too little was seen for a test.
    """

    dossier: str
    device: str
    event: str  # "DNS query after silence"
    origin: Literal["capture", "log"]
    sends: int
    events: int
    preceded: int  # sends with such an event at most `window_ns` before them
    window_ns: int
    median_lag_ns: int | None
    shifts: int
    as_often: int
    statement: str
    times_ns: tuple[int, ...] = ()  # of the events, the first of them where they are many


@dataclass(frozen=True, slots=True)
class DocumentedName:
    """A destination whose name a dossier documents, or to which messages of a documented form went.

    Where `messages` is 0 the name alone is known, not what was sent.
    """

    name: str
    addresses: tuple[str, ...]
    devices: tuple[str, ...]
    dossier: str
    title: str
    kind: str  # "activation-ping", "telemetry", "benign"
    says: str
    messages: int = 0  # how many of them have the documented form
