"""DNS over TCP: messages out of segments, names of addresses, gaps and what is no DNS."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.dns import DNS, DNSQR, DNSRR

from analyzer.dissectors.dns_tcp import DnsSide, starts_dns
from tests.builders import ACK, PSH, SERVER, SYN, conversation, tcp
from tests.examples import examples
from tests.session.test_facts import RESOLVER, row_of, scan

many = settings(max_examples=examples(200), deadline=None, derandomize=True)


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(2, "big") + message


def question(name: str, kind: str = "A") -> bytes:
    return framed(bytes(DNS(id=7, rd=1, qd=DNSQR(qname=name, qtype=kind))))


def answer(name: str, address: str, kind: str = "A") -> bytes:
    record = DNSRR(rrname=name, type="A", rdata=address, ttl=60)
    return framed(bytes(DNS(id=7, qr=1, qd=DNSQR(qname=name, qtype=kind), an=[record])))


MESSAGES = [question("a.example.cn"), question("b.example.cn"), answer("b.example.cn", "198.51.100.7")]


@many
@given(st.data())
def test_messages_come_out_of_any_cut_and_order(data: st.DataObject) -> None:
    raw = b"".join(MESSAGES)
    cuts = sorted({0, len(raw), *data.draw(st.lists(st.integers(1, len(raw) - 1), max_size=9))})
    segments = [(start, raw[start:end]) for start, end in zip(cuts, cuts[1:], strict=False)]  # noqa: RUF007
    side, found = DnsSide(999, 1000), []
    for frame, (start, piece) in enumerate(data.draw(st.permutations(segments))):
        found += [m.data for m in side.feed(1000 + start, piece, frame + 1, frame)]
    assert found == [message[2:] for message in MESSAGES]
    assert (side.messages, side.lost) == (3, False)


def test_behind_a_message_that_is_none_nothing_is_read() -> None:
    side = DnsSide(999, 1000)
    assert list(side.feed(1000, framed(b"\xff" * 30) + MESSAGES[0], 1, 0)) == []
    assert list(side.feed(1000 + 32 + len(MESSAGES[0]), MESSAGES[1], 2, 1)) == []
    assert side.lost


@settings(max_examples=examples(300), deadline=None, derandomize=True)
@given(st.lists(st.binary(min_size=1, max_size=60), max_size=10), st.integers(0, 1 << 32))
def test_any_segments_are_survived(pieces: list[bytes], sequence: int) -> None:
    side, chance = DnsSide(None, sequence), random.Random(len(pieces))
    for piece in pieces:
        for message in side.feed((sequence + chance.randrange(200)) % (1 << 32), piece, 1, 0):
            assert len(message.data) <= 600
        starts_dns(piece)


@pytest.mark.parametrize(
    ("data", "is_dns"),
    [
        (MESSAGES[0], True),
        (b"\0\x20", True),
        (b"\0\x05", False),
        (b"", False),
        (b"GET / HTTP/1.1\r\n", False),
        (b"\x16\x03\x01\x02\x00\x01", True),  # too short to tell; the whole message tells
        (b"\0\x20" + b"\xff" * 12, False),
    ],
)
def test_the_first_bytes_tell_whether_it_is_dns(data: bytes, is_dns: bool) -> None:
    assert starts_dns(data) is is_dns


def test_an_answer_over_tcp_names_its_address(tmp_path: Path) -> None:
    asked = conversation(
        (True, question("www.example.cn")), (False, answer("www.example.cn", SERVER)),
        server=RESOLVER, ports=(40001, 53), most=9,
    )  # fmt: skip
    report = scan(tmp_path, [*asked, tcp(flags=SYN, seq=5)])
    (name,) = row_of(report, SERVER, 80).names
    assert (name.name, name.how, name.asked_by, name.ttl) == ("www.example.cn", "dns", "192.0.2.10", 60)
    row = row_of(report, RESOLVER, 53)
    assert dict(row.kinds) == {"dns": 1}
    assert row.payload_readable == row.payload_up + row.payload_down > 0


def test_a_length_in_a_segment_and_a_batch_of_its_own_is_read(tmp_path: Path) -> None:
    whole = answer("www.example.cn", SERVER)
    pieces = [(False, whole[:2]), (False, whole[2:])]
    frames = conversation((True, question("www.example.cn")), *pieces, server=RESOLVER, ports=(40001, 53))
    row = row_of(scan(tmp_path, [*frames, tcp(flags=SYN, seq=5)]), SERVER, 80)
    assert [name.name for name in row.names] == ["www.example.cn"]


def test_a_zone_transfer_names_each_address_by_its_own_owner(tmp_path: Path) -> None:
    records = [DNSRR(rrname=f"h{n}.example.cn", type="A", rdata=f"198.51.100.{n}") for n in (21, 22)]
    whole = framed(bytes(DNS(id=7, qr=1, qd=DNSQR(qname="example.cn", qtype="AXFR"), an=records)))
    frames = conversation(
        (True, question("example.cn", "AXFR")), (False, whole), server=RESOLVER, ports=(40001, 53)
    )
    targets = [tcp(flags=SYN, seq=5, server=f"198.51.100.{n}") for n in (21, 22)]
    report = scan(tmp_path, [*frames, *targets])
    assert [row_of(report, f"198.51.100.{n}", 80).names[0].name for n in (21, 22)] == [
        "h21.example.cn", "h22.example.cn",
    ]  # fmt: skip


def test_what_is_no_dns_on_its_port_is_not_called_dns(tmp_path: Path) -> None:
    noise = tcp(random.Random(1).randbytes(600), PSH | ACK, seq=1, server=RESOLVER, ports=(40001, 53))
    assert dict(row_of(scan(tmp_path, [noise]), RESOLVER, 53).kinds) == {"unknown binary": 1}
