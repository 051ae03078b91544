"""The snapshot rule: nearest at or before the capture's date, else the nearest; the gap is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.geo import Locator, wording
from analyzer.geo.database_selection import capture_date, nearest, warning


def _ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


@dataclass(frozen=True)
class Dated:
    date: date
    said: str = "a database"


DATES = st.dates(date(2000, 1, 1), date(2040, 1, 1))


@given(st.lists(DATES, min_size=1, max_size=6, unique=True), DATES)
def test_a_later_snapshot_answers_only_when_none_stands_before(days: list[date], day: date) -> None:
    chosen = nearest([Dated(d) for d in days], day).date
    before = [d for d in days if d <= day]
    assert chosen == (max(before) if before else min(days))
    if not before:
        assert all(abs(chosen - day) <= abs(d - day) for d in days)


@given(st.lists(DATES, min_size=1, max_size=6))
def test_without_a_capture_date_the_newest_answers(days: list[date]) -> None:
    assert nearest([Dated(d) for d in days], None).date == max(days)


@pytest.mark.parametrize(
    ("days", "warned"), [(-181, True), (-180, False), (0, False), (180, False), (181, True)]
)
def test_a_warning_stands_above_180_days(days: int, warned: bool) -> None:
    day = date(2026, 1, 1)
    snapshot = Dated(date.fromordinal(day.toordinal() + days))
    assert bool(warning([("located", snapshot)], day)) is warned


def test_a_capture_belongs_to_its_utc_day() -> None:
    assert capture_date(_ns("2019-12-23T23:59:59")) == date(2019, 12, 23)
    assert capture_date(_ns("2019-12-24T00:00:00")) == date(2019, 12, 24)


@pytest.mark.parametrize(
    ("captured", "located", "second", "registered"),
    [
        ("2017-06-01", "GeoLite2 2019-12", "IPFire 2023-01", "RIR 2018-10"),
        ("2019-02-12", "GeoLite2 2019-12", "IPFire 2023-01", "RIR 2018-10"),
        ("2019-12-23", "GeoLite2 2019-12", "IPFire 2023-01", "RIR 2018-10"),
        ("2019-12-24", "GeoLite2 2019-12", "IPFire 2023-01", "GeoLite2 2019-12"),
        ("2023-03-01", "GeoLite2 2019-12", "IPFire 2023-01", "GeoLite2 2019-12"),
        ("2026-07-01", "DB-IP 2026-06", "IPFire 2023-01", "GeoLite2 2019-12"),
        ("2026-09-30", "DB-IP 2026-06", "IPFire 2026-08", "GeoLite2 2019-12"),
        ("2026-11-22", "DB-IP 2026-10", "IPFire 2026-08", "RIR 2026-10"),
    ],
)
def test_each_claim_has_its_own_snapshot(captured: str, located: str, second: str, registered: str) -> None:
    (place,) = Locator(_ns(captured)).places(["114.114.114.114"])
    said = {opinion.claim: f"{opinion.source} {opinion.date}" for opinion in place.opinions}
    assert [said[claim] for claim in ("located", "second", "registered")] == [located, second, registered]


def test_a_capture_of_2019_is_answered_with_2019_and_todays_answer_stands_beside() -> None:
    locator = Locator(_ns("2019-02-12"))
    (place,) = locator.places(["49.51.10.10"])
    assert (place.code("located"), place.code("registered")) == ("CA", "CN")
    assert [(o.claim, o.code, o.date) for o in place.today] == [
        ("located", "US", "2026-10"),
        ("second", "US", "2026-08"),
        ("registered", "CN", "2026-10"),
    ]
    assert "located: CA (GeoLite2 2019-12)" in wording(place)
    assert "today: located: US (DB-IP 2026-10)" in wording(place)


def test_the_note_says_dates_gaps_and_the_warning() -> None:
    note = Locator(_ns("2019-02-12")).note
    assert "Capture of 2019-02-12" in note
    assert "located by GeoLite2 2019-12-24 (315 days after)" in note
    assert "registered by RIR 2018-10-14 (121 days before)" in note
    assert "Warning: more than 180 days" in note
    assert "for located, second;" in note


def test_a_capture_of_today_needs_no_second_answer() -> None:
    locator = Locator(_ns("2026-11-22"))
    (place,) = locator.places(["114.114.114.114"])
    assert place.today == ()
    assert "today" not in wording(place)
    assert "Warning" not in locator.note


def test_an_unknown_date_is_said() -> None:
    assert Locator().note.startswith("No capture date: the newest databases answer: located by DB-IP 2026-10")


def test_the_sources_are_those_consulted_each_with_its_attribution() -> None:
    today = {source.name: source for source in Locator().sources}
    assert "IP Geolocation by DB-IP" in today["DB-IP Country Lite"].attribution
    assert "https://db-ip.com" in today["DB-IP Country Lite"].attribution
    assert not any("GeoLite2" in name for name in today)
    then = Locator(_ns("2019-02-12")).sources
    assert any("GeoLite2 data created by MaxMind" in source.attribution for source in then)
    assert [source.used_for for source in then if source.name == "DB-IP Country Lite"] == ["today's location"]
    for source in (*today.values(), *then):
        assert source.licence
        assert source.says
        assert all(len(digest) == 64 for digest in source.sha256.split(", "))
