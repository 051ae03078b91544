"""The terminal's part on packets inside others: the ledger counts the inside, this tells of the outside."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from analyzer.model import FragmentConflict, Tunnel
from analyzer.report.language import _, mark, number
from analyzer.report.layout import bullets, lines, say, section, table
from analyzer.report.reverse_translation import spoken
from analyzer.report.units import byte_size, counted_bytes
from analyzer.report.view import ReportView

_LISTED = 10  # rows unless all are asked for
_LEGEND = mark("Packets that travelled inside others. Destinations and messages are those of the inside.")
_NUMBERS = (mark("packets"), mark("bytes"), mark("flows"))


def tunnels_section(view: ReportView) -> Iterator[RenderableType]:
    rows = view.report.tunnels
    if not rows:
        return
    headers = (_("inside, from within outwards"), *map(_, _NUMBERS), _("first in"))
    cells = [_row(tunnel) for tunnel in view.some(rows, _LISTED)]
    title = _("Tunnels ({n})").format(n=number(len(rows)))
    grid = table(headers, cells, headers[1:4])
    yield section(title, say(_(_LEGEND), "dim"), grid, *view.rest(rows, _LISTED, mark("tunnels")))


def _row(tunnel: Tunnel) -> tuple[str | Text, ...]:
    steps = tunnel.says.split(", inside ")
    return (
        lines(*map(spoken, steps), *tunnel.scope_claims),
        lines(f"{number(tunnel.packets)} →", f"{number(tunnel.packets_back)} ←"),
        lines(f"{byte_size(tunnel.bytes)} →", f"{byte_size(tunnel.bytes_back)} ←"),
        number(tunnel.flows),
        _("frame {number}").format(number=tunnel.frame),
    )


def fragments_section(view: ReportView) -> Iterator[RenderableType]:
    """Fragments that contradict each other, as evidence."""
    met = view.report.fragment_conflicts
    if not met:
        return
    title = _("IP fragments that contradict others ({n})").format(n=number(len(met)))
    listed = bullets(view.quote(_conflict(one)) for one in view.some(met, _LISTED))
    yield section(title, listed, *view.rest(met, _LISTED))


def _conflict(met: FragmentConflict) -> str:
    said = _(
        "{source} to {destination}: {size} from offset {offset} of the datagram came in frame {frame} and, "
        "with other content, in frame {other}"
    ).format(
        source=met.source, destination=met.destination, size=counted_bytes(met.end - met.start),
        offset=number(met.start), frame=met.frame, other=met.other_frame,
    )  # fmt: skip
    if not met.excerpt:
        return said
    read = _("read: {read}, not read: {other}").format(read=met.excerpt, other=met.other_excerpt)
    return f"{said}; {read}"
