"""What left readable in two reports → rows: known senders, identifiers by recipient, facts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

from analyzer.compare.comparison import Contact, IdentifierUse, PhoneFact, Rate, Sender, Sends, Sent, Value
from analyzer.compare.device_choice import FACTS
from analyzer.compare.rates import rate
from analyzer.model import Finding, Message, Ping, Report

SURENESS = ("high", "medium", "low")
MASKED = "*"  # stands in values that the owner gave: two masked values may differ
Key = TypeVar("Key", bound=Hashable)
T = TypeVar("T")


def both(a: Mapping[Key, T], b: Mapping[Key, T]) -> list[tuple[Key, T | None, T | None]]:
    """Every key of either with what it holds on both sides, in an order that doesn't depend on the side."""
    return [(key, a.get(key), b.get(key)) for key in sorted({**a, **b}, key=repr)]


# ── known senders ───────────────────────────────────────────────────────────


def senders(a: Report, b: Report) -> tuple[Sender, ...]:
    """A row for each dossier and each recipient; reports of different versions may differ in its title."""
    titles = dict(sorted(((ping.dossier, ping.title) for ping in (*a.pings, *b.pings)), reverse=True))
    return tuple(
        Sender(dossier, titles[dossier], recipient, of_a, of_b)
        for (dossier, recipient), of_a, of_b in both(_sends(a), _sends(b))
    )


def _sends(report: Report) -> dict[tuple[str, str], Sends]:
    groups: dict[tuple[str, str], list[Ping]] = defaultdict(list)
    for ping in report.pings:
        groups[ping.dossier, _host(ping.host) or ping.destination.address].append(ping)
    return {key: _sends_of(group) for key, group in groups.items()}


def _sends_of(pings: list[Ping]) -> Sends:
    return Sends(
        rate=rate(ping.time_ns for ping in pings),
        statuses=dict(sorted(Counter(ping.status for ping in pings).items())),
        silent=sum(ping.message is None for ping in pings),
        keys=tuple(sorted({field.key for ping in pings for field in ping.fields})),
    )


def contacts(a: Report, b: Report) -> tuple[Contact, ...]:
    return tuple(Contact(*key, of_a, of_b) for key, of_a, of_b in both(_contacts(a), _contacts(b)))


def _contacts(report: Report) -> dict[tuple[str, str, str, str], int]:
    return {(e.dossier, e.title, e.kind, e.name): len(e.addresses) for e in report.documented}


# ── identifiers ─────────────────────────────────────────────────────────────

Pair = tuple[str, str]  # kind, recipient


def identifiers(a: Report, b: Report, values_comparable: bool) -> tuple[IdentifierUse, ...]:
    """A row for each kind of identifier and each recipient."""
    of_a, of_b = _by_recipient(a), _by_recipient(b)
    in_a, in_b = _in_pings(a), _in_pings(b)
    return tuple(
        IdentifierUse(
            kind=kind,
            recipient=recipient,
            a=_sent(found_a, in_a) if found_a else None,
            b=_sent(found_b, in_b) if found_b else None,
            values=_values(found_a or [], found_b or []) if values_comparable else None,
        )
        for (kind, recipient), found_a, found_b in both(of_a, of_b)
    )


def _by_recipient(report: Report) -> dict[Pair, list[Finding]]:
    messages = {message.number: message for message in report.messages}
    groups: dict[Pair, list[Finding]] = defaultdict(list)
    for finding in report.findings:
        if finding.kind not in FACTS:
            groups[finding.kind, _recipient(messages.get(finding.message))].append(finding)
    return groups


def _recipient(message: Message | None) -> str:
    if message is None:
        return "unknown"
    return _host(message.host) or message.destination.address


def _host(name: str | None) -> str:
    return (name or "").strip().rstrip(".").lower()


def _in_pings(report: Report) -> set[int]:
    return {ping.message for ping in report.pings if ping.message is not None}


def _sent(found: list[Finding], in_pings: set[int]) -> Sent:
    return Sent(
        rate=_rate(found),
        values=len({finding.value for finding in found}),
        confidence=min((finding.confidence for finding in found), key=SURENESS.index),
        known=any(finding.known for finding in found),
        in_known_grammar=any(f.confidence == "high" and f.message in in_pings for f in found),
    )


def _rate(found: Iterable[Finding]) -> Rate:
    """A message that holds several is one time."""
    return rate({finding.message or -at: finding.time_ns for at, finding in enumerate(found, 1)}.values())


def _values(a: list[Finding], b: list[Finding]) -> tuple[Value, ...] | None:
    """Each value with how often it was seen on either side; None where some are masked."""
    of_a, of_b = (Counter(finding.value for finding in found) for found in (a, b))
    if any(MASKED in value for value in (*of_a, *of_b)):
        return None
    return tuple(Value(value, in_a, in_b) for value, in_a, in_b in both(of_a, of_b))


# ── facts ───────────────────────────────────────────────────────────────────


def facts(a: Report, b: Report) -> tuple[PhoneFact, ...]:
    return tuple(
        PhoneFact(kind, value, _rate(in_a) if in_a else None, _rate(in_b) if in_b else None)
        for (kind, value), in_a, in_b in both(_facts(a), _facts(b))
    )


def _facts(report: Report) -> dict[Pair, list[Finding]]:
    groups: dict[Pair, list[Finding]] = defaultdict(list)
    for finding in report.findings:
        if finding.kind in FACTS:
            groups[finding.kind, finding.value].append(finding)
    return groups
