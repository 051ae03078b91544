"""Geography → a map: countries shaded by packets, labels that don't collide, arcs of traffic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from analyzer.report.html.geography import CountryShare, Geography
from analyzer.report.html.world import outlines
from analyzer.report.language import number, plural

CLASSES = (1, 10, 100, 1_000)  # packets sent at least, one shade each
MOST_LABELS, MOST_LINES = 14, 12
DOT = 9  # radius of what is too small for the map
_APART = 2 * DOT + 2  # of two such
_NARROWEST, _WIDEST = 2.0, 12.0  # an arc


@dataclass(frozen=True)
class Shape:
    """A country: its outline, or a point where the map is too coarse for it."""

    code: str
    name: str
    shade: int  # 0 where nothing is located, else the number of its class
    in_scope: bool
    claimed: bool  # other claims alone link addresses to it
    path: str
    point: tuple[int, int] | None
    title: str


@dataclass(frozen=True)
class Label:
    x: int
    y: int
    text: str
    in_scope: bool
    leader: str = ""  # a line from what is too small for the map


@dataclass(frozen=True)
class MapLine:
    """Packets from where the capture was made to a country."""

    path: str
    wide: float
    is_finding: bool
    title: str


@dataclass(frozen=True)
class MapPicture:
    width: int
    height: int
    land: str
    plain: str  # countries of which nothing is said, in one path
    shapes: tuple[Shape, ...]
    labels: tuple[Label, ...]
    lines: tuple[MapLine, ...]
    classes: tuple[tuple[int, str], ...]  # the shades with what they stand for
    has_dots: bool
    has_claims: bool


Points = dict[str, list[int]]


def world_map(places: Geography, regions: tuple[str, ...], origin: str | None = None) -> MapPicture:
    """Only countries are drawn: no source knows where in a country an address is."""
    world = outlines()
    told = {entry.code: entry for entry in places.countries}
    told |= {code: CountryShare(code, True) for code in regions if code not in told}
    points = _apart(world["points"], [code for code in told if code not in world["shapes"]])
    shapes = [_shape(entry, world, points) for entry in told.values()]
    return MapPicture(
        width=world["width"],
        height=world["height"],
        land=world["land"],
        plain="".join(path for code, path in world["shapes"].items() if code not in told),
        shapes=tuple(sorted((s for s in shapes if s.path or s.point), key=lambda s: s.in_scope)),
        labels=tuple(_labels(list(told.values()), points, world["width"])),
        lines=tuple(_lines(places.countries, origin, points)),
        classes=tuple(_classes()),
        has_dots=any(not s.path and s.point for s in shapes),
        has_claims=any(s.claimed for s in shapes),
    )


def _shape(entry: CountryShare, world: dict[str, dict[str, list[int]]], points: Points) -> Shape:
    path = world["shapes"].get(entry.code, "")
    at = points.get(entry.code)
    return Shape(
        code=entry.code,
        name=entry.name,
        shade=sum(entry.packets_up >= least for least in CLASSES),
        in_scope=entry.in_scope,
        claimed=not entry.addresses and bool(entry.others),
        path=str(path),
        point=(at[0], at[1]) if at else None,
        title=f"{entry.name} ({entry.code}): {plural(entry.packets_up, '{n} packet', '{n} packets')}",
    )


def _classes() -> Iterator[tuple[int, str]]:
    for shade, (least, above) in enumerate(pairwise((*CLASSES, 0)), 1):
        yield shade, f"{number(least)}–{number(above - 1)}" if above else f"{number(least)}+"


# ── labels ──────────────────────────────────────────────────────────────────

_Box = tuple[float, float, float, float]


def _labels(entries: list[CountryShare], points: dict[str, list[int]], width: int) -> Iterator[Label]:
    """The scope and the countries with the most addresses; one that would cover another moves or goes."""
    ranked = sorted(
        (e for e in entries if e.code in points), key=lambda e: (not e.finding, not e.in_scope, -e.packets_up)
    )
    taken: list[_Box] = []
    shown = [e for e in ranked if e.addresses or e.in_scope][:MOST_LABELS]
    for entry in shown:
        text = f"{entry.name} {number(entry.packets_up)}"
        is_dot = entry.code not in outlines()["shapes"]
        for x, y in _beside(points[entry.code], text) if is_dot else _positions(points[entry.code]):
            half = len(text) * 6.9 + 6
            box = (x - half, y - 24, x + half, y + 8)
            if box[0] >= 4 and box[2] <= width - 4 and not any(map(_overlap, [box] * len(taken), taken)):
                taken.append(box)
                leader = _leader(points[entry.code], box) if is_dot else ""
                yield Label(x, y, text, entry.in_scope, leader)
                break


def _apart(points: Points, dots: list[str]) -> Points:
    """The points, those of what is drawn as a dot moved where two would cover each other."""
    moved, taken = dict(points), [points[code] for code in dots if code in points][:1]
    for code in dots[1:]:
        x, y = points.get(code, (0, 0))
        while any((x - a) ** 2 + (y - b) ** 2 < _APART**2 for a, b in taken):
            x, y = x - 4, y + 4
        if code in points:
            moved[code] = [x, y]
            taken.append([x, y])
    return moved


def _beside(point: list[int], text: str) -> Iterator[tuple[int, int]]:
    """Next to a dot: to the right where the sea is, else to the left or below; never over it."""
    half = round(len(text) * 6.9) + 6
    x, y = point
    for dx, dy in (
        (1, 8),
        (1, 36),
        (1, -20),
        (1, 64),
        (-1, 8),
        (-1, 36),
        (0, 40),
        (0, -20),
        (1, 92),
        (1, 120),
    ):
        yield x + dx * (half + DOT + 14), y + dy


def _leader(point: list[int], box: _Box) -> str:
    """A line from a dot to its label."""
    x, y = min(max(point[0], box[0]), box[2]), min(max(point[1], box[1]), box[3])
    return f"M{point[0]} {point[1]}L{round(x)} {round(y)}"


def _positions(point: list[int]) -> Iterator[tuple[int, int]]:
    x, y = point
    for dx, dy in ((0, 8), (0, 40), (0, -24), (0, 72), (0, -56), (90, 8), (-90, 8), (120, 40), (-120, -24)):
        yield x + dx, y + dy


def _overlap(a: _Box, b: _Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


# ── lines ───────────────────────────────────────────────────────────────────


def _lines(countries: tuple[CountryShare, ...], origin: str | None, points: Points) -> Iterator[MapLine]:
    """Arcs from where the capture was made, if that was given: their width is a number of packets."""
    if origin not in points:
        return
    ranked = sorted(countries, key=lambda c: (not c.finding, -c.packets_up))
    drawn = [c for c in ranked if c.packets_up and c.code in points and c.code != origin][:MOST_LINES]
    most = max((c.packets_up for c in drawn), default=1)
    for entry in reversed(drawn):
        wide = _NARROWEST + (_WIDEST - _NARROWEST) * entry.packets_up / most
        packets = plural(entry.packets_up, "{n} packet", "{n} packets")
        arc = _arc(points[origin], points[entry.code])
        yield MapLine(arc, round(wide, 1), bool(entry.finding), f"{origin} → {entry.name}: {packets}")


def _arc(a: list[int], b: list[int]) -> str:
    """A flat arc, bent upwards by a sixth of its length."""
    (x1, y1), (x2, y2) = a, b
    bend = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5 / 4
    return f"M{x1} {y1}Q{(x1 + x2) // 2} {round((y1 + y2) / 2 - bend)} {x2} {y2}"
