"""The terminal's first part: the answer, the activation pings, the identifiers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from rich.console import RenderableType
from rich.text import Text

from analyzer.model import Finding, Message, Ping
from analyzer.report.groups import (
    finding_groups,
    intervals,
    ping_groups,
    status_counts,
)
from analyzer.report.language import _
from analyzer.report.layout import bullets, facts, indented, lines, say, section, table
from analyzer.report.summary import first_screen
from analyzer.report.units import clock, counted, span, tally
from analyzer.report.view import ReportView
from analyzer.report.wording import (
    FACTS,
    NAMES_NO_APP,
    NEVER_PROCESSED,
    NO_MORE_THAN_FORM,
    called,
    is_established,
    is_worth_checking,
    kind_name,
    no_body_hash,
    owner_words,
    replaced,
)

_LISTED = 12  # pings of a group, identifiers: unless all are asked for


def answer_section(view: ReportView) -> Iterator[RenderableType]:
    screen = first_screen(view.report)
    blocks: list[RenderableType] = [say(screen.headline, "bold")]
    if screen.points:
        blocks += [Text(), bullets(screen.points)]
    if screen.unseen:
        blocks += [Text(), say(" ".join((_("Not seen:"), *screen.unseen)))]
    yield section("The answer", *blocks)


# ── pings ───────────────────────────────────────────────────────────────────


def pings_section(view: ReportView) -> Iterator[RenderableType]:
    if not view.report.pings:
        return
    blocks: list[RenderableType] = []
    for group in ping_groups(view.report):
        blocks += [*_ping_group(group, view), Text()]
    yield section("Activation pings", *blocks, bullets([NEVER_PROCESSED, NAMES_NO_APP]))


def _ping_group(group: list[Ping], view: ReportView) -> list[RenderableType]:
    first = group[0]
    head = say(f"{first.title} (confidence {first.confidence})", "bold")
    return [head, indented(facts(_ping_facts(group, view)), *_each(group, view), *_payload(group, view))]


def _ping_facts(group: list[Ping], view: ReportView) -> Iterator[tuple[str, str | Text]]:
    first, last = group[0], group[-1]
    yield "from", f"device {first.device} ({first.source.address})"
    yield "to", f"{first.host} at {first.destination}" if first.host else str(first.destination)
    yield "seen", f"{counted(len(group), 'time')}, {clock(first.time_ns)}{_until(group, last)}"
    yield "apart", _apart(intervals(group))
    yield "sent as", first.encoding
    yield "status", _funnel(group)
    yield "", lines(*_shared_reasons(group))
    yield "because", lines(*first.reasons)
    yield "client", first.client
    yield from view.filters(ping.evidence for ping in group)


def _until(group: Sequence[Ping], last: Ping) -> str:
    return f" to {clock(last.time_ns)}" if len(group) > 1 else ""


def _apart(gaps: list[int]) -> str:
    if not gaps:
        return ""
    if len(gaps) == 1:
        return span(gaps[0])
    return f"{span(min(gaps))} to {span(max(gaps))}, half of them within {span(int(median(gaps)))}"


def _funnel(group: list[Ping]) -> Text:
    counts = status_counts(group)
    passed = " · ".join(f"{status} {count}" for status, count in counts.items())
    return say(f"{passed} (of {len(group)})", "bold")


def _each(group: list[Ping], view: ReportView) -> Iterator[RenderableType]:
    yield Text()
    shared = _shared_reasons(group)
    rows = [_ping_row(ping, shared, view) for ping in view.some(group, _LISTED)]
    yield table(("time", "status", "evidence"), rows)
    yield from view.rest(group, _LISTED)


def _ping_row(ping: Ping, shared: list[str], view: ReportView) -> tuple[str, str, Text]:
    own = [reason for reason in ping.status_reasons if reason not in shared]
    return clock(ping.time_ns), ping.status, lines(view.frames([ping.evidence]), *own)


def _shared_reasons(group: list[Ping]) -> list[str]:
    """The reasons for the status that hold for every ping of the group, said once."""
    return [reason for reason in group[0].status_reasons if all(reason in p.status_reasons for p in group)]


def _payload(group: list[Ping], view: ReportView) -> Iterator[RenderableType]:
    if not group[0].fields:
        return
    yield Text()
    pseudonyms = view.report.redaction is not None
    kept = "pseudonyms stand for identifiers" if pseudonyms else "keys and values as sent"
    yield say(f"What it said ({view.frames([group[0].evidence])}; {kept}):")
    yield table(("key", "value", "means"), _field_rows(group, view))
    if empty := [field.key for field in group[0].fields if not field.value]:
        yield facts([("sent empty", ", ".join(empty))])
    message = view.messages.get(group[0].message or 0)
    if message and message.body.content:
        yield Text()
        yield _quote(message, view)


def _field_rows(group: list[Ping], view: ReportView) -> Iterator[tuple[str, str, str]]:
    for field in (field for field in group[0].fields if field.value):
        values = {f.value for ping in group for f in ping.fields if f.key == field.key}
        varies = f" ({len(values)} different values)" if len(values) > 1 else ""
        yield field.key, view.quote(field.value) + varies, field.means


def _quote(message: Message, view: ReportView) -> RenderableType:
    body = message.body
    raw = body.content.decode("utf-8", "backslashreplace")
    kept = ", cut" if message.missing or body.missing else ""
    return facts(
        (
            ("body", f"{body.length:,} bytes{kept}: {view.quote(raw)}"),
            ("SHA-256", body.sha256 or no_body_hash(message)),
            ("pseudonyms", f"in {said}, not as sent" if (said := replaced(message)) else ""),
        )
    )


# ── identifiers ─────────────────────────────────────────────────────────────


def identifiers_section(view: ReportView) -> Iterator[RenderableType]:
    every = [group for group in finding_groups(view.report) if not is_worth_checking(group[0])]
    groups = [group for group in every if group[0].kind not in FACTS]
    if every:
        blocks = [block for group in view.some(groups, _LISTED) for block in _finding_group(group, view)]
        told = [group for group in every if group[0].kind in FACTS]
        blocks += [*view.rest(groups, _LISTED), *_told(told, view)]
        yield section("Identifiers that left readable", *blocks)


def numbers_section(view: ReportView) -> Iterator[RenderableType]:
    """Values that have a form and no more: listed apart, and counted in no headline."""
    groups = [group for group in finding_groups(view.report) if is_worth_checking(group[0])]
    if groups:
        blocks = [block for group in view.some(groups, _LISTED) for block in _finding_group(group, view)]
        yield section("Numbers worth checking", say(NO_MORE_THAN_FORM), *blocks, *view.rest(groups, _LISTED))


def _told(groups: list[list[Finding]], view: ReportView) -> Iterator[RenderableType]:
    """What else the same messages told about the phone, a line a value."""
    if groups:
        rows = [
            (kind_name(group[0].kind), view.quote(group[0].value), counted(len(group), "time"), group[0].name)
            for group in view.some(groups, _LISTED)
        ]
        yield say("Beside them, about the phone:")
        yield indented(table(("what", "value", "seen", "field"), rows), *view.rest(groups, _LISTED))


def _finding_group(group: list[Finding], view: ReportView) -> list[RenderableType]:
    surest = group[0]
    words = called(surest) if is_established(surest) else f"{called(surest)}:"
    head = f"{words} {view.quote(surest.value)} — {surest.confidence} confidence{_match(surest)}"
    return [say(head, "bold"), indented(facts(_finding_facts(group, view)))]


def _match(finding: Finding) -> str:
    answers = {True: "; equal to one the owner gave", False: "; not one the owner gave", None: ""}
    return answers[finding.known]


def _finding_facts(group: list[Finding], view: ReportView) -> Iterator[tuple[str, str | Text]]:
    times = sorted(finding.time_ns for finding in group)
    until = f" to {clock(times[-1])}" if len(times) > 1 else ""
    yield "seen", f"{counted(len(times), 'time')}, {clock(times[0])}{until}"
    yield "to", tally(_count(_recipient(f, view) for f in group))
    yield "in", tally(_count(f"{f.name} ({f.evidence})" if f.evidence.path else f.name for f in group))
    yield "where", view.frames(f.evidence for f in group)
    yield "because", lines(*dict.fromkeys(reason for f in group for reason in f.reasons))
    details = dict(group[0].details)
    yield "whose", details.pop("belongs_to", "") or owner_words(group[0].owner)
    yield "details", "; ".join(f"{key}: {value}" for key, value in details.items())


def _count(words: Iterator[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word in words:
        counts[f"× {word}"] = counts.get(f"× {word}", 0) + 1
    return counts


def _recipient(finding: Finding, view: ReportView) -> str:
    """Whom a value was sent to; of what was found outside messages, the far end of its flow."""
    message, flow = view.messages.get(finding.message), finding.evidence.flow
    if message is None:
        return "unknown" if flow is None else view.ends.get(flow, "unknown")
    return f"{message.host} ({message.destination})" if message.host else str(message.destination)
