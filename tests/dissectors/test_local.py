"""SSDP and mDNS: what is said inside the network is told apart from what leaves it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.dissectors import mdns, ssdp
from analyzer.dissectors.local_discovery import MOST_SAID, LocalNetwork
from analyzer.dissectors.ssdp import SsdpFact
from analyzer.report.terminal import render
from tests import builders
from tests.dissectors.clear import needs_tshark, of_corpus, read, tshark
from tests.pipeline.captures import report_of

SEARCH = (
    b'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\n'
    b"ST: urn:dial-multiscreen-org:service:dial:1\r\nUSER-AGENT: Example/1.0 Linux\r\n\r\n"
)


def to_multicast(
    data: bytes, group: str = "239.255.255.250", ports: tuple[int, int] = (40000, 1900)
) -> bytes:
    return builders.udp(data, server=group, ports=ports)


def test_a_search_in_the_local_network_is_an_announcement_and_no_message(tmp_path: Path) -> None:
    report = report_of([to_multicast(SEARCH), to_multicast(SEARCH)], tmp_path / "a.pcap")
    (said,) = report.announcements
    assert (said.protocol, said.says, said.times, said.frame) == ("ssdp", "searches for", 2, 1)
    assert said.what == "urn:dial-multiscreen-org:service:dial:1"
    assert said.details == {"user-agent": "Example/1.0 Linux"}
    assert said.device in {device.id for device in report.devices}
    assert report.messages == ()


def test_the_printed_report_keeps_it_apart(tmp_path: Path) -> None:
    printed = render(report_of([to_multicast(SEARCH)], tmp_path / "a.pcap"), width=120, sections=("all",))
    section = printed.partition("SAID INSIDE THE LOCAL NETWORK")[2]
    assert "ssdp: searches for urn:dial-multiscreen-org:service:dial:1" in section
    assert "READABLE MESSAGES" not in printed


def test_a_search_that_goes_out_of_the_network_is_a_message(tmp_path: Path) -> None:
    report = report_of([to_multicast(SEARCH, "8.8.8.8")], tmp_path / "a.pcap")
    (message,) = report.messages
    assert (message.protocol, message.method) == ("ssdp", "M-SEARCH")
    assert report.announcements == ()


def dns_answer(*records: dpkt.dns.DNS.RR) -> bytes:
    answer = dpkt.dns.DNS(qd=[], an=list(records), op=0x8400)
    return bytes(answer)


def record(kind: int, name: str, **more: object) -> dpkt.dns.DNS.RR:
    return dpkt.dns.DNS.RR(type=kind, cls=1, ttl=120, name=name, **more)


def test_services_and_their_texts_are_announced(tmp_path: Path) -> None:
    data = dns_answer(
        record(12, "_googlecast._tcp.local", ptrname="Stue._googlecast._tcp.local"),
        record(16, "Stue._googlecast._tcp.local", text=[b"md=Chromecast", b"fn=Stue"]),
    )
    report = report_of([to_multicast(data, "224.0.0.251", (5353, 5353))], tmp_path / "a.pcap")
    assert [(a.says, a.what, dict(a.details)) for a in report.announcements] == [
        ("announces", "Stue._googlecast._tcp.local", {}),
        ("announces", "Stue._googlecast._tcp.local", {"md": "Chromecast", "fn": "Stue"}),
    ]


def test_a_question_is_asked_and_nothing_is_announced(tmp_path: Path) -> None:
    data = bytes(dpkt.dns.DNS(id=0, op=0, qd=[dpkt.dns.DNS.Q(name="_ipp._tcp.local", type=12)]))
    report = report_of([to_multicast(data, "224.0.0.251", (5353, 5353))], tmp_path / "a.pcap")
    assert [(a.says, a.what) for a in report.announcements] == [("asks for", "_ipp._tcp.local")]


def test_names_beyond_ascii_are_kept_as_they_were_written() -> None:
    name = "Bjørns iPhone".encode()
    labels = bytes([len(name)]) + name + b"\x04_ipp\x04_tcp\x05local\0"
    data = b"\0\0\x84\0\0\0\0\1\0\0\0\0" + b"\x04_ipp\x04_tcp\x05local\0\0\x0c\0\1\0\0\0\x78"
    assert mdns.said_in(data + len(labels).to_bytes(2, "big") + labels) == [
        SsdpFact("mdns", "announces", "Bjørns iPhone._ipp._tcp.local")
    ]


def test_what_is_withdrawn_is_told() -> None:
    headers = [("NT", "upnp:rootdevice"), ("NTS", "ssdp:byebye")]
    assert ssdp.said_by("NOTIFY", headers).says == "withdraws"


def test_only_so_many_different_things_are_kept() -> None:
    network = LocalNetwork()
    for n in range(MOST_SAID + 7):
        network.add(SsdpFact("ssdp", "announces", str(n)), 0, "192.0.2.1", n, n)
    assert (len(network.heard()), network.left_out) == (MOST_SAID, 7)


@given(st.binary(max_size=120))
def test_any_bytes_end_without_an_exception(data: bytes) -> None:
    mdns.said_in(data)
    mdns.said_in(b"\0\0\x84\0\0\1\0\2\0\0\0\1" + data)
    ssdp.parse(b"NOTIFY * HTTP/1.1\r\n" + data)


SSDP_CAPTURES = (
    "andypitcher__IoT_Sentinel/captures_IoT_Sentinel/captures_IoT-Sentinel/D-LinkCam/Setup-A-2-STA.pcap",
    "andypitcher__IoT_Sentinel/captures_IoT_Sentinel/captures_IoT-Sentinel/EdimaxCam1/Setup-A-2-STA.pcap",
    "ntop__nDPI/tests/cfgs/default/pcap/netflix.pcap",
    "wireshark__wireshark/test/captures/logistics_multicast.pcapng",
)


@needs_tshark
@pytest.mark.parametrize("name", SSDP_CAPTURES)
def test_tshark_sees_as_many_searches_and_announcements(name: str) -> None:
    path = of_corpus(name)
    rows = tshark(path, "ssdp", "http.request.method", "http.response.code")
    theirs = Counter(method or code for method, code in rows)
    words = {
        "searches for": "M-SEARCH",
        "announces": "NOTIFY",
        "withdraws": "NOTIFY",
        "answers that it is": "200",
    }
    ours: Counter[str] = Counter()
    for heard in read(path).scan.observer.clear_datagrams.local.heard():
        if heard.said.protocol == "ssdp":
            ours[words.get(heard.said.says, "NOTIFY")] += heard.times
    assert ours == theirs
