"""Report → lines for a terminal or a pipe: the answer first, then what it rests on."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from analyzer.model import Report
from analyzer.report.layout import notice, printed, say
from analyzer.report.terminal import (
    documented,
    findings,
    local,
    method,
    streams,
    triggers,
    tunnels,
    wifi,
)
from analyzer.report.terminal import (
    traffic as terminal_traffic,
)
from analyzer.report.view import ReportView

_SECTIONS = (
    findings.answer_section,
    findings.pings_section,
    findings.identifiers_section,
    findings.numbers_section,
    triggers.triggers_section,
    documented.documented_section,
    terminal_traffic.regions_section,
    terminal_traffic.destinations_section,
    tunnels.tunnels_section,
    tunnels.fragments_section,
    terminal_traffic.devices_section,
    terminal_traffic.messages_section,
    local.announcements_section,
    wifi.wifi_section,
    method.blind_spots_section,
    method.problems_section,
    streams.streams_section,
    method.captures_section,
    method.sources_section,
)


def render(
    report: Report,
    *,
    width: int = 80,
    colour: bool = False,
    verbose: bool = False,
    answer_last: bool = False,
) -> str:
    """The report as text of at most `width` columns (40 or more); `verbose` leaves nothing out.

    Without `colour` the only control character is the newline. `answer_last` is for a terminal that shows
    the end of what was printed.
    """
    return printed(_blocks(ReportView(report, verbose), answer_last), width, colour)


def _blocks(view: ReportView, answer_last: bool) -> Iterator[RenderableType]:
    report = view.report
    warning = [reconstruction(report.reconstruction)] if report.reconstruction else []
    if report.redaction:
        warning.append(notice("REDACTED — identifiers are pseudonyms", report.redaction.says))
    yield say(f"phonehome {report.version} · {', '.join(info.path for info in report.captures)}", "bold")
    yield from warning
    for build in (*_SECTIONS[1:], _SECTIONS[0]) if answer_last else _SECTIONS:
        yield from build(view)
    yield Text()
    yield from warning


def reconstruction(text: str) -> RenderableType:
    return notice("RECONSTRUCTION — not traffic of a real phone", text[:1].upper() + text[1:])
