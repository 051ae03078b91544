"""MQTT: what a real client says to a small broker, and what tshark reads in the corpus."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from analyzer.dissectors import mqtt
from analyzer.dissectors.exchange import Exchange
from analyzer.dissectors.mqtt import MqttFlow
from analyzer.dissectors.text_logins import NOT_SHOWN
from analyzer.flows.reassembly import Gap, Segment
from analyzer.report.json import write
from tests import builders
from tests.dissectors.clear import needs_tshark, of_corpus, read, read_frames, sha256, tshark
from tests.dissectors.relays import Said, served
from tests.pipeline.captures import report_of

PASSWORD = "Hemmelig9Secret"
VERSIONS = {
    "3.1": MQTTProtocolVersion.MQTTv31,
    "3.1.1": MQTTProtocolVersion.MQTTv311,
    "5": MQTTProtocolVersion.MQTTv5,
}


def answering(version: str, large: bytes) -> Callable[[socket.socket], None]:
    """A broker that answers what it must and publishes `large` to whoever subscribes."""
    properties = b"\0" if version == "5" else b""

    def packet(kind: int, body: bytes) -> bytes:
        return bytes([kind, len(body)]) + body

    def answer(connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        while first := stream.read(1):
            length = shift = 0
            while (byte := stream.read(1)[0]) & 128:
                length, shift = length | (byte & 127) << shift, shift + 7
            body = stream.read(length | byte << shift)
            kind, quality = first[0] >> 4, first[0] >> 1 & 3
            if kind == mqtt.CONNECT:
                connection.sendall(packet(0x20, b"\0\0" + properties))
            elif kind == mqtt.SUBSCRIBE:
                connection.sendall(packet(0x90, body[:2] + properties + b"\0"))
                topic = b"\0\x04down"
                size = len(topic) + len(properties) + len(large)
                head = bytes([0x30, size & 127 | 128, size >> 7 & 127 | 128, size >> 14])
                connection.sendall(head + topic + properties + large)
            elif kind == mqtt.PUBLISH and quality == 1:
                at = 2 + int.from_bytes(body[:2], "big")
                connection.sendall(packet(0x40, body[at : at + 2]))
            elif kind == mqtt.DISCONNECT:
                return

    return answer


def by_paho(version: str, published: bytes) -> list[Said]:
    """What a paho client and a broker say to each other: connect, subscribe, publish at QoS 0 and 1."""
    done = threading.Event()
    client = paho.Client(CallbackAPIVersion.VERSION2, "client-7", protocol=VERSIONS[version])
    client.username_pw_set("kari", PASSWORD)
    client.will_set("gone", b"good bye")
    client.on_connect = lambda *_: client.subscribe("down/#", 0)
    client.on_message = lambda *_: (client.publish("up/a", b"zero"), client.publish("up/b", published, 1))
    client.on_publish = lambda _c, _u, number, *_: number > 2 and done.set()
    with served(answering(version, bytes(range(256)) * 1200)) as relay:
        client.connect("127.0.0.1", relay.port)
        client.loop_start()
        assert done.wait(10)
        client.disconnect()
        client.loop_stop()
    return relay.said


@pytest.mark.parametrize("version", VERSIONS)
def test_a_real_clients_session_is_read_on_any_port(version: str, tmp_path: Path) -> None:
    large = bytes(range(256)) * 2000
    frames = builders.conversation(*by_paho(version, large), ports=(40000, 4444))
    exchanges = read_frames(frames, tmp_path / "a.pcap").exchanges
    asked = [seen for seen in exchanges if seen.request is not None]
    requests = {(seen.request.method, seen.request.target): seen for seen in asked if seen.request}
    connect = requests["CONNECT", None]
    assert connect.request is not None
    assert connect.response is not None
    assert connect.request.protocol == f"mqtt/{version}"
    assert connect.response.status == 0
    headers = dict(connect.request.headers)
    assert (headers["Client-Id"], headers["User"], headers["Password"]) == ("client-7", "kari", NOT_SHOWN)
    assert headers["Will-Topic"] == "gone"
    assert connect.request.body.body()[0].content == b"good bye"
    assert requests["SUBSCRIBE", "down/#"].response is not None
    first, second = requests["PUBLISH", "up/a"], requests["PUBLISH", "up/b"]
    assert first.request is not None
    assert second.request is not None
    assert first.request.body.body()[0].content == b"zero"
    assert (first.response, first.request.one_way) == (None, True)
    assert second.request.body.body()[0].content == large
    assert second.response is not None
    (pushed,) = [seen.response for seen in exchanges if seen.request is None]
    assert pushed is not None
    assert (pushed.method, pushed.target) == ("PUBLISH", "down")
    assert pushed.body.body()[0].content == bytes(range(256)) * 1200
    assert all(seen.delivered for seen in asked)


def test_the_password_is_nowhere_in_the_report(tmp_path: Path) -> None:
    frames = builders.conversation(*by_paho("5", b"x"), ports=(40000, 1883))
    report = report_of(frames, tmp_path / "a.pcap")
    assert PASSWORD not in write(report)
    assert {(f.kind, f.value) for f in report.findings} == {
        ("account", "kari"),
        ("password", "not shown (account kari)"),
    }


def connect(client: bytes = b"c", flags: int = 2, rest: bytes = b"") -> bytes:
    body = b"\0\4MQTT\4" + bytes([flags]) + b"\0\x3c" + len(client).to_bytes(2, "big") + client + rest
    return b"\x10" + bytes([len(body)]) + body


def publish(topic: bytes, payload: bytes, quality: int = 0) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic + (b"\0\1" if quality else b"") + payload
    length, size = b"", len(body)
    while True:
        length += bytes([size & 127 | (128 if size > 127 else 0)])
        size >>= 7
        if not size:
            return bytes([0x30 | quality << 1]) + length + body


def taken(flow: MqttFlow, data: bytes, step: int, start: int = 0) -> list[Exchange]:
    found: list[Exchange] = []
    for at in range(0, len(data), step):
        found += flow.feed(0, Segment(start + at, data[at : at + step], start + at + 1, 0))
    return found


@given(st.binary(max_size=3000), st.integers(1, 700))
def test_packets_are_the_same_in_any_cutting(payload: bytes, step: int) -> None:
    flow = MqttFlow(0)
    data = connect() + publish(b"a/b", payload) + publish(b"c", b"end")
    found = taken(flow, data, step)
    bodies = [e.request.body.body()[0].content for e in found if e.request is not None]
    assert bodies == [payload, b"end"]
    (left,) = flow.close()
    assert left.request is not None
    assert left.request.method == "CONNECT"


def test_a_large_payload_is_hashed_as_it_passes_and_a_gap_in_it_is_a_loss() -> None:
    payload = bytes(range(256)) * 8192  # 2 MiB
    data = publish(b"big", payload)
    flow, half = MqttFlow(0, "3.1.1"), len(data) // 2
    assert taken(flow, data[:half], 1400) == []
    assert len(flow._sides[0].data) == 0
    assert list(flow.feed(0, Gap(half, 1000))) == []
    (exchange,) = taken(flow, data[half + 1000 :], 1400, half + 1000)
    assert exchange.request is not None
    body, _ = exchange.request.body.body()
    assert body.length == len(payload) - 1000
    assert exchange.request.missing == ["1,000 of 2,097,152 bytes of the body were not captured"]


def test_reading_resumes_behind_a_gap_where_packets_fit() -> None:
    flow = MqttFlow(0, "3.1.1")
    list(flow.feed(0, Gap(0, 10)))
    assert list(flow.feed(0, Segment(10, b"middle of something", 1, 0))) == []
    (exchange,) = flow.feed(0, Segment(29, publish(b"t", b"x"), 2, 0))
    assert exchange.request is not None
    assert exchange.request.target == "t"


def test_a_packet_that_contradicts_itself_is_told_and_not_guessed() -> None:
    data = connect(b"client", rest=b"")
    broken = data[:12] + b"\xff\xff" + data[14:]  # a client id longer than the packet
    (exchange,) = taken(MqttFlow(0), broken, 99)
    assert exchange.request is not None
    assert not exchange.request.complete


@given(st.lists(st.tuples(st.integers(0, 1), st.binary(max_size=60)), max_size=6))
def test_any_bytes_end_without_an_exception(said: list[tuple[int, bytes]]) -> None:
    flow, offsets = MqttFlow(0), [0, 0]
    for side, data in [(0, connect()), *said]:
        list(flow.feed(side, Segment(offsets[side], data, 1, 0)))
        offsets[side] += len(data)
    list(flow.close())


@given(st.binary(max_size=40))
def test_only_a_connect_packet_opens_a_connection(data: bytes) -> None:
    assert not mqtt.opens(data) or (data[0] == 0x10 and (b"MQTT" in data or b"MQIsdp" in data))


CORPUS_CAPTURES = (
    "ntop__nDPI/tests/cfgs/default/pcap/mqtt.pcap",
    "arkime__arkime/tests/pcap/mqtt_big.pcap",
    "OISF__suricata-verify/tests/mqtt31-pub-qos2/input.pcap",
    "OISF__suricata-verify/tests/mqtt311-sub-userpass/input.pcap",
    "OISF__suricata-verify/tests/mqtt5-pub-mosquittoprops/input.pcap",
    "OISF__suricata-verify/tests/mqtt5-sub-customauth/input.pcap",
    "OISF__suricata-verify/tests/mqtt-events-invalid-qos/input.pcap",
    "OISF__suricata-verify/tests/mqtt-connect-rules/mqtt5_pub_jpeg.pcap",
)


@pytest.mark.sampled(2)
@needs_tshark
@pytest.mark.parametrize("name", CORPUS_CAPTURES)
def test_clients_topics_and_payloads_are_those_that_tshark_reads(name: str) -> None:
    path = of_corpus(name)
    found = read(path)
    published = Counter(
        (topic, sha256(bytes.fromhex(data)))
        for topics, payloads in tshark(path, "mqtt.msgtype == 3", "mqtt.topic", "mqtt.msg")
        for topic, data in zip(topics.split("|"), payloads.split("|"), strict=True)
    )
    assert published == Counter(
        (m.target, m.body.body()[0].sha256 or sha256(b""))
        for m in found.messages("mqtt")
        if m.method == "PUBLISH"
    )
    for kind, method, field, header in (
        (1, "CONNECT", "mqtt.clientid", "Client-Id"),
        (8, "SUBSCRIBE", "mqtt.topic", "Topic-Filter"),
    ):
        rows = tshark(path, f"mqtt.msgtype == {kind}", field)
        ours = [v for m in found.requests("mqtt") if m.method == method for n, v in m.headers if n == header]
        assert Counter(value for row in rows for value in row[0].split("|")) == Counter(ours)


def test_a_property_of_the_senders_own_does_not_pass_for_an_account() -> None:
    properties = b"\x26\0\4user\0\5admin\x26\0\4imei\0\x0f490154203237518"
    body = b"\0\4MQTT\5\x02\0\x3c" + bytes([len(properties)]) + properties + b"\0\1c"
    list(taken(flow := MqttFlow(0), b"\x10" + bytes([len(body)]) + body, 99))
    (exchange,) = flow.close()
    assert exchange.request is not None
    assert ("Property-user", "admin") in exchange.request.headers
    assert ("imei", "490154203237518") in exchange.request.headers
