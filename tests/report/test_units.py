"""Times, spans and sizes in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.report.units import byte_size, clock, counted, iso, parse_iso, span, tally

FIRST_NS = int(datetime(1, 1, 1, tzinfo=UTC).timestamp()) * 10**9
LAST_NS = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp()) * 10**9


@given(st.integers(FIRST_NS, LAST_NS))
def test_a_time_is_read_back_to_the_nanosecond(time_ns: int) -> None:
    assert parse_iso(iso(time_ns)) == time_ns


@given(st.datetimes(timezones=st.just(UTC)))
def test_the_calendar_is_that_of_the_standard_library(moment: datetime) -> None:
    assert datetime.fromisoformat(iso(parse_iso(moment.isoformat()[:19] + ".000000000Z"))) == moment.replace(
        microsecond=0
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2019-02-14T06:00:00Z",
        "2019-02-14T06:00:00.000000000",
        "2019-02-14T06:00:00.000000000+01",
        "9" * 30,
    ],
)
def test_another_form_of_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a time|Invalid isoformat"):
        parse_iso(text)


def test_a_time_beyond_the_calendar_is_still_said() -> None:
    assert clock(2**70) == f"a time outside the years 1 to 9999 ({2**70} ns)"
    assert clock(None) == "unknown"
    assert clock(1_550_124_000_999_999_999) == "2019-02-14 06:00:00 UTC"


@pytest.mark.parametrize(
    ("ns", "said"),
    [
        (400_000_000, "0.4 s"),
        (59 * 10**9, "59 s"),
        (21 * 60 * 10**9, "21 min"),
        (3_600 * 10**9, "1.0 h"),
        (-(10**9), "-1.0 s"),
    ],
)
def test_a_span_is_said_in_its_natural_unit(ns: int, said: str) -> None:
    assert span(ns) == said


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (1_460_000_000, "1.5 GB")]
)
def test_bytes_are_said_in_decimal_units(count: int, said: str) -> None:
    assert byte_size(count) == said


def test_one_is_singular_and_the_rest_plural() -> None:
    assert counted(1, "address", "addresses") == "1 address"
    assert counted(1_204, "packet") == "1,204 packets"


def test_a_tally_names_the_most_frequent_first() -> None:
    assert tally({"closed": 1, "unanswered": 3, "answered": 1}) == "3 unanswered, 1 answered, 1 closed"
