"""Pings → groups of cards: what was sent, where it stood, how to decode it, what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from analyzer.model import Finding, Message, Ping, Place, Report
from analyzer.report.groups import grouped, intervals, messages_by_number, ping_groups, status_counts
from analyzer.report.headline import named_device
from analyzer.report.html.where import Frames, frames_of
from analyzer.report.ladder import Rung, ladder, quoted
from analyzer.report.language import _, plural
from analyzer.report.local_time import moment
from analyzer.report.quote import LONGEST, Quote
from analyzer.report.requests import start_line
from analyzer.report.reverse_translation import spoken
from analyzer.report.text import clip
from analyzer.report.units import clock, span
from analyzer.report.whereabouts import places
from analyzer.report.wording import (
    STATUSES,
    kind_name,
    no_body_hash,
    place_line,
    reached,
    replaced,
    today_line,
)

MOST_CARDS = 40  # of a report, in full
MOST_ROWS = 400  # of a group, with time and status alone
_VALUE = 400  # characters


@dataclass(frozen=True)
class Stage:
    """One of the four states."""

    name: str
    reached: bool


@dataclass(frozen=True)
class ShownMessage:
    """A message as it crossed the air, or in a redacted report what stands in its place."""

    start: str  # request or status line
    headers: tuple[tuple[str, str], ...]
    body: Quote
    length: int
    sha256: str
    codings: tuple[str, ...]
    no_hash: str  # why there is no SHA-256
    replaced: str  # what is shown otherwise than it was sent
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    number: int
    time: str
    status: str
    stages: tuple[Stage, ...]
    status_reasons: tuple[str, ...]
    frames: Frames
    request: ShownMessage | None
    answer: ShownMessage | None
    ladder: tuple[Rung, ...]
    fields: tuple[tuple[str, str, str, str], ...]  # key, value, kind of identifier, meaning
    empty: tuple[str, ...]


@dataclass(frozen=True)
class PingRow:
    time: str
    status: str
    frames: str


@dataclass(frozen=True)
class PingGroup:
    title: str
    confidence: str
    device: str
    source: str
    whither: str
    place: str
    today: str
    verdict: str
    seen: str
    apart: str
    encoding: str
    client: str
    reasons: tuple[str, ...]
    funnel: tuple[tuple[str, int], ...]
    total: int
    frames: Frames
    cards: tuple[Card, ...]
    rows: tuple[PingRow, ...]  # of those without a card
    left_out: int


def groups(report: Report) -> list[PingGroup]:
    """As in every writer: alike ones together, those that carried no request last."""
    look, number, found = _Look(report), 0, []
    for pings in ping_groups(report):
        cards = [
            look.card(ping, number + i + 1) for i, ping in enumerate(pings[: max(MOST_CARDS - number, 0)])
        ]
        rest = pings[len(cards) :]
        rows = [
            PingRow(clock(p.time_ns), p.status, frames_of([p.evidence], report).text)
            for p in rest[:MOST_ROWS]
        ]
        number += len(cards)
        found.append(_group(pings, cards, rows, look))
    return found


def _group(pings: list[Ping], cards: list[Card], rows: list[PingRow], look: _Look) -> PingGroup:
    first, last = pings[0], pings[-1]
    place = look.places.get(first.destination.address)
    until = f" – {moment(last.time_ns)}" if len(pings) > 1 else ""
    return PingGroup(
        title=spoken(first.title),
        confidence=first.confidence,
        device=named_device(look.report, first.device),
        source=first.source.address,
        whither=f"{first.host} ({first.destination})" if first.host else str(first.destination),
        place=place_line(place) if place else _("the address was not looked up"),
        today=today_line(place) if place else "",
        verdict=place.verdict if place else "",
        seen=f"{plural(len(pings), '{n} time', '{n} times')}, {moment(first.time_ns)}{until}",
        apart=_apart(intervals(pings)),
        encoding=_(first.encoding),
        client=first.client,
        reasons=first.reasons,
        funnel=tuple(status_counts(pings).items()),
        total=len(pings),
        frames=frames_of((ping.evidence for ping in pings), look.report),
        cards=tuple(cards),
        rows=tuple(rows),
        left_out=len(pings) - len(cards) - len(rows),
    )


def _apart(gaps: list[int]) -> str:
    if not gaps:
        return ""
    if len(gaps) == 1:
        return span(gaps[0])
    return _("{least} to {most}, half of them within {median}").format(
        least=span(min(gaps)), most=span(max(gaps)), median=span(int(median(gaps)))
    )


class _Look:
    """A report, looked up by message number and address."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.places: dict[str, Place] = places(report)
        self._messages = messages_by_number(report)
        by_message = grouped(report.findings, lambda finding: finding.message)
        self._findings = {found[0].message: found for found in by_message}

    def card(self, ping: Ping, number: int) -> Card:
        message = self._messages.get(ping.message) if ping.message is not None else None
        findings = self._findings.get(ping.message, []) if ping.message is not None else []
        values = _values(findings)
        reply = self._messages.get(message.peer) if message and message.peer is not None else None
        passed = reached(ping.status)
        return Card(
            number=number,
            time=moment(ping.time_ns),
            status=ping.status,
            stages=tuple(Stage(status, status in passed) for status in STATUSES),
            status_reasons=ping.status_reasons,
            frames=frames_of([ping.evidence], self.report),
            request=_exchange(message, values) if message else None,
            answer=_exchange(reply, ()) if reply else None,
            ladder=tuple(ladder(message.body.content, _path(findings), values)) if message else (),
            fields=tuple(_fields(ping, dict(values))),
            empty=tuple(field.key for field in ping.fields if not field.value),
        )


def _values(findings: Sequence[Finding]) -> tuple[tuple[str, str], ...]:
    """What is to be marked: each value as it stood, with the name of its kind."""
    return tuple({finding.raw: kind_name(finding.kind) for finding in findings if finding.raw}.items())


def _path(findings: Sequence[Finding]) -> tuple[str, ...]:
    """The way to the first identifier in the body; all of one body share its first steps."""
    return next((f.evidence.path for f in findings if f.evidence.path[:1] == ("body",)), ())


def _fields(ping: Ping, kinds: dict[str, str]) -> Iterator[tuple[str, str, str, str]]:
    for field in ping.fields:
        if field.value:
            yield field.key, clip(field.value, _VALUE), kinds.get(field.value, ""), field.means


def _exchange(message: Message, values: Sequence[tuple[str, str]]) -> ShownMessage:
    body = message.body
    return ShownMessage(
        start=start_line(message),
        headers=tuple((name, clip(value, _VALUE)) for name, value in message.headers[:40]),
        body=quoted(body.content, values, LONGEST),
        length=body.length,
        sha256=body.sha256 or "",
        codings=body.codings,
        no_hash=no_body_hash(message),
        replaced=replaced(message),
        missing=tuple(filter(None, (*message.missing, body.missing, body.left_out))),
    )
