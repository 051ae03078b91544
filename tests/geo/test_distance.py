"""Round trips against distances: only what light can't do is stated, and never a location."""

from __future__ import annotations

from itertools import combinations
from math import asin, cos, radians, sin, sqrt

import pytest

from analyzer.geo.round_trips import (
    FIBRE_KM_PER_MS,
    Timed,
    contradicted_by_others,
    contradicted_from,
    least_distance,
    reach_km,
)
from analyzer.model import Opinion, Place

# Latitude and longitude of cities, from general reference works.
CITIES = {
    "NO": (59.91, 10.75), "CN": (39.90, 116.40), "HK": (22.30, 114.17), "MO": (22.20, 113.55),
    "TW": (25.03, 121.57), "SG": (1.29, 103.85), "US": (38.90, -77.04), "RU": (55.75, 37.62),
    "DE": (52.52, 13.40), "JP": (35.68, 139.69), "AU": (-35.28, 149.13), "BR": (-15.79, -47.88),
    "ZA": (-33.93, 18.42), "IN": (28.61, 77.21), "IS": (64.15, -21.94), "NZ": (-41.29, 174.78),
    "FJ": (-18.14, 178.44), "CL": (-33.45, -70.67), "KE": (-1.29, 36.82), "GB": (51.51, -0.13),
}  # fmt: skip


def great_circle_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """By the haversine formula."""
    (lat1, lon1), (lat2, lon2) = ([radians(x) for x in place] for place in (one, other))
    h = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371 * asin(sqrt(h))


@pytest.mark.parametrize(("one", "other"), list(combinations(CITIES, 2)))
def test_a_least_distance_is_never_more_than_that_between_cities(one: str, other: str) -> None:
    assert least_distance(one, other) == least_distance(other, one)
    assert least_distance(one, other) <= great_circle_km(CITIES[one], CITIES[other])


def test_far_countries_are_far_and_neighbours_touch() -> None:
    assert 3000 < least_distance("NO", "CN") < 4200  # Finnmark to Xinjiang, less the margin
    assert least_distance("NO", "SG") > 7500
    for one, other in (("NO", "RU"), ("CN", "HK"), ("CN", "MO"), ("US", "CA"), ("FR", "BR"), ("NO", "NO")):
        assert least_distance(one, other) == 0
    assert least_distance("NO", "XX") == 0  # a country that the map lacks refutes nothing


def place(code: str, *, anycast: bool = False, second: str | None = None) -> Place:
    opinions = (Opinion("located", code, "A", "2026"), Opinion("second", second or code, "B", "2026"))
    return Place("198.51.100.1", "", opinions=opinions, anycast=anycast)


def test_a_round_trip_refutes_only_what_light_in_fibre_can_not_do() -> None:
    least_us = round(2 * least_distance("NO", "CN") / FIBRE_KM_PER_MS * 1000)
    assert list(contradicted_from("NO", Timed("x", place("CN"), least_us + 10))) == []
    said = list(contradicted_from("NO", Timed("x", place("CN"), least_us - 10)))
    assert len(said) == 2
    assert said[0].startswith("located CN (A 2026) is contradicted")
    assert "something nearer answered in its place" in said[0]


def test_each_opinion_is_held_alone() -> None:
    (said,) = contradicted_from("NO", Timed("x", place("SE", second="CN"), 3_000))
    assert said.startswith("second opinion CN (B 2026)")


def test_anycast_is_never_contradicted() -> None:
    assert list(contradicted_from("NO", Timed("x", place("CN", anycast=True), 3_000))) == []
    near = Timed("b", place("NO"), 1_000)
    assert contradicted_by_others([Timed("a", place("CN", anycast=True), 1_000), near]) == {}


def test_two_quick_answers_can_not_come_from_far_apart() -> None:
    near, far = Timed("192.0.2.1", place("NO"), 5_000), Timed("192.0.2.2", place("CN"), 6_000)
    said = contradicted_by_others([near, far])
    assert set(said) == {"192.0.2.1", "192.0.2.2"}
    assert "located NO for 192.0.2.1 (5 ms) can't both be right" in said["192.0.2.2"][0]


def test_one_slow_answer_leaves_both_possible() -> None:
    slow = round(least_distance("NO", "CN") / FIBRE_KM_PER_MS * 2000)
    assert contradicted_by_others([Timed("a", place("NO"), 5_000), Timed("b", place("CN"), slow)]) == {}
    assert contradicted_by_others([]) == {}


def test_reach_is_there_and_back() -> None:
    assert reach_km(10_000) == pytest.approx(5 * FIBRE_KM_PER_MS)
