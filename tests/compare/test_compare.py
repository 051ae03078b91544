"""Two reports as rows: new, gone, unchanged, and nothing invented."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import pytest
from hypothesis import given, settings

from analyzer.compare.compare import compare
from analyzer.compare.comparison import ROWS, Comparison, state
from analyzer.compare.device_choice import FACTS, ChoiceError
from analyzer.model import Opinion, Report
from analyzer.redaction.redaction import redact
from analyzer.report import wording
from tests.compare.reports import CONTROL, PHONE, answered, between_two_sends, reports, unanswered
from tests.examples import examples

FEW = settings(max_examples=examples(60), deadline=None)


def every_row(diff: Comparison) -> list[object]:
    return list(chain.from_iterable(getattr(diff, name) for name in ROWS))


# ── the sample captures ─────────────────────────────────────────────────────


def test_a_capture_against_itself_is_unchanged_in_everything() -> None:
    diff = compare(answered(), answered())
    assert len(every_row(diff)) > 20
    assert {state(row) for row in every_row(diff)} == {"unchanged"}
    assert all(row.a == row.b for row in (*diff.senders, *diff.identifiers, *diff.peers, *diff.countries))
    assert diff.moved == ()


def test_the_answered_and_the_unanswered_hour_differ_in_how_far_the_pings_got() -> None:
    diff = compare(answered(), unanswered())
    (row,) = diff.senders
    assert row.a is not None
    assert row.b is not None
    assert (row.a.statuses, row.a.silent) == ({"answered": 7}, 0)
    assert (row.b.statuses, row.b.silent) == ({"attempted": 4, "delivered": 3}, 3)
    assert {row.kind for row in diff.identifiers} == {"imei", "iccid", "imsi", "mac", "meid", "cell"}
    imei = next(row for row in diff.identifiers if row.kind == "imei")
    assert [(value.value, value.a, value.b) for value in imei.values or ()] == [
        ("004400120000011", 7, 4),
        ("490154203237518", 7, 4),
    ]


def test_the_ledger_of_each_side_is_in_the_rows() -> None:
    diff = compare(answered(), unanswered())
    (row,) = (row for row in diff.peers if row.name == "zzhc.vnet.cn")
    for side, report in ((row.a, answered()), (row.b, unanswered())):
        rows = [r for r in report.destinations if r.address == "202.96.192.0" and r.device == PHONE]
        assert side is not None
        assert side.packets_up == sum(r.packets_up for r in rows) > 0
        assert side.readable == sum(r.payload_readable for r in rows) > 0


def test_claims_on_countries_are_kept_apart() -> None:
    diff = compare(answered(), between_two_sends())
    gone = {(row.claim, row.code) for row in diff.countries if state(row) == "gone"}
    assert {("located", "CN"), ("registered", "CN"), ("operated", "CN"), ("named", "CN")} <= gone
    assert ("located", "US") not in gone


def test_a_short_b_shows_none_of_the_sends() -> None:
    diff = compare(answered(), between_two_sends())
    assert diff.b.device == PHONE
    assert [state(row) for row in diff.senders] == ["gone"]
    assert {state(row) for row in diff.identifiers} == {"gone"}


# ── which devices ───────────────────────────────────────────────────────────


def test_of_two_phones_the_one_with_findings_is_compared_and_the_reason_is_kept() -> None:
    diff = compare(answered(), unanswered())
    assert (diff.a.device, diff.b.device) == (PHONE, PHONE)
    assert diff.a.chosen == "the only one of 2 devices with findings"


def test_the_phone_and_the_control_phone_of_one_capture() -> None:
    diff = compare(answered(), answered(), PHONE, CONTROL)
    assert (diff.a.device, diff.b.device) == (PHONE, CONTROL)
    assert {state(row) for row in diff.identifiers} == {"gone"}
    assert diff.b.others == (PHONE,)


def test_all_devices_together_can_be_asked_for() -> None:
    diff = compare(answered(), answered(), "all", "all")
    assert diff.a.device is None
    assert sum(row.a.packets_up for row in diff.peers if row.a and row.name == "www.nrk.no") == 73


def test_the_device_of_the_one_report_is_looked_for_in_the_other() -> None:
    diff = compare(between_two_sends(), answered())
    assert (diff.a.device, diff.a.chosen) == (PHONE, "the same address as the other's device")


@pytest.mark.parametrize("sides", [(0, 1), (1, 0)])
def test_a_device_that_the_other_report_shows_in_another_light_is_no_silent_guess(
    sides: tuple[int, int],
) -> None:
    quiet = between_two_sends()
    control = replace(quiet, devices=tuple(d for d in quiet.devices if d.id == CONTROL))
    pair = (answered(), control)
    with pytest.raises(ChoiceError, match="--device-a and --device-b"):
        compare(pair[sides[0]], pair[sides[1]])


def test_two_devices_without_findings_on_both_sides_are_no_silent_guess() -> None:
    with pytest.raises(ChoiceError, match="--device-a, or all"):
        compare(between_two_sends(), between_two_sends())


def test_a_device_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(ChoiceError, match=f"appears in B; the devices there are: {PHONE}, {CONTROL}"):
        compare(answered(), unanswered(), PHONE, "02:00:00:00:00:07")


# ── values that can't be compared ───────────────────────────────────────────


def test_pseudonyms_of_one_key_are_compared_and_those_of_two_keys_are_not() -> None:
    one, other = b"1" * 32, b"2" * 32
    same = compare(redact(answered(), one), redact(unanswered(), one))
    assert same.values_comparable
    assert {state(v) for row in same.identifiers for v in row.values or ()} == {"unchanged"}
    for a, b in (
        (redact(answered(), one), redact(unanswered(), other)),
        (answered(), redact(answered(), one)),
    ):
        diff = compare(a, b)
        assert not diff.values_comparable
        assert {row.values for row in diff.identifiers} == {None}
        assert {state(row) for row in diff.identifiers} == {"unchanged"}


def test_masked_values_of_owners_are_not_called_the_same() -> None:
    def masked(report: Report) -> Report:
        return replace(
            report, findings=tuple(replace(f, value="*" * 15, known=True) for f in report.findings)
        )

    diff = compare(masked(answered()), masked(answered()))
    assert {row.values for row in diff.identifiers} == {None}


def test_an_address_that_a_newer_database_places_elsewhere_is_named() -> None:
    rows = tuple(
        replace(row, place=replace(row.place, opinions=(Opinion("located", "HK", "X", "2020"),)))
        if row.place and row.address == "202.96.192.0"
        else row
        for row in answered().destinations
    )
    diff = compare(answered(), replace(answered(), destinations=rows))
    moved = {(row.address, row.claim, row.a, row.b) for row in diff.moved}
    assert ("202.96.192.0", "located", ("CN",), ("HK",)) in moved
    assert {(row.code, state(row)) for row in diff.countries if row.claim == "located"} >= {
        ("CN", "gone"),
        ("HK", "new"),
    }


# ── any reports ─────────────────────────────────────────────────────────────


@FEW
@given(reports(), reports())
def test_the_other_way_round_new_and_gone_change_places(a: Report, b: Report) -> None:
    diff, back = compare(a, b, "all", "all"), compare(b, a, "all", "all")
    assert diff.mirrored() == back
    turned = {"new": "gone", "gone": "new", "unchanged": "unchanged"}
    for name in ROWS:
        there, here = ([state(row) for row in getattr(each, name)] for each in (back, diff))
        assert there == [turned[each] for each in here]


@FEW
@given(reports())
def test_any_report_against_itself_is_unchanged(report: Report) -> None:
    diff = compare(report, report, "all", "all")
    assert all(state(row) == "unchanged" for row in every_row(diff))
    assert diff.mirrored() == diff


@FEW
@given(reports(), reports())
def test_every_identifier_of_either_is_in_a_row(a: Report, b: Report) -> None:
    diff = compare(a, b, "all", "all")
    for report, side in ((a, "a"), (b, "b")):
        found = {finding.kind for finding in report.findings if finding.kind != "model"}
        assert {row.kind for row in diff.identifiers if getattr(row, side)} == found


def test_the_kinds_that_identify_nobody_are_those_of_a_report() -> None:
    assert wording.FACTS == FACTS
