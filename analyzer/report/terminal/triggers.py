"""The terminal's part on time: how the sends follow each other, and what stood before them."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from analyzer.model import Association, Rhythm
from analyzer.report.language import _
from analyzer.report.layout import bullets, facts, indented, say, section
from analyzer.report.reverse_translation import spoken
from analyzer.report.units import span
from analyzer.report.view import ReportView

_LISTED = 8


def triggers_section(view: ReportView) -> Iterator[RenderableType]:
    report = view.report
    if not report.rhythms and not report.associations:
        return
    senders = dict.fromkeys((r.dossier, r.device) for r in report.rhythms)
    senders |= dict.fromkeys((a.dossier, a.device) for a in report.associations)
    blocks: list[RenderableType] = []
    for sender in senders:
        rhythm = next((r for r in report.rhythms if (r.dossier, r.device) == sender), None)
        before = [a for a in report.associations if (a.dossier, a.device) == sender]
        blocks += _sender(sender, rhythm, before, view)
    yield section(_("What stood before the sends"), *blocks)


def _sender(
    sender: tuple[str, str], rhythm: Rhythm | None, before: list[Association], view: ReportView
) -> Iterator[RenderableType]:
    yield say(f"{_title(sender[0], view)}, {view.device(sender[1])}", "bold")
    if rhythm:
        gaps = _("{least} to {most}, half of them within {median}").format(
            least=span(rhythm.least_ns), most=span(rhythm.most_ns), median=span(rhythm.median_ns)
        )
        entries = (
            (_("intervals"), gaps),
            ("", spoken(rhythm.regularity)),
            (_("retries"), spoken(rhythm.retry) if rhythm.retry else ""),
        )
        yield indented(facts(entries))
    shown = sorted(before, key=lambda entry: (entry.origin != "log", -entry.preceded))
    statements = [spoken(entry.statement) for entry in view.some(shown, _LISTED)]
    yield indented(bullets(statements), *view.rest(shown, _LISTED))


def _title(dossier: str, view: ReportView) -> str:
    return next((spoken(ping.title) for ping in view.report.pings if ping.dossier == dossier), dossier)
