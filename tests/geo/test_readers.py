"""The readers of the raw databases (`tools/geo`), on small files made here in each format."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "tools"))

from geo.delegated import read_delegated
from geo.ipfire import Network, read_export, read_tor_ranges
from geo.legacy_dat import COUNTRIES, COUNTRY_BEGIN, read_legacy_dat
from geo.sources import SOURCES

from analyzer.geo.arrays import joined, ordinary_only

EXPORT = """\
# a comment
aut-num:                 AS64496
name:                    Example: Network

net:                     192.0.2.0/24
country:                 NO
aut-num:                 64496

net:                     192.0.2.128/25
country:                 SE
is-anycast:              yes

net:                     2001:db8::/32
aut-num:                 64496
"""


def test_the_ipfire_export_is_read_entry_by_entry() -> None:
    v4, v6, names = read_export(EXPORT.splitlines(keepends=True))
    assert v4 == [
        (0xC0000200, 0xC00002FF, Network("NO", 64496, False)),
        (0xC0000280, 0xC00002FF, Network("SE", 0, True)),
    ]
    assert v6 == [(0x20010DB8 << 96, (0x20010DB9 << 96) - 1, Network("", 64496, False))]
    assert names == {64496: "Example: Network"}


def test_tor_ranges_of_both_families_are_read() -> None:
    lines = ["# a comment\n", "16777216,16777471,AU\n", "2000::,2000::ff,??\n"]
    assert read_tor_ranges(lines) == [(1 << 24, (1 << 24) + 255, "AU"), (1 << 125, (1 << 125) + 255, "")]


def test_only_held_blocks_of_delegation_files_count() -> None:
    lines = [
        "2|apnic|20181013|3||20181012|+1000\n",
        "apnic|*|ipv4|*|2|summary\n",
        "apnic|CN|ipv4|192.0.2.0|256|20110412|allocated|A1\n",
        "apnic||ipv4|198.51.100.0|256||available\n",
        "apnic|HK|ipv6|2001:db8::|32|20110412|assigned|A2\n",
        "apnic|CN|asn|64496|2|20110412|allocated|A3\n",
    ]
    assert read_delegated(lines) == {
        "ipv4": [(0xC0000200, 0xC00002FF, "CN")],
        "ipv6": [(0x20010DB8 << 96, (0x20010DB9 << 96) - 1, "HK")],
        "asn": [(64496, 64497, "CN")],
    }


def _record(value: int) -> bytes:
    return value.to_bytes(3, "little")


def _leaf(code: str) -> bytes:
    return _record(COUNTRY_BEGIN + COUNTRIES.index(code))


@pytest.mark.parametrize(("edition", "bits"), [(1, 32), (12, 128)])
def test_a_legacy_trie_becomes_sorted_ranges(edition: int, bits: int) -> None:
    # 0… is CN; 10… is NO; 11… is TW.
    trie = _leaf("CN") + _record(1) + _leaf("NO") + _leaf("TW")
    found = read_legacy_dat(trie + b"\0\0\0EDITION\xff\xff\xff" + bytes([edition]))
    assert found == (bits, [0, 1 << bits - 1, 3 << bits - 2], ["CN", "NO", "TW"])


def test_a_legacy_trie_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="deeper than 32 bits"):
        read_legacy_dat(_leaf("CN") + _record(0) + b"\xff\xff\xff\x01")


def test_neighbours_of_equal_value_become_one_range() -> None:
    assert joined([(0, "a"), (5, "a"), (7, "b"), (7, "c"), (9, "a")]) == ([0, 7, 9], ["a", "c", "a"])


def test_special_purpose_space_is_blanked() -> None:
    starts, values = ordinary_only(([0], ["CN"]), "", 4)
    at = dict(zip(starts, values, strict=True))
    assert (at[0], at[1 << 24], at[10 << 24], at[11 << 24], at[224 << 24]) == ("", "CN", "", "CN", "")


def test_a_source_names_no_place_of_this_machine() -> None:
    for source in SOURCES:
        assert all("/" not in name for name in source.files)
