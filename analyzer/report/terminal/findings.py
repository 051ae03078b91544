"""The terminal's first part: the answer, the activation pings, the identifiers."""

from __future__ import annotations

from collections.abc import Iterator
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
from analyzer.report.language import _, number, plural
from analyzer.report.layout import bullets, facts, indented, lines, say, section, table
from analyzer.report.local_time import moment
from analyzer.report.reverse_translation import spoken
from analyzer.report.sendings import counts
from analyzer.report.summary import first_screen
from analyzer.report.units import clock, counted_bytes, span, tally
from analyzer.report.view import ReportView
from analyzer.report.wording import (
    CONFIDENCES,
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
_BRIEF = 8  # identifiers in a line each
_VALUE = 40  # characters of a value in such a line


def answer_section(view: ReportView) -> Iterator[RenderableType]:
    screen = first_screen(view.report)
    blocks: list[RenderableType] = [say(screen.headline, "bold")]
    if screen.points:
        blocks += [Text(), bullets(screen.points)]
    if screen.unseen:
        blocks += [Text(), say(" ".join((_("Not seen:"), *screen.unseen)))]
    yield section(_("The answer"), *blocks)


# ── pings ───────────────────────────────────────────────────────────────────


def pings_section(view: ReportView) -> Iterator[RenderableType]:
    if not view.report.pings:
        return
    groups = ping_groups(view.report)
    blocks: list[RenderableType] = []
    for group in view.some(groups, _LISTED):
        blocks += [*_ping_group(group, view), Text()]
    blocks += [*view.rest(groups, _LISTED), bullets([_(NEVER_PROCESSED), _(NAMES_NO_APP)])]
    yield section(_("Activation pings"), *blocks)


def _ping_group(group: list[Ping], view: ReportView) -> list[RenderableType]:
    first = group[0]
    head = say(f"{spoken(first.title)} ({_(CONFIDENCES[first.confidence])})", "bold")
    return [head, indented(facts(_ping_facts(group, view)), *_each(group, view), *_payload(group, view))]


def _ping_facts(group: list[Ping], view: ReportView) -> Iterator[tuple[str, str | Text]]:
    first, last = group[0], group[-1]
    yield _("from"), f"{view.device(first.device)}, {first.source.address}"
    yield _("to"), f"{first.host} ({first.destination})" if first.host else str(first.destination)
    yield _("seen"), f"{_often(len(group))}, {_during(first.time_ns, last.time_ns)}"
    yield _("apart"), _apart(intervals(group))
    yield _("sent as"), _(first.encoding)
    yield _("status"), _funnel(group)
    yield "", lines(*map(spoken, _shared_reasons(group)))
    yield _("because"), lines(*map(spoken, first.reasons))
    yield _("client"), first.client
    yield from view.filters(ping.evidence for ping in group)


def _during(first: int, last: int) -> str:
    """From when to when; a single time where they are one."""
    if first == last:
        return moment(first)
    return _("{first} to {last}").format(first=moment(first), last=moment(last))


def _apart(gaps: list[int]) -> str:
    if not gaps:
        return ""
    if len(gaps) == 1:
        return span(gaps[0])
    return _("{least} to {most}, half of them within {median}").format(
        least=span(min(gaps)), most=span(max(gaps)), median=span(int(median(gaps)))
    )


def _funnel(group: list[Ping]) -> Text:
    counted = status_counts(group)
    passed = " · ".join(f"{_(status)} {number(count)}" for status, count in counted.items())
    return say(f"{passed} ({_('of {n}').format(n=number(len(group)))})", "bold")


def _each(group: list[Ping], view: ReportView) -> Iterator[RenderableType]:
    yield Text()
    shared = _shared_reasons(group)
    rows = [_ping_row(ping, shared, view) for ping in view.some(group, _LISTED)]
    yield table((_("time"), _("status"), _("evidence")), rows)
    yield from view.rest(group, _LISTED)


def _ping_row(ping: Ping, shared: list[str], view: ReportView) -> tuple[str, str, Text]:
    own = [spoken(reason) for reason in ping.status_reasons if reason not in shared]
    return clock(ping.time_ns), _(ping.status), lines(view.frames([ping.evidence]), *own)


def _shared_reasons(group: list[Ping]) -> list[str]:
    """The reasons for the status that hold for every ping of the group, said once."""
    return [reason for reason in group[0].status_reasons if all(reason in p.status_reasons for p in group)]


def _payload(group: list[Ping], view: ReportView) -> Iterator[RenderableType]:
    if not group[0].fields:
        return
    yield Text()
    pseudonyms = view.report.redaction is not None
    kept = _("pseudonyms stand for identifiers") if pseudonyms else _("keys and values as sent")
    yield say(
        _("What it said ({frames}; {kept}):").format(frames=view.frames([group[0].evidence]), kept=kept)
    )
    yield table((_("key"), _("value"), _("means")), _field_rows(group, view))
    if empty := [field.key for field in group[0].fields if not field.value]:
        yield facts([(_("sent empty"), ", ".join(empty))])
    message = view.messages.get(group[0].message or 0)
    if message and message.body.content:
        yield Text()
        yield _quote(message, view)


def _field_rows(group: list[Ping], view: ReportView) -> Iterator[tuple[str, str, str]]:
    for field in (field for field in group[0].fields if field.value):
        values = {f.value for ping in group for f in ping.fields if f.key == field.key}
        varies = f" ({plural(len(values), '{n} value', '{n} different values')})" if len(values) > 1 else ""
        yield field.key, view.quote(field.value) + varies, spoken(field.means)


def _quote(message: Message, view: ReportView) -> RenderableType:
    body = message.body
    raw = body.content.decode("utf-8", "backslashreplace")
    kept = f", {_('cut')}" if message.missing or body.missing else ""
    said = replaced(message)
    return facts(
        (
            (_("body"), f"{counted_bytes(body.length)}{kept}: {view.quote(raw)}"),
            ("SHA-256", body.sha256 or no_body_hash(message)),
            (_("pseudonyms"), _("in {parts}, not as sent").format(parts=said) if said else ""),
        )
    )


# ── identifiers ─────────────────────────────────────────────────────────────


def identifiers_section(view: ReportView) -> Iterator[RenderableType]:
    if view.brief:
        yield from _in_lines(view)
        return
    every = [group for group in finding_groups(view.report) if not is_worth_checking(group[0])]
    groups = [group for group in every if group[0].kind not in FACTS]
    if every:
        blocks = [block for group in view.some(groups, _LISTED) for block in _finding_group(group, view)]
        told = [group for group in every if group[0].kind in FACTS]
        blocks += [*view.rest(groups, _LISTED), *_told(told, view)]
        yield section(_("Identifiers that left readable"), *blocks)


def _in_lines(view: ReportView) -> Iterator[RenderableType]:
    """A line an identifier: what it is, its value, how often, how sure."""
    groups = [group for group in finding_groups(view.report) if counts(group[0])]
    if not groups:
        return
    rows = [
        (
            called(group[0]), view.quote(group[0].value)[:_VALUE], number(len(group)),
            _(group[0].confidence), _to(group, view),
        )
        for group in groups[:_BRIEF]
    ]  # fmt: skip
    times = _("times")
    grid = table((_("what"), _("value"), times, _("confidence"), _("sent to")), rows, right=(times,))
    more = []
    if left := len(groups) - len(rows):
        said = plural(left, "… and {n} more", "… and {n} more")
        more = [say(_("{more}: --section identifiers").format(more=said), "dim")]
    yield section(_("Identifiers that left readable"), grid, *more)


def _to(group: list[Finding], view: ReportView) -> str:
    to = list(dict.fromkeys(_recipient(finding, view) for finding in group))
    return to[0].partition(" (")[0] if len(to) == 1 else plural(len(to), "{n} recipient", "{n} recipients")


def numbers_section(view: ReportView) -> Iterator[RenderableType]:
    """Values that have a form and no more: listed apart, and counted in no headline."""
    groups = [group for group in finding_groups(view.report) if is_worth_checking(group[0])]
    if groups:
        blocks = [block for group in view.some(groups, _LISTED) for block in _finding_group(group, view)]
        rest = view.rest(groups, _LISTED)
        yield section(_("Numbers worth checking"), say(_(NO_MORE_THAN_FORM)), *blocks, *rest)


def _told(groups: list[list[Finding]], view: ReportView) -> Iterator[RenderableType]:
    """What else the same messages told about the phone, a line a value."""
    if groups:
        rows = [
            (kind_name(group[0].kind), view.quote(group[0].value), _often(len(group)), group[0].name)
            for group in view.some(groups, _LISTED)
        ]
        yield say(_("Beside them, about the phone:"))
        grid = table((_("what"), _("value"), _("seen"), _("field")), rows)
        yield indented(grid, *view.rest(groups, _LISTED))


def _often(count: int) -> str:
    return plural(count, "{n} time", "{n} times")


def _finding_group(group: list[Finding], view: ReportView) -> list[RenderableType]:
    surest = group[0]
    words = called(surest) if is_established(surest) else f"{called(surest)}:"
    sure = _(CONFIDENCES[surest.confidence])
    head = f"{words} {view.quote(surest.value)} — {sure}{_match(surest)}"
    return [say(head, "bold"), indented(facts(_finding_facts(group, view)))]


def _match(finding: Finding) -> str:
    if finding.known is None:
        return ""
    said = _("equal to one the owner gave") if finding.known else _("not one the owner gave")
    return f"; {said}"


def _finding_facts(group: list[Finding], view: ReportView) -> Iterator[tuple[str, str | Text]]:
    times = sorted(finding.time_ns for finding in group)
    yield _("seen"), f"{_often(len(times))}, {_during(times[0], times[-1])}"
    yield _("to"), tally(_count(_recipient(f, view) for f in group))
    yield _("in"), tally(_count(f"{f.name} ({f.evidence})" if f.evidence.path else f.name for f in group))
    yield _("where"), view.frames(f.evidence for f in group)
    yield _("because"), lines(*map(spoken, dict.fromkeys(reason for f in group for reason in f.reasons)))
    details = dict(group[0].details)
    belongs = details.pop("belongs_to", "")
    yield _("whose"), spoken(belongs) if belongs else owner_words(group[0].owner)
    yield _("details"), "; ".join(f"{key}: {value}" for key, value in details.items())


def _count(words: Iterator[str]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for word in words:
        counted[f"× {word}"] = counted.get(f"× {word}", 0) + 1
    return counted


def _recipient(finding: Finding, view: ReportView) -> str:
    """Whom a value was sent to; of what was found outside messages, the far end of its flow."""
    message, flow = view.messages.get(finding.message), finding.evidence.flow
    if message is None:
        return _("unknown") if flow is None else view.ends.get(flow, _("unknown"))
    return f"{message.host} ({message.destination})" if message.host else str(message.destination)
