"""What no reader takes is searched: streams, datagrams, names, options, certificates."""

from __future__ import annotations

import base64
import gzip
import random
import struct
import zlib
from pathlib import Path

import pytest

from analyzer import analyze
from analyzer.dissectors.clear_message import UNCLASSIFIED, MessagePlace
from analyzer.dissectors.plain_mechanism import plain_login_in
from analyzer.dissectors.unclassified import UnclassifiedBytes, is_searched, unclassified
from analyzer.flows.reassembly import Segment
from tests import builders
from tests.dissectors.clear import read_frames
from tests.pipeline.captures import report_of, web

IMEI = "490154203237518"
RANDOM = random.Random(7).randbytes


@pytest.mark.parametrize(
    "data",
    [
        b"imei:490154203237518\n", RANDOM(30) + b"490154203237518" + RANDOM(30),
        RANDOM(900) + b"imei=490154203237518", "490154203237518".encode("utf-16-le"),
        RANDOM(12) + zlib.compress(b"imei=490154203237518" * 4) + RANDOM(4),
        RANDOM(600) + gzip.compress(b"imei=490154203237518" * 4),
    ],
)  # fmt: skip
def test_text_and_compressed_data_are_searched_wherever_they_stand(data: bytes) -> None:
    assert is_searched(data)


def test_encrypted_data_is_not_searched() -> None:
    assert not any(is_searched(RANDOM(1400)) for _ in range(200))
    assert not is_searched(b"")


def test_a_line_with_headers_and_a_body_becomes_a_message_of_that_form() -> None:
    data = b"\1\2PUSH /x?imei=1 FOO/9\r\nHost: h.example\r\nContent-Type: a/b\r\n\r\nbody"
    made = unclassified(data, MessagePlace(0, len(data), (1,), 0, 0))
    assert (made.target, made.values("host"), made.body.body()[0].content) == (
        "PUSH /x?imei=1 FOO/9", ["h.example"], b"body",
    )  # fmt: skip
    assert made.headers[0] == ("before", "\1\2")


def test_lines_that_could_be_read_as_headers_in_many_ways_cost_little() -> None:
    """Where spaces belong to a name's end or to its value, a search would try all ways before it gives up."""
    data = b"before" + b"\nTst: " * 2_000 + b"@"
    made = unclassified(data, MessagePlace(0, len(data), (1,), 0, 0))
    assert (made.headers, made.body.body()[0].content) == ([], data)


def others(said: list[tuple[bool, bytes]], tmp_path: Path) -> list[bytes]:
    frames = builders.conversation(*said, ports=(40000, 7777))
    return [made.body.body()[0].content for made in read_frames(frames, tmp_path / "a.pcap").others]


def test_a_stream_that_nobody_reads_is_one_message_of_what_the_client_sent(tmp_path: Path) -> None:
    said = [
        (True, b"hello imei:490154203237518;\n"),
        (False, b"OK welcome back\n"),
        (True, b"and more text\n"),
    ]
    assert others(said, tmp_path) == [b"hello imei:490154203237518;\nand more text\n"]


def test_bytes_between_http_messages_are_searched(tmp_path: Path) -> None:
    # The body is longer than its length says.
    said = [(True, b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab imei=490154203237518"),
            (False, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]  # fmt: skip
    assert others(said, tmp_path) == [b"imei=490154203237518"]


def test_nothing_of_ssh_and_tls_is_searched(tmp_path: Path) -> None:
    assert (
        others(
            [(True, b"SSH-2.0-OpenSSH_9.6\r\n"), (True, b"curve25519-sha256,ecdh-sha2-nistp256")], tmp_path
        )
        == []
    )


def test_findings_are_listed_and_all_else_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    said = [(True, b"imei:490154203237518;\n"), (False, b"OK\n")]
    chat = [(True, b"just some words\n"), (False, b"OK\n")]
    path.write_bytes(builders.pcap(
        [frame for number, one in enumerate((said, chat))
         for frame in builders.conversation(*one, ports=(40000 + number, 7777))]
    ))  # fmt: skip
    report = analyze(str(path))
    assert [(f.kind, f.value) for f in report.findings] == [("imei", IMEI)]
    (message,) = report.messages
    assert (message.protocol, message.evidence.start, message.evidence.end) == (UNCLASSIFIED, 0, 22)
    assert report.findings[0].message == message.number


def test_a_datagram_that_nobody_reads_is_searched(tmp_path: Path) -> None:
    frames = [builders.udp(b"\0\1\2imei:490154203237518", ports=(40000, 7777))]
    (made,) = read_frames(frames, tmp_path / "a.pcap").others
    assert made.body.body()[0].content.endswith(IMEI.encode())


def test_http_and_sip_over_udp_are_messages(tmp_path: Path) -> None:
    sip = b"REGISTER sip:x.example SIP/2.0\r\nFrom: <sip:+4740612345@x.example>\r\nContent-Length: 0\r\n\r\n"
    frames = [builders.udp(b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n", ports=(40000, 7777)),
              builders.udp(sip, ports=(5060, 5060))]  # fmt: skip
    path = tmp_path / "a.pcap"
    first, second = (seen.request for seen in read_frames(frames, path).exchanges)
    assert first is not None
    assert second is not None
    assert (first.target, second.protocol, second.values("from")) == (
        "/a?b=c",
        "sip",
        ["<sip:+4740612345@x.example>"],
    )
    assert [(f.kind, f.value) for f in analyze(str(path)).findings] == [("phone", "4740612345")]


def question(name: str) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return b"\0\7\1\0\0\1\0\0\0\0\0\0" + labels + b"\0\0\1\0\1"


def test_names_that_may_hold_an_identifier_are_searched(tmp_path: Path) -> None:
    frames = [builders.udp(question(name), ports=(40000 + n, 53))
              for n, name in enumerate((f"{IMEI}.dev.example.com", "www.example.com"))]  # fmt: skip
    (made,) = read_frames(frames, tmp_path / "a.pcap").others
    assert made.protocol == "dns"
    assert made.headers == [("name", f"{IMEI}.dev.example.com"), ("label", IMEI)]


def test_a_finding_names_the_frames_that_carried_it(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    said = [(True, b"hello there\n"), (True, b"imei:4901542"), (True, b"03237518;\n"), (True, b"good bye\n")]
    path.write_bytes(builders.pcap(builders.conversation(*said, ports=(40000, 7777))))
    report = analyze(str(path))
    (found,), (message,) = report.findings, report.messages
    assert len(message.evidence.frames) == 4
    assert found.evidence.frames == message.evidence.frames[1:3]


RESPONSE = b"\0kari\0Hemmelig9"


@pytest.mark.parametrize(
    "data",
    [
        b"\x07\x05PLAIN" + bytes((len(RESPONSE),)) + RESPONSE + b"\x02en",
        b"\x01PLAIN\0\0" + len(RESPONSE).to_bytes(4, "little") + RESPONSE,
        b"\x01PLAIN" + RESPONSE,
        b"LOGIN PLAIN " + base64.b64encode(RESPONSE) + b"\r\nNEXT imei 490154203237518\r\n",
    ],
)
def test_the_plain_mechanism_is_read_in_any_bytes_and_its_password_is_not_kept(data: bytes) -> None:
    gathered = UnclassifiedBytes(0)
    gathered.add(Segment(0, data, 1, 1))
    gathered.flush()
    first, *rest = [made.request for made in gathered.give() if made.request is not None]
    assert first.headers == [("User", "kari"), ("Password", "sent readable, not shown")]
    for made in rest:
        assert b"Hemmelig9" not in made.body.body()[0].content
        assert base64.b64encode(RESPONSE) not in made.body.body()[0].content


@pytest.mark.parametrize("data", [b"PLAIN text\0and\0more", b"\x05PLAIN\x63\0kari\0x", b"PLAIN AAAAAAAAAAAA"])
def test_other_bytes_behind_the_word_are_no_log_in(data: bytes) -> None:
    assert plain_login_in(data) is None


def test_noughts_before_a_message_of_its_own_are_part_of_it(tmp_path: Path) -> None:
    number = 354851050960796
    data = struct.pack(">HQ", 30, number) + b"\x0f\x01\0\x01" + bytes(range(0x80, 0x96))
    report = report_of(web("203.0.113.9", data, b"\x01\x02\x03\x04"), tmp_path / "a.pcap")
    assert ("imei", str(number)) in {(i.kind, i.value) for i in report.identifiers}
