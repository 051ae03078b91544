"""What `--fail-on` counts, and what it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analyzer.cli.fail_on import WORDS
from analyzer.model import Report, Table
from analyzer.report.fail_on import COUNTERS, met
from tests.report.builders import PHONE, attempt, destination, maybe_mac, quiet_report, sample_report

ALL = tuple(WORDS)


def test_the_command_line_and_the_counters_know_the_same_words() -> None:
    assert tuple(COUNTERS) == ALL


def test_a_report_in_which_nothing_was_readable_meets_nothing() -> None:
    assert met(quiet_report(), ALL) == []


def test_each_threshold_says_how_many_and_where_the_first_one_stands() -> None:
    said = dict(clause.split(": ", 1) for clause in met(sample_report(), ALL))
    assert said["ping"] == (
        "4 activation pings (1 of them attempts that carried no request that was seen), first in frame 12"
    )
    assert said["identifier"] == "1 × IMEI (3 times), first in frame 41"
    assert said["region"] == "12 packets to 1 address located in CN, first in frame 41"
    assert said["unread"] == (
        "10 of 1,000 packets (< 1 % of the bytes) were not searched for identifiers: readable, or not shown "
        "to be encrypted (dns)"
    )
    assert said["known"] == "1 identifier that the owner gave, IMEI (3 times), first in frame 41"


def test_only_what_is_asked_about_is_counted() -> None:
    assert [clause.split(":")[0] for clause in met(sample_report(), ("region",))] == ["region"]


def test_an_attempt_alone_is_a_ping() -> None:
    (clause,) = met(replace(quiet_report(), pings=(attempt(),)), ("ping",))
    assert clause.startswith("ping: 1 activation ping (1 of them attempts")


def test_what_only_looks_like_an_identifier_does_not_count() -> None:
    assert met(replace(quiet_report(), findings=(maybe_mac(),)), ("identifier",)) == []


def test_what_is_not_recorded_counts_as_unread() -> None:
    (clause,) = met(replace(quiet_report(), coverage=()), ("unread",))
    assert clause == "unread: How much of the capture was searched is not recorded in this report"


def test_a_fact_about_the_phone_that_identifies_nobody_does_not_count() -> None:
    model = replace(maybe_mac(), kind="model", value="Phone 7", confidence="high", known=True)
    assert met(replace(quiet_report(), findings=(model,)), ("identifier",)) == []


def scoped(*rows: tuple[str, str, str], regions: tuple[str, ...] = ("CN", "HK")) -> Report:
    made = tuple(
        replace(
            destination(address, located, registered, scope=("some claim",), device=PHONE),
            in_scope=located in regions,
        )
        for address, located, registered in rows
    )
    return replace(quiet_report(), destinations=made, scope=replace(quiet_report().scope, regions=regions))


def test_another_claim_than_the_location_does_not_count() -> None:
    assert met(scoped(("192.0.2.99", "SG", "CN")), ("region",)) == []


def test_an_address_that_nothing_was_sent_to_does_not_count() -> None:
    report = scoped(("192.0.2.15", "CN", "CN"))
    silent = replace(report, destinations=(replace(report.destinations[0], packets_up=0),))
    assert met(silent, ("region",)) == []


def test_regions_are_told_apart_and_never_summed() -> None:
    report = scoped(("192.0.2.15", "CN", "CN"), ("192.0.2.16", "HK", "HK"), ("192.0.2.17", "HK", "CN"))
    assert met(report, ("region",)) == [
        "region: 12 packets to 1 address located in CN, 24 packets to 2 addresses located in HK"
    ]


def test_of_several_captures_the_one_with_the_first_is_named() -> None:
    report = sample_report()
    later = replace(report.pings[0], evidence=replace(report.pings[0].evidence, capture=1))
    both = replace(report, captures=report.captures * 2, pings=(later,))
    assert met(both, ("ping",))[0].endswith("first in frame 12 of capture 2")


def test_a_column_that_holds_no_numbers_names_no_first_frame() -> None:
    table = sample_report().region_packets
    odd = Table({**table.columns, "frame": ["41", None]})
    (clause,) = met(replace(sample_report(), region_packets=odd), ("region",))
    assert clause == "region: 12 packets to 1 address located in CN"


@pytest.mark.parametrize("word", ALL)
def test_a_clause_holds_no_value_of_an_identifier(word: str) -> None:
    (clause,) = met(sample_report(), (word,))
    values = {finding.value for finding in sample_report().findings}
    assert not any(value in clause for value in values)
