"""Connections as they begin, break and come again: what the flow kernel and the streams make of them.

Each case goes through the whole scan, since it is the two together that decide what is read.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer import analyze
from analyzer.model import Report
from tests.builders import ACK, FIN, PSH, RST, SYN, conversation, http_request, http_response, pcap, tcp

GET, OK = http_request(target="/one"), http_response(200, b"first")


def scanned(tmp_path: Path, frames: list[bytes]) -> Report:
    """The report of a capture of these frames."""
    path = tmp_path / "c.pcap"
    path.write_bytes(pcap(frames))
    return analyze(str(path))


def pairs(report: Report) -> list[tuple[str | None, int | None]]:
    """(target, status) of each request with the response it got, then responses without one."""
    by_number = {m.number: m for m in report.messages}
    asked = [(m.target, by_number[m.peer].status if m.peer else None) for m in report.messages if m.target]
    return asked + [(None, m.status) for m in report.messages if m.role == "response" and m.peer is None]


def opening(first: int = 1000, answer: int = 5000) -> list[bytes]:
    """The handshake of a connection."""
    return conversation(first=(first, answer), close=False)


def test_ports_that_are_used_again_are_a_new_connection(tmp_path: Path) -> None:
    again = conversation((True, http_request(target="/two")), (False, http_response(201)), first=(90_000, 7))
    report = scanned(tmp_path, [*conversation((True, GET), (False, OK)), *again])
    assert pairs(report) == [("/one", 200), ("/two", 201)]
    assert len(report.flows) == 2
    assert (report.conflicts, report.gaps) == ((), ())


def test_ports_used_again_are_told_by_the_answer_where_the_syn_was_not_captured(tmp_path: Path) -> None:
    again = conversation((True, http_request(target="/two")), (False, http_response(201)), first=(90_000, 7))
    for first in (conversation((True, GET), (False, OK)), conversation((True, GET), (False, OK))[2:]):
        report = scanned(tmp_path, [*first, *again[1:]])
        assert pairs(report) == [("/one", 200), ("/two", 201)]
        assert len(report.flows) == 2


def test_an_answer_that_comes_again_is_of_the_same_connection(tmp_path: Path) -> None:
    frames = conversation((True, GET), (False, OK), close=False)
    report = scanned(tmp_path, [*frames, frames[1], frames[0]])
    assert len(report.flows) == 1
    assert pairs(report) == [("/one", 200)]


def test_both_ends_may_open_a_connection_at_once(tmp_path: Path) -> None:
    # RFC 9293 §3.5, figure 7
    frames = [
        tcp(flags=SYN, seq=100),
        tcp(flags=SYN, seq=300, up=False),
        tcp(flags=SYN | ACK, seq=300, ack=101, up=False),
        tcp(flags=SYN | ACK, seq=100, ack=301),
        tcp(GET, PSH | ACK, 101, 301),
        tcp(OK, PSH | ACK, 301, 101 + len(GET), up=False),
    ]
    report = scanned(tmp_path, frames)
    assert len(report.flows) == 1
    assert pairs(report) == [("/one", 200)]


@pytest.mark.parametrize("up", [True, False])
def test_of_a_connection_captured_in_one_direction_that_one_is_read(tmp_path: Path, up: bool) -> None:
    frames = [
        f for f in conversation((True, GET), (False, OK)) if (f[6:12] == bytes.fromhex("00005e0053a7")) == up
    ]
    report = scanned(tmp_path, frames)
    assert pairs(report) == ([("/one", None)] if up else [(None, 200)])
    assert [m.delivered for m in report.messages] == [None]


def test_what_follows_a_reset_is_read_on(tmp_path: Path) -> None:
    second = http_request(target="/two")
    frames = [
        *conversation((True, GET), (False, OK), close=False),
        tcp(flags=RST, seq=5001 + len(OK), up=False),  # as a middlebox sends them
        tcp(second, PSH | ACK, 1001 + len(GET), 5001 + len(OK)),
        tcp(http_response(204), PSH | ACK, 5001 + len(OK), 1001 + len(GET + second), up=False),
    ]
    assert pairs(scanned(tmp_path, frames)) == [("/one", 200), ("/two", 204)]


def test_a_reset_in_the_middle_leaves_the_message_incomplete(tmp_path: Path) -> None:
    answer = http_response(200, b"x" * 4000)
    frames = conversation((True, GET), (False, answer), close=False)
    report = scanned(tmp_path, [*frames[:6], tcp(flags=RST, seq=1001 + len(GET))])
    (response,) = (m for m in report.messages if m.role == "response")
    assert not response.complete
    assert response.missing[0].endswith("bytes of the body were not captured")


def test_keep_alive_probes_and_empty_windows_change_nothing(tmp_path: Path) -> None:
    frames = conversation((True, GET), (False, OK), close=False)
    at, answered = 1001 + len(GET), 5001 + len(OK)
    probes = [
        tcp(b"\0", ACK, at - 1, 5001),  # one byte before the next (RFC 9293 §3.8.4)
        tcp(b"", ACK, at - 1, 5001),
        tcp(b"", ACK, answered, at, up=False),
        tcp(b"\xff", ACK, at - 1, 5001),
    ]
    second = http_request(target="/two")
    more = [tcp(second, PSH | ACK, at, answered), tcp(http_response(204), ACK, answered, at, up=False)]
    report = scanned(tmp_path, [*frames[:5], *probes, *frames[5:], *probes, *more])
    assert pairs(report) == [("/one", 200), ("/two", 204)]
    assert (report.conflicts, report.gaps) == ((), ())


def test_a_probe_of_an_empty_window_is_the_next_byte(tmp_path: Path) -> None:
    # RFC 9293 §3.8.6.1: the probe carries the first byte that did not fit, and it comes again with the rest.
    body = http_request("POST", "/one", body=b"0123456789")
    frames = [
        *opening(),
        tcp(body[:-5], PSH | ACK, 1001, 5001),
        tcp(body[-5:-4], ACK, 1001 + len(body) - 5, 5001),
        tcp(body[-5:], PSH | ACK, 1001 + len(body) - 5, 5001),
    ]
    report = scanned(tmp_path, frames)
    assert [m.body.content for m in report.messages] == [b"0123456789"]
    assert report.conflicts == ()


def test_a_number_far_beyond_the_stream_does_not_stop_it(tmp_path: Path) -> None:
    frames = conversation((True, GET), (False, OK), close=False)
    wild = tcp(b"GET /wild HTTP/1.1\r\n\r\n", PSH | ACK, 1001 + 700_000_000, 5001)
    report = scanned(tmp_path, [*frames[:3], wild, *frames[3:]])
    assert pairs(report) == [("/wild", None), ("/one", 200)]
    assert [problem.count for problem in report.problems if problem.code == "sequence-jump"] == [1]
    assert report.gaps == ()


def test_copies_that_differ_are_reported_with_both_contents(tmp_path: Path) -> None:
    real, false = http_request(target="/real"), http_request(target="/fake")
    frames = [
        *opening(),
        tcp(real[:10], PSH | ACK, 1001, 5001),
        tcp(false, PSH | ACK, 1001, 5001),
        tcp(real[10:], PSH | ACK, 1011, 5001),
    ]
    report = scanned(tmp_path, frames)
    assert [m.target for m in report.messages] == ["/real"]
    (conflict,) = report.conflicts
    assert (conflict.frame, conflict.other_frame) == (4, 5)
    assert bytes.fromhex(conflict.excerpt) == real[conflict.start : conflict.end] != b""
    assert bytes.fromhex(conflict.other_excerpt) == false[conflict.start : conflict.end]
    (problem,) = (p for p in report.problems if p.code == "conflict")
    assert "the copy that came first is read" in problem.what
    assert problem.frame == 5


def test_a_gap_is_reported_with_its_place_and_the_frames_around_it(tmp_path: Path) -> None:
    frames = conversation((True, http_request("POST", "/", body=b"x" * 5000)), close=False, most=1000)
    lost = frames.pop(5)
    report = scanned(tmp_path, frames)
    (gap,) = report.gaps
    assert (gap.frame_before, gap.frame_after) == (5, 6)
    assert gap.end - gap.start == len(lost) - 54
    assert gap.start == 2000
    (message,) = report.messages
    assert message.body.missing == "1,000 of 5,000 bytes of the body were not captured"


def test_the_last_bytes_may_come_with_the_end_of_the_connection(tmp_path: Path) -> None:
    frames = [
        *opening(),
        tcp(GET, PSH | ACK | FIN, 1001, 5001),
        tcp(OK, PSH | ACK | FIN, 5001, 1002, up=False),
    ]
    assert pairs(scanned(tmp_path, frames)) == [("/one", 200)]
