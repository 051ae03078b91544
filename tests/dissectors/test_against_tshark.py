"""Real captures with HTTP/2 and WebSocket in clear text: what tshark sees there, we see."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer import analyze
from analyzer.model import Message
from tests.dissectors.tshark import (
    CORPUS,
    Half,
    Said,
    digest,
    http2_halves,
    needs_corpus,
    needs_tshark,
    websocket_messages,
)

pytestmark = [needs_tshark, needs_corpus]

SURICATA, ZEEK = "OISF__suricata-verify/tests", "zeek__zeek/testing/btest/Traces"
# With the ports on which tshark has to be told to look for HTTP/2.
HTTP_2 = {
    f"{SURICATA}/http2-authority-mismatch/authority_and_host_2.pcap": (),
    f"{SURICATA}/http2-continuation/input.pcap": (),
    f"{SURICATA}/http2-deflate-case/input.pcap": (),
    f"{SURICATA}/http2-deflate/http2_deflate.pcap": (),
    f"{SURICATA}/http2-keywords/input.pcap": (3000,),
    f"{SURICATA}/http2-keywords2/input.pcap": (),
    f"{SURICATA}/http2-long-frame/input.pcap": (8443,),
    f"{SURICATA}/http2-range/http2-range.pcap": (),
    f"{SURICATA}/http2-userinfo-authority/http2_userinfo_in_authority_1.pcap": (),
}
WEBSOCKET = [
    f"{SURICATA}/websocket-ping/input.pcap",
    f"{SURICATA}/websocket/basic_websockets.pcap",
    "arkime__arkime/tests/pcap/websocket.pcap",
    f"{ZEEK}/http/websocket.pcap",
    f"{ZEEK}/websocket/jupyter-websocket.pcap",
    f"{ZEEK}/websocket/oversized-close-frame.pcapng",
    f"{ZEEK}/websocket/reply-ping-coalesced.pcap",
    f"{ZEEK}/websocket/two-binary-fragments.pcap",
    f"{ZEEK}/websocket/wrong-accept-header.pcap",
    f"{ZEEK}/websocket/wstunnel-https.pcap",
    f"{ZEEK}/websocket/wstunnel-ssh.pcap",
]
OPCODES = {"text": 1, "binary": 2, "close": 8, "ping": 9, "pong": 10}


def messages(name: str, protocol: str) -> list[Message]:
    return [m for m in analyze(CORPUS / "captures" / name).messages if m.protocol == protocol]


def half(message: Message, body: str) -> Half:
    status = None if message.status is None else str(message.status)
    stream = message.stream or 0
    return Half(message.source.port, stream, message.method, message.target, message.host, status, body)


def said(message: Message, payload: str) -> Said:
    return Said(message.source.port, OPCODES[message.method or ""], payload)


def without_user(seen: Half) -> Half:
    """As a host is named: tshark shows the authority with user and password."""
    return seen._replace(authority=seen.authority and seen.authority.rpartition("@")[2])


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", HTTP_2, ids=lambda name: name.split("/")[-2])
def test_requests_responses_and_bodies_of_http_2_are_those_of_tshark(name: str) -> None:
    expected = [without_user(seen) for seen in http2_halves(CORPUS / "captures" / name, HTTP_2[name])]
    assert expected
    for message in messages(name, "http/2"):
        # Where tshark undoes a content coding it shows what comes out.
        raw, decoded = message.body.sha256 or "", digest(message.body.content)
        seen = half(message, raw) if half(message, raw) in expected else half(message, decoded)
        assert seen in expected
        expected.remove(seen)
    assert expected == []


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", WEBSOCKET, ids=lambda name: Path(name).stem)
def test_messages_of_websocket_are_those_of_tshark(name: str) -> None:
    expected = websocket_messages(CORPUS / "captures" / name)
    assert expected
    for message in messages(name, "websocket"):
        if message.body.length:
            seen = said(message, message.body.sha256 or "")
            assert seen in expected
            expected.remove(seen)
    assert expected == []


# Captures of proxies with the destinations that tshark shows in their requests.
SOCKS = {
    "arkime__arkime/tests/pcap/socks-http-example.pcap": [
        "93.184.216.119:80", "www.example.com:80", "93.184.216.119:80",
    ],
    "arkime__arkime/tests/pcap/socks-https-example.pcap": [
        "93.184.216.119:443", "www.example.com:443", "93.184.216.119:443",
    ],
    f"{ZEEK}/tunnels/socks.pcap": ["192.150.187.12:80"],
    "ntop__nDPI/tests/cfgs/default/pcap/shadowsocks.pcap": ["128.95.155.198:80"],
}  # fmt: skip


@pytest.mark.parametrize("name", SOCKS, ids=lambda name: Path(name).stem)
def test_destinations_behind_socks_are_named(name: str) -> None:
    report = analyze(CORPUS / "captures" / name)
    asked = [m.target for m in report.messages if m.protocol.startswith("socks") and m.role == "request"]
    assert asked == SOCKS[name]


def test_a_name_asked_for_by_tls_behind_socks_is_told() -> None:
    report = analyze(CORPUS / "captures" / "arkime__arkime/tests/pcap/socks-https-example.pcap")
    (name,) = {(n.name, n.how) for row in report.destinations for n in row.names if n.how == "sni"}
    assert name == ("www.example.com", "sni")


def test_http_2_inside_connect_is_read() -> None:
    found = messages(f"{SURICATA}/http2-errorcode/input.pcap", "http/2")
    assert {m.target for m in found if m.tunnel} == {"/helloworld.GreeterService/SayHello", None}
    assert {m.tunnel for m in found} == {(), ("CONNECT 127.0.0.1:6233",)}
