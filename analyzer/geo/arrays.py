"""Ranges with values → the arrays of a layer, the same bytes every time.

Used by `tools/build_geo.py` for the shipped layers and by `importing.py` for the user's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from analyzer.geo.ranges import Starts128
from analyzer.geo.special import ordinary_spans

V = TypeVar("V")
Ranges = tuple[Sequence[int], Sequence[V]]
Columns = dict[str, Callable[[Any], int]]
TYPES = {"asn": np.uint32, "anycast": np.bool_}


def ordinary_only(ranges: Ranges[V], blank: V, family: int) -> tuple[list[int], list[V]]:
    """The same ranges with `blank` in special-purpose and undelegated space; equal neighbours joined."""
    starts, values = ranges
    inside: list[tuple[int, V]] = [(0, blank)]
    row = 0
    for first, end in ordinary_spans(family):
        while row + 1 < len(starts) and starts[row + 1] <= first:
            row += 1
        inside.append((first, values[row]))
        while row + 1 < len(starts) and starts[row + 1] < end:
            row += 1
            inside.append((starts[row], values[row]))
        inside.append((end, blank))
    return joined(inside)


def joined(ranges: Iterable[tuple[int, V]]) -> tuple[list[int], list[V]]:
    """Neighbours of equal value made one; of several ranges with one start the last counts."""
    last_of_start = [list(same)[-1] for _, same in groupby(ranges, key=lambda r: r[0])]
    groups = [next(same) for _, same in groupby(last_of_start, key=lambda r: r[1])]
    return [start for start, _ in groups], [value for _, value in groups]


class LayerWriter:
    """Writes the files of one layer and remembers their hashes."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.npy"):
            old.unlink()
        self.folder = folder
        self.files: list[dict[str, Any]] = []

    def array(self, name: str, values: Any, dtype: Any) -> None:
        """One `.npy` file."""
        path = self.folder / f"{name}.npy"
        np.save(path, np.ascontiguousarray(values, dtype), allow_pickle=False)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self.files.append({"file": f"{self.folder.name}/{path.name}", "sha256": digest, "rows": len(values)})

    def family(self, family: int, ranges: Ranges[V], columns: Columns) -> None:
        """Starts and columns of IPv4 (4) or IPv6 (6)."""
        starts, values = ranges
        if family == 4:
            self.array("v4.start", starts, np.uint32)
        else:
            split = Starts128.of(starts)
            self.array("v6.start", split.hi, np.uint64)
            self.array("v6.low_at", split.low_at, np.uint32)
            self.array("v6.low", split.low, np.uint64)
        for column, of in columns.items():
            self.array(f"v{family}.{column}", [of(value) for value in values], TYPES.get(column, np.uint8))
