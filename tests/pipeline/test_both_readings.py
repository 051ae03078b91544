"""Bytes that were sent twice with different content: the valid copy is read, and both are searched."""

from __future__ import annotations

from pathlib import Path

import dpkt
import pytest

from analyzer.model import Report
from tests.builders import ACK, PSH, conversation, http_request, ip, tcp
from tests.pipeline.captures import report_of

IMEI = "490154203237518"
TRUE = http_request(
    "POST", "/a", "true.example", f'{{"imei":"{IMEI}"}}'.encode(), Content_Type="application/json"
)
FALSE = http_request("POST", "/a", "none.example", b"z" * 26, Content_Type="application/json")
assert len(TRUE) == len(FALSE)
HANDSHAKE = conversation(close=False)
SEQ, ANSWERED = 1001, 5001


def segment(data: bytes, at: int = 0, flags: int = PSH | ACK, ack: int = ANSWERED) -> bytes:
    return tcp(data, flags, SEQ + at, ack)


def with_wrong_sum(data: bytes, at: int = 0) -> bytes:
    frame = bytearray(segment(data, at))
    frame[14 + 20 + 16] ^= 0x55
    return bytes(frame)


def with_few_hops(data: bytes, at: int = 0) -> bytes:
    packet = dpkt.ethernet.Ethernet(segment(data, at))
    packet.ip.ttl, packet.ip.sum = 1, 0
    return bytes(packet)


DECOYS = {
    "a wrong checksum": with_wrong_sum,
    "few hops": with_few_hops,
    "no ACK": lambda data, at=0: segment(data, at, PSH),
    "a far acknowledgment": lambda data, at=0: segment(data, at, ack=ANSWERED + (1 << 31)),
    "nothing": segment,
}


def named(report: Report) -> set[str]:
    return {f.value for f in report.findings if f.kind == "imei"}


def first_host(report: Report) -> str | None:
    return next(m.host for m in report.messages if m.protocol.startswith("http"))


@pytest.mark.parametrize("cut", [len(TRUE), 70, 30])
@pytest.mark.parametrize("decoy", DECOYS)
def test_identifiers_are_found_behind_a_decoy(decoy: str, cut: int, tmp_path: Path) -> None:
    make = DECOYS[decoy]
    pieces = [(at, TRUE[at : at + cut], FALSE[at : at + cut]) for at in range(0, len(TRUE), cut)]
    frames = [frame for at, true, false in pieces for frame in (make(false, at), segment(true, at))]
    report = report_of([*HANDSHAKE, *frames], tmp_path / "a.pcap")
    assert named(report) == {IMEI}
    assert first_host(report) == ("none.example" if decoy == "nothing" else "true.example")
    assert any(problem.code == "conflict" for problem in report.problems)


@pytest.mark.parametrize("order", [(TRUE, FALSE), (FALSE, TRUE)], ids=["true first", "false first"])
def test_of_two_valid_copies_the_first_is_read_and_both_are_searched(
    order: tuple[bytes, bytes], tmp_path: Path
) -> None:
    report = report_of([*HANDSHAKE, *map(segment, order)], tmp_path / "a.pcap")
    assert named(report) == {IMEI}
    assert report.conflicts


def test_the_other_reading_says_that_it_is_one(tmp_path: Path) -> None:
    report = report_of([*HANDSHAKE, segment(FALSE), segment(TRUE)], tmp_path / "a.pcap")
    (found,) = report.findings
    message = next(m for m in report.messages if m.number == found.message)
    assert any("sent twice with different content" in said for said in message.tolerated)
    assert found.evidence.frames == (len(HANDSHAKE) + 2,)


def test_a_repetition_of_the_same_bytes_is_no_other_reading(tmp_path: Path) -> None:
    report = report_of([*HANDSHAKE, segment(TRUE), segment(TRUE)], tmp_path / "a.pcap")
    assert len([f for f in report.findings if f.kind == "imei"]) == 1


def fragments(data: bytes, number: int) -> list[bytes]:
    """IPv4 fragments of a datagram in whose payload `data` stand."""
    whole = bytes(dpkt.udp.UDP(sport=40_000, dport=9_999, data=data, ulen=8 + len(data)))
    made = []
    for at in range(0, len(whole), 64):
        frame = dpkt.ethernet.Ethernet(ip(dpkt.udp.UDP(), 17))
        packet = frame.ip
        packet.id, packet.sum = number, 0
        packet._flags_offset = at // 8 | (0x2000 if at + 64 < len(whole) else 0)
        packet.data = whole[at : at + 64]
        packet.len = 20 + len(packet.data)
        made.append(bytes(frame))
    return made


def test_both_readings_of_fragments_are_searched(tmp_path: Path) -> None:
    true, false = fragments(TRUE, 77), fragments(FALSE, 77)
    report = report_of([*false[1:], *true[1:], true[0]], tmp_path / "a.pcap")
    assert named(report) == {IMEI}
    assert report.fragment_conflicts
