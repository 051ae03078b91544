"""The terminal's part on requests: what was sent readable, decoded, with identifiers marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from analyzer.model import Message
from analyzer.report.headline import few
from analyzer.report.language import _, number, plural
from analyzer.report.layout import facts, indented, say, section
from analyzer.report.local_time import moment
from analyzer.report.quote import Quote, QuotePart
from analyzer.report.requests import (
    PURPOSES,
    RequestGroup,
    ShownField,
    ShownRequest,
    request_groups,
    shown,
    telling,
)
from analyzer.report.reverse_translation import spoken
from analyzer.report.units import counted_bytes
from analyzer.report.view import ReportView

BRIEF, LISTED = 3, 12  # groups
_MARKED, _FIELDS = 8, 60  # fields of a request: brief, in the section
_SHORT, _LONG = 120, 400  # characters of a value
_BEFORE = 30  # characters before an identifier, of a long text
_DEVICES = 2  # named of many


def requests_section(view: ReportView) -> Iterator[RenderableType]:
    groups = request_groups(view.report)
    if view.brief:
        groups = telling(groups)
    if not groups:
        return
    most = BRIEF if view.brief else LISTED
    blocks: list[RenderableType] = []
    for group in view.some(groups, most):
        blocks += [*([Text()] if blocks else ()), *_group(group, view)]
    if left := len(groups) - len(view.some(groups, most)):
        more = plural(left, "… and {n} more kind of request", "… and {n} more kinds of request")
        where = _("--section requests -v shows all") if not view.brief else _("--section requests shows them")
        blocks.append(say(f"{more}; {where}", "dim"))
    yield section(_("What was sent, as anyone on the way could read it"), *blocks)


def _group(group: RequestGroup, view: ReportView) -> Iterator[RenderableType]:
    every = group.messages if view.verbose else group.messages[:1]
    for at, message in enumerate(every):
        yield say(_head(group) if not at else _("another of them"), "bold")
        yield indented(facts(_facts(message, group, view)))


def _head(group: RequestGroup) -> str:
    said = _(PURPOSES[group.purpose]) + (f": {spoken(group.title)}" if group.title else "")
    times = len(group.messages)
    if times == 1:
        return said
    return _("{said} — {times}, the first is shown").format(
        said=said, times=plural(times, "{n} time", "{n} times")
    )


def _facts(message: Message, group: RequestGroup, view: ReportView) -> Iterator[tuple[str, str | Text]]:
    one = shown(view.report, message)
    yield _("from"), _senders(message, group, view)
    yield _("to"), f"{message.host} ({message.destination})" if message.host else str(message.destination)
    yield _("when"), f"{moment(message.time_ns)}, {view.frames([message.evidence])}"
    yield _("first line"), _marked(one.start, _SHORT if view.brief else None)
    yield from _parts(one, view)


def _senders(message: Message, group: RequestGroup, view: ReportView) -> str:
    devices = list(dict.fromkeys(view.sender(each) for each in group.messages[:5_000]))
    if view.verbose or len(devices) == 1:
        return view.sender(message)
    many = plural(len(devices), "{n} device", "{n} devices")
    return f"{many}: {few(devices, _DEVICES)}"


def _parts(one: ShownRequest, view: ReportView) -> Iterator[tuple[str, str | Text]]:
    headers = [field for field in one.headers if field.is_telling] if view.brief else one.headers
    yield _("query"), _fields(one.query, 0, view)
    yield _("headers"), _fields(headers, 0, view)
    body = one.message.body
    if not body.length:
        return
    undone = _("decoded from {steps}").format(steps=", ".join(one.steps)) if one.steps else ""
    yield _("body"), ", ".join(filter(None, (counted_bytes(body.length), undone)))
    if one.fields:
        yield "", _fields(one.fields, one.left_out, view)
    else:
        text = _from_mark(one.text) if view.brief else one.text
        yield "", _marked(text, _SHORT if view.brief else _LONG if not view.verbose else None)


def _fields(fields: Sequence[ShownField], left_out: int, view: ReportView) -> Text:
    """A line a field; in brief those with an identifier, of the others how many there are."""
    kept = [f for f in fields if f.is_telling] if view.brief else list(fields)
    kept = kept or list(fields)
    most = _MARKED if view.brief else len(kept) if view.verbose else _FIELDS
    limit = _SHORT if view.brief else _LONG if not view.verbose else None
    made = [Text.assemble(say(f"{f.name} = "), _marked(f.value, limit)) for f in kept[:most]]
    if left := len(fields) - len(made) + left_out:
        more = plural(left, "… {n} more field", "… {n} more fields")
        where = "--section requests" if view.brief else "-v"
        made.append(say(f"{more}: {where}", "dim"))
    return Text("\n").join(made) if made else Text()


def _from_mark(quoted: Quote) -> Quote:
    """The text from shortly before the first identifier in it."""
    at = next((at for at, part in enumerate(quoted.pieces) if part.kind), 0)
    before = "".join(part.text for part in quoted.pieces[:at])
    if len(before) <= _BEFORE:
        return quoted
    return Quote((QuotePart(f"…{before[-_BEFORE:]}", ""), *quoted.pieces[at:]), quoted.left_out)


def _marked(quoted: Quote, limit: int | None) -> Text:
    """The text, each identifier set off and named behind it in brackets."""
    made, room = Text(overflow="fold"), limit
    left = quoted.left_out
    for part in quoted.pieces:
        text = part.text if room is None else part.text[:room]
        left += len(part.text) - len(text)
        room = None if room is None else room - len(text)
        made.append_text(say(text, "bold" if part.kind else ""))
        if part.kind and text:
            made.append_text(say(f" [{part.kind}]", "bold"))
    if left:
        made.append_text(say(_("… ({n} more characters)").format(n=number(left)), "dim"))
    return made
