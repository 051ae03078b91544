"""Natural Earth's countries (TopoJSON, 1:50 million) → the least distance between any two of them.

    python tools/build_distances.py --source DIR/countries-50m.json

Writes `analyzer/geo/distances.npy`: uint16, kilometres, rows and columns as in `iso.CODES`. Country
outlines are followed in steps of at most 25 km; 100 km are then taken off, for the coarseness of the map and
the steps, so that no distance is too large. 0 stands where countries touch and where the map lacks one.
Needs numpy and pycountry (numeric codes).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from analyzer.geo.iso import CODES  # noqa: E402

RADIUS_KM, STEP_KM, MARGIN_KM = 6371.0, 25.0, 100
# Areas that the map shows apart, without a code of ISO 3166-1, and the country whose code they are under.
NAMED = {"Kosovo": "XK", "N. Cyprus": "CY", "Somaliland": "SO", "Siachen Glacier": "IN"}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--source", type=Path, required=True)
    world = json.loads(options.parse_args().source.read_text("utf-8"))
    points = outlines(world)
    np.save(ROOT / "analyzer" / "locate" / "distances.npy", distances(points))
    print(f"{len(points)} countries, {sum(map(len, points.values()))} points")


def outlines(world: Any) -> dict[str, np.ndarray]:
    """Points on the unit sphere along the outline of each country, by code."""
    arcs = list(_arcs(world))
    found: dict[str, list[np.ndarray]] = {}
    for shape in world["objects"]["countries"]["geometries"]:
        code = _code(shape)
        if code in CODES and code:
            used = {a if a >= 0 else ~a for a in _flat(shape.get("arcs", []))}
            found.setdefault(code, []).extend(arcs[a] for a in sorted(used))
    return {code: np.concatenate(parts).astype(np.float32) for code, parts in found.items()}


def distances(points: dict[str, np.ndarray]) -> np.ndarray:
    """Kilometres between the nearest points of each two countries, the margin taken off."""
    codes = sorted(points)
    everything = np.concatenate([points[c] for c in codes]).T.copy()
    starts = np.cumsum([0, *(len(points[c]) for c in codes[:-1])])
    table = np.zeros((len(CODES), len(CODES)), np.uint16)
    columns = [CODES.index(code) for code in codes]
    for code in codes:
        nearest = np.full(len(codes), -1.0, np.float32)
        for at in range(0, len(points[code]), 256):
            cosines = points[code][at : at + 256] @ everything
            nearest = np.maximum(nearest, np.maximum.reduceat(cosines, starts, axis=1).max(axis=0))
        km = np.arccos(np.clip(nearest.astype(np.float64), -1, 1)) * RADIUS_KM
        table[CODES.index(code), columns] = np.clip(np.floor(km) - MARGIN_KM, 0, None)
    return np.minimum(table, table.T)


def _code(shape: Any) -> str | None:
    import pycountry

    country = pycountry.countries.get(numeric=str(shape.get("id", "")).zfill(3))
    return country.alpha_2 if country else NAMED.get(shape["properties"]["name"])


def _arcs(world: Any) -> Iterator[np.ndarray]:
    scale, shift = np.array(world["transform"]["scale"]), np.array(world["transform"]["translate"])
    for arc in world["arcs"]:
        degrees = np.cumsum(np.array(arc), axis=0) * scale + shift
        yield _stepped(_on_sphere(degrees))


def _on_sphere(degrees: np.ndarray) -> np.ndarray:
    lon, lat = np.radians(degrees).T
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def _stepped(corners: np.ndarray) -> np.ndarray:
    """The corners with points between, on the great circles that join them."""
    pieces = [corners[:1]]
    for a, b in pairwise(corners):
        steps = int(np.ceil(np.linalg.norm(b - a) * RADIUS_KM / STEP_KM)) or 1
        part = np.linspace(0, 1, steps + 1)[1:, None]
        line = a * (1 - part) + b * part
        pieces.append(line / np.linalg.norm(line, axis=1, keepdims=True))
    return np.concatenate(pieces)


def _flat(arcs: Any) -> Iterator[int]:
    for item in arcs:
        if isinstance(item, int):
            yield item
        else:
            yield from _flat(item)


if __name__ == "__main__":
    main()
