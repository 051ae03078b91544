"""Syslog as Python's own handler sends it, in both framings of TCP, and in the corpus."""

from __future__ import annotations

import logging
import logging.handlers
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.dissectors.clear_message import MessagePlace
from analyzer.dissectors.http1 import HttpMessage
from analyzer.dissectors.syslog import FACILITIES, SEVERITIES, SyslogStream, parse
from analyzer.flows.reassembly import Segment
from tests import builders
from tests.dissectors.clear import needs_tshark, of_corpus, read, read_frames, tshark

NOWHERE = MessagePlace(0, 0, (1,), 0, 0)
MODERN = (
    b'<165>1 2019-02-20T16:01:00.003Z phone.example app 8710 ID47 [a@1 b="c \\"]" d="e"][f@2] '
    b"\xef\xbb\xbfunlocked"
)
OLD = b"<34>Oct 11 22:14:15 mymachine su[123]: 'su root' failed"


def body(message: HttpMessage) -> bytes:
    return message.body.body()[0].content


def test_a_message_of_rfc_5424_is_taken_apart() -> None:
    message = parse(MODERN, NOWHERE)
    assert message is not None
    assert dict(message.headers[:7]) == {
        "Facility": "local4", "Severity": "notice", "Timestamp": "2019-02-20T16:01:00.003Z",
        "Hostname": "phone.example", "App-Name": "app", "Proc-Id": "8710", "Msg-Id": "ID47",
    }  # fmt: skip
    assert [v for n, v in message.headers if n == "Structured-Data"] == ['[a@1 b="c \\"]" d="e"]', "[f@2]"]
    assert body(message) == b"unlocked"


def test_a_message_of_rfc_3164_is_taken_apart() -> None:
    message = parse(OLD, NOWHERE)
    assert message is not None
    assert dict(message.headers) == {
        "Facility": "auth", "Severity": "crit", "Timestamp": "Oct 11 22:14:15", "Hostname": "mymachine",
        "App-Name": "su", "Proc-Id": "123",
    }  # fmt: skip
    assert body(message) == b"'su root' failed"


@pytest.mark.parametrize(
    "data", [b"<192>1 a", b"<1>text", b"<a>", b"<01>Oct 11 22:14:15 a b: c", b"<13", b"<p>Hi</p>"]
)
def test_what_only_begins_like_syslog_is_none_off_its_port(data: bytes) -> None:
    assert parse(data, NOWHERE) is None


def test_on_its_port_the_priority_will_do() -> None:
    assert parse(b"<13>hello", NOWHERE, on_port=True) is not None
    assert parse(b"X", NOWHERE, on_port=True) is None


def test_what_pythons_handler_sends_is_read(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        handler = logging.handlers.SysLogHandler(server.getsockname(), facility="local3")
        handler.emit(logging.LogRecord("a", logging.ERROR, "", 0, "mac=02:00:00:00:00:01", None, None))
        data = server.recv(2000)
        handler.close()
    (seen,) = read_frames([builders.udp(data, ports=(40000, 514))], tmp_path / "a.pcap").exchanges
    assert seen.request is not None
    assert seen.request.headers == [("Facility", "local3"), ("Severity", "err")]
    assert body(seen.request) == b"mac=02:00:00:00:00:01"
    assert seen.request.one_way


@given(st.lists(st.sampled_from([OLD, MODERN]), min_size=1, max_size=5), st.booleans(), st.integers(1, 300))
def test_both_framings_of_tcp_give_the_same_messages_in_any_cutting(
    sent: list[bytes], counted: bool, step: int
) -> None:
    data = b"".join(b"%d %s" % (len(m), m) if counted else m + b"\n" for m in sent)
    stream, found = SyslogStream(0), []
    for at in range(0, len(data), step):
        found += stream.feed(0, Segment(at, data[at : at + step], at + 1, 0))
    found += stream.close()
    bodies = {OLD: b"'su root' failed", MODERN: b"unlocked"}
    assert [body(e.request) for e in found if e.request is not None] == [bodies[m] for m in sent]


def test_syslog_over_tcp_is_known_by_its_first_message(tmp_path: Path) -> None:
    frames = builders.conversation((True, OLD + b"\n"), (True, MODERN + b"\n"), ports=(40000, 6514))
    found = read_frames(frames, tmp_path / "a.pcap")
    assert [m.protocol for m in found.requests("syslog")] == ["syslog", "syslog"]
    assert [seen.delivered for seen in found.exchanges] == [True, True]


@given(st.binary(max_size=80), st.booleans())
def test_any_bytes_end_without_an_exception(data: bytes, on_port: bool) -> None:
    parse(b"<13>" + data, NOWHERE, on_port)
    stream = SyslogStream(0)
    list(stream.feed(0, Segment(0, b"<13>" + data, 1, 0)))
    list(stream.close())


@needs_tshark
@pytest.mark.parametrize(
    "name",
    ["zeek__zeek/testing/btest/Traces/syslog-single-udp.pcap", "arkime__arkime/tests/pcap/ospf.pcap"],
)
def test_facilities_and_severities_are_those_that_tshark_reads(name: str) -> None:
    path = of_corpus(name)
    theirs = [
        (FACILITIES[int(facility)], SEVERITIES[int(level)])
        for facility, level in tshark(path, "syslog", "syslog.facility", "syslog.level")
    ]
    assert [tuple(v for _, v in m.headers[:2]) for m in read(path).requests("syslog")] == theirs
