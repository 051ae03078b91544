"""A long watch stays calm: networks are named once, many alerts are summed up, files of events are turned."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from analyzer.live import alert_summary
from analyzer.live.alert_summary import AlertSummary
from analyzer.live.event_file import EventFile, last_run
from analyzer.live.events import Event
from tests import builders
from tests.live.running import HEADER, Watch, records


def destination(number: int = 0, **details: object) -> Event:
    return Event("destination", f"to {number}", 0, not details, details=details)


def test_a_network_is_named_once_and_its_other_addresses_are_events() -> None:
    """Addresses of one operator in the region, as a content network has thousands."""
    messages = ((True, builders.http_request("GET", "/", "example.com")), (False, builders.http_response()))
    frames = [
        frame
        for last in range(1, 6)
        for frame in builders.conversation(*messages, server=f"202.96.192.{last}", ports=(40000 + last, 80))
    ]
    with Watch("-") as watch:
        watch.feed(HEADER + records(frames))
        assert watch.end() == 0
    found = [e for e in watch.events if e["event"]["action"] == "destination"]
    assert [e["event"]["kind"] for e in found] == ["alert", *["event"] * 4]
    assert len({e["phonehome"]["network"] for e in found}) == 1
    (summary,) = (e["message"] for e in watch.events if e["event"]["action"] == "summary")
    assert summary.startswith("4 connections to further addresses of networks that were named: AS")


def test_too_many_alerts_of_a_kind_are_summed_up_every_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(alert_summary.time, "monotonic", lambda: now[0])
    summary = AlertSummary()
    passed = [summary.passed(destination(number)) for number in range(50)]
    assert [event.alert for event in passed] == [True] * 20 + [False] * 30
    assert passed[-1].details["summed"]
    assert summary.passed(Event("ping", "", 0)).alert
    assert list(summary.due()) == []
    now[0] = 61.0
    assert list(summary.due()) == ["30 further destination alerts in a minute; --ndjson has each of them"]
    assert summary.passed(destination()).alert
    assert list(summary.due()) == []


def test_identifiers_are_summed_up_only_where_that_is_asked_for() -> None:
    event = Event("identifier", "", 0)
    assert all(AlertSummary().passed(event).alert for _ in range(100))
    asked = AlertSummary(2)
    assert [asked.passed(event).alert for _ in range(3)] == [True, True, False]
    assert all(asked.passed(Event("ping", "", 0)).alert for _ in range(5))


def test_a_full_file_of_events_is_turned_and_none_is_lost(tmp_path: Path) -> None:
    failures: list[OSError] = []
    log = EventFile(str(tmp_path / "events"), failures.append, size=2_000, count=3)
    for number in range(1, 41):
        log.take(destination(run=log.run), number)
    log.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["events", "events.1", "events.2", "events.3"]
    assert all(path.stat().st_size <= 2_000 for path in tmp_path.iterdir())
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in tmp_path.iterdir())
    lines = [
        json.loads(line)["event"]["sequence"]
        for name in reversed(names)
        for line in (tmp_path / name).read_text().splitlines()
    ]
    assert lines == list(range(lines[0], 41))
    assert failures == []


def test_each_run_has_a_number_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "events"
    for run in (1, 2, 3):
        log = EventFile(str(path), lambda _: None)
        assert log.run == run
        log.take(destination(run=log.run), 1)
        log.close()
    with path.open("ab") as file:
        file.write(b'{"cut')
    assert last_run(str(path), 9) == 3


def test_a_file_that_someone_turns_is_begun_anew(tmp_path: Path) -> None:
    """As logrotate does it."""
    path = tmp_path / "events"
    log = EventFile(str(path), lambda _: None)
    log.take(destination(1), 1)
    os.replace(path, tmp_path / "old")
    log.take(destination(2), 2)
    log.close()
    assert [len(p.read_text().splitlines()) for p in (path, tmp_path / "old")] == [1, 1]


def test_a_file_that_can_not_be_written_is_said_once_and_tried_again(tmp_path: Path) -> None:
    failures: list[OSError] = []
    folder = tmp_path / "folder"
    folder.mkdir()
    log = EventFile(str(folder / "events"), failures.append)
    os.replace(folder, tmp_path / "gone")
    for number in (1, 2):
        log.take(destination(number), number)
    folder.mkdir()
    log.take(destination(3), 3)
    log.close()
    assert len(failures) == 1
    assert json.loads((folder / "events").read_text())["event"]["sequence"] == 3
