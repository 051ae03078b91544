"""What was noticed → one line for people, one JSON document for programs.

Documents carry names of the Elastic Common Schema. What goes to another computer goes `masked`: of
identifiers only the part that tells maker, issuer or network, of a payload no values.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from analyzer.model import Endpoint, Finding
from analyzer.report.codecs import TIME
from analyzer.report.text import visible
from analyzer.report.units import clock
from analyzer.session.owner_masking import MASK, SHOWN

# Shorter values than this stand by chance in other text, and are not looked for when masking.
SHORTEST_MASKED = 4


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was noticed while it happened. `alert` says whether it deserves a line."""

    # "ping", "identifier", "destination", "name", "device", "loss", "source", "evidence", "receiver",
    # "summary"
    kind: str
    says: str  # one sentence; holds text of the capture
    time_ns: int  # of the packet, or of the clock where there is none
    alert: bool = True
    source: Endpoint | None = None
    mac: str | None = None  # of the source
    destination: Endpoint | None = None
    host: str | None = None
    frame: int | None = None  # of the capture session
    details: Mapping[str, Any] = field(default_factory=dict)  # JSON
    private: tuple[tuple[str, int], ...] = ()  # values that identify, each with how much of it may be told

    @property
    def is_further(self) -> bool:
        """Whether it adds to an alert that was given: what became of a request."""
        return bool(self.details.get("further"))

    def line(self) -> str:
        """The event as one harmless line of text, without its end."""
        kind = "answer" if self.is_further else self.kind
        return f"{clock(self.time_ns)}  {kind.upper():<11} {visible(self.says)}"

    def document(self, number: int, created_ns: int | None = None) -> dict[str, Any]:
        """The event as JSON; `number` counts the events of a run."""
        document: dict[str, Any] = {
            "@timestamp": TIME.dump(self.time_ns),
            "event": {
                "kind": "alert" if self.alert else "event",
                "action": self.kind,
                "sequence": number,
                "created": TIME.dump(time.time_ns() if created_ns is None else created_ns),
            },
            "message": self.says,
            "source": {**_end(self.source), **({"mac": self.mac} if self.mac else {})},
            "destination": {**_end(self.destination), **({"domain": self.host} if self.host else {})},
            "phonehome": {**({"frame": self.frame} if self.frame is not None else {}), **self.details},
        }
        return {key: value for key, value in document.items() if value != {}}

    def masked(self) -> Event:
        """The event without what identifies: for other computers, and for print."""
        hidden = [(value, _cut(value, keep)) for value, keep in self.private if len(value) >= SHORTEST_MASKED]
        # The longest first: one value may stand inside another.
        hidden.sort(key=lambda pair: -len(pair[0]))
        details = {key: value for key, value in self.details.items() if key != "fields"}
        host = None if self.host is None else _replaced(self.host, hidden)
        says = _replaced(self.says, hidden)
        return replace(self, says=says, host=host, details=_replaced(details, hidden), private=())


def as_line(document: Mapping[str, Any]) -> bytes:
    """One line of NDJSON, pure ASCII, its newline included."""
    return json.dumps(document, separators=(",", ":")).replace("\x7f", "\\u007f").encode() + b"\n"


def private_of(findings: Iterable[Finding]) -> tuple[tuple[str, int], ...]:
    """What is masked of identifiers: the value as it was normalised, and as it was sent."""
    kept = {text: SHOWN.get(found.kind, 0) for found in findings for text in (found.value, found.raw) if text}
    return tuple(kept.items())


def _end(end: Endpoint | None) -> dict[str, Any]:
    if end is None:
        return {}
    return {"ip": end.address, **({"port": end.port} if end.port else {})}


def _cut(value: str, keep: int) -> str:
    return value[:keep] + MASK * max(len(value) - keep, 0)


def _replaced(value: Any, hidden: list[tuple[str, str]]) -> Any:
    if isinstance(value, str):
        for secret, cut in hidden:
            value = value.replace(secret, cut)
        return value
    if isinstance(value, dict):
        return {key: _replaced(item, hidden) for key, item in value.items()}
    return [_replaced(item, hidden) for item in value] if isinstance(value, (list, tuple)) else value
