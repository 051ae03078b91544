"""Frames to columns, with frames that scapy made."""

from __future__ import annotations

import struct

import pytest
from scapy.contrib.geneve import GENEVE
from scapy.contrib.gtp import GTP_U_Header
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_Router_Alert
from scapy.layers.inet6 import (
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
)  # fmt: skip
from scapy.layers.ipsec import AH
from scapy.layers.l2 import ARP, GRE, LLC, SNAP, CookedLinux, CookedLinuxV2, Dot1AD, Dot1Q, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

from analyzer.packets import packet_table
from analyzer.packets.packet_table import (
    ACKNOWLEDGMENT,
    DAMAGED,
    DESTINATION_MAC,
    DESTINATION_PORT,
    ETHERTYPE,
    FLAGS,
    FRAGMENT,
    KIND,
    NOT_IP,
    OTHER_IP,
    PAYLOAD_CAPTURED,
    PAYLOAD_WIRE,
    PROTOCOL,
    SEQUENCE,
    SOURCE_MAC,
    SOURCE_PORT,
    UNKNOWN_LINK,
)  # fmt: skip
from tests.packets.rows import Row, decode

PHONE, SERVER = "192.0.2.10", "198.51.100.20"
PHONE6, SERVER6 = "2001:db8::10", "2001:db8:ffff::20"
MACS = {"src": "00:00:5e:00:53:a7", "dst": "00:00:5e:00:53:01"}
PHONE_MAC, ROUTER_MAC = 0x00005E0053A7, 0x00005E005301
DATA = b"GET / HTTP/1.1\r\n\r\n"
RAW, NULL, LOOP, SLL, SLL2 = 101, 0, 108, 113, 276

SEGMENT = TCP(sport=40000, dport=80, seq=0xFFFFFFF0, ack=0x80000001, flags="PA") / Raw(DATA)
V4 = IP(src=PHONE, dst=SERVER) / SEGMENT
V6 = IPv6(src=PHONE6, dst=SERVER6) / SEGMENT


def assert_segment(row: Row, ends: tuple[str, str] = (PHONE, SERVER)) -> None:
    """The row is of SEGMENT between these ends."""
    assert row[KIND] == packet_table.TCP
    assert row[PROTOCOL] == 6
    assert (row.source, row.destination) == ends
    assert (row[SOURCE_PORT], row[DESTINATION_PORT]) == (40000, 80)
    assert (row[SEQUENCE], row[ACKNOWLEDGMENT], row[FLAGS]) == (0xFFFFFFF0, 0x80000001, 0x18)
    assert (row.payload, row[PAYLOAD_WIRE]) == (DATA, len(DATA))


# ── links ───────────────────────────────────────────────────────────────────

LINKS: dict[str, tuple[int, Packet]] = {
    "Ethernet": (1, Ether(**MACS) / V4),
    "VLAN": (1, Ether(**MACS) / Dot1Q(vlan=7) / V4),
    "QinQ": (1, Ether(**MACS) / Dot1AD(vlan=7) / Dot1Q(vlan=8) / V4),
    "802.3 with LLC and SNAP": (1, Ether(**MACS, type=0) / LLC() / SNAP(code=0x0800) / V4),
    "cooked": (SLL, CookedLinux(src=b"\0\0\x5e\0\x53\xa7\0\0", lladdrlen=6, proto=0x0800) / V4),
    "cooked, version 2": (SLL2, CookedLinuxV2(src=b"\0\0\x5e\0\x53\xa7\0\0", lladdrlen=6, proto=0x0800) / V4),
    "raw": (RAW, V4),
    "raw IPv4": (228, V4),
    "BSD loopback, little-endian": (NULL, Raw(struct.pack("<I", 2)) / V4),
    "BSD loopback, big-endian": (NULL, Raw(struct.pack(">I", 2)) / V4),
    "OpenBSD loopback": (LOOP, Raw(struct.pack(">I", 2)) / V4),
}


@pytest.mark.parametrize(("link", "packet"), LINKS.values(), ids=LINKS.keys())
def test_each_link_type_leads_to_the_segment(link: int, packet: Packet) -> None:
    row = decode(_data(packet), link)
    assert_segment(row)
    if link in (1, SLL, SLL2):
        assert row[SOURCE_MAC] == PHONE_MAC
        assert row[DESTINATION_MAC] == (ROUTER_MAC if link == 1 else -1)
    else:
        assert (row[SOURCE_MAC], row[DESTINATION_MAC]) == (-1, -1)


@pytest.mark.parametrize("family", [10, 24, 28, 30], ids=["Linux", "NetBSD", "FreeBSD", "macOS"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_ipv6_on_loopback_is_read_whatever_number_the_system_gives_it(family: int, order: str) -> None:
    assert_segment(decode(struct.pack(order + "I", family) + bytes(V6), NULL), (PHONE6, SERVER6))


def _data(packet: Packet) -> bytes:
    data = bytes(packet)
    if LLC in packet:  # scapy leaves the length of an 802.3 frame to the caller
        data = data[:12] + struct.pack(">H", len(data) - 14) + data[14:]
    return data


def test_a_frame_of_an_unknown_link_type_is_no_damage() -> None:
    row = decode(b"\x07" * 60, 147)
    assert row[KIND] == UNKNOWN_LINK


@pytest.mark.parametrize(
    ("packet", "ethertype"),
    [
        (ARP(), 0x0806),
        (Raw(b"PHONEHOME"), 0x88B5),
        (Raw(b"\x02\x07\x04"), 0x88CC),
        (Dot1Q(vlan=3, type=0x0806) / ARP(), 0x0806),
    ],
)
def test_what_is_not_ip_is_counted_by_its_ethertype(packet: Packet, ethertype: int) -> None:
    row = decode(bytes(Ether(**MACS, type=0x8100 if Dot1Q in packet else ethertype) / packet))
    assert (row[KIND], row[ETHERTYPE]) == (NOT_IP, ethertype)


# ── IPv4 ────────────────────────────────────────────────────────────────────


def test_ipv4_options_are_passed_over() -> None:
    packet = IP(src=PHONE, dst=SERVER, options=[IPOption_Router_Alert()]) / SEGMENT
    assert bytes(packet)[0] == 0x46
    assert_segment(decode(bytes(Ether(**MACS) / packet)))


def test_tcp_options_are_passed_over() -> None:
    options = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (1, 2)), ("NOP", None), ("WScale", 7)]
    segment = TCP(sport=40000, dport=80, seq=0xFFFFFFF0, ack=0x80000001, flags="PA", options=options)
    assert_segment(decode(bytes(Ether(**MACS) / IP(src=PHONE, dst=SERVER) / segment / Raw(DATA))))


def test_padding_of_a_short_frame_is_no_payload() -> None:
    packet = Ether(**MACS) / IP(src=PHONE, dst=SERVER) / TCP(sport=40000, dport=80, flags="A")
    row = decode(bytes(packet) + bytes(6))
    assert (row[KIND], row.payload, row[PAYLOAD_WIRE]) == (packet_table.TCP, b"", 0)


def test_a_total_length_of_zero_is_an_offloaded_segment_and_reaches_to_the_end() -> None:
    packet = IP(src=PHONE, dst=SERVER, len=0) / SEGMENT
    assert_segment(decode(bytes(Ether(**MACS) / packet)))


def test_a_payload_length_of_zero_in_ipv6_reaches_to_the_end() -> None:
    assert_segment(
        decode(bytes(Ether(**MACS) / IPv6(src=PHONE6, dst=SERVER6, plen=0) / SEGMENT)), (PHONE6, SERVER6)
    )


@pytest.mark.parametrize("kept", range(14 + 20 + 20, 14 + 20 + 20 + len(DATA)))
def test_a_cut_segment_keeps_its_length_on_the_wire(kept: int) -> None:
    whole = bytes(Ether(**MACS) / V4)
    row = decode(whole[:kept], wire=len(whole))
    assert row[KIND] == packet_table.TCP
    assert row.payload == DATA[: kept - 54]
    assert row[PAYLOAD_WIRE] == len(DATA)


@pytest.mark.parametrize("version", [V4, V6], ids=["IPv4", "IPv6"])
def test_a_frame_cut_anywhere_is_counted_as_what_it_still_shows(version: Packet) -> None:
    whole = bytes(Ether(**MACS) / version)
    header = 14 + len(version) - len(SEGMENT)
    for kept in range(len(whole)):
        row = decode(whole[:kept], wire=len(whole))
        expected = DAMAGED if kept < header else OTHER_IP if kept < header + 20 else packet_table.TCP
        assert row[KIND] == expected, kept
        if kept >= header + 4:
            assert (row[SOURCE_PORT], row[DESTINATION_PORT]) == (40000, 80)


@pytest.mark.parametrize(
    ("packet", "kind", "protocol"),
    [
        (IP(src=PHONE, dst=SERVER) / UDP(sport=5, dport=6) / Raw(b"hello"), packet_table.UDP, 17),
        (IPv6(src=PHONE6, dst=SERVER6) / UDP(sport=5, dport=6) / Raw(b"hello"), packet_table.UDP, 17),
        (IP(src=PHONE, dst=SERVER) / ICMP() / Raw(b"hello"), OTHER_IP, 1),
        (IP(src=PHONE, dst=SERVER, proto=99) / Raw(b"hello"), OTHER_IP, 99),
    ],
)
def test_other_protocols_are_told_apart(packet: Packet, kind: int, protocol: int) -> None:
    row = decode(bytes(Ether(**MACS) / packet))
    assert (row[KIND], row[PROTOCOL]) == (kind, protocol)
    if kind == packet_table.UDP:
        assert (row.payload, row[SOURCE_PORT], row[DESTINATION_PORT]) == (b"hello", 5, 6)


def test_a_udp_length_shorter_than_the_packet_bounds_the_payload() -> None:
    packet = IP(src=PHONE, dst=SERVER) / UDP(sport=5, dport=6, len=10) / Raw(b"hello")
    row = decode(bytes(Ether(**MACS) / packet))
    assert (row.payload, row[PAYLOAD_WIRE]) == (b"he", 2)


@pytest.mark.parametrize("length", [0, 5, 9999])
def test_a_senseless_udp_length_is_not_believed(length: int) -> None:
    packet = IP(src=PHONE, dst=SERVER) / UDP(sport=5, dport=6, len=length) / Raw(b"hello")
    assert decode(bytes(Ether(**MACS) / packet)).payload == b"hello"


@pytest.mark.parametrize(
    "header",
    [
        b"\x44" + bytes(19),
        b"\x4f\x00\x00\x20" + bytes(30),
        b"\x45\x00\x00\x13" + bytes(40),
        b"\x55" + bytes(40),
    ],
    ids=["a header of 16 bytes", "options beyond the end", "a total below the header", "version 5"],
)
def test_an_ip_header_that_cant_be_right_is_damage(header: bytes) -> None:
    assert decode(header, RAW)[KIND] == DAMAGED


# ── IPv6 ────────────────────────────────────────────────────────────────────

EXTENSIONS: dict[str, Packet] = {
    "hop by hop": IPv6ExtHdrHopByHop(),
    "routing": IPv6ExtHdrRouting(addresses=[SERVER6]),
    "destination options": IPv6ExtHdrDestOpt(),
    "atomic fragment": IPv6ExtHdrFragment(offset=0, m=0),
    "authentication": AH(nh=6, payloadlen=4, icv=bytes(12)),
    "three in a row": IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / IPv6ExtHdrRouting(addresses=[SERVER6]),
}


@pytest.mark.parametrize("extension", EXTENSIONS.values(), ids=EXTENSIONS.keys())
def test_ipv6_extension_headers_are_passed_over(extension: Packet) -> None:
    row = decode(bytes(Ether(**MACS) / IPv6(src=PHONE6, dst=SERVER6) / extension / SEGMENT))
    assert_segment(row, (PHONE6, SERVER6))


def test_an_endless_chain_of_extension_headers_is_an_ip_packet_and_no_more() -> None:
    chain = bytes([60, 0, 0, 0, 0, 0, 0, 0]) * 40
    row = decode(bytes(Ether(**MACS) / IPv6(src=PHONE6, dst=SERVER6, nh=60) / Raw(chain)))
    assert row[KIND] == OTHER_IP


def test_an_extension_header_beyond_the_end_is_an_ip_packet_and_no_more() -> None:
    packet = IPv6(src=PHONE6, dst=SERVER6, nh=0) / Raw(bytes([6, 200]) + bytes(30))
    assert decode(bytes(Ether(**MACS) / packet))[KIND] == OTHER_IP


# ── fragments ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("offset", "more"), [(0, 1), (1, 1), (1, 0), (0x1FFF, 0)])
def test_fragments_are_told_apart_from_whole_packets(offset: int, more: int) -> None:
    v4 = IP(src=PHONE, dst=SERVER, frag=offset, flags=more, proto=6) / Raw(b"x" * 24)
    row = decode(bytes(Ether(**MACS) / v4))
    assert (row[KIND], row[PROTOCOL], row.payload) == (FRAGMENT, 6, b"x" * 24)
    v6 = IPv6(src=PHONE6, dst=SERVER6) / IPv6ExtHdrFragment(offset=offset, m=more, nh=6) / Raw(b"x" * 24)
    row = decode(bytes(Ether(**MACS) / v6))
    assert (row[KIND], row[PROTOCOL], row.payload[8:]) == (FRAGMENT, 6, b"x" * 24)


def test_the_bit_that_forbids_fragments_makes_none() -> None:
    assert_segment(decode(bytes(Ether(**MACS) / IP(src=PHONE, dst=SERVER, flags="DF") / SEGMENT)))


# ── tunnels ─────────────────────────────────────────────────────────────────

OUTER = IP(src="203.0.113.1", dst="203.0.113.2")
OUTER6 = IPv6(src="2001:db8:1::1", dst="2001:db8:1::2")
INNER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / V4
L2TP = struct.pack(">HHH", 0x0002, 1, 2)
L2TP_LONG = struct.pack(">HHHHHHH", 0x4A02, 0, 1, 2, 3, 4, 2) + b"\0\0"
PPP_IP = b"\xff\x03\x00\x21"

TUNNELS: dict[str, Packet] = {
    "IP in IP": OUTER / V4,
    "IPv4 in IPv6": OUTER6 / V4,
    "GRE": OUTER / GRE() / V4,
    "GRE with key, checksum and sequence": OUTER
    / GRE(chksum_present=1, key_present=1, seqnum_present=1)
    / V4,
    "GRE with Ethernet": OUTER / GRE(proto=0x6558) / INNER,
    "GRE in UDP": OUTER / UDP(sport=50000, dport=4754) / GRE() / V4,
    "VXLAN": OUTER / UDP(sport=50000, dport=4789) / VXLAN(vni=5, flags="Instance") / INNER,
    "Geneve": OUTER / UDP(sport=50000, dport=6081) / GENEVE(vni=5) / INNER,
    "GTP-U": OUTER / UDP(sport=2152, dport=2152) / GTP_U_Header(teid=1) / V4,
    "GTP-U with sequence number": OUTER / UDP(sport=2152, dport=2152) / GTP_U_Header(teid=1, S=1, seq=9) / V4,
    "PPPoE": PPPoE(sessionid=1) / PPP(proto=0x0021) / V4,
    "MPLS": MPLS(label=5, s=0) / MPLS(label=6, s=1) / V4,
    "MPLS pseudowire": MPLS(label=6, s=1) / Raw(bytes(4)) / INNER,
    "L2TP": OUTER / UDP(sport=1701, dport=1701) / Raw(L2TP + PPP_IP) / V4,
    "L2TP with every field": OUTER / UDP(sport=1701, dport=1701) / Raw(L2TP_LONG + PPP_IP) / V4,
    "VXLAN in a VLAN": Dot1Q(vlan=4) / OUTER / UDP(dport=4789) / VXLAN(flags="Instance") / INNER,
    "three deep": OUTER / GRE() / OUTER6 / V4,
}


@pytest.mark.parametrize("packet", TUNNELS.values(), ids=TUNNELS.keys())
def test_what_is_inside_a_tunnel_is_what_counts(packet: Packet) -> None:
    ethertypes = {"PPPoE": 0x8864, "MPLS": 0x8847, "Dot1Q": 0x8100, "IP": 0x0800, "IPv6": 0x86DD}
    frame = bytes(Ether(**MACS, type=ethertypes[type(packet).__name__]) / packet)
    row = decode(frame)
    assert_segment(row)
    assert row[SOURCE_MAC] == PHONE_MAC  # of the frame that crossed the air


def test_ipv6_in_ipv4_is_read() -> None:
    assert_segment(decode(bytes(Ether(**MACS) / OUTER / V6)), (PHONE6, SERVER6))


TEREDO = OUTER / UDP(sport=50000, dport=3544)


def test_teredo_is_read() -> None:
    assert_segment(decode(bytes(Ether(**MACS) / TEREDO / V6)), (PHONE6, SERVER6))


@pytest.mark.parametrize("port", [4789, 6081, 2152, 4754, 1701, 3544, 53])
def test_a_tunnels_port_alone_makes_no_tunnel(port: int) -> None:
    packet = IP(src=PHONE, dst=SERVER) / UDP(sport=50000, dport=port) / Raw(b"\xff" * 60)
    row = decode(bytes(Ether(**MACS) / packet))
    assert (row[KIND], row[DESTINATION_PORT]) == (packet_table.UDP, port)
    assert (row.source, row.destination) == (PHONE, SERVER)


def test_a_tunnel_with_a_broken_inside_counts_as_its_outside() -> None:
    row = decode(bytes(Ether(**MACS) / IP(src=PHONE, dst=SERVER) / GRE() / Raw(b"\x41" * 30)))
    assert (row[KIND], row[PROTOCOL], row.source) == (OTHER_IP, 47, PHONE)


def test_a_tower_of_tags_ends() -> None:
    row = decode(
        bytes.fromhex("00005e0053a700005e005301") + b"\x81\x00\x00\x01" * 300 + b"\x08\x00" + bytes(V4)
    )
    assert row[KIND] == DAMAGED


# ── hashes ──────────────────────────────────────────────────────────────────


def test_both_directions_have_the_same_address_hash() -> None:
    there = decode(bytes(Ether(**MACS) / V4))
    back = decode(bytes(Ether(**MACS) / IP(src=SERVER, dst=PHONE) / SEGMENT))
    assert there[packet_table.ADDRESS_HASH] == back[packet_table.ADDRESS_HASH]
    assert there[PAYLOAD_CAPTURED] == back[PAYLOAD_CAPTURED]
