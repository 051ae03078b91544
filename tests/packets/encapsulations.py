"""A packet in each encapsulation that is opened, made byte by byte from its specification.

`FORMS` has by name the frame around an Ethernet frame, its link type, and whether tshark opens it
in its default settings.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import struct
from collections.abc import Callable
from typing import NamedTuple

from tests import builders
from tests.builders import PHONE_MAC, ROUTER_MAC, ethernet

ONE, TWO = "203.0.113.1", "203.0.113.2"


class Form(NamedTuple):
    """A frame's maker, from an Ethernet frame with a packet; its link type; whether tshark opens it."""

    made: Callable[[bytes], bytes]
    link: int = 1
    in_tshark: bool = True


def checksum(data: bytes) -> int:
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def ipv4(payload: bytes, protocol: int, source: str = ONE, destination: str = TWO) -> bytes:
    ends = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 7, 0, 64, protocol, 0)
    total = checksum(head + ends)
    return head[:10] + struct.pack(">H", total) + ends + payload


def over_ip(payload: bytes, protocol: int) -> bytes:
    return ethernet(ipv4(payload, protocol), 0x0800)


def over_udp(payload: bytes, port: int, source: int = 50000) -> bytes:
    return over_ip(struct.pack(">HHHH", source, port, 8 + len(payload), 0) + payload, 17)


def tagged(ethertype: int, tag: bytes) -> Callable[[bytes], bytes]:
    return lambda frame: frame[:12] + struct.pack(">H", ethertype) + tag + frame[12:]


def packet_of(frame: bytes) -> bytes:
    return frame[14:]


def wifi(frame: bytes, *, swapped: bool = False) -> bytes:
    """The packet in an 802.11 data frame to the access point."""
    control = b"\x01\x08" if swapped else b"\x08\x01"
    ends = ROUTER_MAC + frame[6:12] + frame[:6]
    return control + bytes(2) + ends + b"\x10\0" + b"\xaa\xaa\3\0\0\0\x08\0" + packet_of(frame)


def ayiya(frame: bytes) -> bytes:
    """An IPv6 packet behind identity and signature (draft-massar-v6ops-ayiya-02)."""
    head = bytes([0x44, 0x52, 0x11, 0x29]) + struct.pack(">I", 1_550_000_000) + bytes(15) + b"\1"
    packet = ipv6_around(frame)
    return over_udp(head + hmac.digest(b"key", packet, "sha1") + packet, 5072)


def ipv6_around(frame: bytes) -> bytes:
    """The transport part of a packet, between IPv6 addresses."""
    segment = packet_of(frame)[20:]
    ends = ipaddress.ip_address("2001:db8::10").packed + ipaddress.ip_address("2001:db8:1::20").packed
    return struct.pack(">IHBB", 0x60000000, len(segment), 6, 64) + ends + segment


def esp(inside: bytes, following: int, check: int = 12, iv: bytes = b"") -> bytes:
    """ESP without encryption: padding counts from 1 (RFC 4303 §2.4)."""
    padding = -(len(inside) + 2) % 4
    trailer = bytes(range(1, padding + 1)) + bytes([padding, following])
    return struct.pack(">II", 0x1234, 9) + iv + inside + trailer + hashlib.sha256(inside).digest()[:check]


def esp_transport(frame: bytes) -> bytes:
    """The segment of a packet in ESP, between the packet's own addresses."""
    packet = packet_of(frame)
    return ethernet(
        ipv4(esp(packet[20:], 6), 50, *(str(ipaddress.ip_address(packet[k : k + 4])) for k in (12, 16))),
        0x0800,
    )


def authenticated(frame: bytes) -> bytes:
    packet = packet_of(frame)
    head = struct.pack(">BBHII", 6, 4, 0, 1, 1) + bytes(12)
    ends = (str(ipaddress.ip_address(packet[k : k + 4])) for k in (12, 16))
    return ethernet(ipv4(head + packet[20:], 51, *ends), 0x0800)


def cooked(device: int, protocol: int, payload: bytes) -> bytes:
    return struct.pack(">HHH8sH", 0, device, 6, PHONE_MAC + bytes(2), protocol) + payload


def radiotap(frame: bytes) -> bytes:
    return bytes([0, 0, 8, 0, 0, 0, 0, 0]) + wifi(frame)


def capwap(payload: bytes, *, native: bool) -> bytes:
    return over_udp(bytes([0, 0x10, 0x43 if native else 0x42, 0, 0, 0, 0, 0]) + payload, 5247, 5248)


def rndis(frame: bytes) -> bytes:
    """A frame in a packet message of RNDIS behind the header of usbmon."""
    message = struct.pack("<IIII", 1, 44 + len(frame), 36, len(frame)) + bytes(28) + frame
    return bytes(64) + message


def pktap(frame: bytes) -> bytes:
    return struct.pack("<III", 108, 1, 1) + b"en0".ljust(24, b"\0") + bytes(72) + frame


def isl(frame: bytes) -> bytes:
    head = b"\1\0\x0c\0\0\0" + PHONE_MAC + struct.pack(">H", len(frame) + 12) + b"\xaa\xaa\3\0\0\x0c"
    return head + bytes(6) + frame + bytes(4)


FORMS: dict[str, Form] = {
    "TZSP": Form(lambda f: over_udp(b"\1\0\0\1\x0a\1\x7f\0\1" + f, 37008)),
    "TZSP with 802.11": Form(lambda f: over_udp(b"\1\0\0\x12\1" + wifi(f), 37008)),
    "TZSP on another port": Form(lambda f: over_udp(b"\1\0\0\1\1" + f, 9999), in_tshark=False),
    "CAPWAP with 802.11, swapped": Form(lambda f: capwap(wifi(f, swapped=True), native=True)),
    "CAPWAP with 802.11": Form(lambda f: capwap(wifi(f), native=True), in_tshark=False),
    "CAPWAP with 802.3": Form(lambda f: capwap(f, native=False)),
    "LWAPP": Form(
        lambda f: over_udp(
            struct.pack(">BBHBB", 0, 0, len(f) + 18, 0, 0) + wifi(f, swapped=True), 12222, 12222
        )
    ),
    "VN-Tag": Form(tagged(0x8926, b"\0\1\0\2")),
    "E-TAG": Form(tagged(0x893F, bytes(6))),
    "Cisco metadata": Form(tagged(0x8909, b"\1\1\0\1\0\x64")),
    "HSR": Form(tagged(0x892F, b"\0\x50\0\1")),
    "switch tag with EtherType": Form(tagged(0xDADA, bytes(2) + b"\xc0\1\0\0"), in_tshark=False),
    "batman-adv, unicast": Form(lambda f: ethernet(b"\x40\x0f\x32\1" + PHONE_MAC + f, 0x4305)),
    "batman-adv, broadcast": Form(lambda f: ethernet(b"\1\x0f\x32\0\0\0\0\1" + PHONE_MAC + f, 0x4305)),
    "batman-adv, four addresses": Form(
        lambda f: ethernet(b"\x42\x0f\x32\1" + PHONE_MAC + PHONE_MAC + b"\1\0" + f, 0x4305)
    ),
    "TRILL": Form(lambda f: ethernet(b"\0\x3f\0\1\0\2" + f, 0x22F3)),
    "FabricPath": Form(lambda f: ethernet(b"\0\x40" + f, 0x8903)),
    "Cisco ISL": Form(isl),
    "L2TPv2 with PPP": Form(
        lambda f: over_udp(b"\0\2\0\1\0\2\xff\3\0\x21" + packet_of(f), 1701, 1701)
    ),
    **{
        f"L2TPv3 over {way}, {len(cookie)} bytes of cookie": Form(
            lambda f, over=over, cookie=cookie: over(struct.pack(">I", 77) + cookie + f),  # type: ignore[misc]
            in_tshark=False,
        )
        for cookie in (b"", b"\x99" * 4, b"\x99" * 8)
        for way, over in (
            ("IP", lambda data: over_ip(data, 115)),
            ("UDP", lambda data: over_udp(b"\0\3\0\0" + data, 1701, 1701)),
        )
    },
    "L2TPv3 with a sublayer": Form(
        lambda f: over_ip(struct.pack(">I", 77) + b"\x99" * 4 + b"\x40\0\0\1" + f, 115), in_tshark=False
    ),
    "authentication header": Form(authenticated),
    "ESP without encryption, tunnel": Form(lambda f: over_ip(esp(packet_of(f), 4), 50), in_tshark=False),
    "ESP without encryption, transport": Form(esp_transport, in_tshark=False),
    "ESP with GMAC": Form(lambda f: over_ip(esp(packet_of(f), 4, 16, bytes(8)), 50), in_tshark=False),
    "AYIYA": Form(ayiya),
    "Teredo with both indications": Form(
        lambda f: over_udp(
            b"\0\1\0\0" + bytes(9) + b"\0\0\xff\xff\x34\xff\x8e\xf3" + ipv6_around(f), 3544, 3544
        )
    ),
    "ERSPAN II": Form(
        lambda f: over_ip(b"\x10\0\x88\xbe\0\0\0\1" + b"\x10\1\0\1" + bytes(4) + f, 47)
    ),
    "ERSPAN III": Form(lambda f: over_ip(b"\x10\0\x22\xeb\0\0\0\1" + b"\x20\1\0\1" + bytes(8) + f, 47)),
    "NVGRE": Form(lambda f: over_ip(b"\x20\0\x65\x58\0\x12\x34\0" + f, 47)),
    "VXLAN on another port": Form(lambda f: over_udp(b"\x08\0\0\0\0\0\x2a\0" + f, 12345), in_tshark=False),
    "Geneve on another port": Form(
        lambda f: over_udp(b"\1\0\x65\x58\0\0\x2a\0" + bytes(4) + f, 12345), in_tshark=False
    ),
    "LISP": Form(lambda f: over_udp(b"\xc0" + bytes(7) + packet_of(f), 4341)),
    "IP in UDP": Form(lambda f: over_udp(packet_of(f), 5555), in_tshark=False),
    "IP in ICMP": Form(lambda f: over_ip(b"\x08\0\0\0\0\1\0\1" + packet_of(f), 1), in_tshark=False),
    "MPLS with a wrong header checksum": Form(
        lambda f: ethernet(b"\0\1\x01\x40" + f[14:24] + b"\1\1" + f[26:], 0x8847)
    ),
    "a pseudowire with a control word": Form(lambda f: ethernet(b"\0\1\x01\x40" + bytes(4) + f, 0x8847)),
    "a pseudowire without one": Form(
        lambda f: ethernet(b"\0\1\x01\x40" + b"\x46" + f[1:], 0x8847), in_tshark=False
    ),
    "an 802.11 frame behind radiotap, cooked": Form(lambda f: cooked(803, 0x19, radiotap(f)), 113),
    "an 802.11 frame, cooked": Form(lambda f: cooked(801, 0x19, wifi(f)), 113, in_tshark=False),
    "Qualcomm multiplexing, cooked": Form(
        lambda f: cooked(519, 0x0800, struct.pack(">BBH", 0, 1, len(f) - 14) + packet_of(f)), 113, False
    ),
    "PKTAP": Form(pktap, 258),
    "PKTAP as a user link type": Form(pktap, 149, in_tshark=False),
    "PPI with Ethernet": Form(lambda f: struct.pack("<BBHI", 0, 0, 8, 1) + f, 192),
    "Juniper Ethernet": Form(lambda f: b"MGC\x81\0\4\3\1\1\1" + f, 178),
    "Juniper without a link layer": Form(lambda f: b"MGC\3\2\0\0\0" + packet_of(f), 178),
    "Broadcom tag": Form(lambda f: f[:12] + b"\0\0\0\1" + f[12:], 281, in_tshark=False),
    "Broadcom tag in front": Form(lambda f: b"\0\0\0\1" + f, 282, in_tshark=False),
    "Marvell tag": Form(lambda f: f[:12] + b"\xc0\1\0\0" + f[12:], 284, in_tshark=False),
    "Marvell tag with EtherType": Form(
        lambda f: f[:12] + b"\xda\xda\0\0\xc0\1\0\0" + f[12:], 285, in_tshark=False
    ),
    "ERF": Form(
        lambda f: bytes(8) + bytes([2, 0]) + struct.pack(">HHH", 18 + len(f), 0, len(f)) + bytes(2) + f, 197
    ),
    "a private link type": Form(lambda f: b"\7" * 11 + f, 150, in_tshark=False),
    "RNDIS over USB": Form(rndis, 220, in_tshark=False),
}  # fmt: skip

# What looks like one of these and is none: no packet may come of it.
NOT_OPENED: dict[str, Form] = {
    "ESP that may be encrypted": Form(lambda f: over_ip(esp(hashlib.sha256(f).digest() * 4, 6), 50)),
    "CAPWAP over DTLS": Form(lambda _: over_udp(b"\1\0\0\0\x17\xfe\xfd" + bytes(60), 5247, 5248)),
    "a CAPWAP keep-alive": Form(lambda _: over_udp(b"\0\x10\0\x08" + bytes(40), 5247, 5248)),
    "VXLAN on another port, a length that does not fit": Form(
        lambda f: over_udp(b"\x08\0\0\0\0\0\x2a\0" + f[:-30], 12345)
    ),
    "an L2TPv3 control message": Form(lambda f: over_ip(bytes(4) + f, 115)),
    "an address of a pseudowire that begins with 4, around no IP": Form(
        lambda f: ethernet(b"\0\1\x01\x40" + b"\x45" + f[1:12] + b"\x88\xcc" + bytes(60), 0x8847)
    ),
    "what ICMP quotes": Form(lambda f: over_ip(b"\3\1\0\0\0\0\0\0" + packet_of(f), 1)),
    "a private link type of anything": Form(lambda _: b"\x45\7" * 60, 151),
}


def conversation() -> list[bytes]:
    """Ethernet frames of a request and its answer."""
    return builders.conversation(
        (True, builders.http_request(target="/register?imei=490154203237518")),
        (False, builders.http_response(body=b"done")),
    )
