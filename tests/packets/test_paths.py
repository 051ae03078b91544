"""Which encapsulations a packet passed, held against the layers of the frame that scapy built."""

from __future__ import annotations

import struct

import pytest
from scapy.contrib.mpls import MPLS
from scapy.contrib.nsh import NSH
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE, Dot1Q, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

from analyzer.packets import packet_table
from analyzer.packets.encapsulation import kinds_of, offsets_of, path_text
from analyzer.packets.layers import FAR, HEADER_BASE
from analyzer.packets.packet_table import OTHER_IP, OUTER, PATH
from tests.packets.rows import Row, decode

PHONE, SERVER = "192.0.2.10", "198.51.100.20"
ONE, TWO, THREE, FOUR = "203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"
MACS = {"src": "00:00:5e:00:53:a7", "dst": "00:00:5e:00:53:01"}
V4 = IP(src=PHONE, dst=SERVER) / TCP(sport=40000, dport=80, flags="PA") / Raw(b"GET / HTTP/1.1\r\n\r\n")
INNER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / V4
OUTER_IP = IP(src=ONE, dst=TWO)
TEREDO6 = IPv6(src="2001:db8::1", dst="2001:db8::2") / TCP(sport=1, dport=2)


def said(frame: Packet | bytes, link: int = 1) -> str:
    """The path of a frame in words, its addresses read from where OUTER says."""
    data = bytes(frame)
    row = decode(data, link)
    return path_text(row[PATH], [_ends(data, at) for at in offsets_of(row[OUTER])])


def _ends(data: bytes, at: int | None) -> tuple[str, str] | None:
    if at is None:
        return None
    header = (IP if data[at] >> 4 == 4 else IPv6)(data[at:])
    return header.src, header.dst


def ethernet(packet: Packet, ethertype: int = 0x0800) -> Packet:
    return Ether(**MACS, type=ethertype) / packet


UDP_GPE = UDP(sport=50000, dport=4790)
PATHS: dict[str, tuple[Packet, str]] = {
    "none": (ethernet(V4), ""),
    "a VLAN, which is none": (ethernet(Dot1Q(vlan=7) / V4, 0x8100), ""),
    "GRE": (ethernet(OUTER_IP / GRE() / V4), f"GRE {ONE} → {TWO}"),
    "GRE in MPLS": (
        ethernet(MPLS(label=5, s=1) / OUTER_IP / GRE() / V4, 0x8847),
        f"GRE {ONE} → {TWO}, inside MPLS",
    ),
    "GRE in GRE": (
        ethernet(IP(src=THREE, dst=FOUR) / GRE() / OUTER_IP / GRE() / V4),
        f"GRE {ONE} → {TWO}, inside GRE {THREE} → {FOUR}",
    ),
    "IPv4 in IPv6": (
        ethernet(IPv6(src="2001:db8:1::1", dst="2001:db8:1::2") / V4, 0x86DD),
        "IP in IP 2001:db8:1::1 → 2001:db8:1::2",
    ),
    "VXLAN": (
        ethernet(OUTER_IP / UDP(sport=50000, dport=4789) / VXLAN(vni=5, flags="Instance") / INNER),
        f"VXLAN {ONE} → {TWO}",
    ),
    "NSH over VXLAN-GPE": (
        ethernet(OUTER_IP / UDP_GPE / Raw(b"\x0c\0\0\4\0\0\1\0") / NSH(mdtype=2, nextproto=1, length=2) / V4),
        f"NSH, inside VXLAN-GPE {ONE} → {TWO}",
    ),
    "NSH over Ethernet": (ethernet(NSH(mdtype=1, nextproto=1) / V4, 0x894F), "NSH"),
    "MPLS over UDP": (
        ethernet(OUTER_IP / UDP(sport=50000, dport=6635) / MPLS(label=9, s=1) / V4),
        f"MPLS in UDP {ONE} → {TWO}",
    ),
    "PPPoE": (ethernet(PPPoE(sessionid=1) / PPP(proto=0x0021) / V4, 0x8864), "PPPoE"),
    "PPP bridging": (
        ethernet(PPPoE(sessionid=1) / Raw(b"\x00\x31\x00\x01") / INNER, 0x8864),
        "PPP bridging, inside PPPoE",
    ),
    "a PIM register": (
        ethernet(IP(src=ONE, dst=TWO, proto=103) / Raw(b"\x21\0\xde\xff\0\0\0\0") / V4),
        f"PIM register {ONE} → {TWO}",
    ),
    "Ethernet behind segment routing": (
        ethernet(IPv6(src="2001:db8:1::1", dst="2001:db8:1::2", nh=143) / INNER, 0x86DD),
        "Ethernet in IP 2001:db8:1::1 → 2001:db8:1::2",
    ),
    "ERSPAN, type II": (
        ethernet(OUTER_IP / GRE(proto=0x88BE, seqnum_present=1) / Raw(bytes(8)) / INNER),
        f"ERSPAN, inside GRE {ONE} → {TWO}",
    ),
    "ERSPAN, type III, with a subheader": (
        ethernet(OUTER_IP / GRE(proto=0x22EB) / Raw(bytes(11) + b"\1" + bytes(8)) / INNER),
        f"ERSPAN, inside GRE {ONE} → {TWO}",
    ),
    "WCCP": (
        ethernet(OUTER_IP / GRE(proto=0x883E) / Raw(b"\x05\x59\x00\x48") / V4),
        f"WCCP redirect, inside GRE {ONE} → {TWO}",
    ),
    "GTP-U on another port": (
        ethernet(OUTER_IP / UDP(sport=7, dport=9) / Raw(struct.pack(">BBHI", 0x30, 0xFF, len(V4), 1)) / V4),
        f"GTP-U {ONE} → {TWO}",
    ),
    "Teredo with authentication and origin": (
        ethernet(
            OUTER_IP / UDP(sport=9, dport=3544) / Raw(b"\0\1\0\0" + bytes(9) + b"\0\0" + bytes(6)) / TEREDO6
        ),
        f"Teredo {ONE} → {TWO}",
    ),
    "backbone bridges": (
        ethernet(Raw(bytes(4)) / Ether(**MACS, type=0x88E7) / Raw(bytes(4)) / INNER, 0x88E7),
        "provider backbone bridge × 2",
    ),
    "MACsec, signed alone": (
        ethernet(Raw(b"\x20\0\0\0\0\1" + bytes(8) + b"\x08\0") / V4 / Raw(bytes(16)), 0x88E5),
        "MACsec (signed, not encrypted)",
    ),
}


@pytest.mark.parametrize(("packet", "path"), PATHS.values(), ids=PATHS.keys())
def test_the_path_names_what_was_passed_with_the_ends_of_each_ip_packet(packet: Packet, path: str) -> None:
    assert said(packet) == path
    row = decode(bytes(packet))
    assert (row[packet_table.KIND], row.payload[:3] if path[:6] != "Teredo" else b"GET") == (
        packet_table.TCP,
        b"GET",
    )


def test_an_encrypted_macsec_frame_is_not_read() -> None:
    frame = ethernet(Raw(b"\x2c\0\0\0\0\1" + bytes(8) + b"\x08\0") / V4, 0x88E5)
    assert decode(bytes(frame))[packet_table.KIND] == packet_table.NOT_IP


def test_a_null_register_holds_no_packet() -> None:
    frame = ethernet(IP(src=ONE, dst=TWO, proto=103) / Raw(b"\x21\0\xde\xff\x40\0\0\0") / V4)
    row = decode(bytes(frame))
    assert (row[packet_table.KIND], row.source) == (OTHER_IP, ONE)


def test_a_datagram_that_only_begins_like_gtp_is_none() -> None:
    wrong = struct.pack(">BBHI", 0x30, 0xFF, len(V4) + 1, 1)
    no_sum = IP(src=PHONE, dst=SERVER, chksum=1) / V4[TCP]
    row = decode(bytes(ethernet(OUTER_IP / UDP(sport=7, dport=9) / Raw(wrong) / no_sum)))
    assert (row[packet_table.KIND], row.source) == (packet_table.UDP, ONE)


def test_a_tunnel_with_a_broken_inside_has_no_path() -> None:
    row = decode(bytes(ethernet(OUTER_IP / GRE() / Raw(b"\x41" * 30))))
    assert (row[PATH], row[OUTER], row.source) == (0, 0, ONE)


def test_of_a_tower_of_tunnels_the_outermost_are_kept_and_the_innermost_packet_is_read() -> None:
    packet: Packet = V4
    for number in range(40, 0, -1):
        packet = IP(src=f"203.0.113.{number}", dst=FOUR) / packet
    row = decode(bytes(ethernet(packet)))
    assert (row.source, row.destination, row[packet_table.KIND]) == (PHONE, SERVER, packet_table.TCP)
    assert kinds_of(row[PATH]) == ("IP in IP",) * 10
    assert offsets_of(row[OUTER]) == [14, 34, 54, 74]


def test_a_header_too_far_into_its_frame_has_no_offset() -> None:
    assert offsets_of(FAR * HEADER_BASE + 15) == [None, 14]
    far = b"\0\1\x81\0" * 30 + b"\0\1\x08\0"
    row = decode(bytes(Ether(**MACS, type=0x8100)) + far + bytes(OUTER_IP / GRE() / V4))
    assert offsets_of(row[OUTER]) == [14 + 4 * 31]


# ── links ───────────────────────────────────────────────────────────────────

IB = bytes(40)
PKTAP = struct.pack("<III", 108, 1, 1) + b"en0" + bytes(93)
LINKS: dict[str, tuple[int, bytes]] = {
    "ARCNET, RFC 1201": (7, b"\1\2\xd4\0\0\1"),
    "ARCNET of Linux, RFC 1201": (129, b"\1\2\0\0\xd4\0\0\1"),
    "ARCNET of Linux, an exception packet": (129, b"\1\2\0\0\xd4\xff\xff\xff\xd4\0\0\1"),
    "ARCNET of Linux, RFC 1051": (129, b"\1\2\0\0\xf0"),
    "Token Ring": (6, b"\x10\x40" + bytes(12) + b"\xaa\xaa\x03\0\0\0\x08\0"),
    "Token Ring with a route": (
        6,
        b"\x10\x40" + bytes(6) + b"\x80" + bytes(5) + b"\x06" + bytes(5) + b"\xaa\xaa\3\0\0\0\x08\0",
    ),
    "Frame Relay, Cisco": (107, b"\x48\xe1\x08\0"),
    "Frame Relay, RFC 2427": (107, b"\x18\x41\x03\xcc"),
    "Frame Relay, RFC 2427 with SNAP": (107, b"\x18\x41\x03\0\x80\0\0\0\x08\0"),
    "InfiniBand": (242, IB + b"\x08\0\0\0"),
    "Solaris ipnet": (226, b"\1\2" + bytes(22)),
    "pktap": (258, PKTAP + bytes(12) + b"\x08\0"),
    "Cisco HDLC under the number of PPP": (9, b"\x0f\0\x08\0"),
    "Cisco HDLC, multicast, under the number of PPP": (9, b"\x8f\0\x08\0"),
    "LLC of IP's own number": (1, bytes(12) + b"\0\x60\x06\x06\x03"),
}


@pytest.mark.parametrize(("link", "header"), LINKS.values(), ids=LINKS.keys())
def test_a_rare_link_leads_to_the_packet(link: int, header: bytes) -> None:
    row: Row = decode(header + bytes(V4), link)
    assert (row[packet_table.KIND], row.source, row.destination) == (packet_table.TCP, PHONE, SERVER)


@pytest.mark.parametrize("link", range(147, 163))
def test_a_private_link_type_is_refused_by_name(link: int) -> None:
    from analyzer.packets.protocol_names import link_name

    assert decode(bytes(V4)[:8] + bytes(60), link)[packet_table.KIND] == packet_table.UNKNOWN_LINK
    assert f"DLT_USER{link - 147}" in link_name(link)
