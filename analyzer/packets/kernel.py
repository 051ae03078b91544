"""Frames to columns: link, network and transport headers of every record of a batch.

Plain Python on purpose: `analyzer.compiling` compiles these functions for large captures, and
the same source runs uncompiled for small ones and in tests. Rules that keep both forms equal:
integers only, every read behind a check against `end`, no allocation, no exception.

`data` is a buffer of octets; positions are offsets into it.
"""

from __future__ import annotations

from typing import Any

from analyzer.capture.records import CAPTURED, LINK, OFFSET, RECORD_WIDTH, WIRE
from analyzer.compiling import Octets

from .table import (
    ACKNOWLEDGMENT,
    ADDRESS_HASH,
    ADDRESS_WIDTH,
    DAMAGED,
    DESTINATION_HI,
    DESTINATION_LO,
    DESTINATION_MAC,
    DESTINATION_PORT,
    ETHERTYPE,
    FLAGS,
    FRAGMENT,
    KIND,
    NETWORK,
    NOT_IP,
    OTHER_IP,
    PAYLOAD,
    PAYLOAD_CAPTURED,
    PAYLOAD_WIRE,
    PROTOCOL,
    SEQUENCE,
    SOURCE_HI,
    SOURCE_LO,
    SOURCE_MAC,
    SOURCE_PORT,
    TCP,
    UDP,
    UNKNOWN_LINK,
    WEIGHT,
    WIDTH,
)  # fmt: skip

# The layers that a frame is peeled through.
STOP, ETHERNET, TYPED, IP, PPP, GRE, MPLS, WIFI, LLC = range(9)

# What an IEEE 802.11 frame without a readable packet is; beyond the values an EtherType can have.
WIFI_MANAGEMENT, WIFI_CONTROL, WIFI_NO_DATA, WIFI_PROTECTED, WIFI_AGGREGATE, WIFI_CUT, WIFI_RETRY = range(
    0x10000, 0x10007
)

# Layers peeled at most: a phone's frame has three to six; a tower of tags is an attack.
MAX_LAYERS = 24

V4_PREFIX = 0xFFFF_0000_0000


# Products, not shifts: numba makes a shifted uint8 unsigned, and unsigned mixes into floats.


def u8(data: Octets, i: int) -> int:
    return data[i] * 1


def u16(data: Octets, i: int) -> int:
    return data[i] * 0x100 + data[i + 1]


def u32(data: Octets, i: int) -> int:
    return data[i] * 0x1000000 + data[i + 1] * 0x10000 + data[i + 2] * 0x100 + data[i + 3]


def mac_at(data: Octets, i: int) -> int:
    return (u16(data, i) << 32) | u32(data, i + 2)


def mix(value: int, word: int) -> int:
    """One round of a 31-bit hash: products stay below 2^63, so both forms agree."""
    value = ((value ^ word) & 0xFFFFFFFF) * 0x5BD1E995
    return ((value >> 15) ^ value) & 0x7FFFFFFF


def hash_words(data: Octets, i: int, words: int) -> int:
    value = 0
    for k in range(words):
        value = mix(value, u32(data, i + 4 * k))
    return value


def first_layer(data: Octets, i: int, end: int, link: int) -> tuple[int, int, int]:
    """(layer, position, ethertype) behind the link-layer header.

    Layer STOP with ethertype 0 for an unknown link type, with -1 where the header is cut.
    """
    if link == 1:  # LINKTYPE_ETHERNET
        return ETHERNET, i, 0
    if link in (101, 12, 14, 228, 229, 8):  # LINKTYPE_RAW and its OS-specific values, IPV4, IPV6, SLIP
        return IP, i + (16 if link == 8 else 0), 0
    if link in (0, 108):  # LINKTYPE_NULL, LOOP: the family in 4 octets, host or network order
        return IP, i + 4, 0
    if i + 24 > end and link != 104 and link not in (9, 50, 166, 51):
        return (STOP, i, -1) if known_link(link) else (STOP, i, 0)
    if link == 113:  # LINKTYPE_LINUX_SLL: protocol in octets 14-15 of 16
        return TYPED, i + 16, u16(data, i + 14)
    if link == 276:  # LINKTYPE_LINUX_SLL2: protocol in octets 0-1 of 20
        return TYPED, i + 20, u16(data, i)
    if link in (105, 127, 119, 163, 192):
        return wifi_start(data, i, link)
    if link in (9, 50, 166):  # PPP, with HDLC framing, with pppd's direction octet
        return PPP, i + (2 if link == 166 and i < end and u8(data, i) != 0xFF else 0), 0
    if link == 51 and i + 6 <= end:  # PPPoE session
        return PPP, i + 6, 0
    if link == 104 and i + 4 <= end:  # Cisco HDLC: address, control, EtherType
        return TYPED, i + 4, u16(data, i + 2)
    if link == 239:
        return nflog_payload(data, i, end)
    if link == 10:  # FDDI: frame control, addresses, LLC
        return LLC, i + 13, 0
    if link == 117:  # OpenBSD pflog: its length, rounded up to 4, in the first octet
        return IP, i + ((u8(data, i) + 3) & ~3), 0
    if link == 109:  # OpenBSD encapsulation: family, SPI, flags
        return IP, i + 12, 0
    if link == 274:  # IEEE 802.3br mPacket: preamble
        return ETHERNET, i + 8, 0
    return STOP, i, 0


def known_link(link: int) -> bool:
    """Whether `first_layer` reads this link type."""
    if link in (0, 1, 8, 9, 10, 12, 14, 50, 51, 101, 104, 105, 108, 109, 113, 117, 119, 127):
        return True
    return link in (163, 166, 192, 228, 229, 239, 274, 276)


def little16(data: Octets, i: int) -> int:
    return data[i] + data[i + 1] * 0x100


def wifi_start(data: Octets, i: int, link: int) -> tuple[int, int, int]:
    """Where the IEEE 802.11 header begins behind what the capturing card put before it."""
    if link == 105:
        return WIFI, i, 0
    if link == 127:  # radiotap: version 0, pad, length
        return (WIFI, i + little16(data, i + 2), 0) if u8(data, i) == 0 else (STOP, i, -1)
    if link == 192:  # PPI: version, flags, length, link type of what follows
        inner = little16(data, i + 4)
        return (WIFI, i + little16(data, i + 2), 0) if inner == 105 else (STOP, i, -1)
    # AVS has its length in network order; Prism has 144 octets, or an AVS header under its number.
    if link == 163 or u32(data, i) & 0xFFFFF000 == 0x80211000:
        return WIFI, i + u32(data, i + 4), 0
    return WIFI, i + 144, 0


def nflog_payload(data: Octets, i: int, end: int) -> tuple[int, int, int]:
    """The packet inside a Linux netfilter log record: the attribute of type 9."""
    position = i + 4
    for _ in range(32):
        if position + 4 > end:
            break
        # The writing host's byte order; lengths are small, so the order that gives one is right.
        length, kind = little16(data, position), little16(data, position + 2)
        if length > 0xFF and u16(data, position) < length:
            length, kind = u16(data, position), u16(data, position + 2)
        if length < 4:
            break
        if kind & 0x7FFF == 9:
            return IP, position + 4, 0
        position += (length + 3) & ~3
    return STOP, i, -1


def link_macs(data: Octets, i: int, end: int, link: int) -> tuple[int, int]:
    """(source, destination) MAC addresses of the outermost frame, -1 where it has none."""
    if link == 1 and i + 12 <= end:
        return mac_at(data, i + 6), mac_at(data, i)
    # Cooked captures hold the sender's address alone (6 octets when its length says so).
    if link == 113 and i + 16 <= end and u16(data, i + 4) == 6:
        return mac_at(data, i + 6), -1
    if link == 276 and i + 20 <= end and u8(data, i + 11) == 6:
        return mac_at(data, i + 12), -1
    return -1, -1


def wifi_macs(data: Octets, i: int, end: int) -> tuple[int, int]:
    """(source, destination) of a data frame by its direction bits (IEEE 802.11 §9.3.2.1)."""
    if i + 24 > end or (u8(data, i) >> 2) & 3 != 2:
        return -1, -1
    direction = u8(data, i + 1) & 3
    if direction == 0:  # between stations
        return mac_at(data, i + 10), mac_at(data, i + 4)
    if direction == 1:  # to the access point
        return mac_at(data, i + 10), mac_at(data, i + 16)
    if direction == 2:  # from the access point
        return mac_at(data, i + 16), mac_at(data, i + 4)
    return (mac_at(data, i + 24), mac_at(data, i + 16)) if i + 30 <= end else (-1, -1)


def after_ethertype(i: int, end: int, ethertype: int) -> tuple[int, int]:
    """(layer, position) that an EtherType leads to; STOP where it isn't IP."""
    if ethertype in (0x0800, 0x86DD):
        return IP, i
    if ethertype in (0x8847, 0x8848):
        return MPLS, i
    if ethertype == 0x6558:  # transparent Ethernet bridging, as in Geneve
        return ETHERNET, i
    if ethertype == 0x8864 and i + 6 <= end:  # PPPoE session (RFC 2516)
        return PPP, i + 6
    if ethertype <= 1500 and i + 8 <= end:  # IEEE 802.3 length: LLC follows
        return LLC, i
    if ethertype == 0x0004:  # LINUX_SLL_P_802_2
        return LLC, i
    return STOP, i


def skip_mpls(data: Octets, i: int, end: int) -> tuple[int, int]:
    """Behind the bottom of the label stack (RFC 3032): IP, or Ethernet after a control word."""
    while i + 4 <= end:
        bottom = u8(data, i + 2) & 1
        i += 4
        if bottom:
            break
    if i < end and u8(data, i) >> 4 in (4, 6):
        return IP, i
    if i + 4 <= end and u8(data, i) >> 4 == 0:  # pseudowire control word (RFC 4385)
        return ETHERNET, i + 4
    return STOP, i


def skip_ppp(data: Octets, i: int, end: int) -> tuple[int, int]:
    """Behind the PPP protocol field (RFC 1661), with address and control octets if present."""
    if i + 2 <= end and u8(data, i) == 0xFF and u8(data, i + 1) == 0x03:
        i += 2
    if i + 2 > end:
        return STOP, i
    protocol = u8(data, i) if u8(data, i) & 1 else u16(data, i)
    i += 1 if u8(data, i) & 1 else 2
    if protocol in (0x0021, 0x0057):
        return IP, i
    if protocol == 0x0281:
        return MPLS, i
    return STOP, i


def skip_gre(data: Octets, i: int, end: int) -> tuple[int, int, int]:
    """(layer, position, ethertype) behind a GRE header (RFC 2784, 2890, 2637; ERSPAN)."""
    if i + 4 > end:
        return STOP, i, 0
    flags, protocol = u16(data, i), u16(data, i + 2)
    position = i + 4
    for bit in (0x8000, 0x2000, 0x1000):  # checksum, key, sequence number
        if flags & bit:
            position += 4
    if flags & 7 == 1 and flags & 0x80:  # version 1 with acknowledgment number
        position += 4
    if protocol == 0x880B:
        return PPP, position, 0
    if protocol == 0x6558:
        return ETHERNET, position, 0
    if protocol == 0x88BE:  # ERSPAN: type II has a sequence number and 8 octets more
        return ETHERNET, position + (8 if flags & 0x1000 else 0), 0
    if protocol == 0x22EB:  # ERSPAN type III
        return ETHERNET, position + 12, 0
    if protocol == 0x0000 or 0x8200 <= protocol <= 0x8210:  # 802.11 frames from access controllers
        return WIFI, position, 0
    return TYPED, position, protocol


def skip_wifi(data: Octets, i: int, end: int) -> tuple[int, int, int]:
    """(layer, position, what it is instead) behind the MAC header of an IEEE 802.11 data frame.

    Layer STOP where the frame holds no packet that can be read as it stands.
    """
    if i + 10 > end:
        return STOP, i, WIFI_CUT
    control, flags = u8(data, i), u8(data, i + 1)
    kind = (control >> 2) & 3
    if control & 3 or kind != 2:
        return STOP, i, WIFI_MANAGEMENT if kind == 0 else WIFI_CONTROL
    if control & 0x40:  # a data frame without data
        return STOP, i, WIFI_NO_DATA
    position = i + 24
    if flags & 3 == 3:  # four addresses
        position += 6
    if flags & 0x40:
        return STOP, i, WIFI_PROTECTED
    if control & 0x80:  # QoS
        if position + 2 > end:
            return STOP, i, WIFI_CUT
        if u8(data, position) & 0x80:
            return STOP, i, WIFI_AGGREGATE
        position += 2
        if flags & 0x80:  # HT control
            position += 4
    # Some drivers pad the header to a multiple of 4; LLC then begins two octets later.
    if position + 4 <= end and u16(data, position) != 0xAAAA and u16(data, position + 2) == 0xAAAA:
        position += 2
    return LLC, position, 0


def skip_llc(data: Octets, i: int, end: int) -> tuple[int, int, int]:
    """(layer, position, ethertype) behind LLC/SNAP (RFC 1042)."""
    if i + 8 <= end and u8(data, i) == 0xAA and u8(data, i + 1) == 0xAA and u8(data, i + 2) == 0x03:
        return TYPED, i + 8, u16(data, i + 6)
    return STOP, i, 0


def udp_tunnel(data: Octets, i: int, end: int, source: int, destination: int) -> tuple[int, int, int]:
    """(layer, position, ethertype) inside a tunnel over UDP; STOP where there is none.

    A port alone proves nothing, so the tunnel's header has to be well-formed too.
    """
    if i + 8 > end:
        return STOP, i, 0
    if destination in (4789, 8472) and u8(data, i) & 8:
        return ETHERNET, i + 8, 0  # VXLAN (RFC 7348): the I flag; reserved bits are to be ignored
    if destination == 6081 and u8(data, i) >> 6 == 0:  # Geneve (RFC 8926)
        return TYPED, i + 8 + 4 * (u8(data, i) & 0x3F), u16(data, i + 2)
    if 2152 in (source, destination) and u8(data, i) >> 5 == 1 and u8(data, i + 1) == 0xFF:
        return gtp_payload(data, i, end)
    if destination == 4754:  # GRE in UDP (RFC 8086)
        return GRE, i, 0
    if 1701 in (source, destination):
        return l2tp_payload(data, i, end)
    if 3544 in (source, destination):  # Teredo (RFC 4380) without authentication or origin
        return (IP, i, 0) if u8(data, i) >> 4 == 6 and i + 40 <= end else (STOP, i, 0)
    return STOP, i, 0


def gtp_payload(data: Octets, i: int, end: int) -> tuple[int, int, int]:
    """Behind a GTP-U header (3GPP TS 29.281 §5.1), its optional fields and extension headers."""
    position = i + 8
    if u8(data, i) & 7:
        if position + 4 > end:
            return STOP, i, 0
        extension = u8(data, position + 3) if u8(data, i) & 4 else 0
        position += 4
        for _ in range(8):
            if extension == 0 or position >= end or u8(data, position) == 0:
                break
            length = 4 * u8(data, position)
            if position + length > end:
                return STOP, i, 0
            extension = u8(data, position + length - 1)
            position += length
    if position < end and u8(data, position) >> 4 in (4, 6):
        return IP, position, 0
    return STOP, i, 0


def l2tp_payload(data: Octets, i: int, end: int) -> tuple[int, int, int]:
    """Behind an L2TPv2 data header (RFC 2661 §3.1); STOP for control messages."""
    flags = u16(data, i)
    if flags & 0x8000 or flags & 0xF != 2:
        return STOP, i, 0
    position = i + 6  # flags, tunnel, session
    if flags & 0x4000:  # length
        position += 2
    if flags & 0x0800:  # Ns, Nr
        position += 4
    if flags & 0x0200:  # offset size, and that much padding
        if position + 2 > end:
            return STOP, i, 0
        position += 2 + u16(data, position)
    return PPP, position, 0


def ipv6_transport(data: Octets, i: int, end: int) -> tuple[int, int, int]:
    """(next header, position, fragmented) behind the extension headers (RFC 8200 §4).

    Position -1 says that the chain is cut or longer than any real one.
    """
    following, position = u8(data, i + 6), i + 40
    for _ in range(12):
        if following in (0, 43, 60, 135, 139, 140):
            if position + 8 > end:
                return following, -1, 0
            following, position = u8(data, position), position + 8 * (u8(data, position + 1) + 1)
        elif following == 51:  # authentication header counts in words
            if position + 8 > end:
                return following, -1, 0
            following, position = u8(data, position), position + 4 * (u8(data, position + 1) + 2)
        elif following == 44:
            if position + 8 > end:
                return following, -1, 0
            if u16(data, position + 2) & 0xFFF9:  # offset or more-fragments: not an atomic fragment
                return u8(data, position), position, 1
            following, position = u8(data, position), position + 8
        else:
            return following, (position if position <= end else -1), 0
    return following, -1, 0


def put_addresses(data: Octets, i: int, version: int, addresses: Any, to: int) -> int:
    """The address columns from the IP header at `i`; gives the hash of both addresses."""
    if version == 4:
        addresses[to + SOURCE_HI] = 0
        addresses[to + DESTINATION_HI] = 0
        addresses[to + SOURCE_LO] = V4_PREFIX | u32(data, i + 12)
        addresses[to + DESTINATION_LO] = V4_PREFIX | u32(data, i + 16)
        return hash_words(data, i + 12, 1) + hash_words(data, i + 16, 1)
    addresses[to + SOURCE_HI] = (u32(data, i + 8) << 32) | u32(data, i + 12)
    addresses[to + SOURCE_LO] = (u32(data, i + 16) << 32) | u32(data, i + 20)
    addresses[to + DESTINATION_HI] = (u32(data, i + 24) << 32) | u32(data, i + 28)
    addresses[to + DESTINATION_LO] = (u32(data, i + 32) << 32) | u32(data, i + 36)
    return hash_words(data, i + 8, 4) + hash_words(data, i + 24, 4)


def put_row(
    out: Any, at: int, kind: int, protocol: int, ports: tuple[int, int], span: tuple[int, int, int]
) -> None:
    """The transport columns; `span` is payload position, captured and wire length."""
    out[at + KIND] = kind
    out[at + PROTOCOL] = protocol
    out[at + SOURCE_PORT] = ports[0]
    out[at + DESTINATION_PORT] = ports[1]
    out[at + PAYLOAD] = span[0]
    out[at + PAYLOAD_CAPTURED] = span[1]
    out[at + PAYLOAD_WIRE] = span[2]


def put_tcp(data: Octets, i: int, end: int, wire_end: int, out: Any, at: int) -> None:
    """A TCP segment (RFC 9293 §3.1) whose header starts at `i`."""
    if i + 20 > end:
        ports = (u16(data, i), u16(data, i + 2)) if i + 4 <= end else (0, 0)
        put_row(out, at, OTHER_IP, 6, ports, (end, 0, 0))
        return
    header = (u8(data, i + 12) >> 4) * 4
    start = i + (header if header >= 20 else 20)
    captured = end - start if start < end else 0
    put_row(
        out, at, TCP, 6, (u16(data, i), u16(data, i + 2)),
        (start if start < end else end, captured, wire_end - start if start < wire_end else 0),
    )  # fmt: skip
    out[at + FLAGS] = u8(data, i + 13)
    out[at + SEQUENCE] = u32(data, i + 4)
    out[at + ACKNOWLEDGMENT] = u32(data, i + 8)


def put_udp(data: Octets, i: int, end: int, wire_end: int, out: Any, at: int) -> None:
    """A UDP datagram (RFC 768) whose header starts at `i`."""
    if i + 8 > end:
        ports = (u16(data, i), u16(data, i + 2)) if i + 4 <= end else (0, 0)
        put_row(out, at, OTHER_IP, 17, ports, (end, 0, 0))
        return
    length = u16(data, i + 4)
    if length >= 8 and i + length < wire_end:
        wire_end = i + length
    stop = end if end < wire_end else wire_end
    put_row(
        out, at, UDP, 17, (u16(data, i), u16(data, i + 2)),
        (i + 8, stop - i - 8 if stop > i + 8 else 0, wire_end - i - 8 if wire_end > i + 8 else 0),
    )  # fmt: skip


def decode_ip(
    data: Octets, i: int, end: int, wire: int, out: Any, addresses: Any, row: int
) -> tuple[int, int, int, int]:
    """One IP header and what it carries into the columns.

    `wire` is where the frame would end had it not been cut. Gives (layer, position, ethertype, end)
    of a tunnel to go on with, or layer STOP. A header that can't be right leaves the row as it was.
    """
    at = row * WIDTH
    if i + 20 > end:
        return STOP, i, 0, end
    version = u8(data, i) >> 4
    fragmented = 0
    if version == 4:
        header, total = (u8(data, i) & 15) * 4, u16(data, i + 2)
        # Total length 0: the network card segments later (TSO); the frame's length is the truth.
        wire_end = i + total if total else wire
        if header < 20 or i + header > end or (total and total < header):
            return STOP, i, 0, end
        protocol, position = u8(data, i + 9), i + header
        fragmented = 1 if u16(data, i + 6) & 0x3FFF else 0
    elif version == 6 and i + 40 <= end:
        length = u16(data, i + 4)
        wire_end = i + 40 + length if length else wire
        protocol, position, fragmented = ipv6_transport(data, i, end)
    else:
        return STOP, i, 0, end
    if wire_end > wire:
        wire_end = wire
    stop = end if end < wire_end else wire_end
    out[at + ADDRESS_HASH] = put_addresses(data, i, version, addresses, row * ADDRESS_WIDTH)
    out[at + NETWORK] = i
    # An IPv6 fragment begins with its fragment header of 8 octets.
    if position < 0 or position + (8 if fragmented and version == 6 else 0) > stop:
        put_row(out, at, OTHER_IP, protocol, (0, 0), (stop, 0, 0))
        return STOP, i, 0, end
    if fragmented:
        put_row(out, at, FRAGMENT, protocol, (0, 0), (position, stop - position, wire_end - position))
        return STOP, i, 0, end
    if protocol == 6:
        put_tcp(data, position, stop, wire_end, out, at)
        return STOP, i, 0, end
    if protocol == 17:
        put_udp(data, position, stop, wire_end, out, at)
        if position + 8 > stop:
            return STOP, i, 0, end
        layer, position, ethertype = udp_tunnel(
            data, position + 8, stop, u16(data, position), u16(data, position + 2)
        )
        return layer, position, ethertype, stop
    put_row(out, at, OTHER_IP, protocol, (0, 0), (position, stop - position, wire_end - position))
    if protocol in (4, 41):
        return IP, position, 0, stop
    if protocol == 47:
        return GRE, position, 0, stop
    return STOP, i, 0, end


def decode_frame(
    data: Octets, i: int, end: int, wire: int, link: int, out: Any, addresses: Any, row: int
) -> None:
    """One frame into row `row` of the columns."""
    at = row * WIDTH
    out[at + KIND] = UNKNOWN_LINK
    out[at + WEIGHT] = 1
    out[at + SOURCE_MAC], out[at + DESTINATION_MAC] = link_macs(data, i, end, link)
    layer, position, ethertype = first_layer(data, i, end, link)
    if layer == STOP and ethertype == 0:
        return
    out[at + KIND] = DAMAGED
    for _ in range(MAX_LAYERS):
        if layer == STOP or position >= end:
            return
        if layer == ETHERNET:
            if position + 14 > end:
                return
            layer, ethertype, position = TYPED, u16(data, position + 12), position + 14
        if layer == TYPED:
            if ethertype in (0x8100, 0x88A8, 0x9100, 0x9200):  # VLAN tags (IEEE 802.1Q, QinQ)
                if position + 4 > end:
                    return
                ethertype, position = u16(data, position + 2), position + 4
                continue
            out[at + ETHERTYPE] = ethertype
            layer, position = after_ethertype(position, end, ethertype)
        elif layer == LLC:
            layer, position, ethertype = skip_llc(data, position, end)
        elif layer == IP:
            layer, position, ethertype, end = decode_ip(data, position, end, wire, out, addresses, row)
            continue
        elif layer == PPP:
            layer, position = skip_ppp(data, position, end)
        elif layer == GRE:
            layer, position, ethertype = skip_gre(data, position, end)
        elif layer == MPLS:
            layer, position = skip_mpls(data, position, end)
        elif layer == WIFI:
            if out[at + KIND] == DAMAGED:
                out[at + SOURCE_MAC], out[at + DESTINATION_MAC] = wifi_macs(data, position, end)
            layer, position, ethertype = skip_wifi(data, position, end)
            if layer == STOP:
                out[at + ETHERTYPE] = ethertype
        if layer == STOP and out[at + KIND] == DAMAGED:
            out[at + KIND] = NOT_IP


def decode_batch(data: Octets, records: Any, out: Any, addresses: Any) -> None:
    """Every record of a batch into its row of the columns; all arrays are flat."""
    for row in range(len(records) // RECORD_WIDTH):
        record = row * RECORD_WIDTH
        start = records[record + OFFSET]
        decode_frame(
            data, start, start + records[record + CAPTURED], start + records[record + WIRE],
            records[record + LINK], out, addresses, row,
        )  # fmt: skip


# What has to be compiled before what: callees first.
CALLEES = (
    u8, u16, u32, mac_at, mix, hash_words, known_link, little16, wifi_start, nflog_payload,
    first_layer, link_macs, wifi_macs, after_ethertype, skip_mpls, skip_ppp,
    skip_gre, skip_wifi, skip_llc, gtp_payload, l2tp_payload, udp_tunnel, ipv6_transport, put_addresses,
    put_row, put_tcp, put_udp, decode_ip, decode_frame,
)  # fmt: skip
