"""The terminal's part on packets inside others: the ledger counts the inside, this tells of the outside."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from analyzer.model import FragmentConflict, Tunnel
from analyzer.report.layout import bullets, lines, say, section, table
from analyzer.report.units import byte_size, counted
from analyzer.report.view import ReportView

_LISTED = 10  # rows unless all are asked for
_LEGEND = "Packets that travelled inside others. Destinations and messages are those of the inside."
_NUMBERS = ("packets", "bytes", "flows")


def tunnels_section(view: ReportView) -> Iterator[RenderableType]:
    rows = view.report.tunnels
    if not rows:
        return
    headers = ("inside, from within outwards", "packets", "bytes", "flows", "first in")
    cells = [_row(tunnel) for tunnel in view.some(rows, _LISTED)]
    title = f"Tunnels ({len(rows):,})"
    grid = table(headers, cells, _NUMBERS)
    yield section(title, say(_LEGEND, "dim"), grid, *view.rest(rows, _LISTED, "tunnels"))


def _row(tunnel: Tunnel) -> tuple[str | Text, ...]:
    steps = tunnel.says.split(", inside ")
    return (
        lines(*steps, *tunnel.scope_claims),
        lines(f"{tunnel.packets:,} →", f"{tunnel.packets_back:,} ←"),
        lines(f"{byte_size(tunnel.bytes)} →", f"{byte_size(tunnel.bytes_back)} ←"),
        f"{tunnel.flows:,}",
        f"frame {tunnel.frame}",
    )


def fragments_section(view: ReportView) -> Iterator[RenderableType]:
    """Fragments that contradict each other, as evidence."""
    met = view.report.fragment_conflicts
    if not met:
        return
    title = f"IP fragments that contradict others ({len(met):,})"
    listed = bullets(view.quote(_conflict(one)) for one in view.some(met, _LISTED))
    yield section(title, listed, *view.rest(met, _LISTED))


def _conflict(met: FragmentConflict) -> str:
    said = (
        f"{met.source} to {met.destination}: {counted(met.end - met.start, 'byte')} from "
        f"offset {met.start:,} of the datagram came in frame {met.frame} and, with other content, "
        f"in frame {met.other_frame}"
    )
    if not met.excerpt:
        return said
    return f"{said}; read: {met.excerpt}, not read: {met.other_excerpt}"
