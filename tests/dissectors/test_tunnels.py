"""CONNECT, absolute-form targets and other upgrades: what was asked of a proxy, and what went through it."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from analyzer.dissectors import protocol_switch
from analyzer.dissectors.http_flow import HttpFlow
from tests import builders
from tests.dissectors.talks import CLIENT, SERVER, Http2Talk, body_of, messages, pieces, read
from tests.pipeline.captures import report_of

CONNECT = b"CONNECT inner.example:443 HTTP/1.1\r\nHost: inner.example:443\r\n\r\n"
GRANTED = b"HTTP/1.1 200 Connection established\r\n\r\n"
GET = b"GET /in HTTP/1.1\r\nHost: other.example\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntext"
THROUGH = ("CONNECT inner.example:443",)


def hello(name: str) -> bytes:
    """The first bytes of a TLS client of the standard library."""
    context, outgoing = ssl.create_default_context(), ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def test_http_inside_connect_is_read() -> None:
    sent = [(CLIENT, CONNECT), (SERVER, GRANTED), (CLIENT, GET), (SERVER, OK)]
    asked, granted, request, response = messages(read(pieces(sent)))
    assert (asked.target, granted.status, asked.tunnel) == ("inner.example:443", 200, ())
    assert (request.target, request.tunnel) == ("/in", THROUGH)
    assert (body_of(response).content, response.tunnel) == (b"text", THROUGH)


def test_http_2_inside_connect_is_read() -> None:
    inner = Http2Talk().begin().ask(1, "/inner").answer(1, b"down")
    found = messages(read(pieces([(CLIENT, CONNECT), (SERVER, GRANTED), *inner.sent])))
    assert [(m.target, m.status, m.tunnel) for m in found[2:]] == [
        ("/inner", None, THROUGH),
        (None, 200, THROUGH),
    ]


def test_the_name_that_tls_inside_asks_for_is_told() -> None:
    flow = HttpFlow(None, None)
    read(pieces([(CLIENT, CONNECT), (SERVER, GRANTED), (CLIENT, hello("secret.example"))]), flow)
    ((told, tunnel),) = flow.switch.around.hellos
    assert (told.name, tunnel) == ("secret.example", THROUGH)
    assert not flow.wants_more


def test_bytes_that_follow_at_once_are_read() -> None:
    found = messages(read(pieces([(CLIENT, CONNECT + GET), (SERVER, GRANTED + OK)])))
    assert [m.tunnel for m in found] == [(), (), THROUGH, THROUGH]


def test_a_refused_connect_stays_http_1() -> None:
    refused = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    sent = [(CLIENT, CONNECT + CONNECT), (SERVER, refused + GRANTED), (CLIENT, GET), (SERVER, OK)]
    found = messages(read(pieces(sent)))
    assert [m.status for m in found if m.role == "response"] == [407, 200, 200]
    assert found[-2].tunnel == THROUGH


def test_the_clients_side_alone_is_read() -> None:
    found = messages(read(pieces([(CLIENT, CONNECT), (CLIENT, GET)])))
    assert [(m.target, m.tunnel) for m in found] == [("/in", THROUGH), ("inner.example:443", ())]


def test_what_is_held_back_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol_switch, "MOST_HELD", 1000)
    sent = [(CLIENT, CONNECT), *[(CLIENT, GET)] * 100, (SERVER, GRANTED), *[(SERVER, OK)] * 100]
    flow = HttpFlow(None, None)
    found, most = [], 0
    for direction, piece in pieces(sent):
        found += list(flow.read(direction, piece))
        most = max(most, sum(len(held.data) for held in flow.switch._held if not hasattr(held, "length")))
    assert most <= 1000 + len(GET)
    inside = messages([*found, *flow.finish()])
    assert sum(m.tunnel == THROUGH for m in inside) == 200


def test_an_upgrade_to_something_unknown_does_not_end_what_is_readable() -> None:
    ask = b"POST /attach HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    answer = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    found = messages(read(pieces([(CLIENT, ask), (SERVER, answer), (CLIENT, GET), (SERVER, OK)])))
    assert [m.tunnel for m in found[2:]] == [("upgrade to tcp",)] * 2


# ── the whole way ───────────────────────────────────────────────────────────


def test_a_report_names_the_proxy_and_what_is_behind_it(tmp_path: Path) -> None:
    frames = builders.conversation((True, CONNECT), (False, GRANTED), (True, GET), (False, OK))
    report = report_of(frames, tmp_path / "t.pcap")
    inner = next(m for m in report.messages if m.target == "/in")
    assert (inner.destination.address, inner.host, inner.tunnel) == (
        builders.SERVER,
        "other.example",
        THROUGH,
    )
    (name,) = report.destinations[0].names
    assert (name.name, name.via) == ("inner.example", "asked of a proxy at this address")


def test_an_inner_request_without_a_host_is_for_the_target_of_the_tunnel(tmp_path: Path) -> None:
    bare = b"GET /in HTTP/1.0\r\n\r\n"
    frames = builders.conversation((True, CONNECT), (False, GRANTED), (True, bare), (False, OK))
    report = report_of(frames, tmp_path / "t.pcap")
    inner = next(m for m in report.messages if m.target == "/in")
    assert inner.host == "inner.example:443"


def test_tls_inside_is_not_counted_as_readable(tmp_path: Path) -> None:
    secret = b"\x17\3\3\x20\0" + bytes(8192)
    sent = [(True, CONNECT), (False, GRANTED), (True, hello("secret.example")), *[(False, secret)] * 20]
    report = report_of(builders.conversation(*sent), tmp_path / "t.pcap")
    assert ("secret.example", "sni") in [(name.name, name.how) for name in report.destinations[0].names]
    assert report.destinations[0].payload_readable == 0


def test_an_absolute_form_target_names_the_host(tmp_path: Path) -> None:
    ask = b"GET http://origin.example/path HTTP/1.1\r\nHost: proxy.example\r\n\r\n"
    (request, _) = report_of(builders.conversation((True, ask), (False, OK)), tmp_path / "t.pcap").messages
    assert request.host == "origin.example"


def test_requests_that_may_change_the_protocol_are_released_one_by_one() -> None:
    ask = b"GET /%d HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n"
    requests = b"".join(ask % number for number in range(3000))
    byte_by_byte = pieces([(CLIENT, requests)], lambda data: range(0, len(data), 7))
    found = messages(read(byte_by_byte))
    assert [m.target for m in found] == [f"/{number}" for number in range(3000)]


def test_connects_in_both_directions_keep_their_bytes_apart() -> None:
    # The second one stands where an answer should; what is held behind the first stays on its own side.
    sent = [(CLIENT, CONNECT), (CLIENT, b" not TLS"), (SERVER, CONNECT + b"HTTP/1.1 200 OK\r\n\r\n")]
    for message in messages(read(pieces(sent))):
        assert message.frames == sorted(message.frames)
        assert message.start <= message.end
    told = [message.role for message in messages(read(pieces(sent)))]
    assert sorted(told) == ["request", "request", "response"]
