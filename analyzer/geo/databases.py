"""The databases: what each is (manifest) and its arrays on disk, mapped when first asked.

A layer is a folder of plain `.npy` files: `v4.start`, `v6.start` (high 64 bits), `v6.low_at` and
`v6.low` (the few starts with low bits), and one file a family and column, `v4.located` and so on,
a value for each range. `tools/build_geo.py` makes the shipped ones, listed in `data/manifest.json`;
`importing.py` makes the user's, each with its entry in `layer.json`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.geo.addresses import Addresses
from analyzer.geo.ranges import Rows, Starts128, rows32
from analyzer.model import GeoSource

DATA = Path(__file__).with_name("data")


@dataclass(frozen=True, slots=True)
class LayerRows:
    """Which range of a layer holds each address, the families apart."""

    v4: Rows
    v6: Rows


@dataclass(frozen=True, eq=False)
class Layer:
    """One database of one date; nothing is read before a look-up needs it."""

    folder: Path
    entry: Mapping[str, Any]  # its part of the manifest

    @property
    def id(self) -> str:
        """The folder's name, "dbip-2026-10"."""
        return str(self.entry["id"])

    @cached_property
    def short(self) -> str:
        """The name used in wording, "DB-IP"."""
        return str(self.entry["short"])

    @cached_property
    def claims(self) -> frozenset[str]:
        """What it can say of an address: located, second, registered, network, operated."""
        return frozenset(self.entry["claims"])

    @cached_property
    def date(self) -> date:
        """The day to reckon from; a source that names only its month counts from the first."""
        return date.fromisoformat(f"{self.entry['date']}-01"[:10])

    @property
    def said(self) -> str:
        """Name and date as the source gives it, "DB-IP 2026-10"."""
        return f"{self.short} {self.entry['date']}"

    @cached_property
    def month(self) -> str:
        """The date as wording shows it, "2026-10"."""
        return str(self.entry["date"])[:7]

    def rows(self, addresses: Addresses) -> LayerRows:
        """The range of each address; `take` gives the columns' values for it."""
        none = np.zeros(0, np.intp)
        return LayerRows(
            rows32(self._array("v4.start"), addresses.v4) if len(addresses.v4) else none,
            self._starts128.rows(addresses.hi, addresses.lo) if len(addresses.hi) else none,
        )

    def take(self, column: str, rows: LayerRows) -> NDArray[Any]:
        """The column's value for each address."""
        if not len(rows.v6):
            return self._array(f"v4.{column}")[rows.v4]
        v6 = self._array(f"v6.{column}")[rows.v6]
        return np.concatenate([self._array(f"v4.{column}")[rows.v4], v6]) if len(rows.v4) else v6

    def holder_codes(self, asns: NDArray[np.uint32]) -> NDArray[np.uint8]:
        """Code numbers of the countries where these AS numbers are registered."""
        codes: NDArray[np.uint8] = self._array("as.operated")[rows32(self._array("as.start"), asns)]
        return codes

    def as_name(self, asn: int) -> str | None:
        """The name that the source gives to an AS number, None where it gives none."""
        numbers, ends = self._array("as.number"), self._array("as.name_end")
        row = int(np.searchsorted(numbers, np.uint32(asn)))
        if row == len(numbers) or int(numbers[row]) != asn:
            return None
        start = int(ends[row - 1]) if row else 0
        return self._array("as.name")[start : int(ends[row])].tobytes().decode()

    def source(self, used_for: str) -> GeoSource:
        """How the report names this database."""
        entry = self.entry
        hashes = ", ".join(raw["sha256"] for raw in entry["inputs"])
        return GeoSource(
            name=entry["name"],
            date=entry["date"],
            licence=entry["licence"],
            says=entry["says"],
            attribution=entry["attribution"],
            sha256=hashes,
            url=entry["url"],
            used_for=used_for,
        )

    @cached_property
    def _starts128(self) -> Starts128:
        return Starts128(self._array("v6.start"), self._array("v6.low_at"), self._array("v6.low"))

    @cached_property
    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {}

    def _array(self, name: str) -> NDArray[Any]:
        array = self._arrays.get(name)
        if array is None:
            array = self._arrays[name] = _mapped(self.folder / f"{name}.npy")
        return array


def _mapped(path: Path) -> NDArray[Any]:
    # An empty file can't be mapped. A plain view spares the memmap class's cost at each index.
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except ValueError:
        return np.asarray(np.load(path, allow_pickle=False))


def user_folder() -> Path:
    """Where imported databases are kept (XDG Base Directory Specification)."""
    home = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
    if not os.path.isabs(home):  # no home is known, or a wrong one: the current folder is not the user's
        home = os.path.join(os.sep, "nonexistent")
    return Path(home) / "phonehome" / "geo"


@cache
def layers() -> tuple[Layer, ...]:
    """The shipped layers and those that the user imported, oldest first."""
    own = [
        Layer(file.parent, json.loads(file.read_text(encoding="utf-8")))
        for file in sorted(user_folder().glob("*/layer.json"))
        if not file.parent.name.startswith(".")  # of an import that is not finished
    ]
    return tuple(sorted((*shipped_layers(), *own), key=lambda layer: layer.date))


@cache
def shipped_layers(data: Path = DATA) -> tuple[Layer, ...]:
    """Every layer of the manifest, oldest first."""
    manifest = json.loads((data / "manifest.json").read_text(encoding="utf-8"))
    layers = [Layer(data / entry["id"], entry) for entry in manifest["layers"]]
    return tuple(sorted(layers, key=lambda layer: layer.date))
