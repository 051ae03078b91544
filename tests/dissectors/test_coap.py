"""CoAP against aiocoap, which encodes, asks and answers, and against tshark, which reads the same capture."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiocoap
import aiocoap.resource
import pytest
from aiocoap.numbers import Code, Type
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.dissectors import coap
from analyzer.dissectors.clear_message import MessagePlace
from analyzer.dissectors.coap import (
    CoapExchange,
    CoapFlow,
    CoapStream,
    framed,
    is_unmistakable,
    parse,
    target_of,
)
from analyzer.flows.reassembly import Segment
from tests import builders
from tests.dissectors.clear import Read, needs_tshark, read_frames, tshark
from tests.dissectors.relays import Said, UdpRelay, free_port
from tests.examples import examples
from tests.pipeline.captures import report_of

UP, DOWN = 0, 1
IMEI, ICCID, IMSI = "490154203237518", "89860312345678901234", "460110123456789"


def packed(code: Code, number: int = 1, token: bytes = b"\x07", kind: Type = Type.CON, **more: Any) -> bytes:
    """A datagram as aiocoap encodes it."""
    message = aiocoap.Message(code=code, payload=more.pop("payload", b""), **more)
    message.mtype, message.mid, message.token = kind, number, token
    data: bytes = message.encode()
    return data


def talk(*said: tuple[int, bytes]) -> list[CoapExchange]:
    """The exchanges of one flow, each datagram a frame."""
    flow, found = CoapFlow(), []
    for frame, (side, datagram) in enumerate(said, 1):
        packet = parse(datagram)
        assert packet is not None
        found += flow.take(side, packet, MessagePlace(0, len(datagram), (frame,), frame, frame))
    return found + list(flow.close())


# ── against aiocoap's own encoding ──────────────────────────────────────────

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


@given(
    st.sampled_from([Code.GET, Code.POST, Code.PUT, Code.DELETE, Code.FETCH, Code.CONTENT, Code.NOT_FOUND]),
    st.integers(0, 65535), st.binary(max_size=8), st.sampled_from(list(Type)), st.lists(texts, max_size=5),
    st.lists(texts, max_size=3), st.binary(max_size=300),
)  # fmt: skip
def test_what_aiocoap_encodes_is_read_back(
    code: Code, number: int, token: bytes, kind: Type, path: list[str], query: list[str], payload: bytes
) -> None:
    data = packed(code, number, token, kind, payload=payload, uri_path=path, uri_query=query)
    packet = parse(data)
    assert packet is not None
    assert (packet.kind, packet.number, packet.token) == (int(kind), number, token)
    assert packet.code == (int(code) >> 5) * 100 + (int(code) & 31)
    assert [value.decode() for value in packet.values(coap.URI_PATH)] == path
    assert [value.decode() for value in packet.values(coap.URI_QUERY)] == query
    assert packet.payload == payload


@given(st.binary(max_size=80))
@settings(max_examples=examples(500))
def test_bytes_are_read_exactly_where_aiocoap_reads_them(data: bytes) -> None:
    try:
        theirs = aiocoap.Message.decode(data)
    except Exception:
        theirs = None
    ours = parse(data)
    if ours is not None:
        assert theirs is not None
        assert (theirs.mid, theirs.token, theirs.payload) == (ours.number, ours.token, ours.payload)


@given(st.binary(min_size=4, max_size=200))
@settings(max_examples=examples(500))
def test_random_bytes_are_no_unmistakable_request(data: bytes) -> None:
    packet = parse(bytes([0x40 | data[0] & 0x3F]) + data[1:])  # as short headers of QUIC begin
    if packet is not None and is_unmistakable(packet):
        assert any(n in coap.TELLING and v.decode().isprintable() for n, v in packet.options)
        assert all(n in coap.OPTIONS for n, _ in packet.options)


def test_all_options_of_a_uri_make_the_target() -> None:
    packet = parse(
        packed(
            Code.GET, uri_host="coap.example", uri_port=61616, uri_path=("a/b", "c"), uri_query=("d=1", "e")
        )
    )
    assert packet is not None
    assert target_of(packet) == ("/a%2Fb/c?d=1&e", "coap.example:61616")


# ── conversations ───────────────────────────────────────────────────────────


def test_a_piggybacked_answer_answers_and_acknowledges() -> None:
    asked = packed(Code.POST, 5, b"\x01", uri_path=("nb",), payload=b"x")
    answered = packed(Code.CHANGED, 5, b"\x01", Type.ACK)
    (seen,) = talk((UP, asked), (DOWN, answered))
    request, response = seen.exchange.request, seen.exchange.response
    assert request is not None
    assert response is not None
    assert (request.method, request.target, response.status) == ("POST", "/nb", 204)
    assert response.reason == "2.04 Changed"
    assert seen.acknowledged is True


def test_a_request_that_is_sent_again_is_one_request_in_two_frames() -> None:
    asked = packed(Code.GET, 5, b"\x01", uri_path=("a",))
    (seen,) = talk((UP, asked), (UP, asked))
    assert seen.exchange.request is not None
    assert seen.exchange.request.frames == [1, 2]
    assert seen.acknowledged is False


def test_a_request_repeated_after_its_answer_is_no_further_request() -> None:
    asked, answered = (
        packed(Code.GET, 5, b"\x01", uri_path=("a",)),
        packed(Code.CONTENT, 5, b"\x01", Type.ACK),
    )
    assert len(talk((UP, asked), (DOWN, answered), (UP, asked), (DOWN, answered))) == 1


def test_numbers_that_come_again_an_hour_later_are_a_new_request() -> None:
    """Modules that start anew use the same message ID and token each time."""
    asked, answered = (
        packed(Code.POST, 1, b"\x01", uri_path=("nb",)),
        packed(Code.CHANGED, 1, b"\x01", Type.ACK),
    )
    flow, found = CoapFlow(), list[CoapExchange]()
    for hour in range(3):
        for side, datagram in ((UP, asked), (DOWN, answered)):
            packet, now = parse(datagram), hour * 3600 * 10**9
            assert packet is not None
            found += flow.take(side, packet, MessagePlace(0, 9, (hour + 1,), now, now))
    assert [seen.exchange.response is not None for seen in found] == [True] * 3


def test_an_empty_acknowledgement_delivers_without_answering() -> None:
    (seen,) = talk((UP, packed(Code.GET, 5, uri_path=("a",))), (DOWN, packed(Code.EMPTY, 5, b"", Type.ACK)))
    assert seen.exchange.response is None
    assert seen.acknowledged is True


def test_a_reset_is_said() -> None:
    (seen,) = talk((UP, packed(Code.GET, 5, uri_path=("a",))), (DOWN, packed(Code.EMPTY, 5, b"", Type.RST)))
    assert seen.exchange.request is not None
    assert "the receiver rejected it (reset)" in seen.exchange.request.missing


def test_a_separate_answer_that_comes_twice_is_one_answer() -> None:
    answer = packed(Code.CONTENT, 77, b"\x01", Type.CON, payload=b"late")
    found = talk(
        (UP, packed(Code.GET, 5, b"\x01", uri_path=("a",))), (DOWN, packed(Code.EMPTY, 5, b"", Type.ACK)),
        (DOWN, answer), (DOWN, answer), (UP, packed(Code.EMPTY, 77, b"", Type.ACK)),
    )  # fmt: skip
    assert len(found) == 1


def test_notifications_follow_the_first_answer() -> None:
    found = talk(
        (UP, packed(Code.GET, 5, b"\x01", uri_path=("a",), observe=0)),
        *(
            (DOWN, packed(Code.CONTENT, 80 + n, b"\x01", Type.NON, observe=n, payload=b"%d" % n))
            for n in range(3)
        ),
    )
    assert [seen.exchange.request is None for seen in found] == [False, True, True]
    assert all(not seen.exchange.response.missing for seen in found if seen.exchange.response)


def test_tokens_that_are_empty_pair_the_newest_request() -> None:
    found = talk(
        (UP, packed(Code.GET, 1, b"", uri_path=("a",))), (UP, packed(Code.GET, 2, b"", uri_path=("b",))),
        (DOWN, packed(Code.CONTENT, 2, b"", Type.ACK)),
    )  # fmt: skip
    paired = {
        seen.exchange.request.target: seen.exchange.response is not None
        for seen in found
        if seen.exchange.request
    }
    assert paired == {"/a": False, "/b": True}


def test_a_lost_block_is_a_loss_of_its_size() -> None:
    blocks = [
        (UP, packed(Code.PUT, n, bytes([n]), uri_path=("a",), block1=(n, n < 3, 0), payload=bytes([n]) * 16))
        for n in (0, 1, 3)
    ]
    (seen,) = talk(*blocks)
    assert seen.exchange.request is not None
    body, _ = seen.exchange.request.body.body()
    assert (body.length, body.missing) == (48, "16 of 64 bytes of the body were not captured")


def test_a_flow_holds_only_so_many_requests() -> None:
    flow = CoapFlow()
    found: list[CoapExchange] = []
    for n in range(5000):
        packet = parse(
            packed(Code.GET, n % 65536, n.to_bytes(4, "big"), uri_path=(str(n),), block1=(0, True, 0))
        )
        assert packet is not None
        found += flow.take(UP, packet, MessagePlace(0, 9, (n,), n, n))
    assert len(found) == 5000 - coap.MOST_WAITING
    assert (
        sum(len(table) for table in (flow._by_token, flow._by_number, flow._by_transfer))
        <= 3 * coap.MOST_WAITING
    )


# ── a real server and client on loopback ────────────────────────────────────


class _Store(aiocoap.resource.Resource):
    """Answers any method with what it was sent, or with a long text."""

    async def render_get(self, _: Any) -> Any:
        return aiocoap.Message(payload=b"0123456789abcdef" * 300)

    async def render_post(self, request: Any) -> Any:
        return aiocoap.Message(code=Code.CHANGED, payload=b"%d" % len(request.payload))


async def _asking(said: list[Said], ask: Callable[[Any, str], Awaitable[None]]) -> None:
    site = aiocoap.resource.Site()
    for path in (["nb"], ["long"], ["rd"]):
        site.add_resource(path, _Store())
    port = free_port()
    server = await aiocoap.Context.create_server_context(
        site, bind=("127.0.0.1", port), transports=["simplesocketserver"]
    )
    relay = UdpRelay(("127.0.0.1", port))
    client = await aiocoap.Context.create_client_context(transports=["simple6"])
    try:
        await ask(client, f"coap://127.0.0.1:{relay.port}")
    finally:
        await client.shutdown()
        await server.shutdown()
        relay.close()
    said += relay.said


def between_real_ends(ask: Callable[[Any, str], Awaitable[None]]) -> list[Said]:
    """What an aiocoap client and server say to each other."""
    said: list[Said] = []
    asyncio.run(asyncio.wait_for(_asking(said, ask), 30))
    return said


async def register(client: Any, base: str) -> None:
    payload = {
        "REGVER": "2",
        "MEID": IMEI,
        "MODEL": "X-1",
        "SWVER": "1",
        "SIM1ICCID": ICCID,
        "SIM1LTEIMSI": IMSI,
    }
    body = base64.b64encode(json.dumps(payload).encode())
    await client.request(aiocoap.Message(code=Code.POST, uri=f"{base}/nb", payload=body)).response


async def register_lwm2m(client: Any, base: str) -> None:
    uri = f"{base}/rd?ep=urn:imei:{IMEI}&lt=86400&lwm2m=1.0&b=U"
    links = b'</>;rt="oma.lwm2m",</1/0>,</3/0>'
    await client.request(aiocoap.Message(code=Code.POST, uri=uri, payload=links, content_format=40)).response


async def send_and_fetch(client: Any, base: str) -> None:
    await client.request(
        aiocoap.Message(code=Code.POST, uri=f"{base}/nb", payload=bytes(range(256)) * 16)
    ).response
    await client.request(aiocoap.Message(code=Code.GET, uri=f"{base}/long?a=1")).response


def capture(said: list[Said], port: int) -> list[bytes]:
    return [builders.udp(data, up=up, ports=(40000, port)) for up, data in said]


@pytest.mark.parametrize("port", [5683, 7777])
def test_blocks_of_a_real_client_are_put_together_on_any_port(port: int, tmp_path: Path) -> None:
    found = read_frames(capture(between_real_ends(send_and_fetch), port), tmp_path / "a.pcap")
    exchanges = [seen for seen in found.exchanges if seen.request is not None]
    sent, fetched = exchanges
    assert sent.request is not None
    assert fetched.response is not None
    assert sent.request.body.body()[0].content == bytes(range(256)) * 16
    assert fetched.response.body.body()[0].content == b"0123456789abcdef" * 300
    assert [seen.delivered for seen in exchanges] == [True, True]
    assert len(found.exchanges) == 2


@needs_tshark
def test_tshark_sees_the_same_requests_and_payloads(tmp_path: Path) -> None:
    said = [
        *between_real_ends(register), *between_real_ends(register_lwm2m), *between_real_ends(send_and_fetch),
    ]  # fmt: skip
    found: Read = read_frames(capture(said, 5683), tmp_path / "a.pcap")
    path = tmp_path / "a.pcap"
    rows = tshark(path, "coap.code <= 7 && coap.code > 0", "coap.opt.uri_path_recon")
    ours = {(m.target or "").partition("?")[0] for m in found.requests("coap")}
    assert {"/" + row[0].strip("/") for row in rows} == ours == {"/nb", "/rd", "/long"}
    assert len(found.requests("coap")) == 4
    sent = [row[0] for row in tshark(path, "coap.code <= 7 && data.data", "data.data")]
    assert {bytes.fromhex(data) for data in sent} >= {
        m.body.body()[0].content for m in found.requests("coap") if m.target == "/nb" and m.body.length < 1000
    }


def test_the_registration_at_nb_is_recognised(tmp_path: Path) -> None:
    report = report_of(capture(between_real_ends(register), 5683), tmp_path / "a.pcap")
    (ping,) = report.pings
    assert (ping.dossier, ping.status, ping.confidence) == (
        "china-telecom-registration-coap",
        "answered",
        "high",
    )
    assert "the server answered with CoAP code 2.04 Changed" in ping.status_reasons
    assert "the server acknowledged the request (CoAP)" in ping.status_reasons
    assert {f.kind for f in report.findings} >= {"imei", "iccid", "imsi"}
    assert report.messages[0].protocol == "coap"
    assert {kind for row in report.destinations for kind in row.kinds} == {"coap"}


def test_an_lwm2m_registration_is_recognised_once(tmp_path: Path) -> None:
    report = report_of(capture(between_real_ends(register_lwm2m), 5683), tmp_path / "a.pcap")
    (ping,) = report.pings
    assert (ping.dossier, ping.confidence) == ("lwm2m-registration", "high")
    assert {field.key: field.value for field in ping.fields}["ep"] == f"urn:imei:{IMEI}"
    assert {(f.kind, f.value) for f in report.findings} >= {("imei", IMEI)}


def test_china_mobiles_server_is_named_where_the_request_names_it(tmp_path: Path) -> None:
    asked = packed(
        Code.POST, uri_host="m.fxltsbl.com", uri_path=("rd",), uri_query=("ep=1", "lt=86400", "lwm2m=1.0")
    )
    report = report_of([builders.udp(asked, ports=(40000, 5683))], tmp_path / "a.pcap")
    assert [ping.dossier for ping in report.pings] == ["china-mobile-lwm2m"]
    assert report.pings[0].status == "attempted"


def test_an_unacknowledged_request_is_not_delivered(tmp_path: Path) -> None:
    asked = capture([(True, packed(Code.GET, 5, uri_path=("a",)))], 5683)
    stray = capture([(False, packed(Code.EMPTY, 99, b"", Type.ACK))], 5683)
    assert read_frames(asked, tmp_path / "a.pcap").exchanges[0].delivered is None
    assert read_frames(asked + stray, tmp_path / "a.pcap").exchanges[0].delivered is False


# ── over TCP ────────────────────────────────────────────────────────────────


def over_tcp(code: Code, token: bytes = b"", options: bytes = b"", payload: bytes = b"") -> bytes:
    """A message as aiocoap's TCP transport frames it."""
    from aiocoap.transports.tcp import _serialize

    message = aiocoap.Message(code=code, payload=payload)
    message.token = token
    message.opt.decode(options)
    data: bytes = _serialize(message)
    return data


CSM = over_tcp(Code.CSM, options=b"\x22\x04\x80\x20")  # Max-Message-Size 1,152, Block-Wise-Transfer


@given(st.binary(max_size=8), st.binary(max_size=70_000), st.integers(1, 40))
@settings(max_examples=examples(30))
def test_frames_of_aiocoap_are_read_in_any_cutting(token: bytes, payload: bytes, size: int) -> None:
    data = CSM + over_tcp(Code.POST, token, bytes([0xB2]) + b"nb", payload)
    step = max(len(data) // size, 1)
    stream = CoapStream(0)
    for at in range(0, len(data), step):
        assert list(stream.feed(0, Segment(at, data[at : at + step], at, at))) == []
    (exchange,) = stream.close()
    assert exchange.request is not None
    assert (exchange.request.target, exchange.request.body.body()[0].content) == ("/nb", payload)
    assert exchange.request.start == len(CSM)


@pytest.mark.parametrize("port", [5683, 9999])
def test_coap_over_tcp_is_known_by_its_capabilities_message(port: int, tmp_path: Path) -> None:
    said = [
        (True, CSM), (False, CSM), (True, over_tcp(Code.POST, b"\x01", b"\xb2nb", b"hello")),
        (False, over_tcp(Code.CHANGED, b"\x01")),
    ]  # fmt: skip
    found = read_frames(builders.conversation(*said, ports=(40000, port)), tmp_path / "a.pcap")
    (seen,) = found.exchanges
    assert seen.request is not None
    assert seen.response is not None
    assert (seen.request.protocol, seen.request.target, seen.response.status) == ("coap+tcp", "/nb", 204)
    assert seen.delivered is True


@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_none_or_cut(data: bytes) -> None:
    found = framed(data)
    assert found is None or found[0] is None or 0 < found[1] <= len(data)


def test_more_options_than_any_request_has_are_no_coap() -> None:
    assert parse(b"\x40\x01\0\0" + b"\x00" * 60_000) is None
