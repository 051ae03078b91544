"""What the owner gives is found everywhere, and stands nowhere in a report."""

from __future__ import annotations

import base64
import gzip
import json
import struct
from pathlib import Path

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from scapy.utils import wrpcap

from analyzer.identifiers import KnownValues, findings_in
from analyzer.inspection.decode import fields_of
from analyzer.model import Report
from analyzer.pipeline import analyze
from analyzer.report import json as json_report
from analyzer.report.terminal import render
from analyzer.session.owner_masking import masked_bytes, masked_message
from tests.codecs.messages import request

IMEI, ICCID, IMSI = "490154203237518", "89470012345678901236", "242011234567890"
KNOWN = KnownValues.parse(f"imei={IMEI},iccid={ICCID},imsi={IMSI}")
CAPTURE = Path(__file__).parents[2] / "captures" / "nokia7plus-reconstruction.pcap"
MADE_OF_IT = [
    IMEI,
    ICCID,
    IMSI,
    IMEI[:14],
    *(base64.b64encode(b" " * offset + IMEI.encode())[4:16].decode() for offset in range(3)),
]


@pytest.fixture(scope="module")
def report() -> Report:
    return analyze(CAPTURE, known=KNOWN)


def test_known_values_are_seen(report: Report) -> None:
    assert {kind.kind: kind.times for kind in report.known} == {"imei": 7, "iccid": 7, "imsi": 7}
    assert sum(finding.known is True for finding in report.findings) == 21


@pytest.mark.parametrize("secret", MADE_OF_IT)
def test_no_known_value_stands_in_the_document_or_the_printed_report(report: Report, secret: str) -> None:
    assert secret not in json_report.write(report)
    assert secret not in render(report, verbose=True)


def test_the_bodies_decode_to_asterisks_where_the_values_were(report: Report) -> None:
    bodies = [m.body.content for m in report.messages if m.host == "zzhc.vnet.cn"]
    assert len(bodies) == 7
    for body in bodies:
        assert not KNOWN.search(body)
        assert not any(f.known for f in findings_in(fields_of(request(body)), KNOWN))
        assert b"*" in body


def test_hashes_stay_those_of_the_bytes_as_sent(report: Report) -> None:
    plain = analyze(CAPTURE)
    assert [m.body.sha256 for m in report.messages] == [m.body.sha256 for m in plain.messages]


def test_it_is_said_that_something_is_hidden(report: Report) -> None:
    assert "known-hidden" in {problem.code for problem in report.problems}


def test_the_type_allocation_code_may_stand_and_no_more(report: Report) -> None:
    (value,) = {f.value for f in report.findings if f.known and f.kind == "imei"}
    assert value == IMEI[:8] + "*" * 7


def test_content_that_hides_a_value_below_an_encoding_is_left_out() -> None:
    body = base64.b64encode(gzip.compress(json.dumps({"imei": IMEI}).encode()))
    said: list[str] = []
    masked = masked_message(request(body), KNOWN, said.append)
    assert masked.body.content == b""
    assert "left out" in said[0]


def test_target_and_headers_are_masked() -> None:
    masked = masked_message(request(b"", f"/a?imei={IMEI}", [("X-Imei", IMEI)]), KNOWN, lambda _: None)
    assert masked.target == "/a?imei=" + "*" * 15
    assert masked.headers == (("X-Imei", "*" * 15),)


def test_masking_leaves_other_bytes_alone() -> None:
    assert masked_bytes(b"before " + IMEI.encode() + b" after", KNOWN) == b"before " + b"*" * 15 + b" after"
    assert masked_bytes(b"nothing", KNOWN) == b"nothing"


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    """An identifier in a datagram, in TCP that is no HTTP, and cut in two by TCP segments."""
    ends = Ether(src="02:00:5e:00:53:01", dst="02:00:5e:00:53:fe") / IP(src="192.0.2.10", dst="198.51.100.9")
    packets = [
        ends / UDP(sport=4000, dport=9999) / Raw(b"\x01\x02" + IMEI.encode() + b"\x03"),
        ends / TCP(sport=4001, dport=7000, flags="S", seq=10),
        ends / TCP(sport=4001, dport=7000, flags="PA", seq=11) / Raw(struct.pack(">I", 40) + IMSI.encode()),
    ]
    path = tmp_path / "strange.pcap"
    wrpcap(str(path), packets)
    return path


def test_what_is_no_http_is_searched_too(strange: Path) -> None:
    report = analyze(strange, known=KNOWN)
    assert {kind.kind: kind.seen for kind in report.known} == {"imei": True, "iccid": False, "imsi": True}
    found = {(f.kind, f.evidence.frames, f.evidence.path) for f in report.findings}
    in_bytes = ("body", "text in octets", "[0]")
    assert found == {("imei", (1,), in_bytes), ("imsi", (3,), in_bytes)}
    assert IMEI not in json_report.write(report)


def test_without_known_values_nothing_is_searched_there(strange: Path) -> None:
    assert analyze(strange).findings == ()


SERVER, CLIENT = 7000, 4001
ORDERS = {"in order": (0, 1, 2), "reordered": (0, 2, 1), "repeated": (0, 1, 0, 1, 2), "backwards": (2, 1, 0)}
# Whatever stands before it, the identifier begins in one segment and ends in another.
CUTS = {"in two": (20, 30), "in three": (18, 22), "after its first digit": (17, 40)}
START = 0xFFFFFFF0  # the sequence numbers wrap around inside


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_a_value_that_segments_cut_is_found(
    tmp_path: Path, order: tuple[int, ...], cut: tuple[int, int]
) -> None:
    stream = b"\x01binary protocol" + IMEI.encode() + b"\x02and what follows it"
    pieces = [(0, stream[: cut[0]]), (cut[0], stream[cut[0] : cut[1]]), (cut[1], stream[cut[1] :])]
    path = tmp_path / "cut.pcap"
    wrpcap(str(path), [_opening(), *(_segment(*pieces[i]) for i in order)])
    report = analyze(path, known=KNOWN)
    (finding,) = report.findings
    assert (finding.kind, finding.known) == ("imei", True)
    first = {i: order.index(i) + 2 for i in order}
    needed = [i for i, (at, piece) in enumerate(pieces) if at < 31 and at + len(piece) > 16]
    assert set(finding.evidence.frames) <= {n + 2 for n, i in enumerate(order) if i in needed}
    assert len(finding.evidence.frames) == len(needed)
    assert finding.evidence.frames[0] == min(first[i] for i in needed)
    assert {kind.kind: kind.times for kind in report.known}["imei"] == 1


def test_a_value_is_not_put_together_over_a_gap_or_from_two_directions(tmp_path: Path) -> None:
    half, rest = IMEI[:8].encode(), IMEI[8:].encode()
    back = _segment(0, rest)
    back[IP].src, back[IP].dst = back[IP].dst, back[IP].src
    back[TCP].sport, back[TCP].dport = SERVER, CLIENT
    path = tmp_path / "gap.pcap"
    wrpcap(str(path), [_opening(), _segment(0, b"\x01" + half), back, _segment(40, rest)])
    assert analyze(path, known=KNOWN).findings == ()


def _opening() -> Ether:
    return _ends() / TCP(sport=CLIENT, dport=SERVER, flags="S", seq=START - 1)


def _segment(at: int, payload: bytes) -> Ether:
    return _ends() / TCP(sport=CLIENT, dport=SERVER, flags="A", seq=(START + at) % (1 << 32)) / Raw(payload)


def _ends() -> Ether:
    return Ether(src="02:00:5e:00:53:01", dst="02:00:5e:00:53:fe") / IP(src="192.0.2.10", dst="198.51.100.9")
