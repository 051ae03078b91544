"""The terminal's part on what devices said to their own network, apart from what left it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from analyzer.model import Announcement
from analyzer.report.groups import grouped
from analyzer.report.layout import bullets, indented, say, section
from analyzer.report.units import counted
from analyzer.report.view import ReportView

_LISTED = 6  # of a device, unless all are asked for
_LEGEND = "Searches and announcements to everyone nearby (SSDP, mDNS). They stay in the local network."


def announcements_section(view: ReportView) -> Iterator[RenderableType]:
    said = view.report.announcements
    if not said:
        return
    blocks = [block for group in grouped(said, lambda entry: entry.device) for block in _device(view, group)]
    yield section("Said inside the local network", say(_LEGEND, "dim"), *blocks)


def _device(view: ReportView, group: Sequence[Announcement]) -> Iterator[RenderableType]:
    ordered = sorted(group, key=lambda entry: (-entry.times, entry.frame))
    yield Text()
    yield say(f"{group[0].device}: {counted(len(group), 'different thing')} said")
    yield indented(bullets(_line(view, entry) for entry in view.some(ordered, _LISTED)))
    yield from view.rest(ordered, _LISTED)


def _line(view: ReportView, entry: Announcement) -> str:
    details = "; ".join(f"{key} {value}" for key, value in entry.details.items())
    said = f"{entry.protocol}: {entry.says} {entry.what or 'nothing that it names'}"
    quoted = view.quote(f"{said} ({details})" if details else said)
    return f"{quoted}, {counted(entry.times, 'time')}, first in frame {entry.frame}"
