"""Alerts that would be too many → one sentence a minute; every event is still there for programs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from analyzer.live.events import Event
from analyzer.report.units import counted

MINUTE = 60.0
# Alerts of a kind in a minute, from which on the others are summed up; where the user names no number,
# only of these kinds. Registrations are never summed up.
MOST, KINDS = 20, frozenset({"destination", "name"})
FURTHER_KINDS = KINDS | {"identifier"}
MOST_NAMED = 3  # networks in a sentence


class AlertSummary:
    """Lets alerts through, and counts those that it does not."""

    def __init__(self, most: int | None = None) -> None:
        """`most` is the number that the user names."""
        self._most = MOST if most is None else most
        self._kinds = KINDS if most is None else FURTHER_KINDS
        self._began = time.monotonic()
        self._let_through: Counter[str] = Counter()
        self._summed: Counter[str] = Counter()  # by kind
        self._networks: Counter[str] = Counter()  # destinations in networks that were named before

    def passed(self, event: Event) -> Event:
        """The event, no alert any more where there were enough of its kind in this minute."""
        if event.kind == "destination" and not event.alert and (network := event.details.get("network")):
            self._networks[str(network)] += 1
        if not event.alert or event.kind not in self._kinds:
            return event
        self._let_through[event.kind] += 1
        if self._let_through[event.kind] <= self._most:
            return event
        self._summed[event.kind] += 1
        return replace(event, alert=False, details={**event.details, "summed": True})

    def due(self, at_end: bool = False) -> Iterator[str]:
        """What was summed up, once a minute."""
        if not at_end and time.monotonic() - self._began < MINUTE:
            return
        self._began = time.monotonic()
        if self._summed:
            parts = (counted(count, f"further {kind} alert") for kind, count in self._summed.most_common())
            yield f"{', '.join(parts)} in a minute; --ndjson has each of them"
        if self._networks:
            named = ", ".join(f"{name} × {count:,}" for name, count in self._networks.most_common(MOST_NAMED))
            left = len(self._networks) - MOST_NAMED
            more = f" and {counted(left, 'further network')}" if left > 0 else ""
            many = counted(self._networks.total(), "connection")
            yield f"{many} to further addresses of networks that were named: {named}{more}"
        for counts in (self._let_through, self._summed, self._networks):
            counts.clear()
