"""What a device in the local network says of itself in an answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import dpkt
import pytest

from analyzer.conclusions.attribution import with_owners
from analyzer.identifiers.owner_values import KnownValues
from analyzer.inspection.inspect import examined
from analyzer.inspection.local_answers import ANSWER
from analyzer.model import Endpoint, Message
from analyzer.pipeline import analyze
from tests.builders import ROUTER_MAC, SERVER, ip, pcap
from tests.codecs.messages import request, response
from tests.conclusions.test_owners import report_with

PHONE, CAMERA = Endpoint("192.168.1.20", 40000), Endpoint("192.168.1.40", 80)
MAC = "00:1b:44:11:3a:b7"
BODY = b'{"mac":"00:1b:44:11:3a:b7"}'


def found(asked: Message, answer: Message) -> list[tuple[str, int]]:
    seen = examined((asked, answer), KnownValues.none(), ())
    assert not seen.failed
    return [(f.value, f.message) for f in seen.findings]


def asked(server: Endpoint = CAMERA, host: str = "192.168.1.40:80", **more: object) -> Message:
    return replace(request(host=host, server=server, **more), source=PHONE)  # type: ignore[arg-type]


def answer(server: Endpoint = CAMERA, body: bytes = BODY) -> Message:
    return replace(response(body), source=server, destination=PHONE)


def test_an_answer_in_the_local_network_is_searched() -> None:
    assert found(asked(), answer()) == [(MAC, ANSWER)]


@pytest.mark.parametrize(
    ("host", "target"),
    [("www.example.com", "/"), ("", "http://www.example.com/"), ("camera.example.com", "/")],
)
def test_one_for_a_host_elsewhere_is_not(host: str, target: str) -> None:
    assert found(asked(host=host, target=target), answer()) == []


def test_one_from_the_internet_or_an_error_or_a_page_is_not() -> None:
    far = Endpoint("198.51.100.20", 80)
    assert found(asked(far, "198.51.100.20"), answer(far)) == []
    assert found(asked(), replace(answer(), status=404)) == []
    assert found(asked(), replace(answer(), headers=(("Content-Type", "text/html"),))) == []


def test_what_the_request_said_already_is_no_news_of_the_device() -> None:
    assert [number for _, number in found(asked(body=BODY), answer())] == [1]


def test_it_is_of_the_device_that_answers_unless_that_one_is_watched() -> None:
    report = report_with("imei", "490154203237518")
    told = replace(answer(), number=1, flow=0)
    (finding,) = with_owners(replace(report, messages=(told,))).findings
    assert (finding.owner, "192.168.1.40" in finding.details["belongs_to"]) == ("other device", True)
    own = replace(told, source=PHONE, destination=CAMERA)
    (finding,) = with_owners(replace(report, messages=(own,))).findings
    assert finding.owner == "unknown"


def datagram(data: bytes, lamp: str, *, up: bool) -> bytes:
    source, destination = (40000, 56700) if up else (56700, 40000)
    made = dpkt.udp.UDP(sport=source, dport=destination, data=data, ulen=8 + len(data))
    return ip(made, 17, up=up, phone="192.168.1.20", server=lamp)


@pytest.mark.parametrize(("lamp", "owners"), [("192.168.1.44", ["other device"]), (SERVER, [])])
def test_the_own_address_of_a_lamp_is_found_in_its_datagrams(
    tmp_path: Path, lamp: str, owners: list[str]
) -> None:
    head, rest = bytes.fromhex("290000145424aa86"), bytes.fromhex("0000000000000000000000000003017cdd0000")
    frames = [datagram(head + rest, lamp, up=True), datagram(head + ROUTER_MAC + rest, lamp, up=False)]
    path = tmp_path / "lamp.pcap"
    path.write_bytes(pcap(frames))
    assert [f.owner for f in analyze(path).findings] == owners
