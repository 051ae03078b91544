"""Link types whose header tells what follows it, and those of which only the form of what follows tells."""

from __future__ import annotations

from analyzer.core.byte_access import little16, little32, u8, u16, u32
from analyzer.core.kernel_types import Bytes
from analyzer.packets.header_forms import inside_by_form, sound_ethernet
from analyzer.packets.layers import ETHERNET, IP, LLC, PPP, STOP, TYPED

PPI, PKTAP, WIFI_LINK = 192, 258, 105
# LINKTYPE_ values of Juniper's routers that the form after their header tells enough of.
JUNIPER_ETHERNET, JUNIPER_PPP, JUNIPER_FRAME_RELAY, JUNIPER_HDLC = 178, 179, 180, 181
JUNIPER_MAGIC = 0x4D4743
BY_FORM_MOST = 160  # bytes of unknown headers: those of USB captures with RNDIS are the longest


def is_private(link: int) -> bool:
    """Return whether a LINKTYPE_ is set aside for private use."""
    return 147 <= link <= 162


def pktap_link(data: Bytes, i: int, end: int) -> tuple[int, int]:
    """Return (link type, position) behind Apple's header: length, kind of record, link type; -1 where cut.

    Each has 4 bytes, the least significant first.
    """
    if i + 12 > end:
        return -1, i
    length = little16(data, i)
    if length < 12 or u32(data, i + 2) & 0xFFFF0000 or i + length > end:
        return -1, i
    inner = little16(data, i + 8)
    return (inner if inner != PKTAP else -1), i + length


def is_pktap(data: Bytes, i: int, end: int) -> bool:
    """Return whether a packet of PKTAP begins here: a length, record type 1, a link type, a name."""
    if i + 40 > end or not 36 <= little32(data, i) <= 1024 or little32(data, i + 4) != 1:
        return False
    name = u8(data, i + 12) | 0x20
    return little32(data, i + 8) < 512 and 0x61 <= name <= 0x7A


def inner_link(data: Bytes, i: int, end: int, link: int) -> tuple[int, int]:
    """Return (link type, position) behind a header that tells the link type itself; -1 where it is cut."""
    if link == PKTAP or (is_private(link) and is_pktap(data, i, end)):
        return pktap_link(data, i, end)
    if link == PPI:  # version, flags, length, link type of what follows
        if i + 8 > end:
            return -1, i
        length, inner = little16(data, i + 2), little16(data, i + 4)
        return (inner if length >= 8 and inner != PPI else -1), i + length
    if is_juniper(link):
        return juniper_link(data, i, end, link)
    return link, i


# ── Juniper ─────────────────────────────────────────────────────────────────


def is_juniper(link: int) -> bool:
    """Return whether a LINKTYPE_ begins with Juniper's magic number."""
    return 130 <= link <= 137 or 178 <= link <= 181 or link in (164, 167, 168, 183, 194, 200, 233, 238)


def juniper_link(data: Bytes, i: int, end: int, link: int) -> tuple[int, int]:
    """Return (link type, position) behind magic number, flags and extensions.

    Without them the type stays what it was.
    """
    if i + 4 > end or u32(data, i) >> 8 != JUNIPER_MAGIC:
        return link, i
    flags, position = u8(data, i + 3), i + 4
    if flags & 0x80:  # extensions, and their length
        if position + 2 > end:
            return -1, i
        position += 2 + u16(data, position)
    if flags & 0x02:  # no link layer: a number of the protocol, then the packet
        return 101, position + 4
    if link == JUNIPER_ETHERNET or link == 167:
        return 1, position
    if link == JUNIPER_PPP:
        return 9, position
    if link == JUNIPER_FRAME_RELAY:
        return 107, position
    return (104 if link == JUNIPER_HDLC else link), position


# ── switches, carriers, recorders ───────────────────────────────────────────


def wrapped_layer(data: Bytes, i: int, end: int, link: int) -> tuple[int, int, int]:
    """Return (layer, position, EtherType) of links with a short header; STOP with 0 for others."""
    if link == 282:  # Broadcom's switch tag before the addresses
        return ETHERNET, i + 4, 0
    if link in (281, 284, 285):
        return tagged_by_switch(data, i, end, link)
    if link in (204, 205, 206) and i + 5 <= end:  # a direction byte before PPP, Cisco HDLC, Frame Relay
        if link == 204:
            return PPP, i + 1, 0
        return (TYPED, i + 5, u16(data, i + 3)) if link == 205 else (STOP, i, 0)
    if link == 138 and i + 18 <= end:  # IP over IEEE 1394 of Apple
        return TYPED, i + 18, u16(data, i + 16)
    if link == 100 and i + 8 <= end:  # ATM (RFC 2684): LLC, or routed without it
        return (LLC if u16(data, i) in (0xAAAA, 0xFEFE) else IP), i, 0
    if link == 123 and i + 12 <= end:  # SunATM: 4 bytes before the same
        return (LLC if u16(data, i + 4) == 0xAAAA else STOP), i + 4, 0
    if link == 240:  # netANALYZER
        return ETHERNET, i + 4, 0
    if link == 241:
        return ETHERNET, i + 12, 0
    if link == 197:
        return recorded_by_endace(data, i, end)
    return STOP, i, 0


def tagged_by_switch(data: Bytes, i: int, end: int, link: int) -> tuple[int, int, int]:
    """Return what is behind a tag between the addresses and the EtherType (Linux DSA)."""
    length = 8 if link == 285 else 4  # Marvell's with an EtherType; Broadcom's and Marvell's without
    if i + 14 + length > end:
        return STOP, i, -1
    return TYPED, i + 14 + length, u16(data, i + 12 + length)


def recorded_by_endace(data: Bytes, i: int, end: int) -> tuple[int, int, int]:
    """Return what is behind a record header of ERF: 16 bytes, extensions of 8, padding of 2 for Ethernet."""
    if i + 18 > end:
        return STOP, i, -1
    kind, position = u8(data, i + 8), i + 16
    more = kind & 0x80
    for _ in range(16):
        if not more or position + 8 > end:
            break
        more = u8(data, position) & 0x80
        position += 8
    if kind & 0x7F in (2, 11, 16, 20, 21):  # Ethernet, with a color, with a hash
        return ETHERNET, position + 2, 0
    if kind & 0x7F in (22, 23):  # IPv4, IPv6
        return IP, position, 0
    return STOP, i, 0


# ── by form ─────────────────────────────────────────────────────────────────


def any_link(data: Bytes, i: int, end: int, wire: int, link: int) -> tuple[int, int]:
    """Return (layer, position) of a sound frame or packet behind an unknown header; STOP without one."""
    if link == 220 or link == 189 or link == 249:
        return usb_payload(data, i, end, link)
    return inside_by_form(data, i, end, wire, BY_FORM_MOST)


def usb_payload(data: Bytes, i: int, end: int, link: int) -> tuple[int, int]:
    """Return (layer, position) of an Ethernet frame of a phone shared by USB: RNDIS, or as it stands."""
    position = i + (64 if link == 220 else 48)
    if link == 249:
        if i + 2 > end:
            return STOP, i
        position = i + little16(data, i)
    if position + 44 <= end and little32(data, position) == 1:  # a packet message of RNDIS
        at = position + 8 + little32(data, position + 8)
        stop = at + little32(data, position + 12)
        if at > position + 16 and stop <= end and sound_ethernet(data, at, stop, stop):
            return ETHERNET, at
    if position + 14 <= end and sound_ethernet(data, position, end, end):
        return ETHERNET, position
    return STOP, i
