"""Report → lines for a terminal or a pipe: the answer first, then what it rests on."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from analyzer.model import Report
from analyzer.report import (
    terminal_documented,
    terminal_findings,
    terminal_local,
    terminal_method,
    terminal_streams,
    terminal_traffic,
    terminal_triggers,
    terminal_tunnels,
    terminal_wifi,
)
from analyzer.report.layout import notice, printed, say
from analyzer.report.view import View

_SECTIONS = (
    terminal_findings.answer_section,
    terminal_findings.pings_section,
    terminal_findings.identifiers_section,
    terminal_findings.numbers_section,
    terminal_triggers.triggers_section,
    terminal_documented.documented_section,
    terminal_traffic.regions_section,
    terminal_traffic.destinations_section,
    terminal_tunnels.tunnels_section,
    terminal_tunnels.fragments_section,
    terminal_traffic.devices_section,
    terminal_traffic.messages_section,
    terminal_local.announcements_section,
    terminal_wifi.wifi_section,
    terminal_method.blind_spots_section,
    terminal_method.problems_section,
    terminal_streams.streams_section,
    terminal_method.captures_section,
    terminal_method.sources_section,
)


def render(report: Report, *, width: int = 80, colour: bool = False, verbose: bool = False) -> str:
    """The report as text of at most `width` columns (40 or more); `verbose` leaves nothing out.

    Without `colour` the only control character is the newline.
    """
    return printed(_blocks(View(report, verbose)), width, colour)


def _blocks(view: View) -> Iterator[RenderableType]:
    report = view.report
    warning = [reconstruction(report.reconstruction)] if report.reconstruction else []
    if report.redaction:
        warning.append(notice("REDACTED — identifiers are pseudonyms", report.redaction.says))
    yield say(f"phonehome {report.version} · {', '.join(info.path for info in report.captures)}", "bold")
    yield from warning
    for build in _SECTIONS:
        yield from build(view)
    yield Text()
    yield from warning


def reconstruction(text: str) -> RenderableType:
    return notice("RECONSTRUCTION — not traffic of a real phone", text[:1].upper() + text[1:])
