"""Natural Earth's country shapes → the rectangle around each country, for `analyzer.identifiers.location`.

    python tools/build_boxes.py countries-50m.json > analyzer/identifiers/boxes.csv

The input is world-atlas 2 (TopoJSON of Natural Earth, public domain); needs `iso3166`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import iso3166


def main() -> None:
    world = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    boxes: dict[str, list[tuple[float, float]]] = {}
    arcs = list(map(list, (_points(arc, world["transform"]) for arc in world["arcs"])))
    for shape in world["objects"]["countries"]["geometries"]:
        country = iso3166.countries_by_numeric.get(str(shape.get("id", "")).zfill(3))
        if country:
            boxes.setdefault(country.alpha2, []).extend(_corners(shape["arcs"], arcs))
    print("code,south,north,west,east")
    for code, points in sorted(boxes.items()):
        east, north = ([point[axis] for point in points] for axis in (0, 1))
        print(f"{code},{min(north):.1f},{max(north):.1f},{min(east):.1f},{max(east):.1f}")


def _points(arc: list[list[int]], transform: dict[str, Any]) -> Iterator[tuple[float, float]]:
    """TopoJSON arcs are differences of integers (specification 1.0 §2.1.3)."""
    x = y = 0
    for dx, dy in arc:
        x, y = x + dx, y + dy
        yield (
            x * transform["scale"][0] + transform["translate"][0],
            y * transform["scale"][1] + transform["translate"][1],
        )


def _corners(indexes: Any, arcs: list[list[tuple[float, float]]]) -> Iterator[tuple[float, float]]:
    for index in indexes:
        if isinstance(index, list):
            yield from _corners(index, arcs)
        else:
            yield from arcs[index if index >= 0 else ~index]


if __name__ == "__main__":
    main()
