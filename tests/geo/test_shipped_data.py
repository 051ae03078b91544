"""The shipped arrays are those of the manifest, well-formed, and free of what may not be shipped."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Any

import numpy as np
import pytest

from analyzer.geo.databases import DATA, shipped_layers
from analyzer.geo.iso import CODES
from analyzer.geo.special import ordinary_spans

MANIFEST = json.loads((DATA / "manifest.json").read_text(encoding="utf-8"))
LAYERS = {entry["id"]: entry for entry in MANIFEST["layers"]}


@pytest.mark.parametrize("name", LAYERS)
def test_the_files_are_those_of_the_manifest(name: str) -> None:
    for output in LAYERS[name]["outputs"]:
        content = (DATA / output["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == output["sha256"], output["file"]
        assert len(np.load(DATA / output["file"], allow_pickle=False)) == output["rows"]


def test_the_manifest_lists_every_file() -> None:
    listed = {output["file"] for entry in MANIFEST["layers"] for output in entry["outputs"]}
    assert {str(path.relative_to(DATA)) for path in DATA.rglob("*.npy")} == listed


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_says_where_it_comes_from(name: str) -> None:
    entry = LAYERS[name]
    for key in ("name", "short", "date", "licence", "attribution", "url", "says", "method", "how"):
        assert entry[key], key
    assert entry["claims"]
    assert all(len(raw["sha256"]) == 64 and raw["file"] for raw in entry["inputs"])


def test_no_geolite2_newer_than_the_last_under_creative_commons_is_shipped() -> None:
    maxmind = [layer for layer in shipped_layers() if "maxmind" in json.dumps(layer.entry).lower()]
    assert [layer.date for layer in maxmind] == [date(2019, 12, 24)]


def test_the_code_table_of_the_data_is_that_of_the_program() -> None:
    assert MANIFEST["codes"] == list(CODES)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("family", ["v4", "v6"])
def test_ranges_are_sorted_cover_everything_and_name_known_codes(name: str, family: str) -> None:
    folder = DATA / name
    starts = np.load(folder / f"{family}.start.npy")
    assert starts[0] == 0
    assert (np.diff(starts.astype(object)) >= 0).all()
    names = {path.stem.partition(".")[2] for path in folder.glob(f"{family}.*.npy")}
    columns = names - {"start", "low", "low_at"}
    assert columns
    for column in columns:
        values = np.load(folder / f"{family}.{column}.npy")
        assert len(values) == len(starts)
        if values.dtype == np.uint8:
            assert values.max() < len(CODES)


@pytest.mark.parametrize("name", LAYERS)
def test_ipv6_ranges_that_share_a_high_half_differ_in_their_low_half(name: str) -> None:
    folder = DATA / name
    hi = np.load(folder / "v6.start.npy")
    low = np.zeros(len(hi), np.uint64)
    low[np.load(folder / "v6.low_at.npy")] = np.load(folder / "v6.low.npy")
    same = np.flatnonzero(hi[1:] == hi[:-1])
    assert (low[same] < low[same + 1]).all()


@pytest.mark.parametrize("name", LAYERS)
def test_nothing_is_stored_for_special_purpose_space(name: str) -> None:
    starts = np.load(DATA / name / "v4.start.npy")
    columns = [path for path in (DATA / name).glob("v4.*.npy") if path.stem != "v4.start"]
    spans = ordinary_spans(4)
    for first in [0, *(end for _, end in spans[:-1])]:
        row = int(np.searchsorted(starts, np.uint32(first), side="right")) - 1
        assert all(not np.load(path)[row] for path in columns), first


@pytest.mark.parametrize(
    ("asn", "name"), [(13335, "Cloudflare"), (4134, "Chinanet"), (45102, "Alibaba"), (224, "Sikt")]
)
def test_as_names_are_found_by_number(asn: int, name: str) -> None:
    (layer,) = [layer for layer in shipped_layers() if "network" in layer.claims]
    assert name.lower() in (layer.as_name(asn) or "").lower()


@pytest.mark.parametrize("asn", [0, 64512, 4_294_967_295])
def test_private_as_numbers_have_no_name(asn: int) -> None:
    (layer,) = [layer for layer in shipped_layers() if "network" in layer.claims]
    assert layer.as_name(asn) is None


def test_holders_of_as_numbers_are_those_of_the_registries_file() -> None:
    # apnic|CN|asn|45056|60|20080201|allocated and apnic|CN|asn|132203|1|20120313|allocated
    (layer,) = [layer for layer in shipped_layers() if "operated" in layer.claims]
    asked: Any = np.array([45055, 45056, 45102, 45115, 132203, 64512], np.uint32)
    codes = [CODES[number] for number in layer.holder_codes(asked)]
    assert codes[1:5] == ["CN"] * 4
    assert codes[5] is None
