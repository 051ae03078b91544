"""Tunnels over UDP and IP whose header is told by its form: access points, monitors, brokers, pseudowires."""

from __future__ import annotations

from analyzer.core.byte_access import mac_at, u8, u16, u32
from analyzer.core.kernel_types import Bytes
from analyzer.packets.header_forms import (
    exact_ip,
    inside_by_form,
    may_be_ethernet,
    may_be_ip,
    sound_ethernet,
    sound_ip,
)
from analyzer.packets.layers import (
    ETHERNET,
    IN_BY_FORM,
    IN_GENEVE,
    IN_L2TP,
    IN_TEREDO,
    IN_TZSP,
    IN_VXLAN,
    IP,
    PPP,
    STOP,
    WIFI,
)

TZSP_PORT, CAPWAP_DATA, LWAPP_DATA, AYIYA_PORT, LISP_DATA = 37008, 5247, 12222, 5072, 4341


# ── what access points and monitors hand on ─────────────────────────────────


def tzsp_payload(data: Bytes, i: int, end: int) -> tuple[int, int]:
    """Return (layer, position) behind a TaZmen Sniffer header and its tags; STOP without a packet."""
    if i + 5 > end or u8(data, i) != 1 or u8(data, i + 1) > 1:  # version; a packet received or to send
        return STOP, i
    protocol, position = u16(data, i + 2), i + 4
    for _ in range(64):
        if position >= end:
            return STOP, i
        tag = u8(data, position)
        if tag == 1:
            return captured_layer(data, position + 1, end, protocol)
        if tag != 0 and position + 2 > end:
            return STOP, i
        position += 1 if tag == 0 else 2 + u8(data, position + 1)
    return STOP, i


def captured_layer(data: Bytes, i: int, end: int, protocol: int) -> tuple[int, int]:
    """Return the layer of a TZSP protocol number: Ethernet, PPP, IP, 802.11 with a card's header or none."""
    if protocol == 1:
        return ETHERNET, i
    if protocol == 4:
        return PPP, i
    if protocol == 7:
        return IP, i
    if protocol == 18:
        return WIFI, i
    if protocol in (119, 127) and i + 8 <= end:  # Prism's header has 144 bytes, AVS tells its own length
        is_avs = protocol == 127 or u32(data, i) & 0xFFFFF000 == 0x80211000
        return WIFI, i + (u32(data, i + 4) if is_avs else 144)
    return STOP, i


def capwap_payload(data: Bytes, i: int, end: int) -> tuple[int, int]:
    """Return (layer, position) behind a CAPWAP header (RFC 5415 §4.3); STOP for DTLS, parts, keep-alives."""
    if i + 8 > end or u8(data, i) != 0:
        return STOP, i
    words = u32(data, i) & 0xFFFFFF
    if words & 0x88:  # a fragment, or a keep-alive
        return STOP, i
    position = i + 4 * (words >> 19)
    if position < i + 8:
        return STOP, i
    return (WIFI if words & 0x100 else ETHERNET), position


def lwapp_payload(data: Bytes, i: int, end: int) -> tuple[int, int]:
    """Return (layer, position) behind an LWAPP header (RFC 5412 §3.3); STOP for control and fragments."""
    if i + 6 > end or u8(data, i) & 0xC7 or i + 6 + u16(data, i + 2) > end:
        return STOP, i
    return WIFI, i + 6


def ayiya_payload(data: Bytes, i: int, end: int) -> tuple[int, int]:
    """Return (layer, position) behind an AYIYA header (draft-massar-v6ops-ayiya-02 §3); STOP without IP."""
    if i + 8 > end or u8(data, i + 2) & 15 != 1 or u8(data, i + 3) not in (4, 41):
        return STOP, i
    position = i + 8 + (1 << (u8(data, i) >> 4)) + 4 * (u8(data, i + 1) >> 4)
    return (IP, position) if position + 20 <= end else (STOP, i)


# ── known by their form on any port ─────────────────────────────────────────


def tunnel_by_form(data: Bytes, i: int, end: int, wire: int) -> tuple[int, int, int, int]:
    """Return (layer, position, EtherType, encapsulation) of a tunnel in a UDP payload on any port.

    Each has to hold a sound packet that ends where the payload ends; STOP where there is none.
    """
    first = u8(data, i)
    if first >> 4 == 4 or first >> 4 == 6:
        if exact_ip(data, i, end, wire):
            # An address of Teredo (RFC 4380 §2.6) on either side.
            is_teredo = first >> 4 == 6 and 0x20010000 in (u32(data, i + 8), u32(data, i + 24))
            return IP, i, 0, IN_TEREDO if is_teredo else IN_BY_FORM
        return STOP, i, 0, 0
    if first == 1 and u8(data, i + 1) <= 1:
        layer, position = tzsp_payload(data, i, end)
        if layer == ETHERNET and sound_ethernet(data, position, end, wire):
            return ETHERNET, position, 0, IN_TZSP
    if first >> 6 == 0 and u16(data, i + 2) in (0x6558, 0x0800, 0x86DD):
        position = i + 8 + 4 * (first & 0x3F)
        if u16(data, i + 2) == 0x6558 and sound_ethernet(data, position, end, wire):
            return ETHERNET, position, 0, IN_GENEVE
        if u16(data, i + 2) != 0x6558 and exact_ip(data, position, end, wire):
            return IP, position, 0, IN_GENEVE
    for at in range(i + 4, i + 17, 4):
        if may_be_ethernet(data, at, end) and sound_ethernet(data, at, end, wire):
            is_vxlan = at == i + 8 and first & 8
            return ETHERNET, at, 0, IN_VXLAN if is_vxlan else IN_BY_FORM
        if may_be_ip(data, at, end) and exact_ip(data, at, end, wire):
            return IP, at, 0, IN_BY_FORM
    return STOP, i, 0, 0


# ── pseudowires ─────────────────────────────────────────────────────────────


def l2tp3_payload(data: Bytes, i: int, end: int, wire: int) -> tuple[int, int]:
    """Return (layer, position) behind an L2TPv3 session and what else its ends agreed on (RFC 3931 §4.1).

    The cookie has 0, 4 or 8 bytes and a sublayer of 4 may follow; only a sound frame or packet tells.
    """
    if i + 4 > end or u32(data, i) == 0:  # a control message
        return STOP, i
    for at in range(i + 4, i + 17, 4):
        if may_be_ethernet(data, at, end) and sound_ethernet(data, at, end, wire):
            return ETHERNET, at
        if at + 4 <= end and u16(data, at) == 0xFF03 and exact_ip(data, at + 4, end, wire):
            return PPP, at
        if may_be_ip(data, at, end) and exact_ip(data, at, end, wire):
            return IP, at
    return STOP, i


def pseudowire(data: Bytes, i: int, end: int, wire: int) -> tuple[int, int]:
    """Return (layer, position) behind a label stack (RFC 3032): IP, or a frame, with a control word or none.

    A packet's first four bits are 4 or 6, a control word's are 0 (RFC 4385 §3), and a MAC address may begin
    with any of them: a sound frame goes before all else.
    """
    if may_be_ethernet(data, i, end) and sound_ethernet(data, i, end, wire):
        return ETHERNET, i
    first = u8(data, i) >> 4 if i < end else 15
    if (first == 4 or first == 6) and may_be_packet(data, i, end, wire):
        return IP, i
    if first == 0 and i + 18 <= end and is_frame(data, i + 4, end):
        return ETHERNET, i + 4
    if i + 14 <= end and is_frame(data, i, end):
        return ETHERNET, i
    if i + 2 <= end and u16(data, i) == 0xFF03:
        return PPP, i
    return STOP, i


def may_be_packet(data: Bytes, i: int, end: int, wire: int) -> bool:
    """Return whether an IP header stands at `i`, be it with a wrong checksum where its length is right."""
    if sound_ip(data, i, end, wire) > 0:
        return True
    if i + 40 <= end and u8(data, i) >> 4 == 6:
        return i + 40 + u16(data, i + 4) <= wire and u16(data, i + 4) > 0
    if i + 20 > end or u8(data, i) & 15 < 5 or u8(data, i) >> 4 != 4:
        return False
    stop = i + u16(data, i + 2)
    return stop == wire or (stop <= wire and u16(data, i + 10) == 0)


def is_frame(data: Bytes, i: int, end: int) -> bool:
    """Return whether a common EtherType, or a length that fits, stands where a frame has it."""
    if i + 14 > end:
        return False
    ethertype = u16(data, i + 12)
    if ethertype <= 1500:
        return i + 14 + ethertype <= end and mac_at(data, i) != 0
    return ethertype in (
        0x0800,
        0x0806,
        0x86DD,
        0x8100,
        0x88A8,
        0x8847,
        0x8863,
        0x8864,
        0x888E,
        0x88CC,
        0x8902,
    )


def any_protocol(data: Bytes, i: int, end: int, wire: int, protocol: int) -> tuple[int, int, int]:
    """Return (layer, position, encapsulation) by form alone, inside an IP protocol that has no reader."""
    if protocol == 115:
        layer, position = l2tp3_payload(data, i, end, wire)
        return layer, position, IN_L2TP
    if protocol in (1, 58):  # the data of echo messages (RFC 792, RFC 4443 §4.1), and no quoted packet
        if i + 8 > end or u8(data, i) not in (0, 8, 128, 129):
            return STOP, i, 0
        layer, position = inside_by_form(data, i + 8, end, wire, 8)
        return layer, position, IN_BY_FORM if layer != STOP else 0
    if protocol in (2, 6, 17, 50, 51, 88, 89, 103, 112, 132):
        return STOP, i, 0
    layer, position = inside_by_form(data, i, end, wire, 16)
    return layer, position, IN_BY_FORM if layer != STOP else 0
