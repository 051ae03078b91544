"""A part that fails costs what it alone would have read, is counted, and everything else is as before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.packet import Raw

from analyzer import analyze
from analyzer.corpus.grouping import units_of
from analyzer.corpus.task import work
from analyzer.model import CaptureError, Problem, Report
from analyzer.report import json, terminal
from analyzer.session.options import Options
from analyzer.session.report_builder import ReportBuilder
from analyzer.system.containment import CODES, RAISE, is_whole
from tests import builders
from tests.builders import http_request, http_response
from tests.pipeline.captures import CHINA, NORWAY, PHONE, answer, ask, large_datagram, tunnelled, up, web

FIRST, SECOND = "490154203237518", "356938035643809"
CONNECT = b"\x10\x14\0\4MQTT\4\2\0\x3c\0\x08phone-17"


def post(value: str, host: str) -> bytes:
    """A request that tells an IMEI."""
    body = f"imei={value}".encode()
    return http_request("POST", "/x", host, body, Content_Type="application/x-www-form-urlencoded")


def dns_answer() -> bytes:
    question = b"\3www\7example\0\0\1\0\1"
    data = b"\0\7\x81\x80\0\1\0\1\0\0\0\0" + question + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes(4)
    return up(IP(src="192.168.1.1", dst=PHONE) / UDP(sport=53, dport=40123) / Raw(data))


def document() -> bytes:
    return up(IP(src=PHONE, dst=NORWAY) / UDP(sport=40124, dport=7000) / Raw(b'{"serial": "R58M1234567"}'))


def client_hello() -> bytes:
    hello = b"\3\3" + bytes(32) + b"\0\0\2\x13\1\1\0" + b"\0\x13" + b"\0\0\0\x0f\0\x0d\0\0\x0aa.example."
    handshake = b"\1" + len(hello).to_bytes(3, "big") + hello
    return b"\x16\3\1" + len(handshake).to_bytes(2, "big") + handshake


def frames() -> list[bytes]:
    """A little of everything."""
    return [
        *web(CHINA, post(FIRST, "one.example"), http_response(200, b"ok"), port=40001),
        dns_answer(), document(), tunnelled(), *large_datagram(),
        *web(NORWAY, CONNECT, b"\x20\2\0\0", port=40003),
        ask(NORWAY, client_hello(), "PA", 40005, 443), answer(NORWAY, b"", "A", 40005, 443),
        *web(NORWAY, post(SECOND, "two.example"), http_response(200, b"ok"), port=40002),
    ]  # fmt: skip


@pytest.fixture
def contained(monkeypatch: pytest.MonkeyPatch) -> None:
    """What users have: failures are contained."""
    monkeypatch.delenv(RAISE)


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "a.pcap"
    path.write_bytes(builders.pcap(frames()))
    return path


def failing_at(
    number: int, call: Callable[..., Any], error: type[Exception] = KeyError
) -> Callable[..., Any]:
    """`call` that raises the `number`th time."""
    left = [number]

    def failing(*given: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            raise error("injected")
        return call(*given, **named)

    return failing


def inject(patch: pytest.MonkeyPatch, target: str, number: int, error: type[Exception] = KeyError) -> None:
    place, _, name = target.rpartition(".")
    parts = place.split(".")
    owner: Any = __import__(".".join(parts[:3]), fromlist=["x"])
    for part in parts[3:]:
        owner = getattr(owner, part)
    patch.setattr(owner, name, failing_at(number, getattr(owner, name), error))


def later(frames: list[bytes], seconds: int) -> bytes:
    """A capture that begins so long after others."""
    return builders.pcap(
        frames, times_ns=[2 * 10**18 + seconds * 10**9 + n * 10**6 for n in range(len(frames))]
    )


def failures(report: Report) -> list[Problem]:
    return [problem for problem in report.problems if problem.code in CODES]


def packets_in(report: Report) -> int:
    return sum(row.packets_up + row.packets_down for row in report.destinations)


def imeis(report: Report) -> set[str]:
    return {found.value for found in report.findings if found.kind == "imei"}


FAULTS = [
    ("analyzer.dissectors.http_flow.HttpFlow.feed", "flow-unread"),
    ("analyzer.dissectors.http_flow.HttpFlow.close", "flow-unread"),
    ("analyzer.dissectors.clear_streams.reader_for", "flow-unread"),
    ("analyzer.dissectors.mqtt.MqttFlow.feed", "flow-unread"),
    ("analyzer.dissectors.mqtt.MqttFlow.close", "flow-unread"),
    ("analyzer.dissectors.handshakes.Handshakes.read", "flow-unread"),
    ("analyzer.dissectors.datagrams.Datagrams._dns", "datagram-unread"),
    ("analyzer.dissectors.bare_documents.datagram_message", "datagram-unread"),
    ("analyzer.dissectors.clear_datagrams.ClearDatagrams._promising", "packets-unread"),
    ("analyzer.inspection.inspect.decode", "message-unsearched"),
    ("analyzer.inspection.inspect.findings_in", "message-unsearched"),
    ("analyzer.inspection.inspect.recognition", "message-unsearched"),
    ("analyzer.session.extraction.taken_of", "message-unread"),
    ("analyzer.flows.tunnels.Tunnels.watch", "packets-unread"),
    ("analyzer.flows.checksum_stats.ChecksumStats.watch", "packets-unread"),
    ("analyzer.flows.first_ttl.FirstPackets.watch", "packets-unread"),
    ("analyzer.flows.fragments.Reassembler.completed", "packets-unread"),
    ("analyzer.dissectors.byte_forms.ByteForms.watch", "packets-unread"),
    ("analyzer.session.region_packets.RegionWatch.watch", "packets-unread"),
    ("analyzer.session.event_watch.EventWatch.look", "packets-unread"),
    ("analyzer.session.known_values.KnownValueSearch.look", "packets-unread"),
    ("analyzer.session.capture_session.with_conclusions", "conclusion-missing"),
]


@pytest.mark.sampled(6)
@pytest.mark.usefixtures("contained")
@pytest.mark.parametrize(("target", "code"), FAULTS)
def test_a_failure_is_counted_and_the_rest_is_read(
    target: str, code: str, capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = analyze(capture)
    assert is_whole(whole)
    inject(monkeypatch, target, 1)
    report = analyze(capture)
    (problem,) = failures(report)
    assert problem.code == code
    assert problem.what.startswith("1 ")
    assert "(KeyError at " in problem.what
    assert not is_whole(report)
    assert len(imeis(report)) >= 1
    assert {row.address for row in report.destinations} >= {CHINA, NORWAY}
    if not target.endswith("Reassembler.completed"):  # whose fragments are in no flow
        assert packets_in(report) == packets_in(whole)
    assert any("Parts of phonehome failed: 1 " in spot for spot in report.blind_spots)
    assert "because a part of phonehome failed" in " ".join(terminal.render(report).split())
    assert json.read(json.write(report)) == report


@pytest.mark.parametrize("target", [target for target, _ in FAULTS])
def test_in_tests_every_failure_raises(target: str, capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inject(monkeypatch, target, 1)
    with pytest.raises(KeyError, match="injected"):
        analyze(capture)


@pytest.mark.usefixtures("contained")
@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt, CaptureError])
def test_what_is_no_mistake_of_ours_is_not_contained(
    error: type[Exception], capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inject(monkeypatch, "analyzer.dissectors.http_flow.HttpFlow.feed", 1, error)
    with pytest.raises(error):
        analyze(capture)


@pytest.mark.usefixtures("contained")
def test_a_request_that_was_read_stays_where_its_answer_can_not_be(
    capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inject(monkeypatch, "analyzer.dissectors.http_flow.HttpFlow.feed", 2)
    report = analyze(capture)
    (problem,) = failures(report)
    assert imeis(report) == {FIRST, SECOND}
    hosts = {message.host: message.peer for message in report.messages if message.host}
    assert hosts["one.example"] is None
    assert hosts["two.example"] is not None
    assert problem.flow == next(m.flow for m in report.messages if m.host == "one.example")
    assert problem.frame is not None
    spot = next(spot for spot in report.blind_spots if spot.startswith("Parts of phonehome"))
    assert "bytes of payload are counted and not read" in spot


@pytest.mark.usefixtures("contained")
def test_several_failures_of_a_kind_are_one_problem(capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> Iterator[Any]:
        raise ZeroDivisionError

    monkeypatch.setattr("analyzer.dissectors.http_flow.HttpFlow.feed", failing)
    (problem,) = failures(analyze(capture))
    assert problem.count > 1
    assert problem.what.startswith(f"{problem.count} flows could not be read: the part for HTTP failed (Zero")


@pytest.mark.usefixtures("contained")
def test_a_file_is_read_up_to_a_failure(capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filler = web(NORWAY, b"x" * 1_400, b"", port=40_009) * 3_000  # more than one batch
    capture.write_bytes(builders.pcap([*frames(), *filler]))
    inject(monkeypatch, "analyzer.flows.tracker.FlowTracker.assign", 2)
    report = analyze(capture)
    assert [problem.code for problem in report.problems if problem.code in CODES] == ["file-unread"]
    assert imeis(report) == {FIRST, SECOND}
    assert not report.captures[0].complete


@pytest.mark.usefixtures("contained")
def test_a_file_that_fails_as_a_whole_is_one_sentence_and_others_are_reported(
    capture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "b.pcap"
    other.write_bytes(later(web(NORWAY, post(SECOND, "two.example"), http_response()), 0))
    report_of = ReportBuilder.report

    def failing(self: ReportBuilder) -> Report:
        if self.parts.captures[0][0] == str(capture):
            raise KeyError("injected")
        return report_of(self)

    monkeypatch.setattr(ReportBuilder, "report", failing)
    report = analyze(capture, other)
    assert imeis(report) == {SECOND}
    (said,) = [problem.what for problem in report.problems if problem.code == "unreadable"]
    assert said.startswith(f"{capture}: could not be read: phonehome failed (KeyError at ")
    with pytest.raises(CaptureError, match="phonehome failed"):
        analyze(capture)


@pytest.mark.usefixtures("contained")
def test_files_of_a_session_are_read_apart_where_together_they_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / f"part{n}.pcap" for n in (1, 2, 3)]
    for number, path in enumerate(paths):
        made = web(CHINA, post(FIRST, f"h{number}.example"), http_response(), port=40000 + number)
        path.write_bytes(later(made, number))
    assert len(analyze(*paths).sessions) == 1
    inject(monkeypatch, "analyzer.session.report_builder.ReportBuilder.report", 1)
    report = analyze(*paths)
    assert {message.host for message in report.messages if message.host} == {
        f"h{n}.example" for n in range(3)
    }
    assert [problem.code for problem in report.problems] == ["session-split"]


@pytest.mark.usefixtures("contained")
def test_a_worker_goes_on_with_the_next_capture(
    capture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "b.pcap"
    other.write_bytes(later(web(NORWAY, post(SECOND, "two.example"), http_response()), 0))
    inject(monkeypatch, "analyzer.dissectors.http_flow.HttpFlow.feed", 1)
    units = units_of([str(capture), str(other)], lambda call, items: map(call, items))
    one, two = sorted(work(units, Options(), None), key=lambda outcome: outcome.paths)
    assert (one.error, two.error) == (None, None)
    assert (one.brief.complete, two.brief.complete) == (False, True)


SCHEDULED = (
    "analyzer.dissectors.http_flows._exchanges",
    "analyzer.dissectors.clear_streams.ClearStreams._read",
    "analyzer.dissectors.handshakes.Handshakes.read",
    "analyzer.inspection.inspect.decode",
    "analyzer.session.extraction.taken_of",
)


def flow_in(given: tuple[Any, ...]) -> int | None:
    """The flow that a scheduled call is about."""
    for each in given:
        if isinstance(each, list) and each and hasattr(each[0], "flow"):
            return int(each[0].flow)
        if isinstance(getattr(each, "flow", None), int):
            return int(each.flow)
    return next((each for each in given if type(each) is int), None)


@pytest.mark.usefixtures("contained")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(raises=st.lists(st.booleans(), min_size=1, max_size=40))
def test_whatever_fails_other_flows_give_the_same(raises: list[bool], capture: Path) -> None:
    whole = analyze(capture)
    hit: set[int | None] = set()
    left = list(raises)

    def wrapped(call: Callable[..., Any]) -> Callable[..., Any]:
        def failing(*given: Any, **named: Any) -> Any:
            if left and left.pop(0):
                hit.add(flow_in(given))
                raise IndexError("injected")
            return call(*given, **named)

        return failing

    with pytest.MonkeyPatch.context() as patch:
        for target in SCHEDULED:
            place, _, name = target.rpartition(".")
            parts = place.split(".")
            owner: Any = __import__(".".join(parts[:3]), fromlist=["x"])
            for part in parts[3:]:
                owner = getattr(owner, part)
            patch.setattr(owner, name, wrapped(getattr(owner, name)))
        report = analyze(capture)

    def of_others(found: Report) -> list[Any]:
        said = [(m.flow, m.role, m.target, m.host, m.status, m.body, m.headers) for m in found.messages]
        values = [(f.evidence.flow, f.kind, f.value, f.raw, f.confidence) for f in found.findings]
        return [each for each in (*said, *values) if each[0] not in hit]

    assert of_others(report) == of_others(whole)
    assert bool(failures(report)) == bool(hit)
    assert len(report.flows) == len(whole.flows)
