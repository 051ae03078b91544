"""Addresses whose place their operators document, against what the shipped databases say.

`documented.csv`: address, country, the class expected with CN as the region, and who documents it. Rows that
the default source gets wrong stay in: the table measures, it doesn't flatter.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from analyzer.geo import Locator, located_in, scope_claims
from analyzer.model import Place

TABLE = Path(__file__).with_name("documented.csv")


def _rows() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


ROWS = _rows()


@pytest.fixture(scope="module")
def places() -> dict[str, Place]:
    found = Locator().places([row["address"] for row in ROWS])
    return {place.address: place for place in found}


def test_the_table_holds_enough_addresses_of_every_region_in_question() -> None:
    countries = [row["country"] for row in ROWS]
    assert len({row["address"] for row in ROWS}) == len(ROWS) >= 120
    assert all(countries.count(code) >= 5 for code in ("CN", "HK", "MO", "TW", "SG", "US", "NO"))
    assert all(row["documented_by"] for row in ROWS)


def test_at_least_97_percent_are_located_where_they_are_documented(places: dict[str, Place]) -> None:
    wrong = [row["address"] for row in ROWS if places[row["address"]].code("located") != row["country"]]
    assert len(wrong) <= 0.03 * len(ROWS), wrong


def test_no_address_documented_outside_china_is_called_agree_cn(places: dict[str, Place]) -> None:
    outside = [row["address"] for row in ROWS if row["country"] != "CN"]
    assert [address for address in outside if places[address].verdict == "agree CN"] == []


def test_hong_kong_macao_and_taiwan_are_never_located_in_cn(places: dict[str, Place]) -> None:
    rows = [row for row in ROWS if row["country"] in ("HK", "MO", "TW")]
    for row in rows:
        place = places[row["address"]]
        assert located_in(place, [row["country"]])
        assert not located_in(place, ["CN"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["address"])
def test_each_address_has_the_class_expected(row: dict[str, str], places: dict[str, Place]) -> None:
    assert places[row["address"]].verdict == row["class"]


def test_chinese_clouds_abroad_are_named_for_their_network_not_their_place(places: dict[str, Place]) -> None:
    place = places["47.88.147.10"]
    assert (place.code("located"), place.code("registered"), place.asn) == ("SG", "US", 45102)
    (claim,) = scope_claims(place, ["CN"])
    assert claim == "operated CN (AS45102 registered there, RIR 2018-10)"


def test_an_address_registered_in_cn_but_hosted_abroad_is_not_located_in_cn(places: dict[str, Place]) -> None:
    place = places["49.51.10.10"]
    assert place.verdict == "registered CN, located elsewhere"
    assert scope_claims(place, ["CN"]) == ("registered CN (RIR 2026-10)",)
    assert not located_in(place, ["CN"])


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "9.9.9.9"])
def test_anycast_resolvers_have_no_one_place(address: str) -> None:
    (place,) = Locator().places([address])
    assert place.anycast
    assert place.verdict == "anycast/unknown"
