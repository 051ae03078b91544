"""Flows to ledger rows: which device, which direction, how it ended, and that nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from analyzer.flows.address_text import address_text, address_words, is_group, is_local
from analyzer.flows.devices import client_sides, sides_of
from analyzer.flows.flow_table import BYTES, PACKETS, Flows
from analyzer.flows.ledger import LedgerRow, endings, kinds, ledger_rows, orient
from tests.builders import ACK, FIN, RST, SYN, conversation, tcp, udp
from tests.examples import examples
from tests.flows.tracking import track

PHONE, OTHER, ROUTER = "00:00:5e:00:53:0a", "00:00:5e:00:53:0b", "00:00:5e:00:53:01"
CAST = "ff:ff:ff:ff:ff:ff"


def v4(source: str, destination: str, *layers: Packet, mac: str = PHONE, to: str = ROUTER) -> bytes:
    """An Ethernet frame with an IPv4 packet."""
    return _frame(IP(src=source, dst=destination), layers, mac, to)


def v6(source: str, destination: str, *layers: Packet, mac: str = PHONE, to: str = ROUTER) -> bytes:
    """An Ethernet frame with an IPv6 packet."""
    return _frame(IPv6(src=source, dst=destination), layers, mac, to)


def _frame(packet: Packet, layers: tuple[Packet, ...], mac: str, to: str) -> bytes:
    for layer in layers:
        packet /= layer
    return bytes(Ether(src=mac, dst=to) / packet)


def ledger(frames: list[bytes], link: int = 1) -> list[dict[str, Any]]:
    """The ledger of these frames in words."""
    flows = track(frames, link).flows
    sides = sides_of(flows)
    return [_words(row, sides.devices[row.device].id) for row in ledger_rows(flows, orient(flows, sides))]


def _words(row: LedgerRow, device: str) -> dict[str, Any]:
    return {
        "device": device,
        "address": address_text(row.hi, row.lo),
        "port": row.port,
        "packets": (row.packets_up, row.packets_down),
        "flows": row.flows,
    }


def devices_of(frames: list[bytes], link: int = 1) -> dict[str, set[str]]:
    """Device → its addresses."""
    return {d.id: set(d.addresses) for d in sides_of(track(frames, link).flows).devices}


DNS = UDP(sport=40000, dport=53) / Raw(b"?")
ANSWER = UDP(sport=53, dport=40000) / Raw(b"!")
WEB = TCP(sport=40000, dport=443, flags="S")

# ── devices ─────────────────────────────────────────────────────────────────


def test_a_phone_behind_a_router_is_one_device_with_all_its_addresses() -> None:
    frames = [
        v4("192.168.1.10", "192.168.1.1", DNS),
        v4("192.168.1.1", "192.168.1.10", ANSWER, mac=ROUTER, to=PHONE),
        v6("2001:db8:5::a", "2001:db8:1::1", WEB), v6("2001:db8:5::b", "2001:db8:2::1", WEB),
        v6("fe80::1", "ff02::2", Raw(b"x")), v4("192.168.1.10", "198.51.100.1", WEB),
    ]  # fmt: skip
    assert devices_of(frames) == {PHONE: {"192.168.1.10", "2001:db8:5::a", "2001:db8:5::b", "fe80::1"}}
    assert {row["device"] for row in ledger(frames)} == {PHONE}


def test_servers_behind_the_router_are_not_the_routers_own_addresses() -> None:
    talk = UDP(sport=50000, dport=50001) / Raw(b"x")
    frames = [
        v4("192.168.1.1", "192.168.1.10", ANSWER, mac=ROUTER, to=PHONE),
        v4("198.51.100.7", "192.168.1.10", talk, mac=ROUTER, to=PHONE),
        v6("2001:db8:1::1", "2001:db8:5::a", talk, mac=ROUTER, to=PHONE),
        v6("2001:db8:5::a", "2001:db8:1::1", UDP(sport=50001, dport=50000) / Raw(b"y")),
        v4("192.168.1.10", "192.168.1.1", DNS),
    ]
    rows = [row for row in ledger(frames) if ":" in row["address"]]
    assert [(row["device"], row["address"], row["packets"]) for row in rows] == [
        (PHONE, "2001:db8:1::1", (1, 1))
    ]


def test_a_device_is_found_whoever_sends_first() -> None:
    down = TCP(sport=443, dport=40000, flags="A")
    frames = [
        v4("198.51.100.7", "192.168.1.10", down, mac=ROUTER, to=PHONE),
        v4("192.168.1.10", "198.51.100.7", WEB),
    ]
    assert [(row["device"], row["address"], row["port"], row["packets"]) for row in ledger(frames)] == [
        (PHONE, "198.51.100.7", 443, (1, 1))
    ]


def test_a_router_that_stands_for_many_hosts_lends_none_its_mac() -> None:
    frames = [v4(f"10.0.0.{n}", "198.51.100.7", WEB, mac=ROUTER) for n in range(1, 12)]
    assert set(devices_of(frames)) == {f"10.0.0.{n}" for n in range(1, 12)}


def test_without_mac_addresses_a_device_is_its_address() -> None:
    frames = [
        frame[14:] for frame in (v4("192.168.1.10", "198.51.100.7", WEB), v4("10.9.9.9", "198.51.100.7", WEB))
    ]
    assert set(devices_of(frames, 101)) == {"192.168.1.10", "10.9.9.9"}


def test_a_phone_that_asks_for_an_address_is_known_by_its_mac() -> None:
    discover = UDP(sport=68, dport=67) / Raw(b"x")
    rows = ledger([v4("0.0.0.0", "255.255.255.255", discover, to=CAST)])
    assert [(row["device"], row["address"], row["port"]) for row in rows] == [(PHONE, "255.255.255.255", 67)]
    assert devices_of([v4("0.0.0.0", "255.255.255.255", discover, to=CAST)]) == {PHONE: set()}


def test_between_two_local_devices_the_flow_is_the_clients() -> None:
    frames = [v4("192.168.1.10", "192.168.1.20", WEB, to=OTHER)]
    frames += [
        v4("192.168.1.20", "192.168.1.10", TCP(sport=443, dport=40000, flags="SA"), mac=OTHER, to=PHONE)
    ]
    assert [(row["device"], row["address"], row["packets"]) for row in ledger(frames)] == [
        (PHONE, "192.168.1.20", (1, 1))
    ]


def test_multicast_is_sent_by_its_sender() -> None:
    rows = ledger([v4("192.168.1.10", "224.0.0.251", UDP(sport=5353, dport=5353) / Raw(b"x"))])
    assert [(row["device"], row["address"]) for row in rows] == [(PHONE, "224.0.0.251")]


# ── who asked ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("frames", "client"),
    [
        ([tcp(flags=SYN)], 0),
        ([tcp(flags=SYN | ACK, up=False)], 1),
        ([tcp(flags=SYN | ACK, up=False), tcp(flags=ACK)], 1),
        ([tcp(b"x", up=False)], 1),
        ([tcp(b"x")], 0),
        ([udp(b"x", up=False)], 1),
        ([udp(b"x", ports=(50000, 50001))], 0),
        ([tcp(b"x", ports=(50000, 50001), up=False)], 0),
    ],
    ids=["a SYN", "its answer alone", "an answer first", "from port 80", "to port 80", "from port 53",
         "high ports",
         "high ports, other way"],
)  # fmt: skip
def test_who_opened_a_flow_is_known_by_its_syn_or_its_ports(frames: list[bytes], client: int) -> None:
    assert client_sides(track(frames).flows).tolist() == [client]


# ── endings ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("frames", "ending"),
    [
        ([tcp(flags=SYN), tcp(flags=SYN)], "unanswered"),
        ([tcp(flags=SYN), tcp(flags=RST | ACK, up=False)], "refused"),
        ([*conversation((True, b"hello"))], "closed"),
        ([*conversation((True, b"hello"), close=False)], "open at the end"),
        ([*conversation((True, b"hello"), close=False), tcp(flags=RST)], "reset"),
        ([*conversation((True, b"hello"), close=False), tcp(flags=FIN | ACK)], "half-closed"),
        ([tcp(b"middle")], "open at the end"),
        ([udp(b"?")], "one-way"),
        ([udp(b"?"), udp(b"!", up=False)], "answered"),
    ],
)
def test_how_a_flow_ended_is_said(frames: list[bytes], ending: str) -> None:
    assert endings(track(frames).flows) == [ending]


@pytest.mark.parametrize(
    ("frames", "form", "kind"),
    [
        ([udp(b"?")], "dns", "dns"), ([udp(b"?")], "", "unknown binary"), ([udp(b"")], None, "dns"),
        ([udp(b"?", ports=(40000, 9999))], "", "unknown binary"), ([tcp(flags=SYN)], None, "no data"),
        ([udp(b"\x40", ports=(40000, 443))], "", "udp/443"),
        ([udp(b"", ports=(40000, 9999))], None, "no data"),
        ([udp(b"\xc3\0\0\0\1", ports=(40000, 443))], "", "quic"),
        ([udp(b"\xc3\0\0\0\1", ports=(40000, 853))], "", "dns over quic"),
        ([udp(b"\x16\xfe\xfd" + bytes(9) + b"\1\0")], "", "dtls"),
        ([tcp(b"\x16\3\1\0\5hello", ports=(40000, 853))], "", "dns over tls"),
        ([tcp(b"\x16\3\1\0\5hello", ports=(40000, 443))], "ssh", "tls"),
        ([tcp(b"GET / HTTP/1.1\r\n")], "", "text"), ([tcp(b"\0" * 50)], "", "unknown binary"),
        ([tcp(b"\0" * 50)], "mqtt", "mqtt"),
        ([v4("192.0.2.1", "192.0.2.2", ICMP())], None, "icmp"),
        ([v4("192.0.2.1", "192.0.2.2", Raw(b"x"))], None, "ip protocol 0"),
        ([Ether() / IP(dst="192.0.2.2", proto=50) / Raw(b"x" * 20)], None, "ipsec esp"),
    ],
)  # fmt: skip
def test_what_a_flow_carried_is_said(frames: list[bytes], form: str | None, kind: str) -> None:
    flows = track([bytes(frame) for frame in frames]).flows
    assert kinds(flows, orient(flows, sides_of(flows)).service_port, [form], set()) == [kind]


def test_printable_bytes_without_form_are_text() -> None:
    flows = track([udp(b"hello there", ports=(40000, 9999))]).flows
    assert kinds(flows, orient(flows, sides_of(flows)).service_port, [""], {0}) == ["text"]


# ── totals ──────────────────────────────────────────────────────────────────

hosts = st.sampled_from(
    [
        "192.168.1.10",
        "192.168.1.20",
        "10.0.0.1",
        "198.51.100.7",
        "203.0.113.9",
        "0.0.0.0",
        "224.0.0.1",
        "169.254.1.1",
    ]
)
hosts6 = st.sampled_from(["fe80::1", "fd00::1", "2001:db8::1", "2001:db8:1::1", "ff02::1", "::"])
ports = st.sampled_from([53, 80, 443, 5353, 40000, 40001])
macs = st.sampled_from([PHONE, OTHER, ROUTER])


def _packet(kind: int, ends: tuple[str, str], a: int, b: int, mac: str) -> bytes:
    layer = (TCP(sport=a, dport=b), UDP(sport=a, dport=b), ICMP())[kind]
    return (v6 if ":" in ends[0] else v4)(*ends, layer, mac=mac)


packets = st.builds(
    _packet, st.integers(0, 2), st.tuples(hosts, hosts) | st.tuples(hosts6, hosts6), ports, ports, macs
)


@settings(max_examples=examples(60), deadline=None, derandomize=True)
@given(st.lists(packets, min_size=1, max_size=25), st.booleans())
def test_every_packet_is_in_exactly_one_row(frames: list[bytes], with_macs: bool) -> None:
    link = 1 if with_macs else 101
    frames = frames if with_macs else [frame[14:] for frame in frames]
    flows: Flows = track(frames, link).flows
    sides = sides_of(flows)
    rows = ledger_rows(flows, orient(flows, sides))
    assert sum(row.packets_up + row.packets_down for row in rows) == len(frames)
    assert sum(row.bytes_up + row.bytes_down for row in rows) == sum(map(len, frames))
    assert sorted(m for row in rows for m in row.members.tolist()) == list(range(len(flows)))
    assert flows.pair(PACKETS).sum() == len(frames)
    assert flows.pair(BYTES).sum() == sum(map(len, frames))
    keys = [(row.device, row.hi, row.lo, row.protocol, row.port) for row in rows]
    assert len(set(keys)) == len(keys)


def test_no_flow_makes_an_empty_ledger() -> None:
    assert ledger([]) == []


# ── addresses ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("address", "local", "group"),
    [
        ("10.255.255.255", True, False), ("11.0.0.0", False, False), ("172.15.255.255", False, False),
        ("172.16.0.0", True, False), ("172.31.255.255", True, False), ("172.32.0.0", False, False),
        ("192.168.0.1", True, False), ("169.254.9.9", True, False), ("224.0.0.1", False, True),
        ("255.255.255.255", False, True), ("0.0.0.0", False, True), ("8.8.8.8", False, False),
        ("fe80::1", True, False), ("febf::1", True, False), ("fec0::1", False, False),
        ("fc00::1", True, False),
        ("fdff::1", True, False), ("fe00::1", False, False), ("ff02::1", False, True), ("::", False, True),
        ("::1", False, False), ("2001:db8::1", False, False),
    ],
)  # fmt: skip
def test_local_and_group_addresses_are_told_by_their_block(address: str, local: bool, group: bool) -> None:
    import numpy as np

    words = address_words(address)
    assert address_text(*words) == address
    columns = [np.array([word], np.uint64) for word in words]
    assert is_local(*columns).tolist() == [local]
    assert is_group(*columns).tolist() == [group]


@pytest.mark.parametrize("text", ["", "192.168.1", "1.2.3.4.5", "zz::", "192.168.1.10:80", "::1%eth0"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an IP address"):
        address_words(text)


# ── ends of flows that are seen from the middle ─────────────────────────────

FAR = {"phone": "198.51.100.7", "server": "203.0.113.24"}


def from_the_middle(port: int) -> list[bytes]:
    """A TCP flow without a handshake in which the server's data come first."""
    return [tcp(b"x" * 90, seq=1, up=up, ports=(port, 21323), **FAR) for up in (False, True)]


def test_a_server_of_one_flow_is_no_device_in_another() -> None:
    shaken = [
        tcp(flags=SYN, ports=(10777, 21323), **FAR),
        tcp(flags=SYN | ACK, up=False, ports=(10777, 21323), **FAR),
    ]
    flows = track([*from_the_middle(10443), *shaken]).flows
    assert {device.id for device in sides_of(flows).devices} == {FAR["phone"]}


def test_an_end_that_several_ports_talk_to_is_the_server() -> None:
    flows = track([frame for port in (10443, 8123, 9555) for frame in from_the_middle(port)]).flows
    assert {device.id for device in sides_of(flows).devices} == {FAR["phone"]}


def test_a_request_that_was_read_shows_the_server_of_other_flows() -> None:
    flows = track([*from_the_middle(10777), *from_the_middle(10443)]).flows
    assert {device.id for device in sides_of(flows, {0: 1}).devices} == {FAR["phone"]}


def test_without_any_sign_the_first_sender_is_the_client() -> None:
    flows = track(from_the_middle(10443)).flows
    assert {device.id for device in sides_of(flows).devices} == {FAR["server"]}
