"""What a ledger row tells beside its counts: names and their answers, round trips, repetitions, delivery."""

from __future__ import annotations

from pathlib import Path

import pytest
from scapy.layers.dns import DNS, DNSQR, DNSRR

from analyzer import analyze
from analyzer.model import Destination, Report
from tests.builders import (
    ACK,
    FIN,
    PHONE,
    PHONE_PORT,
    PSH,
    SERVER,
    START_NS,
    SYN,
    conversation,
    http_request,
    http_response,
    pcap,
    tcp,
    udp,
)  # fmt: skip

RESOLVER = "203.0.113.53"
HOME = "192.168.1.20"
MS = 1_000_000


def scan(tmp_path: Path, frames: list[bytes], times_ms: list[float] | None = None) -> Report:
    times = None if times_ms is None else [START_NS + round(ms * MS) for ms in times_ms]
    path = tmp_path / "capture.pcap"
    path.write_bytes(pcap(frames, times_ns=times, unit="ns"))
    return analyze(path)


def row_of(report: Report, address: str, port: int) -> Destination:
    return next(row for row in report.destinations if (row.address, row.port) == (address, port))


def question(name: str, number: int) -> bytes:
    return udp(bytes(DNS(id=number, rd=1, qd=DNSQR(qname=name))), server=RESOLVER)


def answer(number: int, name: str, records: list[tuple[str, str, str, int]]) -> bytes:
    """`records` are (owner, type, data, time to live)."""
    message = DNS(
        id=number, qr=1, ra=1, qd=DNSQR(qname=name),
        an=[DNSRR(rrname=owner, type=kind, rdata=data, ttl=ttl) for owner, kind, data, ttl in records],
    )  # fmt: skip
    return udp(bytes(message), up=False, server=RESOLVER)


CHAIN = [
    ("www.example.com.cn", "CNAME", "a.cdn.example.net", 600),
    ("a.cdn.example.net", "CNAME", "b.cdn.example.net", 20),
    ("b.cdn.example.net", "A", SERVER, 300),
]


def test_a_dns_name_tells_its_chain_its_ttl_who_asked_and_how_long_before(tmp_path: Path) -> None:
    frames = [
        question("www.example.com.cn", 7),
        answer(7, "www.example.com.cn", CHAIN),
        tcp(flags=SYN, seq=1),
    ]
    report = scan(tmp_path, frames, [0, 12, 52])
    (name,) = row_of(report, SERVER, 80).names
    assert (name.name, name.how, name.frame) == ("www.example.com.cn", "dns", 2)
    assert name.chain == ("a.cdn.example.net", "b.cdn.example.net")
    assert (name.ttl, name.asked_by, name.before_us) == (20, PHONE, 40_000)
    assert (name.domain, name.region) == ("example.com.cn", "CN")


def test_of_several_answers_the_last_before_the_flow_counts(tmp_path: Path) -> None:
    record = [("example.com", "A", SERVER, 60)]
    frames = [
        answer(1, "example.com", record), answer(2, "example.com", record), tcp(flags=SYN, seq=1),
        answer(3, "example.com", record),
    ]  # fmt: skip
    (name,) = row_of(scan(tmp_path, frames, [0, 500, 700, 900]), SERVER, 80).names
    assert (name.frame, name.before_us) == (2, 200_000)


def test_an_answer_after_the_flow_names_it_without_claiming_to_have_led_there(tmp_path: Path) -> None:
    frames = [tcp(flags=SYN, seq=1), answer(3, "example.com", [("example.com", "A", SERVER, 60)])]
    (name,) = row_of(scan(tmp_path, frames), SERVER, 80).names
    assert (name.name, name.before_us) == ("example.com", None)


def test_a_resolver_s_round_trip_is_from_question_to_answer(tmp_path: Path) -> None:
    found = answer(7, "example.com", [("example.com", "A", SERVER, 60)])
    frames = [question("example.com", 7), question("example.com", 7), found]
    row = row_of(scan(tmp_path, frames, [0, 30, 48]), RESOLVER, 53)
    # The answer may be to the first of two equal questions: the longer time is the safe one.
    assert (row.min_rtt_us, row.rtt_of) == (48_000, "DNS question to answer")


def test_an_answer_to_another_question_gives_no_round_trip(tmp_path: Path) -> None:
    frames = [question("example.com", 7), answer(8, "example.com", [("example.com", "A", SERVER, 60)])]
    assert row_of(scan(tmp_path, frames), RESOLVER, 53).min_rtt_us is None


def test_the_least_round_trip_of_a_row_is_that_of_its_quickest_handshake(tmp_path: Path) -> None:
    frames, times = [], []
    for n, took in enumerate((90, 35, 60)):
        ports = (PHONE_PORT + n, 80)
        frames += [
            tcp(flags=SYN, seq=1, ports=ports),
            tcp(flags=SYN | ACK, seq=9, ack=2, up=False, ports=ports),
        ]
        times += [n * 1000, n * 1000 + took]
    row = row_of(scan(tmp_path, frames, times), SERVER, 80)
    assert (row.flows, row.min_rtt_us, row.rtt_of) == (3, 35_000, "SYN to SYN-ACK")


def test_a_repeated_syn_never_makes_a_round_trip_too_short(tmp_path: Path) -> None:
    frames = [tcp(flags=SYN, seq=1), tcp(flags=SYN, seq=1), tcp(flags=SYN | ACK, seq=9, ack=2, up=False)]
    row = row_of(scan(tmp_path, frames, [0, 1000, 1040]), SERVER, 80)
    assert row.min_rtt_us == 1_040_000
    assert row.resent_up == 1


def test_a_syn_ack_that_acknowledges_something_else_is_no_answer(tmp_path: Path) -> None:
    frames = [tcp(flags=SYN, seq=1), tcp(flags=SYN | ACK, seq=9, ack=77, up=False)]
    assert row_of(scan(tmp_path, frames), SERVER, 80).min_rtt_us is None


def test_a_connection_to_the_device_measures_the_device_and_is_left_out(tmp_path: Path) -> None:
    frames = [
        tcp(flags=SYN, seq=1, up=False, phone=HOME, ports=(8080, 50000)),
        tcp(flags=SYN | ACK, seq=9, ack=2, phone=HOME, ports=(8080, 50000)),
    ]
    (row,) = scan(tmp_path, frames).destinations
    assert (row.address, row.min_rtt_us) == (SERVER, None)


@pytest.mark.parametrize(
    ("sequences", "resent"),
    [
        ([1, 11, 21], 0),
        ([1, 11, 11, 21], 1),  # sent twice
        ([1, 21, 11], 1),  # out of order
        ([1, 11, 1, 11], 2),
        ([0xFFFFFFFB, 5, 15], 0),  # sequence numbers wrap around
        ([0xFFFFFFFB, 5, 0xFFFFFFFB], 1),
    ],
)
def test_segments_that_came_again_or_out_of_order_are_counted(
    tmp_path: Path, sequences: list[int], resent: int
) -> None:
    frames = [tcp(b"0123456789", PSH | ACK, seq) for seq in sequences]
    row = row_of(scan(tmp_path, frames), SERVER, 80)
    assert (row.resent_up, row.resent_down) == (resent, 0)


def test_a_keep_alive_is_no_repetition(tmp_path: Path) -> None:
    frames = [tcp(b"0123456789", PSH | ACK, 1), tcp(b"9", ACK, 10)]
    assert row_of(scan(tmp_path, frames), SERVER, 80).resent_up == 0


DATA = tcp(b"0123456789", PSH | ACK, 101)
OPENING = [tcp(flags=SYN, seq=100), tcp(flags=SYN | ACK, seq=9, ack=101, up=False)]


@pytest.mark.parametrize(
    ("frames", "delivered"),
    [
        ([*OPENING, DATA, tcp(flags=ACK, ack=111, seq=10, up=False)], "all acknowledged"),
        ([*OPENING, DATA, tcp(flags=ACK, ack=106, seq=10, up=False)], "acknowledged in part"),
        ([*OPENING, DATA], "not acknowledged"),
        ([DATA], "answers not captured"),
        (OPENING, "nothing sent"),
    ],
)
def test_what_was_acknowledged_is_said(tmp_path: Path, frames: list[bytes], delivered: str) -> None:
    assert row_of(scan(tmp_path, frames), SERVER, 80).delivered == {delivered: 1}


def test_udp_acknowledges_nothing(tmp_path: Path) -> None:
    assert row_of(scan(tmp_path, [question("example.com", 1)]), RESOLVER, 53).delivered == {}


def test_readable_payload_is_that_of_readable_flows(tmp_path: Path) -> None:
    request, response = http_request(), http_response(200, b"x" * 100)
    hello = b"\x16\x03\x01\x00\x05hello"
    frames = [*conversation((True, request), (False, response)), tcp(hello, PSH | ACK, 1, ports=(41000, 443))]
    report = scan(tmp_path, frames)
    readable, hidden = row_of(report, SERVER, 80), row_of(report, SERVER, 443)
    assert (readable.payload_up, readable.payload_down) == (len(request), len(response))
    assert readable.payload_readable == len(request) + len(response)
    assert (hidden.payload_up, hidden.payload_readable) == (len(hello), 0)


def test_a_redirect_tells_what_led_to_a_host(tmp_path: Path) -> None:
    first = conversation(
        (True, http_request(host="a.example")), (False, http_response(302, Location="http://b.example/x"))
    )
    second = conversation((True, http_request(host="b.example")), server="198.51.100.99", ports=(40001, 80))
    report = scan(tmp_path, [*first, *second])
    (name,) = row_of(report, "198.51.100.99", 80).names
    assert name.name == "b.example"
    assert name.via.startswith("HTTP redirect from a.example (frame ")
    assert row_of(report, SERVER, 80).names[0].via == ""


def test_every_packet_is_in_exactly_one_row(tmp_path: Path) -> None:
    frames = [
        *conversation((True, http_request())),
        question("example.com", 1),
        tcp(flags=SYN, seq=5, ports=(1, 2)),
        tcp(flags=FIN | ACK, seq=5, ports=(3, 4), server="203.0.113.7"),
    ]  # fmt: skip
    report = scan(tmp_path, frames)
    rows = report.destinations
    assert (
        sum(row.packets_up + row.packets_down for row in rows) == len(frames) == report.captures[0].ip_packets
    )
