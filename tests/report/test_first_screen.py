"""The first screen: what an editor would print, bounded, and careful where little is known.

PHONEHOME_GOLDEN=write python -m pytest tests/report/test_first_screen.py   # then look at the difference
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from analyzer.model import Report, Scope
from analyzer.report.language import language
from analyzer.report.summary import answer, first_screen
from analyzer.report.terminal import render
from tests.report.builders import PHONE, imei, maybe_mac, quiet_report, sample_report
from tests.report.first_screens import SCREENS, disputed, many_senders

SCREEN = 50  # lines
GOLDEN = Path(__file__).parent / "golden"
WRITE = os.environ.get("PHONEHOME_GOLDEN") == "write"
# Words of the trade that nobody outside knows, and that no first screen uses.
INSIDERS = (
    "octet", "grammar", "dossier", "vantage", "p =", "claim", "ledger", "scope",
    "payload of", "reassembl", "heuristic", "five-tuple", "entropy", "dissect",
)  # fmt: skip


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    return {name: make() for name, make in SCREENS.items()}


def screen(report: Report, code: str) -> str:
    """What the terminal prints where nothing more is asked for."""
    with language(code):
        return render(report)


@pytest.mark.parametrize("code", ["en", "nb"])
@pytest.mark.parametrize("name", SCREENS)
def test_a_first_screen_is_the_golden_one(name: str, code: str, reports: dict[str, Report]) -> None:
    path = GOLDEN / f"{name}.{code}.txt"
    made = screen(reports[name], code)
    if WRITE:
        path.write_text(made, "utf-8")
    assert made == path.read_text("utf-8")


@pytest.mark.parametrize("name", SCREENS)
def test_no_insider_word_is_in_a_first_screen(name: str, reports: dict[str, Report]) -> None:
    said = screen(reports[name], "en").lower()
    assert [word for word in INSIDERS if word in said] == []


@pytest.mark.parametrize("code", ["en", "nb"])
@pytest.mark.parametrize("name", SCREENS)
def test_a_short_report_has_two_screens_at_most(name: str, code: str, reports: dict[str, Report]) -> None:
    assert len(screen(reports[name], code).splitlines()) <= 2 * SCREEN


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("name", SCREENS)
def test_a_short_report_fits_its_width(name: str, width: int, reports: dict[str, Report]) -> None:
    assert max(map(cell_len, render(reports[name], width=width).splitlines())) <= width


@pytest.mark.parametrize("name", SCREENS)
def test_what_could_not_be_seen_and_what_was_read_stand_in_the_short_report(
    name: str, reports: dict[str, Report]
) -> None:
    printed = screen(reports[name], "en")
    assert "\nBLIND SPOTS: WHAT THIS CAPTURE CANNOT SHOW\n" in printed
    assert "\nWHAT WAS READ\n" in printed


@pytest.mark.parametrize("name", SCREENS)
def test_a_first_screen_is_bounded(name: str, reports: dict[str, Report]) -> None:
    shown = first_screen(reports[name])
    assert len(shown.points) <= 5
    assert len(shown.headline) < 600
    assert sum(map(len, answer(reports[name]))) < 3_000


def test_the_number_of_senders_changes_numbers_and_no_length() -> None:
    few, many = (answer(many_senders(count)) for count in (60, 1_800))
    assert len(few) == len(many)
    assert sum(map(len, many)) < sum(map(len, few)) + 100


def test_senders_that_are_not_named_are_counted() -> None:
    said = " ".join(answer(many_senders()))
    assert "more senders, in the table below" in said
    assert "and 327 more)" in said


def test_a_disputed_place_is_named_nowhere_as_a_place() -> None:
    shown = first_screen(disputed())
    assert "disputed" in shown.headline
    assert "China" not in shown.headline
    assert "none went to an address that databases agree to place there" in " ".join(shown.points)
    assert "12 packets went to 1 address whose place is disputed" in " ".join(shown.points)


@pytest.mark.parametrize("contradicted", [{"contradictions": ("too near",)}, {"anycast": True}])
def test_a_place_that_a_measurement_or_anycast_contradicts_is_none(contradicted: dict[str, object]) -> None:
    report = sample_report()
    first, *others = report.destinations
    assert first.place is not None
    changed = (
        replace(first, place=replace(first.place, anycast=True))
        if "anycast" in contradicted
        else replace(first, contradictions=("too near",))
    )
    headline = first_screen(replace(report, destinations=(changed, *others))).headline
    assert "China" not in headline


def test_regions_are_never_summed() -> None:
    codes = ("CN", "HK", "MO", "TW")
    said = " ".join(answer(replace(sample_report(), scope=Scope(codes))))
    assert [said.index(f"({code}): ") for code in codes] == sorted(
        said.index(f"({code}): ") for code in codes
    )


def test_whose_numbers_they_are_is_said_only_where_it_shows() -> None:
    report = sample_report()
    own = tuple(replace(finding, owner="own device") for finding in report.findings)
    assert "identify a phone (IMEI)" in first_screen(report).headline
    assert "identify the phone itself (IMEI)" in first_screen(replace(report, findings=own)).headline


def test_a_device_without_a_name_of_its_own_is_told_by_its_address() -> None:
    report = replace(sample_report(), devices=(), reconstruction=None)
    assert first_screen(report).headline.startswith(f"The device {PHONE} sent")


def test_doubtful_values_are_called_that_and_say_to_whom() -> None:
    finding = replace(maybe_mac(), confidence="medium", message=1)
    shown = first_screen(replace(sample_report(), findings=(finding,), pings=(), reconstruction=None))
    assert (
        "sent values that are probably identifiers (MAC address), unencrypted, to register.ex"
        in shown.headline
    )
    assert shown.points[-1].startswith("Less sure, but probably identifiers")
    assert "sent to register.example" in " ".join(shown.points)


def test_a_reconstruction_says_so_in_the_headline_itself() -> None:
    assert first_screen(sample_report()).headline.startswith("A reconstruction, not a real phone:")


@pytest.mark.parametrize("report", [quiet_report(), replace(sample_report(), findings=(), pings=())])
def test_nothing_found_is_no_all_clear(report: Report) -> None:
    assert "That is no proof that none was sent" in " ".join(answer(report))


def test_an_answer_that_accepts_and_one_that_never_came_are_told_apart() -> None:
    report = sample_report()
    accepted = tuple(replace(ping, status="accepted") for ping in report.pings)
    silent = tuple(replace(ping, status="delivered") for ping in report.pings)
    assert (
        "3 of 3 answers said that the data was accepted"
        in first_screen(replace(report, pings=accepted)).headline
    )
    assert "No answer was seen." in first_screen(replace(report, pings=silent)).headline


def test_answers_to_what_is_no_activation_are_counted_by_status() -> None:
    report = replace(sample_report(), pings=(), findings=tuple(imei(n, n) for n in (1, 3, 5)))
    assert "3 of 3 were answered (HTTP 200 × 3)." in first_screen(report).headline
