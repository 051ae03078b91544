"""Report → each picture of the page as an SVG document of its own, for notebooks and articles.

The drawing is the page's: its template is rendered, and the picture is cut out with the page's style in it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

from analyzer.model import Report
from analyzer.report.html import flow, geography, map, timeline
from analyzer.report.html.page import HERE, environment
from analyzer.report.language import _

_PICTURE = '{{% from "parts.html" import stamp with context %}}{{% include "{template}" %}}'
_SVG = re.compile(
    r'<svg class="(?P<kind>chart|map)" viewBox="0 0 (?P<width>\S+) (?P<height>\S+)"(?P<rest>.*?)</svg>',
    re.DOTALL,
)
_NOTICE = 40  # height of the line that a reconstruction has above its picture


class SvgText(str):
    """An SVG document as text. A notebook shows it as a picture."""

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)

    def data_uri(self) -> str:
        """Return the document as a `data:` URI, for the source of an image."""
        return f"data:image/svg+xml;base64,{b64encode(self.encode()).decode()}"


def timeline_figure(report: Report) -> SvgText:
    """Draw what happened when. Raises ValueError where no frame carries a time."""
    return _figure(report, "timeline.html", timeline=timeline.timeline(report))


def flow_figure(report: Report) -> SvgText:
    """Draw bytes from each device over destinations to countries. Raises ValueError where there are none."""
    return _figure(report, "flow.html", flow=flow.flow_picture(report))


def map_figure(report: Report) -> SvgText:
    """Draw the countries in which databases locate the addresses."""
    places = geography.geography(report)
    return _figure(report, "map.html", places=places, map=map.world_map(places, report.scope.regions))


FIGURES: Mapping[str, Callable[[Report], SvgText]] = {
    "timeline": timeline_figure,
    "flow": flow_figure,
    "map": map_figure,
}


def _figure(report: Report, template: str, **values: Any) -> SvgText:
    head = {"notice": report.reconstruction or ""}
    common = {"report": report, "head": head, "pings": report.pings, **values}
    # `stamp` and `listing` are macros that the page brings; only the picture is kept of what they give.
    page = environment().from_string(_PICTURE.format(template=template))
    found = _SVG.search(page.render(**common))
    if found is None:
        raise ValueError(f"the report has nothing that a {template.removesuffix('.html')} could show")
    return SvgText(_document(found, bool(report.reconstruction)))


def _document(found: re.Match[str], reconstructed: bool) -> str:
    wide, high = float(found["width"]), float(found["height"])
    above = _NOTICE if reconstructed else 0
    said = _("Reconstruction — not traffic of a real phone")
    size = 28 if found["kind"] == "map" else 14
    loud = f"font-size:{size}px;font-weight:700;fill:var(--loud)"
    stamp = f'<text x="8" y="-{_NOTICE - size}" style="{loud}">{said}</text>'
    style = (HERE / "style.css").read_text("utf-8")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{found["kind"]}" width="{wide:g}" '
        f'height="{high + above:g}" viewBox="0 -{above} {wide:g} {high + above:g}"{found["rest"]}'
        f"{stamp if reconstructed else ''}<style><![CDATA[{style}]]></style></svg>\n"
    )
