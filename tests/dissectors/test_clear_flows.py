"""Which flows are looked into at all: chosen by columns and first bytes, bounded, and on any port."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from analyzer.dissectors import clear_datagrams, coap
from analyzer.dissectors.clear_datagrams import KNOWN, TRIES
from analyzer.dissectors.clear_streams import reader_for
from tests import builders
from tests.dissectors.clear import read_frames
from tests.pipeline.captures import report_of

NB = b"\x40\x02\x00\x01\xb2nb\xffhello"


def datagrams(*data: bytes, ports: tuple[int, int] = (40000, 7777)) -> list[bytes]:
    return [builders.udp(each, ports=ports) for each in data]


def test_only_the_first_datagrams_of_a_flow_are_looked_at(tmp_path: Path, monkeypatch: Any) -> None:
    looked: list[bytes] = []
    parse = coap.parse
    monkeypatch.setattr(coap, "parse", lambda data: looked.append(data) or parse(data))
    random.seed(5)
    frames = datagrams(*(b"\x45" + random.randbytes(60) for _ in range(300)))
    found = read_frames(frames, tmp_path / "a.pcap")
    assert found.exchanges == []
    assert len(looked) <= 2 * TRIES


def test_a_flow_that_is_known_is_read_whole(tmp_path: Path) -> None:
    frames = datagrams(*(b'{"n": %d}' % n for n in range(3 * TRIES)))
    found = read_frames(frames, tmp_path / "a.pcap")
    assert len(found.exchanges) == 3 * TRIES
    assert found.scan.observer.clear_datagrams._state.max() == KNOWN


def test_encrypted_datagrams_are_no_coap(tmp_path: Path) -> None:
    """Short headers of QUIC begin as CoAP does; none of many is taken for it off CoAP's port."""
    random.seed(7)
    frames = [
        builders.udp(bytes([random.randrange(0x40, 0x80)]) + random.randbytes(50), ports=(10000 + n, 443))
        for n in range(3000)
    ]
    assert read_frames(frames, tmp_path / "a.pcap").exchanges == []


def test_coap_on_any_port_is_known_by_its_request(tmp_path: Path) -> None:
    report = report_of(datagrams(NB), tmp_path / "a.pcap")
    assert [(m.protocol, m.target) for m in report.messages] == [("coap", "/nb")]
    assert sum(row.payload_readable for row in report.destinations) == len(NB)


def test_an_answer_alone_is_coap_only_on_its_port(tmp_path: Path) -> None:
    answer = b"\x60\x45\x00\x01\xffhello"
    assert read_frames(datagrams(answer), tmp_path / "a.pcap").exchanges == []
    (seen,) = read_frames(datagrams(answer, ports=(40000, 5683)), tmp_path / "a.pcap").exchanges
    assert seen.response is not None
    assert seen.response.missing == ["the request was not seen"]


def test_messages_beyond_the_limit_are_counted(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(clear_datagrams, "MOST_MESSAGES", 10)
    report = report_of(datagrams(*(b'{"n": %d}' % n for n in range(25))), tmp_path / "a.pcap")
    assert len(report.messages) == 10
    (problem,) = [p for p in report.problems if p.code == "messages-left-out"]
    assert problem.count == 15


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"\x16\x03\x01\x02\0\x01",
        b"GET / HTTP/1.1\r\n",
        bytes(40),
        b"\x10\0",
        b"\xff\xff",
    ],
)
def test_nobody_reads_what_is_none_of_the_known_protocols(data: bytes) -> None:
    for side in (0, 1):
        assert reader_for(data, side, 0, 4444, True) is None


def test_a_capture_that_begins_inside_an_mqtt_connection_is_read_on_its_port(tmp_path: Path) -> None:
    data = b"\x30\x08\x00\x03a/bxyz"
    for port, expected in ((1883, ["a/b"]), (4444, [])):
        frames = [builders.tcp(data, 24, seq=100, ack=1, ports=(40000, port))]
        found = read_frames(frames, tmp_path / "a.pcap")
        assert [m.target for m in found.requests("mqtt")] == expected


def test_segments_that_come_out_of_order_give_the_same_message(tmp_path: Path) -> None:
    frames = builders.conversation((True, b'{"imei": "490154203237518"}'), most=10, ports=(40000, 9876))
    frames[3], frames[4] = frames[4], frames[3]
    (seen,) = read_frames(frames, tmp_path / "a.pcap").exchanges
    assert seen.request is not None
    assert seen.request.body.body()[0].content == b'{"imei": "490154203237518"}'
