"""Geography → a map: shaded countries, labels that don't collide, lines where claims differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from analyzer.report.html.geography import OF_PLACE, CountryShare, Geography, Link
from analyzer.report.html.world import outlines
from analyzer.report.language import number

CLASSES = (1, 2, 5, 20)  # addresses at least, one shade each
MOST_LABELS, MOST_LINES = 14, 12
DOT = 9  # radius of what is too small for the map


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


@dataclass(frozen=True)
class MapLine:
    path: str
    disagrees: bool  # on the place; otherwise another claim links it to the scope


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


def world_map(places: Geography, regions: tuple[str, ...]) -> MapPicture:
    """Only countries are drawn: no source knows where in a country an address is."""
    world = outlines()
    told = {entry.code: entry for entry in places.countries}
    told |= {code: CountryShare(code, True) for code in regions if code not in told}
    shapes = [_shape(entry, world) for entry in told.values()]
    return MapPicture(
        width=world["width"],
        height=world["height"],
        land=world["land"],
        plain="".join(path for code, path in world["shapes"].items() if code not in told),
        shapes=tuple(sorted((s for s in shapes if s.path or s.point), key=lambda s: s.in_scope)),
        labels=tuple(_labels(list(told.values()), world["points"], world["width"])),
        lines=tuple(_lines(places.links, regions, world["points"])),
        classes=tuple(_classes()),
        has_dots=any(not s.path and s.point for s in shapes),
        has_claims=any(s.claimed for s in shapes),
    )


def _shape(entry: CountryShare, world: dict[str, dict[str, list[int]]]) -> Shape:
    path = world["shapes"].get(entry.code, "")
    at = world["points"].get(entry.code)
    return Shape(
        code=entry.code,
        name=entry.name,
        shade=sum(entry.addresses >= least for least in CLASSES),
        in_scope=entry.in_scope,
        claimed=not entry.addresses and bool(entry.others),
        path=str(path),
        point=(at[0], at[1]) if at else None,
        title=f"{entry.name} ({entry.code}): {number(entry.addresses)}",
    )


def _classes() -> Iterator[tuple[int, str]]:
    for shade, (least, above) in enumerate(pairwise((*CLASSES, 0)), 1):
        last = f"–{above - 1}" if above - 1 > least else "" if above else "+"
        yield shade, f"{least}{last}"


# ── labels ──────────────────────────────────────────────────────────────────

_Box = tuple[float, float, float, float]


def _labels(entries: list[CountryShare], points: dict[str, list[int]], width: int) -> Iterator[Label]:
    """The scope and the countries with the most addresses; one that would cover another moves or goes."""
    ranked = sorted((e for e in entries if e.code in points), key=lambda e: (not e.in_scope, -e.addresses))
    taken: list[_Box] = []
    shown = [e for e in ranked if e.addresses or e.in_scope][:MOST_LABELS]
    for entry in shown:
        text = f"{entry.name} {number(entry.addresses)}"
        for x, y in _positions(points[entry.code], is_dot=entry.code not in outlines()["shapes"]):
            half = len(text) * 6.9 + 6
            box = (x - half, y - 24, x + half, y + 8)
            if box[0] >= 4 and box[2] <= width - 4 and not any(map(_overlap, [box] * len(taken), taken)):
                taken.append(box)
                yield Label(x, y, text, entry.in_scope)
                break


def _positions(point: list[int], is_dot: bool) -> Iterator[tuple[int, int]]:
    x, y = point[0], point[1] + (30 if is_dot else 0)  # beside a dot, not over it
    for dx, dy in ((0, 8), (0, 40), (0, -24), (0, 72), (0, -56), (90, 8), (-90, 8), (120, 40), (-120, -24)):
        yield x + dx, y + dy


def _overlap(a: _Box, b: _Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


# ── lines ───────────────────────────────────────────────────────────────────


def _lines(
    links: tuple[Link, ...], regions: tuple[str, ...], points: dict[str, list[int]]
) -> Iterator[MapLine]:
    drawn = 0
    for link in links:
        disagrees = link.claim in OF_PLACE
        if (
            drawn < MOST_LINES
            and (disagrees or link.other in regions)
            and {link.located, link.other} <= set(points)
        ):
            drawn += 1
            yield MapLine(_arc(points[link.located], points[link.other]), disagrees)


def _arc(a: list[int], b: list[int]) -> str:
    """A flat arc, bent upwards by a sixth of its length."""
    (x1, y1), (x2, y2) = a, b
    bend = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5 / 4
    return f"M{x1} {y1}Q{(x1 + x2) // 2} {round((y1 + y2) / 2 - bend)} {x2} {y2}"
