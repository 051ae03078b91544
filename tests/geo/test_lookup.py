"""The vector look-up against a plain bisect over the same ranges, and against the raw databases."""

from __future__ import annotations

import ipaddress
import lzma
import os
import random
from bisect import bisect_right
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.geo import Locator, scope_claims
from analyzer.geo.addresses import Addresses, numbers
from analyzer.geo.databases import Layer, shipped_layers
from analyzer.geo.iso import CODES
from analyzer.geo.ranges import Starts128, disjoint, rows32
from tests.examples import examples

ROOT = Path(__file__).parent.parent.parent
GEO = Path(os.environ.get("PHONEHOME_GEO", ROOT.parent / "shared" / "geo"))
LAYERS = {layer.id: layer for layer in shipped_layers()}
V4 = st.integers(0, (1 << 32) - 1)
V6 = st.integers(0, (1 << 128) - 1)


def _array(layer: Layer, name: str) -> np.ndarray:
    return np.load(layer.folder / f"{name}.npy")


class Plain:
    """One layer's ranges as Python integers, searched with bisect."""

    def __init__(self, layer: Layer) -> None:
        self.v4 = _array(layer, "v4.start").tolist()
        lows = dict(zip(_array(layer, "v6.low_at").tolist(), _array(layer, "v6.low").tolist(), strict=True))
        self.v6 = [hi << 64 | lows.get(row, 0) for row, hi in enumerate(_array(layer, "v6.start").tolist())]

    def row(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
        starts = self.v4 if address.version == 4 else self.v6
        return bisect_right(starts, int(address)) - 1


@cache
def plain(layer: Layer) -> Plain:
    return Plain(layer)


def _check(layer: Layer, addresses: list[ipaddress.IPv4Address | ipaddress.IPv6Address]) -> None:
    """Every column of the layer, for these addresses."""
    asked = Addresses.of(*numbers([str(a) for a in addresses]))
    rows = layer.rows(asked)
    for family in (4, 6):
        starts = {"v4.start", "v6.start", "v6.low_at", "v6.low"}
        files = {path.stem for path in layer.folder.glob(f"v{family}.*.npy")} - starts
        for column in sorted(name.partition(".")[2] for name in files):
            found = asked.restore(layer.take(column, rows)).tolist()
            values = _array(layer, f"v{family}.{column}")
            for address, value in zip(addresses, found, strict=True):
                if address.version == family:
                    assert value == values[plain(layer).row(address)], (layer.id, column, address)


def _ordinary_v6(number: int) -> ipaddress.IPv6Address:
    """An address of 2000::/3 that isn't a tunnelled IPv4 address."""
    address = ipaddress.IPv6Address(1 << 125 | number >> 3)
    return address if not (address.teredo or address.sixtofour) else ipaddress.IPv6Address("2400::")


@pytest.mark.parametrize("name", sorted(LAYERS))
@settings(max_examples=examples(10), deadline=None)
@given(v4=st.lists(V4, max_size=40), v6=st.lists(V6, max_size=40))
def test_a_layer_gives_what_a_plain_bisect_gives(name: str, v4: list[int], v6: list[int]) -> None:
    mixed: list[Any] = [ipaddress.IPv4Address(n) for n in v4] + [_ordinary_v6(n) for n in v6]
    random.Random(0).shuffle(mixed)
    _check(LAYERS[name], mixed)


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_a_layer_is_exact_at_the_edges_of_its_ranges(name: str) -> None:
    chance = random.Random(1)
    ranges = plain(LAYERS[name])
    v4 = [n for start in chance.sample(ranges.v4[1:], 300) for n in (start - 1, start, start + 1)]
    low = [start for start in ranges.v6 if start & 0xFFFF_FFFF_FFFF_FFFF]
    some = chance.sample(ranges.v6[1:], 300) + chance.sample(low, min(len(low), 200))
    v6 = [n for start in some for n in (start - 1, start, start + 1)]
    edges: list[Any] = [ipaddress.IPv4Address(n) for n in v4]
    edges += [a for n in v6 if (a := ipaddress.IPv6Address(n)).ipv4_mapped is None and not a.sixtofour]
    _check(LAYERS[name], [a for a in edges if a.version == 4 or not a.teredo])


@given(st.sets(V4, max_size=30), st.lists(V4, max_size=30))
def test_rows32_equals_bisect_for_any_ranges(starts: set[int], asked: list[int]) -> None:
    ordered = sorted(starts | {0})
    found = rows32(np.array(ordered, np.uint32), np.array(asked, np.uint32))
    assert found.tolist() == [bisect_right(ordered, n) - 1 for n in asked]


# Few different high halves, so that many ranges share one and differ in their low bits.
LOW = st.integers(0, 5) | st.just((1 << 64) - 1)
CROWDED = st.builds(lambda hi, lo: hi << 64 | lo, st.integers(0, 4), LOW)


@given(st.sets(CROWDED | V6, max_size=40), st.lists(CROWDED | V6, max_size=40))
def test_starts128_equals_bisect_for_any_ranges(starts: set[int], asked: list[int]) -> None:
    ordered = sorted(starts | {0})
    hi = np.array([n >> 64 for n in asked], np.uint64)
    lo = np.array([n & 0xFFFF_FFFF_FFFF_FFFF for n in asked], np.uint64)
    found = Starts128.of(ordered).rows(hi, lo)
    assert found.tolist() == [bisect_right(ordered, n) - 1 for n in asked]


BLOCK = st.integers(0, 8).flatmap(
    lambda bits: st.tuples(
        st.integers(0, 255).map(lambda n: n >> bits << bits), st.just(bits), st.integers(1, 4)
    )
)


@given(st.lists(BLOCK, max_size=25))
def test_in_ranges_of_nested_blocks_the_innermost_decides(blocks: list[tuple[int, int, int]]) -> None:
    spans = [(first, first + (1 << bits) - 1, value) for first, bits, value in blocks]
    starts, values = disjoint(spans, 0, 256)
    for number in range(256):
        held = [(b - a, -order, value) for order, (a, b, value) in enumerate(spans) if a <= number <= b]
        assert values[bisect_right(starts, number) - 1] == (min(held)[2] if held else 0)
    assert all(a != b for a, b in pairwise(values))


KNOWN = ("223.5.5.5", "47.88.147.10", "49.51.10.10", "64:ff9b::df05:505")


@settings(max_examples=examples(25), deadline=None)
@given(
    st.lists(st.ip_addresses() | st.sampled_from(KNOWN), max_size=30),
    st.sampled_from([("CN",), ("US", "HK"), ("CN", "HK", "MO", "TW"), ("XX",), ()]),
    st.sampled_from([None, 1_550_000_000_000_000_000]),
)
def test_in_regions_is_true_exactly_where_a_claim_names_a_region(
    addresses: list[Any], regions: tuple[str, ...], capture_ns: int | None
) -> None:
    locator = Locator(capture_ns)
    texts = [str(address) for address in addresses]
    found = locator.in_regions(*numbers(texts), regions).tolist()
    assert found == [bool(scope_claims(place, regions)) for place in locator.places(texts)]


def test_codes_gives_one_claim_for_every_address_in_its_order() -> None:
    hi, lo = numbers(["114.114.114.114", "10.0.0.1", "2001:700:100:2::7", "47.88.147.10"])
    locator = Locator()
    named = {claim: [CODES[n] for n in locator.codes(hi, lo, claim)] for claim in ("located", "operated")}
    assert named == {"located": ["CN", None, "NO", "SG"], "operated": ["US", None, "NO", "CN"]}


def test_no_address_at_all_is_no_trouble() -> None:
    assert Locator().places([]) == []
    assert Locator().in_regions(*numbers([]), ["CN"]).tolist() == []


def _raw(name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = GEO / f"{name}.mmdb.xz"
    if not source.exists():
        pytest.skip(f"no raw database {source.name}: set PHONEHOME_GEO to the folder that holds it")
    path = tmp_path_factory.mktemp("geo") / f"{name}.mmdb"
    path.write_bytes(lzma.decompress(source.read_bytes()))
    return path


def _random_addresses() -> list[Any]:
    chance = random.Random(2)
    v4: list[Any] = [ipaddress.IPv4Address(chance.getrandbits(32)) for _ in range(10_000)]
    starts = plain(LAYERS["geolite2-2019-12"]).v6
    v6 = [ipaddress.IPv6Address(chance.choice(starts) + chance.getrandbits(80)) for _ in range(5_000)]
    return v4 + [address for address in v6 if not (address.teredo or address.sixtofour)]


GEOLITE2_KEYS = {"located": "country", "registered": "registered_country"}


@pytest.mark.parametrize(
    ("raw", "layer", "keys"),
    [
        ("geolite2-country-2019-12-24", "geolite2-2019-12", GEOLITE2_KEYS),
        ("dbip-country-lite-2026-06", "dbip-2026-06", {"located": None}),
    ],
)
def test_converted_databases_answer_as_maxminddb_reads_the_raw_ones(
    raw: str, layer: str, keys: dict[str, str | None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    maxminddb = pytest.importorskip("maxminddb")
    addresses = _random_addresses()
    asked = Addresses.of(*numbers([str(a) for a in addresses]))
    places = Locator().places([str(a) for a in addresses])
    with maxminddb.open_database(_raw(raw, tmp_path_factory)) as reader:
        for claim, key in keys.items():
            found = asked.restore(LAYERS[layer].take(claim, LAYERS[layer].rows(asked)))
            for address, place, number in zip(addresses, places, found.tolist(), strict=True):
                record: Any = reader.get(address) or {}
                code = record.get(key, {}).get("iso_code") if key else record.get("country_code")
                if place.special is None and code not in ("ZZ", "EU", "AP", "AN"):
                    assert CODES[number] == code, (claim, address)
