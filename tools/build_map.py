"""Natural Earth's countries (TopoJSON) → outlines and label points for the map of a report.

    python tools/build_map.py --shapes DIR/countries-110m.json --points DIR/countries-50m.json

Writes `analyzer/report/html/world.json`: the Equal Earth projection (Šavrič, Patterson and Jenny 2018),
2,000 units wide, north up; a path of whole units for each ISO 3166-1 code, one for land without a code, and
a label point for each country, also those too small for the coarse map. A folder above,
`countries.json`: the names of countries in English and Norwegian bokmål as the Unicode CLDR has them. Needs
numpy, pycountry and babel.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "analyzer" / "report" / "html"
WIDTH, MARGIN = 2000, 8
SOUTH = -57.0  # degrees; Antarctica is left out
A1, A2, A3, A4 = 1.340264, -0.081106, 0.000893, 0.003796
LANGUAGES = ("en", "nb")
Ring = np.ndarray  # points × (longitude, latitude) or (x, y)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--shapes", type=Path, required=True)
    options.add_argument("--points", type=Path, required=True)
    chosen = options.parse_args()
    world = drawn(*(json.loads(path.read_text("utf-8")) for path in (chosen.shapes, chosen.points)))
    for path, content in ((OUT / "world.json", world), (OUT.parent / "countries.json", country_names())):
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        path.write_text(text + "\n", "utf-8")


def drawn(coarse: Any, fine: Any) -> dict[str, Any]:
    """The file's content: size, a path for each code, land without one, label points."""
    shapes: dict[str, str] = {}
    for code, rings in countries(coarse):
        shapes[code] = shapes.get(code, "") + "".join(map(path, rings))
    points = {code: label_point(rings) for code, rings in (*countries(fine), *countries(coarse)) if code}
    height = int(screen(np.array([[0.0, SOUTH]]))[0, 1]) + MARGIN
    return {
        "width": WIDTH,
        "height": height,
        "land": shapes.pop("", ""),
        "shapes": shapes,
        "points": points,
    }


def country_names() -> dict[str, dict[str, str]]:
    """Code → language → name, of the codes that ISO 3166-1 assigns."""
    import pycountry
    from babel import Locale

    names = {language: Locale(language).territories for language in LANGUAGES}
    codes = sorted(country.alpha_2 for country in pycountry.countries)
    return {code: {language: names[language][code] for language in LANGUAGES} for code in codes}


def countries(world: Any) -> Iterator[tuple[str, list[Ring]]]:
    """Code (empty where there is none) and rings on the screen, of each country but Antarctica."""
    arcs = [decoded(arc, world["transform"]) for arc in world["arcs"]]
    for shape in world["objects"]["countries"]["geometries"]:
        code = code_of(shape)
        if code != "AQ" and shape.get("arcs"):
            polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
            rings = [part for polygon in polygons for ring in polygon for part in cut(joined(ring, arcs))]
            yield code, list(map(screen, rings))


def code_of(shape: Any) -> str:
    import pycountry

    country = pycountry.countries.get(numeric=str(shape.get("id", "")).zfill(3))
    return country.alpha_2 if country else ""


def decoded(arc: Any, transform: Any) -> Ring:
    """Degrees of a quantised, delta-encoded arc."""
    return np.cumsum(np.array(arc), axis=0) * transform["scale"] + transform["translate"]


def joined(ring: list[int], arcs: list[Ring]) -> Ring:
    """The arcs of a ring one after another; ~i is arc i backwards (TopoJSON 2.1.4)."""
    return np.concatenate([arcs[i] if i >= 0 else arcs[~i][::-1] for i in ring])


def cut(ring: Ring) -> Iterator[Ring]:
    """A ring that crosses the 180th meridian as two, one at each edge of the map."""
    lon = np.degrees(np.unwrap(np.radians(ring[:, 0])))
    whole = np.stack([lon, ring[:, 1]], axis=1)
    for turn in (-360.0, 0.0, 360.0):
        moved = whole + np.array([turn, 0.0])
        part = half(half(moved, 180.0, 1), -180.0, -1)
        if len(part) > 2:
            yield part


def half(ring: Ring, at: float, side: int) -> Ring:
    """What lies on one side of a meridian (Sutherland and Hodgman 1974)."""
    kept: list[np.ndarray] = []
    for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        inside = ((at - a[0]) * side >= 0, (at - b[0]) * side >= 0)
        if inside[0]:
            kept.append(a)
        if inside[0] != inside[1]:
            kept.append(np.array([at, a[1] + (b[1] - a[1]) * (at - a[0]) / (b[0] - a[0])]))
    return np.array(kept)


def screen(degrees: Ring) -> Ring:
    """Longitude and latitude in degrees → x and y of the drawing, y downwards."""
    x, y = equal_earth(degrees)
    across = equal_earth(np.array([[180.0, 0.0]]))[0][0]
    top = equal_earth(np.array([[0.0, 84.0]]))[1][0]
    scale = (WIDTH / 2 - MARGIN) / across
    return np.stack([WIDTH / 2 + x * scale, MARGIN + (top - y) * scale], axis=1)


def equal_earth(degrees: Ring) -> tuple[np.ndarray, np.ndarray]:
    lon, lat = np.radians(degrees).T
    t = np.arcsin(np.sqrt(3) / 2 * np.sin(lat))
    x = 2 * np.sqrt(3) * lon * np.cos(t) / (3 * (9 * A4 * t**8 + 7 * A3 * t**6 + 3 * A2 * t**2 + A1))
    return x, A4 * t**9 + A3 * t**7 + A2 * t**3 + A1 * t


def path(ring: Ring) -> str:
    """An SVG path in whole units, each point relative to the one before; empty where nothing is left."""
    whole = np.round(ring).astype(int)
    steps = np.diff(whole, axis=0)
    steps = steps[(steps != 0).any(axis=1)]
    if len(steps) < 3:
        return ""
    body = "".join(f"{dx}{'' if dy < 0 else ' '}{dy} " for dx, dy in steps[:-1].tolist())
    return f"M{whole[0, 0]} {whole[0, 1]}l{body.rstrip().replace(' -', '-')}z"


def label_point(rings: list[Ring]) -> list[int]:
    """A point well inside the largest ring: of a grid, the one farthest from the outline."""
    ring = max(rings, key=lambda r: abs(area(r)))
    (left, top), (right, bottom) = ring.min(axis=0), ring.max(axis=0)
    grid = np.stack(np.meshgrid(np.linspace(left, right, 41), np.linspace(top, bottom, 41)), -1).reshape(
        -1, 2
    )
    inside = grid[[is_inside(point, ring) for point in grid]]
    if not len(inside):
        return np.round(ring.mean(axis=0)).astype(int).tolist()
    far = np.linalg.norm(inside[:, None] - ring[None], axis=2).min(axis=1)
    return np.round(inside[far.argmax()]).astype(int).tolist()


def area(ring: Ring) -> float:
    x, y = ring.T
    return float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2


def is_inside(point: np.ndarray, ring: Ring) -> bool:
    """Even–odd rule."""
    (px, py), a, b = point, ring, np.roll(ring, 1, axis=0)
    crosses = (a[:, 1] > py) != (b[:, 1] > py)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = (b[:, 0] - a[:, 0]) * (py - a[:, 1]) / (b[:, 1] - a[:, 1]) + a[:, 0]
    return bool((crosses & (px < at)).sum() % 2)


if __name__ == "__main__":
    main()
