"""The terminal's part on what devices said to their own network, apart from what left it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from analyzer.model import Announcement
from analyzer.report.groups import grouped
from analyzer.report.language import _, mark, plural
from analyzer.report.layout import bullets, indented, say, section
from analyzer.report.view import ReportView

_LISTED = 6  # of a device, unless all are asked for
_LEGEND = mark("Searches and announcements to everyone nearby (SSDP, mDNS). They stay in the local network.")


def announcements_section(view: ReportView) -> Iterator[RenderableType]:
    said = view.report.announcements
    if not said:
        return
    blocks = [block for group in grouped(said, lambda entry: entry.device) for block in _device(view, group)]
    yield section(_("Said inside the local network"), say(_(_LEGEND), "dim"), *blocks)


def _device(view: ReportView, group: Sequence[Announcement]) -> Iterator[RenderableType]:
    ordered = sorted(group, key=lambda entry: (-entry.times, entry.frame))
    yield Text()
    things = plural(len(group), "{n} different thing said", "{n} different things said")
    yield say(f"{view.device(group[0].device)}: {things}")
    yield indented(bullets(_line(view, entry) for entry in view.some(ordered, _LISTED)))
    yield from view.rest(ordered, _LISTED)


def _line(view: ReportView, entry: Announcement) -> str:
    details = "; ".join(f"{key} {value}" for key, value in entry.details.items())
    what = entry.what or _("nothing that it names")
    said = f"{entry.protocol}: {_(entry.says)} {what}"
    quoted = view.quote(f"{said} ({details})" if details else said)
    times = plural(entry.times, "{n} time", "{n} times")
    return _("{said}, {times}, first in frame {frame}").format(said=quoted, times=times, frame=entry.frame)
