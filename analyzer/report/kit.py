"""Report → what an article needs: three pictures as SVG and PNG, a fact box, alternative texts and credits.

A PNG is made where the package resvg-py is installed (extra `kit`); an SVG needs nothing.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from analyzer.model import Report
from analyzer.report import language
from analyzer.report.glossary import words_in
from analyzer.report.html import flow, geography, timeline
from analyzer.report.html import map as world
from analyzer.report.html.page import environment, stylesheet
from analyzer.report.language import _, mark, number, plural
from analyzer.report.reverse_translation import spoken
from analyzer.report.summary import answer
from analyzer.report.text import visible
from analyzer.report.units import clock
from analyzer.report.wording import no_hash

WIDTH = 1_000
PIXELS = 2_000  # across, of a PNG
NO_PNG = mark("No PNG files are here. They need the package resvg-py: pip install '.[kit]'.")
FOUND = mark("identifiers, log-ins or activation payloads left readable")
RECONSTRUCTION = mark("Reconstruction — not traffic of a real phone")
_TOP, _STAMPED, _KEYS, _FOOT = 54, 22, 20, 26  # heights
_LINE = 140  # characters of a line of credits
_CHARACTER = 7.2  # width of one in a key
_NAMED = 8  # countries and rows in an alternative text
_VARIABLE = re.compile(r"(--[\w-]+):\s*([^;]+);")
_STYLE = """
.paper { fill: #fcfbf8; } text { font-family: "DejaVu Sans", Arial, sans-serif; }
.kit-title { font-size: 24px; font-weight: 700; fill: #1c1b19; }
.kit-stamp { font-size: 13px; font-weight: 700; fill: #b3261e; }
.kit-key { font-size: 12.5px; fill: #1c1b19; } .kit-credit { font-size: 11px; fill: #5a5852; }
svg.chart { font-size: 12.5px; } svg.map { font-size: 24px; }
"""


@dataclass(frozen=True)
class PictureKey:
    """An entry of a legend; `kind` is its class in the style."""

    kind: str
    label: str
    x: int = 0
    y: int = 0


@dataclass(frozen=True)
class KitPicture:
    name: str  # "flow"
    title: str
    alt: str
    picture: Any
    keys: tuple[PictureKey, ...]
    credits: tuple[str, ...]
    drawn: int  # height of the picture itself
    stamp: str
    width: int = WIDTH

    @property
    def top(self) -> int:
        """Where the picture begins, below title, stamp and legend."""
        rows = {key.y for key in self.keys}
        return _TOP + (_STAMPED if self.stamp else 0) + _KEYS * len(rows)

    @property
    def height(self) -> int:
        return self.top + self.drawn + _FOOT + 15 * len(self.credits)


def write(report: Report) -> dict[str, bytes]:
    """The files by their names, in the language in force."""
    pictures = list(_pictures(report))
    files = {f"{picture.name}.svg": svg(picture) for picture in pictures}
    images = {name.replace(".svg", ".png"): png(content) for name, content in files.items()}
    made: dict[str, bytes] = {name: content.encode() for name, content in files.items()}
    made |= {name: content for name, content in images.items() if content}
    has_png = all(images.values())
    made["fact-box.txt"] = _fact_box(report).encode()
    made["alt-texts.txt"] = _alt_texts(pictures, has_png).encode()
    return made


def svg(picture: KitPicture) -> str:
    """A file of its own: no variable, no font and nothing else from elsewhere."""
    made = environment().get_template("picture.svg")
    return made.render(p=picture, style=Markup(_style()), lang=language.code(), pings=())


def png(content: str) -> bytes | None:
    """The picture in pixels; None where the package for it is not installed."""
    try:
        import resvg_py
    except ModuleNotFoundError:
        return None
    return bytes(resvg_py.svg_to_bytes(svg_string=content, width=PIXELS))


def _style() -> str:
    """The page's style of pictures in its light colours, each variable replaced by its value."""
    text = stylesheet()
    colours = dict(_VARIABLE.findall(text.partition("}")[0]))
    drawn = text.partition("/* pictures */")[2].partition("/* tables */")[0]
    plain = re.sub(r"var\((--[\w-]+)\)", lambda found: colours[found[1]].strip(), drawn)
    return plain + _STYLE


# ── the pictures ────────────────────────────────────────────────────────────


def _pictures(report: Report) -> Iterator[KitPicture]:
    places = geography.geography(report)
    drawn = flow.flow_picture(report)
    if drawn:
        yield _flow(drawn, report)
    yield _map(world.world_map(places, report.scope.regions, report.scope.origin), places, report)
    if times := timeline.timeline(report):
        yield _timeline(times, report)


def _flow(drawn: flow.Flow, report: Report) -> KitPicture:
    found = [band.title for band in drawn.bands if band.kind == "finding"]
    said = _("Flow diagram from devices over destinations to countries: {total}, {share} readable.").format(
        total=drawn.total, share=drawn.readable
    )
    if found:
        ways = "; ".join(found[:_NAMED])
        red = _("In red, where identifiers, log-ins or activation payloads left readable: {ways}.")
        said = f"{said} {red.format(ways=ways)}"
    keys = [
        *([PictureKey("finding", _(FOUND))] if found else []),
        PictureKey("readable", _("readable bytes")),
        PictureKey("unread", _("encrypted or not read")),
    ]
    note = _("Widths are bytes in both directions; red and the thinnest bands are drawn wider than to scale.")
    title = _("From the device to the country")
    return _picture("flow", title, said, drawn, keys, (note,), drawn.height, report)


def _map(drawn: world.MapPicture, places: geography.Geography, report: Report) -> KitPicture:
    ranked = sorted(places.countries, key=lambda c: -c.packets_up)
    named = [f"{c.name} {number(c.packets_up)}" for c in ranked if c.packets_up][:_NAMED]
    said = _(
        "Map of the world: packets sent, by the country in which a database locates the receivers. "
        "{countries}."
    )
    keys = [PictureKey(f"country s{shade}", label) for shade, label in drawn.classes]
    keys[0] = replace(keys[0], label=f"{keys[0].label} {_('packets')}")
    if any(line.is_finding for line in drawn.lines):
        keys.append(PictureKey("finding", _(FOUND)))
    outlines = _("Outlines: Natural Earth, 1:110 million, Equal Earth projection; they settle no dispute.")
    sources = tuple(dict.fromkeys(source.attribution for source in report.geo_sources))
    height = round(drawn.height * WIDTH / drawn.width)
    return _picture(
        "map", _("Where the packets went"), said.format(countries=", ".join(named) or _("none")), drawn, keys,
        (outlines, *sources), height, report,
    )  # fmt: skip


def _timeline(drawn: timeline.Timeline, report: Report) -> KitPicture:
    lanes = "; ".join(f"{lane.title}: {number(lane.times)}" for lane in drawn.lanes)
    said = _("Timeline from {start} to {end}. {lanes}.").format(start=drawn.start, end=drawn.end, lanes=lanes)
    keys = [PictureKey("readable", _("readable bytes")), PictureKey("unread", _("encrypted or not read"))]
    note = _("Times are UTC. Bytes of a flow are spread evenly from its first packet to its last.")
    return _picture("timeline", _("What happened when"), said, drawn, keys, (note,), drawn.height, report)


def _picture(
    name: str, title: str, alt: str, picture: Any, keys: list[PictureKey], notes: tuple[str, ...], drawn: int,
    report: Report,
) -> KitPicture:  # fmt: skip
    made = _("Made with phonehome {version} from {captures}.").format(
        version=report.version, captures=", ".join(info.path for info in report.captures[:3])
    )
    lines = [line for note in (*notes, made) if note for line in textwrap.wrap(visible(note), _LINE)]
    stamp = _(RECONSTRUCTION) if report.reconstruction else ""
    first = _TOP + (_STAMPED if stamp else 0)
    said = f"{stamp}. {alt}" if stamp else alt
    return KitPicture(name, title, said, picture, tuple(_laid_out(keys, first)), tuple(lines), drawn, stamp)


def _laid_out(keys: list[PictureKey], y: int) -> Iterator[PictureKey]:
    """The legend from left to right, in as many lines as it needs."""
    x = 20
    for key in keys:
        wide = round(18 + len(key.label) * _CHARACTER + 24)
        if x + wide > WIDTH and x > 20:
            x, y = 20, y + _KEYS
        yield replace(key, x=x, y=y + 4)
        x += wide


# ── the texts ───────────────────────────────────────────────────────────────


def _fact_box(report: Report) -> str:
    said = answer(report)
    notice = report.reconstruction or ""
    parts = [_(RECONSTRUCTION).upper(), spoken(notice[:1].upper() + notice[1:])] if notice else []
    parts += [spoken(report.redaction.says)] if report.redaction else []
    parts += [said[0], *(f"• {sentence}" for sentence in said[1:])]
    parts += [f"{entry.word}: {entry.means}" for entry in words_in(said)]
    for info in report.captures[:20]:
        parts.append(f"{info.path}: SHA-256 {info.sha256 or _(no_hash(report))}")
    if (left := len(report.captures) - 20) > 0:
        parts.append(plural(left, "… and {n} more", "… and {n} more"))
    made = _("Made with phonehome {version}, {time}.").format(
        version=report.version, time=clock(report.created_ns)
    )
    return "\n\n".join(map(visible, (*parts, made))) + "\n"


def _alt_texts(pictures: list[KitPicture], has_png: bool) -> str:
    blocks = ["\n".join((f"{p.name}.svg", p.title, p.alt, *p.credits)) for p in pictures]
    if not has_png:
        blocks.append(_(NO_PNG))
    return "\n\n".join("\n".join(map(visible, block.split("\n"))) for block in blocks) + "\n"
