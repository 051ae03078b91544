"""The budget of memory scales what a scan holds, and what gives way is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer import analyze
from analyzer.dissectors import clear_streams, http_flow, http_flows
from analyzer.report import json
from analyzer.session.options import MEMORY, Options
from tests import builders
from tests.builders import conversation, http_request, http_response
from tests.floods.streams import CONNECT_MQTT, publish

GET = http_request(host="a.example")
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


def written(path: Path, *messages: tuple[bool, bytes], port: int = 80) -> Path:
    """A capture of one connection."""
    path.write_bytes(builders.pcap(conversation(*messages, ports=(40000, port)), unit="ns"))
    return path


@pytest.mark.parametrize(("memory", "share"), [(MEMORY, 1), (64, 0.25), (1024, 4)])
def test_a_budget_is_a_multiple_of_the_usual_bounds(memory: int, share: float) -> None:
    assert Options.of(memory=memory).share == share


@pytest.mark.parametrize("memory", [0, -1, 31, 1 << 20])
def test_a_budget_that_no_scan_can_keep_is_refused(memory: int) -> None:
    with pytest.raises(ValueError, match=r"memory: .* is not between"):
        Options.of(memory=memory)


def test_interim_responses_beyond_a_bound_are_listed_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "c", (True, GET), (False, INTERIM * 10 + http_response(200, b"ok")))
    whole = analyze(path).messages
    monkeypatch.setattr(http_flow, "MOST_INTERIM", 3)
    bounded = analyze(path).messages
    assert {(m.status, m.evidence) for m in bounded} == {(m.status, m.evidence) for m in whole}
    assert len(bounded) == len(whole) == 12


def test_requests_beyond_a_bound_are_neither_answered_nor_unanswered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [http_request(target=f"/{n}", host="a.example") for n in range(6)]
    answers = [http_response(200, b"%d" % n) for n in range(6)]
    path = written(tmp_path / "c", (True, b"".join(asked)), (False, b"".join(answers)))
    monkeypatch.setattr(http_flow, "MOST_ASKED", 4)
    report = analyze(path)
    requests = [m for m in report.messages if m.role == "request"]
    assert [m.target for m in requests] == [f"/{n}" for n in range(6)]
    by_number = {m.number: m for m in report.messages}
    pairs = {m.target: by_number[m.peer].body.content for m in requests if m.peer}
    assert pairs == {f"/{n}": b"%d" % n for n in range(2, 6)}
    given_up = [m for m in requests if m.peer is None]
    assert all("no response was captured" not in " ".join(m.missing) for m in given_up)
    assert len([m for m in report.messages if m.role == "response"]) == 6


@pytest.mark.parametrize("most", [1, 2, 3, 5])
def test_how_many_rows_are_read_in_turn_changes_no_report(
    most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = [
        turn
        for n in range(12)
        for turn in (
            (True, http_request("POST", f"/{n}", "a.example", b"x" * 3000)),
            (False, http_response(200, b"%d" % n)),
        )
    ]
    frames = conversation(*turns)
    del frames[9]  # one that was never captured
    path = tmp_path / "c"
    path.write_bytes(builders.pcap(frames, unit="ns"))
    whole = analyze(path)
    monkeypatch.setattr(http_flows, "MOST_ROWS", most)
    bounded = analyze(path)
    assert bounded.messages == whole.messages


def test_messages_of_a_flow_do_not_all_wait_for_the_next_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = b"".join(map(publish, range(200)))
    path = written(tmp_path / "c", (True, CONNECT_MQTT), (False, b"\x20\2\0\0"), (True, said), port=1883)
    whole = analyze(path)
    monkeypatch.setattr(clear_streams, "MOST_WAITING", 5)
    assert analyze(path).messages == whole.messages


def test_the_pieces_of_a_document_are_small(tmp_path: Path) -> None:
    turns = [turn for n in range(300) for turn in ((True, GET), (False, http_response(200, b"%d" % n)))]
    report = analyze(written(tmp_path / "c", *turns))
    pieces = list(json.pieces(report))
    assert json.read("".join(pieces)) == report
    assert max(map(len, pieces)) < sum(map(len, pieces)) / 10
