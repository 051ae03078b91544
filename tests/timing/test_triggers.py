"""What stood before the sends is counted, tested against chance and never called a cause."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.conclusions.association import NOT_CAUSE, as_often_by_chance, associations, counted
from analyzer.conclusions.event_timeline import Events, after_silence, bursts
from analyzer.conclusions.rhythm import rhythms
from analyzer.conclusions.timing import LogEntry, read_log
from analyzer.dossiers import load
from analyzer.dossiers.schema import Retry
from analyzer.model import Endpoint, Evidence, Ping, Report

S = 1_000_000_000
CAPTURES = Path(__file__).parents[2] / "captures"
DOSSIERS = {dossier.id: dossier for dossier in load()}
ID = "china-telecom-registration"


def ping(time_s: float, device: str = "02:00:5e:00:53:01") -> Ping:
    here = Endpoint("192.0.2.1", 40000)
    return Ping(
        dossier=ID, title="x", status="delivered", time_ns=int(time_s * S), flow=0, device=device,
        source=here, destination=here, host=None, message=1, evidence=Evidence((1,)), reasons=(),
        status_reasons=(),
    )  # fmt: skip


def test_sends_right_after_events_are_counted_with_their_lag() -> None:
    found = counted([10 * S, 100 * S, 200 * S], [9 * S, 97 * S, 150 * S])
    assert (found.preceded, found.median_lag_ns) == (2, 2 * S)


def test_an_event_after_the_send_does_not_count() -> None:
    assert counted([10 * S], [11 * S]).preceded == 0


def test_chance_does_not_explain_ten_sends_that_each_follow_an_event() -> None:
    rng = random.Random(1)
    events = sorted(rng.randrange(3600) * S for _ in range(12))
    sends = [event + 2 * S for event in events[:10]]
    shifts, as_often = as_often_by_chance(sends, events, 0, 3600 * S)
    assert shifts > 1000
    assert as_often / shifts < 0.01


def test_chance_explains_sends_that_have_nothing_to_do_with_the_events() -> None:
    small = 0
    for seed in range(40):
        rng = random.Random(seed)
        events = sorted(rng.randrange(3600) * S for _ in range(40))
        sends = sorted(rng.randrange(3600) * S for _ in range(10))
        shifts, as_often = as_often_by_chance(sends, events, 0, 3600 * S)
        small += (as_often + 1) / (shifts + 1) < 0.05
    assert small <= 6  # of 40, where 2 are to be expected


@pytest.mark.parametrize(("sends", "span"), [([S, 2 * S, 3 * S], 3600), ([S] * 9, 20)])
def test_too_few_sends_or_too_short_a_capture_are_not_tested(sends: list[int], span: int) -> None:
    assert as_often_by_chance(sends, [S], 0, span * S) == (0, 0)


def test_a_single_event_has_no_probability() -> None:
    sends = [S * minute for minute in (60, 120, 180, 240)]
    assert as_often_by_chance(sends, [59 * S], 0, 3600 * S) == (0, 0)


def test_silence_ends_with_the_first_query() -> None:
    assert after_silence([0, 5 * S, 40 * S, 41 * S]) == [0, 40 * S]


def test_a_burst_is_three_connections_after_silence() -> None:
    assert bursts([0, S, S + 1, 60 * S, 95 * S, 96 * S]) == [0]


def report(*pings: Ping) -> Report:
    from tests.report.builders import quiet_report

    quiet = quiet_report()
    info = replace(quiet.captures[0], first_ns=0, last_ns=3600 * S)
    return replace(quiet, captures=(info,), pings=pings)


def test_the_statement_tells_the_numbers_and_no_cause() -> None:
    sends = [ping(t) for t in (100, 900, 1700, 2500, 3300)]
    log = Events("screen unlocked", "log", "", tuple(t * S for t in (50, 99, 898, 1697, 2499, 3298)))
    (entry,) = associations(report(*sends), [log])
    assert (entry.sends, entry.preceded, entry.events, entry.origin) == (5, 5, 6, "log")
    assert entry.as_often < entry.shifts // 100
    assert "5 of 5 sends came within 10 s after the log's “screen unlocked”" in entry.statement
    assert "p = 0.00" in entry.statement
    assert NOT_CAUSE in entry.statement
    assert not any(word in entry.statement.lower() for word in ("because", "triggered", "due to"))


def test_events_of_another_device_are_not_held_against_a_sender() -> None:
    other = Events("DHCP request", "capture", "02:00:5e:00:53:99", (99 * S,))
    assert associations(report(ping(100)), [other]) == ()


@pytest.mark.parametrize(
    ("times", "word"),
    [((0, 60, 120, 181, 240), "regular"), ((0, 60, 300, 310, 900), "irregular"), ((0, 60), "too few")],
)
def test_regularity_is_told(times: tuple[int, ...], word: str) -> None:
    (rhythm,) = rhythms([ping(t) for t in times], {})
    assert rhythm.regularity.startswith(word)


def test_hourly_retries_fit_what_is_documented() -> None:
    (rhythm,) = rhythms([ping(t) for t in (0, 3600, 7201, 10800)], DOSSIERS)
    assert DOSSIERS[ID].retry == Retry(60, 3600, 10, DOSSIERS[ID].retry.when)
    assert "seen: 3 of 3 intervals fit this" in rhythm.retry


def test_sends_faster_than_documented_are_said_to_have_another_reason() -> None:
    (rhythm,) = rhythms([ping(t) for t in (0, 500, 1100)], DOSSIERS)
    assert "2 are shorter" in rhythm.retry


def test_a_log_is_read_with_heading_comments_and_both_kinds_of_time(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        "time,event\n# operator: K\n2019-02-20T17:01:00+01:00,unlock\n1550678400.5,unlock\n"
        '2019-02-20T16:00:10Z,"screen on, home"\n'
    )
    assert read_log(path) == (
        LogEntry(1550678400_500_000_000, "unlock"),
        LogEntry(1550678410_000_000_000, "screen on, home"),
        LogEntry(1550678460_000_000_000, "unlock"),
    )


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("yesterday,unlock", "is no time"),
        ("2019-02-20 16:00:10,unlock", "no offset from UTC"),
        ("2019-02-20T16:00:10Z", "needs a time and an event"),
        ("٤٩,unlock", "is no time"),
    ],
)
def test_a_line_that_can_not_be_read_is_named(line: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(f"time,event\n{line}\n")
    with pytest.raises(ValueError, match=rf"log\.csv, line 2: .*{says}"):
        read_log(path)


@pytest.fixture(scope="module")
def reconstruction() -> Report:
    from analyzer.pipeline import analyze

    path = CAPTURES / "nokia7plus-reconstruction.pcap"
    starts = [ping.time_ns for ping in analyze(path).pings]
    log = [LogEntry(start - 3 * S, "unlock") for start in starts]
    return analyze(path, log=log)


def test_the_reconstruction_shows_a_log_s_events_before_each_send(reconstruction: Report) -> None:
    entry = next(a for a in reconstruction.associations if a.origin == "log")
    assert (entry.sends, entry.preceded, entry.median_lag_ns) == (7, 7, 3 * S)
    assert entry.as_often < entry.shifts // 20


def test_the_reconstruction_s_sends_follow_the_first_query_after_silence(reconstruction: Report) -> None:
    found = {a.event: a for a in reconstruction.associations}
    assert found["first DNS query after 30 s of silence"].preceded == 7
    assert found["DHCP request"].origin == "capture"
    assert {a.device for a in reconstruction.associations} == {"00:00:5e:00:53:a7"}


def test_the_rhythm_of_the_reconstruction_is_told(reconstruction: Report) -> None:
    (rhythm,) = reconstruction.rhythms
    assert (rhythm.dossier, rhythm.sends) == (ID, 7)
    assert "6 are shorter" in rhythm.retry
