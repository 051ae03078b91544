"""Report → lines for a terminal or a pipe: the answer first, then what it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from analyzer.model import Report
from analyzer.report.language import _, mark
from analyzer.report.layout import lines, notice, printed, say
from analyzer.report.reverse_translation import spoken
from analyzer.report.terminal.sections import ALL, SECTIONS, pointers
from analyzer.report.view import ReportView


def render(
    report: Report,
    *,
    width: int = 80,
    colour: bool = False,
    verbose: bool = False,
    sections: Sequence[str] = (),
    answer_last: bool = False,
) -> str:
    """The report as text of at most `width` columns (40 or more).

    Without `sections` the first of each kind is printed, with pointers to the sections; with their names
    (see `terminal.sections`) these alone, with "all" every one. `verbose` leaves nothing out,
    of every section where none is named. Without `colour` the only control character is the newline.
    `answer_last` is for a terminal that shows the end of what was printed.
    """
    view = ReportView(report, verbose, brief=not verbose and not sections)
    return printed(_blocks(view, frozenset(sections), answer_last), width, colour)


def _blocks(view: ReportView, asked: frozenset[str], answer_last: bool) -> Iterator[RenderableType]:
    report = view.report
    warning = [reconstruction(report.reconstruction)] if report.reconstruction else []
    if report.redaction:
        warning.append(notice(_("REDACTED — identifiers are pseudonyms"), spoken(report.redaction.says)))
    yield say(f"phonehome {report.version} · {_captures(view)}", "bold")
    yield from warning
    for section in (*SECTIONS[1:], SECTIONS[0]) if answer_last else SECTIONS:
        if section.name in asked or ALL in asked or (section.is_brief if view.brief else not asked):
            yield from section.build(view)
    if view.brief:
        yield from pointers(view)
        if report.reconstruction:
            yield lines("", _(RECONSTRUCTION), style="bold")
    else:
        yield Text()
        yield from warning


_CAPTURES = 3
RECONSTRUCTION = mark("RECONSTRUCTION — not traffic of a real phone")


def _captures(view: ReportView) -> str:
    names = [info.path for info in view.report.captures]
    shown = view.some(names, _CAPTURES) if view.brief else names
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" … +{more}" if more else "")


def reconstruction(text: str) -> RenderableType:
    said = spoken(text[:1].upper() + text[1:])
    return notice(_(RECONSTRUCTION), said)
