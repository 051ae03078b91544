"""SOCKS handshakes to requests, and what goes through them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.dissectors.http1 import HttpMessage
from analyzer.dissectors.http_flow import HttpFlow
from tests.dissectors.talks import (
    CLIENT,
    SERVER,
    Http2Talk,
    Sent,
    body_of,
    heard,
    lost,
    messages,
    pieces,
    read,
)
from tests.examples import examples

GET = b"GET /in HTTP/1.1\r\nHost: example.com\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntext"
SECRET = b"synthetic-secret"
CONNECT = b"CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80\r\n\r\n"

SOCKS_4 = [(CLIENT, b"\4\1\0\x50\xc0\0\2\7me\0"), (SERVER, b"\0\x5a" + bytes(6))]
SOCKS_4A = [(CLIENT, b"\4\1\0\x50\0\0\0\1\0example.com\0"), (SERVER, b"\0\x5a" + bytes(6))]
BOUND = b"\5\0\0\1\x0a\0\0\1\x04\0"
SOCKS_5 = [
    (CLIENT, b"\5\1\0"),
    (SERVER, b"\5\0"),
    (CLIENT, b"\5\1\0\3\x0bexample.com\0\x50"),
    (SERVER, BOUND),
]
SOCKS_5_V6 = [*SOCKS_5[:2], (CLIENT, b"\5\1\0\4\x20\1\x0d\xb8" + bytes(11) + b"\1\0\x50"), (SERVER, BOUND)]
PASSWORD = [
    (CLIENT, b"\5\2\0\2"), (SERVER, b"\5\2"),
    (CLIENT, b"\1\2me" + bytes([len(SECRET)]) + SECRET), (SERVER, b"\1\0"), *SOCKS_5[2:],
]  # fmt: skip
KINDS = {
    "4": (SOCKS_4, "socks 4", "192.0.2.7:80"),
    "4a": (SOCKS_4A, "socks 4", "example.com:80"),
    "5": (SOCKS_5, "socks 5", "example.com:80"),
    "5 with an IPv6 address": (SOCKS_5_V6, "socks 5", "[2001:db8::1]:80"),
    "5 with a password": (PASSWORD, "socks 5", "example.com:80"),
}
every_kind = pytest.mark.parametrize(("handshake", "protocol", "target"), KINDS.values(), ids=KINDS)


def talk(*sent: Sent) -> list[HttpMessage]:
    return messages(read(pieces(sent)))


@every_kind
def test_the_destination_asked_for_is_named(handshake: list[Sent], protocol: str, target: str) -> None:
    request, reply = talk(*handshake)
    assert (request.protocol, request.method, request.target) == (protocol, "CONNECT", target)
    assert reply.status in (0, 90)


@every_kind
def test_http_inside_is_read(handshake: list[Sent], protocol: str, target: str) -> None:
    request, response = talk(*handshake, (CLIENT, GET), (SERVER, OK))[2:]
    assert (request.target, body_of(response).content) == ("/in", b"text")
    assert request.tunnel == response.tunnel == (f"{protocol.upper()} CONNECT {target}",)


@pytest.mark.parametrize("handshake", [kind[0] for kind in KINDS.values()], ids=KINDS)
@settings(max_examples=examples(15), deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_any_segmentation_gives_the_same(handshake: list[Sent], seed: int) -> None:
    turn, sent = random.Random(seed), [*handshake, (CLIENT, GET), (SERVER, OK)]
    whole = sorted(map(heard, talk(*sent)))
    cut = pieces(sent, lambda data: [turn.randrange(len(data) + 1) for _ in range(turn.choice([1, 20]))])
    assert sorted(map(heard, messages(read(cut)))) == whole
    apart = sorted(cut, key=lambda placed: placed[0])  # as within one batch: the client's bytes first
    assert sorted(map(heard, messages(read(apart)))) == whole


@every_kind
def test_a_client_alone_is_read(handshake: list[Sent], protocol: str, target: str) -> None:
    sent = [*handshake, (CLIENT, GET), (SERVER, OK)]
    request, inside = talk(*[placed for placed in sent if placed[0] == CLIENT])
    assert (request.protocol, request.target) == (protocol, target)
    assert (inside.target, inside.tunnel) == ("/in", (f"{protocol.upper()} CONNECT {target}",))


def test_a_password_is_named_and_not_kept() -> None:
    request = talk(*PASSWORD)[0]
    assert dict(request.headers)["user"] == "me"
    assert "password" in dict(request.headers)
    assert SECRET.decode() not in repr(request)
    assert str(len(SECRET)) not in dict(request.headers)["password"]


def test_a_refusal_is_told_in_its_words() -> None:
    request, reply = talk(*SOCKS_5[:3], (SERVER, b"\5\5\0\1" + bytes(6)))
    assert (request.target, reply.status, reply.reason) == ("example.com:80", 5, "connection refused")


def test_no_acceptable_method_ends_it() -> None:
    (request,) = talk((CLIENT, b"\5\1\2"), (SERVER, b"\5\xff"))
    assert dict(request.headers)["authentication"] == "refused"


def test_udp_associate_is_named() -> None:
    request, reply = talk(*SOCKS_5[:2], (CLIENT, b"\5\3\0\1" + bytes(6)), (SERVER, BOUND))
    assert (request.method, reply.headers) == ("UDP ASSOCIATE", [("bound address", "10.0.0.1:1024")])


def test_http_2_inside_is_read() -> None:
    inner = Http2Talk().begin().ask(1, "/inner", b"up").answer(1, b"down")
    request, response = talk(*SOCKS_5, *inner.sent)[2:]
    assert (request.target, request.version, body_of(request).content) == ("/inner", "2", b"up")
    assert body_of(response).content == b"down"
    assert request.tunnel == ("SOCKS 5 CONNECT example.com:80",)


def test_socks_through_socks_is_read() -> None:
    inside = talk(*SOCKS_5, *SOCKS_4A, (CLIENT, GET), (SERVER, OK))[-2]
    assert inside.tunnel == ("SOCKS 5 CONNECT example.com:80", "SOCKS 4 CONNECT example.com:80")


def test_proxies_without_end_are_followed_to_a_depth() -> None:
    found = talk(*(SOCKS_4A * 200), (CLIENT, GET))
    assert max(len(m.tunnel) for m in found) <= 5


@every_kind
def test_a_lost_reply_does_not_hide_what_is_inside(handshake: list[Sent], protocol: str, target: str) -> None:
    found = pieces([*handshake, (CLIENT, GET), (SERVER, OK)])
    request, *inside = messages(read(lost(found, len(handshake))))
    assert (request.protocol, request.target) == (protocol, target)
    assert sorted(m.target or str(m.status) for m in inside) == ["/in", "200"]


@pytest.mark.parametrize(
    "first",
    [b"\5\1", b"\4\1\0\x50", b"\5\1\x0b", b"\5\0\0", b"\4\3\0\x50abcd\0", b"\5", b"\4\1" + b"a" * 5000],
)
def test_what_only_begins_like_socks_is_read_as_http(first: bytes) -> None:
    found = talk((CLIENT, first), (SERVER, b"\0\0"), (CLIENT, GET), (SERVER, OK))
    assert [m.target or m.status for m in found] == ["/in", 200]


def test_what_the_server_does_not_answer_as_socks_is_read_as_http() -> None:
    found = talk((CLIENT, b"\5\1\0"), (SERVER, b"no socks"), (CLIENT, GET), (SERVER, OK))
    assert [m.target or m.status for m in found] == ["/in", 200]


def waiting(*sent: Sent) -> list[str | None]:
    """The targets of the requests that are complete while their answers are not."""
    flow = HttpFlow(None, None)
    for direction, piece in pieces(sent):
        list(flow.read(direction, piece))
    return [exchange.request.target for exchange in flow.unanswered() if exchange.request is not None]


@pytest.mark.parametrize("handshake", [[], SOCKS_5, [(CLIENT, CONNECT), (SERVER, OK[:17] + OK[-8:-4])]])
@pytest.mark.parametrize("http2", [False, True])
def test_a_request_is_there_while_its_answer_goes_on(handshake: list[Sent], http2: bool) -> None:
    """An answer without end, directly, through SOCKS and through CONNECT; HTTP/1 and HTTP/2."""
    if http2:
        inside = Http2Talk().begin().ask(1, "/in").ask(3, "/half", b"body")
        inside.answer(3)
        inside.server.send_headers(1, [(":status", "200")])
        sent = inside.pass_on().sent
    else:
        sent = [(CLIENT, GET), (SERVER, OK[:-2])]
    assert waiting(*handshake, *sent) == ["/in"]
