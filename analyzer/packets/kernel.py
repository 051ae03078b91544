"""Frames to columns: link, network and transport headers of every record of a batch.

Plain Python on purpose: the build compiles these functions (`analyzer.core.kernel_source`), and the same
source runs uncompiled where there is no compiler and in tests. Rules that keep both forms equal: integers of
64 bits only, every read behind a check against `end`, no allocation, no exception.

`data` is a buffer of bytes; positions are offsets into it.
"""

from __future__ import annotations

from analyzer.capture.records import CAPTURED, LINK, OFFSET, RECORD_WIDTH, WIRE
from analyzer.core.byte_access import hash_words, mac_at, u8, u16, u32
from analyzer.core.kernel_types import Bytes, Numbers, Words
from analyzer.packets.header_forms import header_sum, is_vlan
from analyzer.packets.layers import (
    ETHERNET,
    FAR,
    GRE,
    HEADER_BASE,
    HEADERS_FULL,
    IN_BATMAN,
    IN_BCP,
    IN_ERSPAN,
    IN_ESP,
    IN_ISL,
    IN_MACSEC,
    IN_MOBILE_MUX,
    IN_MPLS,
    IN_NSH,
    IN_PBB,
    IN_PPPOE,
    IN_PPTP,
    IN_TRILL,
    IN_WCCP,
    IN_WIFI,
    IP,
    LLC,
    MAX_LAYERS,
    MPLS,
    NETLINK,
    NSH,
    PATH_BASE,
    PATH_FULL,
    PPP,
    STOP,
    TYPED,
    WIFI,
    WIFI_AGGREGATE,
)
from analyzer.packets.links import first_layer, link_macs, link_mark, wifi_macs
from analyzer.packets.packet_table import (
    ACKNOWLEDGMENT,
    ADDRESS_HASH,
    ADDRESS_WIDTH,
    AGGREGATE,
    DAMAGED,
    DESTINATION_HI,
    DESTINATION_LO,
    DESTINATION_MAC,
    DESTINATION_PORT,
    ETHERTYPE,
    FLAGS,
    FRAGMENT,
    IDENTITY,
    KIND,
    LENGTH_ABSENT,
    NETWORK,
    NOT_IP,
    NOTES,
    OTHER_IP,
    OUTER,
    PATH,
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
    VARIANT,
    WEIGHT,
    WIDTH,
)
from analyzer.packets.security import (
    AUTHENTICATION,
    ENCAPSULATED,
    LONGEST_PADDING,
    goes_on,
    null_encryption,
    skip_authentication,
)
from analyzer.packets.tags import BATMAN, FABRICPATH, ISL_LENGTH, TRILL, isl_length, skip_mobile_mux
from analyzer.packets.tunnels import (
    MACSEC,
    after_ethertype,
    ip_tunnel,
    skip_gre,
    skip_llc,
    skip_mpls,
    skip_nsh,
    skip_ppp,
    skip_wifi,
    udp_tunnel,
)
from analyzer.packets.wrappers import any_link, inner_link

V4_PREFIX = 0xFFFF_0000_0000


def ipv6_transport(data: Bytes, i: int, end: int) -> tuple[int, int, int]:
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


def put_addresses(data: Bytes, i: int, version: int, addresses: Words, to: int) -> int:
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
    out: Numbers, at: int, kind: int, protocol: int, ports: tuple[int, int], span: tuple[int, int, int]
) -> None:
    """The transport columns; `span` is payload position, captured and wire length."""
    out[at + KIND] = kind
    out[at + PROTOCOL] = protocol
    out[at + SOURCE_PORT] = ports[0]
    out[at + DESTINATION_PORT] = ports[1]
    out[at + PAYLOAD] = span[0]
    out[at + PAYLOAD_CAPTURED] = span[1]
    out[at + PAYLOAD_WIRE] = span[2]


def put_tcp(data: Bytes, i: int, end: int, wire_end: int, out: Numbers, at: int) -> None:
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
    out[at + IDENTITY] |= u16(data, i + 16)
    out[at + FLAGS] = u8(data, i + 13)
    out[at + SEQUENCE] = u32(data, i + 4)
    out[at + ACKNOWLEDGMENT] = u32(data, i + 8)


def put_udp(data: Bytes, i: int, end: int, wire_end: int, out: Numbers, at: int) -> None:
    """A UDP datagram (RFC 768) whose header starts at `i`."""
    if i + 8 > end:
        ports = (u16(data, i), u16(data, i + 2)) if i + 4 <= end else (0, 0)
        put_row(out, at, OTHER_IP, 17, ports, (end, 0, 0))
        return
    length = u16(data, i + 4)
    out[at + IDENTITY] |= u16(data, i + 6)
    if length >= 8 and i + length < wire_end:
        wire_end = i + length
    stop = end if end < wire_end else wire_end
    put_row(
        out, at, UDP, 17, (u16(data, i), u16(data, i + 2)),
        (i + 8, stop - i - 8 if stop > i + 8 else 0, wire_end - i - 8 if wire_end > i + 8 else 0),
    )  # fmt: skip


def decode_ip(
    data: Bytes, i: int, end: int, wire: int, out: Numbers, addresses: Words, row: int
) -> tuple[int, int, int, int, int, int]:
    """One IP header and what it carries into the columns.

    `wire` is where the frame would end had it not been cut. Gives (layer, position, ethertype, end, end on
    the wire, encapsulation) of a tunnel to go on with, or layer STOP. A header that can't be right leaves the
    row as it was and gives encapsulation -1.
    """
    at = row * WIDTH
    if i + 20 > end:
        return STOP, i, 0, end, wire, -1
    version = u8(data, i) >> 4
    fragmented = 0
    if version == 4:
        header, total = (u8(data, i) & 15) * 4, u16(data, i + 2)
        # Total length 0: the network card segments later (TSO); the frame's length is the truth.
        wire_end = i + total if total else wire
        if header < 20 or i + header > end or (total and total < header):
            return STOP, i, 0, end, wire, -1
        protocol, position = u8(data, i + 9), i + header
        fragmented = 1 if u16(data, i + 6) & 0x3FFF else 0
        identity, lifetime = u16(data, i + 4) * 0x10000, u8(data, i + 8)
        out[at + NOTES] |= header_sum(data, i, header) | (0 if total else LENGTH_ABSENT)
    elif version == 6 and i + 40 <= end:
        length = u16(data, i + 4)
        wire_end = i + 40 + length if length else wire
        protocol, position, fragmented = ipv6_transport(data, i, end)
        identity, lifetime = 0, u8(data, i + 7)
    else:
        return STOP, i, 0, end, wire, -1
    if wire_end > wire:
        wire_end = wire
    stop = end if end < wire_end else wire_end
    out[at + ADDRESS_HASH] = put_addresses(data, i, version, addresses, row * ADDRESS_WIDTH)
    out[at + NETWORK] = i
    out[at + IDENTITY] = identity
    out[at + VARIANT] = lifetime
    # An IPv6 fragment begins with its fragment header of 8 bytes.
    if position < 0 or position + (8 if fragmented and version == 6 else 0) > stop:
        put_row(out, at, OTHER_IP, protocol, (0, 0), (stop, 0, 0))
        return STOP, i, 0, end, wire, 0
    if fragmented:
        put_row(out, at, FRAGMENT, protocol, (0, 0), (position, stop - position, wire_end - position))
        return STOP, i, 0, end, wire, 0
    kind = 0
    if protocol == AUTHENTICATION:  # of IPv4; an extension header of IPv6
        protocol, position = skip_authentication(data, position, stop)
        if position < 0 or position > stop:
            put_row(out, at, OTHER_IP, AUTHENTICATION, (0, 0), (stop, 0, 0))
            return STOP, i, 0, end, wire, 0
    if protocol == ENCAPSULATED:
        inside, start, inner_end = null_encryption(data, i, position, stop, wire_end)
        if inside:
            protocol, position, stop, wire_end, kind = inside, start, inner_end, inner_end, IN_ESP
    if end - stop > LONGEST_PADDING and goes_on(data, i, position, stop, end, protocol):
        stop, wire_end = end, wire
    if protocol == 6:
        put_tcp(data, position, stop, wire_end, out, at)
        return STOP, i, 0, end, wire, kind
    if protocol == 17:
        put_udp(data, position, stop, wire_end, out, at)
        if position + 8 > stop:
            return STOP, i, 0, end, wire, 0
        stop, wire_end = udp_ends(data, position, stop, wire_end)
        layer, inside, ethertype, found = udp_tunnel(
            data, position + 8, stop, wire_end, u16(data, position), u16(data, position + 2)
        )
        return layer, inside, ethertype, stop, wire_end, found or kind
    put_row(out, at, OTHER_IP, protocol, (0, 0), (position, stop - position, wire_end - position))
    if position + 4 <= stop:
        out[at + IDENTITY] |= u16(data, position + 2)  # where ICMP has its checksum
    layer, inside, found = ip_tunnel(data, position, stop, wire_end, protocol)
    return layer, inside, 0, stop, wire_end, kind or found


def udp_ends(data: Bytes, i: int, end: int, wire: int) -> tuple[int, int]:
    """Where a UDP datagram at `i` ends, as captured and on the wire, by the length that it says."""
    length = u16(data, i + 4)
    if length < 8:
        return end, wire
    return (i + length if i + length < end else end), (i + length if i + length < wire else wire)


def passed(path: int, kind: int) -> int:
    """The path with one more encapsulation, as far as there is room."""
    return path * PATH_BASE + kind if kind and path < PATH_FULL else path


def header_passed(headers: int, offset: int) -> int:
    """The outer headers with one more that began at this offset of its frame."""
    if headers >= HEADERS_FULL:
        return headers
    return headers * HEADER_BASE + (offset + 1 if offset + 1 < FAR else FAR)


def by_ethertype(ethertype: int) -> int:
    """The encapsulation that an EtherType tells, 0 for the rest."""
    if ethertype == 0x8864:
        return IN_PPPOE
    if ethertype == 0x88E7:
        return IN_PBB
    if ethertype == BATMAN:
        return IN_BATMAN
    return IN_TRILL if ethertype in (TRILL, FABRICPATH) else 0


def by_gre(protocol: int) -> int:
    """The encapsulation inside GRE that its protocol number tells, 0 for the rest."""
    if protocol in (0x88BE, 0x22EB):
        return IN_ERSPAN
    if protocol == 0x880B:
        return IN_PPTP
    if protocol == 0x883E:
        return IN_WCCP
    return 0


def decode_frame(
    data: Bytes, i: int, end: int, wire: int, link: int, out: Numbers, addresses: Words, row: int
) -> None:
    """One frame into row `row` of the columns."""
    at, begin = row * WIDTH, i
    out[at + KIND] = UNKNOWN_LINK
    out[at + WEIGHT] = 1
    mark = 0
    if link != 1:
        link, i = inner_link(data, i, end, link)
        mark = link_mark(data, i, end, link)
    out[at + SOURCE_MAC], out[at + DESTINATION_MAC] = link_macs(data, i, end, link)
    layer, position, ethertype = first_layer(data, i, end, link)
    if layer == STOP and ethertype == 0 and link >= 0:
        layer, position = any_link(data, i, end, wire, link)
    if layer == ETHERNET and link != 1 and position + 14 <= end:
        out[at + SOURCE_MAC], out[at + DESTINATION_MAC] = mac_at(data, position + 6), mac_at(data, position)
    if layer == STOP and ethertype == 0 and link >= 0:
        return
    if ethertype == NETLINK:
        out[at + KIND], out[at + ETHERTYPE] = NOT_IP, NETLINK
        return
    out[at + KIND] = DAMAGED
    path, headers = 0, 0
    for _ in range(MAX_LAYERS):
        if layer == STOP or position >= end:
            return
        if layer == ETHERNET:
            if position + 14 > end:
                return
            if u8(data, position + 2) == 0x0C and isl_length(data, position, end):
                path, position = passed(path, IN_ISL), position + ISL_LENGTH
                continue
            layer, ethertype, position = TYPED, u16(data, position + 12), position + 14
        if layer == TYPED:
            if is_vlan(ethertype):
                if position + 4 > end:
                    return
                mark = (mark * 31 + u16(data, position)) & 0xFFFFFFFF
                ethertype, position = u16(data, position + 2), position + 4
                continue
            out[at + ETHERTYPE] = ethertype
            path = passed(path, by_ethertype(ethertype))
            is_signed = ethertype == MACSEC
            layer, position, ethertype = after_ethertype(data, position, end, ethertype)
            if is_signed and layer == TYPED:
                path = passed(path, IN_MACSEC)
            elif layer == IP and skip_mobile_mux(data, position, end):
                path, position = passed(path, IN_MOBILE_MUX), position + 4
        elif layer == LLC:
            layer, position, ethertype = skip_llc(data, position, end)
        elif layer == IP:
            layer, inside, ethertype, stop, sent, kind = decode_ip(
                data, position, end, wire, out, addresses, row
            )
            if kind < 0:
                return
            # What a transport mode hides is in the same packet: it passes no further header.
            out[at + PATH] = passed(path, kind) if layer == STOP and kind == IN_ESP else path
            out[at + OUTER] = headers
            out[at + VARIANT] += 256 * mark
            path, headers = passed(path, kind), header_passed(headers, position - begin)
            position, end, wire = inside, stop, sent
            continue
        elif layer == PPP:
            layer, position = skip_ppp(data, position, end)
            if layer == ETHERNET:
                path = passed(path, IN_BCP)
        elif layer == GRE:
            layer, position, ethertype = skip_gre(data, position, end)
            path = passed(path, by_gre(ethertype))
        elif layer == MPLS:
            layer, position = skip_mpls(data, position, end, wire)
            path = passed(path, IN_MPLS)
        elif layer == NSH:
            layer, position = skip_nsh(data, position, end)
            path = passed(path, IN_NSH)
        elif layer == WIFI:
            if out[at + KIND] == DAMAGED:
                out[at + SOURCE_MAC], out[at + DESTINATION_MAC] = wifi_macs(data, position, end)
            else:
                path = passed(path, IN_WIFI)
            handed_on = out[at + KIND] != DAMAGED
            layer, position, ethertype = skip_wifi(data, position, end, handed_on)
            if layer == STOP:
                out[at + ETHERTYPE] = ethertype
                if ethertype == WIFI_AGGREGATE and out[at + KIND] != DAMAGED:
                    out[at + NOTES] |= AGGREGATE
        if layer == STOP and out[at + KIND] == DAMAGED:
            out[at + KIND] = NOT_IP


def decode_batch(data: Bytes, records: Numbers, out: Numbers, addresses: Words) -> None:
    """Every record of a batch into its row of the columns; all arrays are flat."""
    for row in range(len(records) // RECORD_WIDTH):
        record = row * RECORD_WIDTH
        start = records[record + OFFSET]
        decode_frame(
            data, start, start + records[record + CAPTURED], start + records[record + WIRE],
            records[record + LINK], out, addresses, row,
        )  # fmt: skip
