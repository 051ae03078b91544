"""Link types to the first layer of a frame, and to what tells two copies of a packet apart."""

from __future__ import annotations

from analyzer.core.byte_access import little16, mac_at, u8, u16, u32
from analyzer.core.kernel_types import Bytes
from analyzer.packets.header_forms import may_be_ip
from analyzer.packets.layers import ETHERNET, IP, LLC, NETLINK, PPP, STOP, TYPED, WIFI
from analyzer.packets.wrappers import WIFI_LINK, wrapped_layer

ETHERNET_LINK, PPP_LINK = 1, 9
# ARPHRD_ values of Linux (include/uapi/linux/if_arp.h) that say more than the protocol behind them.
ARP_WIFI, ARP_PRISM, ARP_RADIOTAP, ARP_NETLINK = 801, 802, 803, 824


def first_layer(data: Bytes, i: int, end: int, link: int) -> tuple[int, int, int]:
    """(layer, position, ethertype) behind the link-layer header.

    Layer STOP with ethertype 0 for an unknown link type, with -1 where the header is cut.
    """
    if link == ETHERNET_LINK:
        return ETHERNET, i, 0
    if link in (101, 12, 14, 228, 229, 8):  # LINKTYPE_RAW and its OS-specific values, IPV4, IPV6, SLIP
        return IP, i + (16 if link == 8 else 0), 0
    if link in (0, 108):  # LINKTYPE_NULL, LOOP: the family in 4 bytes, host or network order
        return IP, i + 4, 0
    if link == PPP_LINK and i + 4 <= end and u8(data, i) & 0x7F == 0x0F and u8(data, i + 1) == 0:
        return TYPED, i + 4, u16(data, i + 2)  # Cisco HDLC under the number of PPP: unicast, multicast
    if link in (PPP_LINK, 50, 166):  # PPP, with HDLC framing, with pppd's direction byte
        return PPP, i + (2 if link == 166 and i < end and u8(data, i) != 0xFF else 0), 0
    if link in (51, 104, 7, 129, 107):
        return small_header(data, i, end, link)
    if i + 24 > end:
        return (STOP, i, -1) if known_link(link) else (STOP, i, 0)
    if link == 113:  # LINKTYPE_LINUX_SLL: kind of device in bytes 2-3, protocol in 14-15 of 16
        return cooked_payload(data, i + 16, end, u16(data, i + 2), u16(data, i + 14))
    if link == 276:  # LINKTYPE_LINUX_SLL2: protocol in bytes 0-1, kind of device in 8-9 of 20
        return cooked_payload(data, i + 20, end, u16(data, i + 8), u16(data, i))
    if link in (105, 127, 119, 163):
        return wifi_start(data, i, link)
    if link == 239:
        return nflog_payload(data, i, end)
    if link == 10:  # FDDI: frame control, addresses, LLC
        return LLC, i + 13, 0
    if link == 6:  # Token Ring: two bytes, addresses; the source's first bit tells of routing information
        return LLC, i + 14 + (u8(data, i + 14) & 0x1F if u8(data, i + 8) & 0x80 else 0), 0
    if link == 117:  # OpenBSD pflog: its length, rounded up to 4, in the first byte
        return IP, i + ((u8(data, i) + 3) & ~3), 0
    if link == 109:  # OpenBSD encapsulation: family, SPI, flags
        return IP, i + 12, 0
    if link == 226:  # Solaris ipnet: 24 bytes
        return IP, i + 24, 0
    if link == 242 and i + 44 <= end:  # IP over InfiniBand: routing header, then RFC 4391 §6
        return TYPED, i + 44, u16(data, i + 40)
    if link == 274:  # IEEE 802.3br mPacket: preamble
        return ETHERNET, i + 8, 0
    return wrapped_layer(data, i, end, link) if link != 242 else (STOP, i, -1)


def known_link(link: int) -> bool:
    """Whether `first_layer` reads this link type."""
    if link in (0, 1, 6, 7, 8, 9, 10, 12, 14, 50, 51, 101, 104, 105, 107, 108, 109, 113, 117, 119, 127, 129):
        return True
    return link in (163, 166, 192, 226, 228, 229, 239, 242, 258, 274, 276, 281, 282, 284, 285)


def cooked_payload(data: Bytes, i: int, end: int, device: int, protocol: int) -> tuple[int, int, int]:
    """Behind a cooked header: a protocol of Linux, or what the kind of device says instead."""
    if device == ARP_WIFI:
        return WIFI, i, 0
    if device == ARP_PRISM:
        return wifi_start(data, i, 119) if i + 8 <= end else (STOP, i, -1)
    if device == ARP_RADIOTAP:
        return wifi_start(data, i, 127) if i + 4 <= end else (STOP, i, -1)
    if device == ARP_NETLINK:
        return STOP, i, NETLINK
    if protocol == 0 and may_be_ip(data, i, end):  # of modems and tunnels, which hand on bare packets
        return IP, i, 0
    if protocol in (0x0001, 0x0003):  # LINUX_SLL_P_802_3, ETH_P_ALL: whole Ethernet frames
        return ETHERNET, i, 0
    return (PPP, i, 0) if protocol in (0x0007, 0x0008) else (TYPED, i, protocol)


def small_header(data: Bytes, i: int, end: int, link: int) -> tuple[int, int, int]:
    """Links whose header is shorter than 24 bytes; a cut one is STOP with -1."""
    if link == 51 and i + 6 <= end:  # PPPoE session
        return TYPED, i, 0x8864
    if link == 104 and i + 4 <= end:  # Cisco HDLC: address, control, EtherType
        return TYPED, i + 4, u16(data, i + 2)
    if link in (7, 129):
        return arcnet_payload(data, i + (2 if link == 129 else 0), end)  # Linux adds an offset
    if link == 107:
        return frame_relay_payload(data, i, end)
    return STOP, i, -1


def arcnet_payload(data: Bytes, i: int, end: int) -> tuple[int, int, int]:
    """Behind source, destination and protocol identifier (RFC 1051, RFC 1201)."""
    if i + 7 > end:
        return STOP, i, -1
    kind = u8(data, i + 2)
    if kind == 0xF0:  # RFC 1051
        return IP, i + 3, 0
    if kind == 0xF1:
        return TYPED, i + 3, 0x0806
    position = i + 6  # RFC 1201: split flag, sequence number
    if u8(data, i + 3) == 0xFF:  # exception packet: padding, and the three once more
        position += 4
    elif u8(data, i + 3):  # a split packet, which is not put together
        return STOP, i, -1
    if kind in (0xD4, 0xC4):
        return IP, position, 0
    return TYPED, position, 0x0806 if kind == 0xD5 else 0xFFFF


def frame_relay_payload(data: Bytes, i: int, end: int) -> tuple[int, int, int]:
    """Behind Q.922 address and, by RFC 2427, control and NLPID; or Cisco's EtherType."""
    if i + 4 > end:
        return STOP, i, -1
    position = i + 2
    while position < i + 4 and not u8(data, position - 1) & 1:  # the address goes on
        position += 1
    if position + 4 > end:
        return STOP, i, -1
    if u8(data, position) != 0x03:
        return TYPED, position + 2, u16(data, position)
    position += 1
    if u8(data, position) == 0:  # a pad byte, for alignment
        position += 1
    kind = u8(data, position)
    if kind in (0xCC, 0x8E):
        return IP, position + 1, 0
    if kind == 0x80 and position + 6 <= end:  # SNAP
        return TYPED, position + 6, u16(data, position + 4)
    return TYPED, position + 1, 0xFFFF


def wifi_start(data: Bytes, i: int, link: int) -> tuple[int, int, int]:
    """Where the IEEE 802.11 header begins behind what the capturing card put before it."""
    if link == WIFI_LINK:
        return WIFI, i, 0
    if link == 127:  # radiotap: version 0, pad, length
        return (WIFI, i + little16(data, i + 2), 0) if u8(data, i) == 0 else (STOP, i, -1)
    # AVS has its length in network order; Prism has 144 bytes, or an AVS header under its number.
    if link == 163 or u32(data, i) & 0xFFFFF000 == 0x80211000:
        return WIFI, i + u32(data, i + 4), 0
    return WIFI, i + 144, 0


def nflog_payload(data: Bytes, i: int, end: int) -> tuple[int, int, int]:
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


def link_macs(data: Bytes, i: int, end: int, link: int) -> tuple[int, int]:
    """(source, destination) MAC addresses of the outermost frame, -1 where it has none."""
    if link == ETHERNET_LINK and i + 12 <= end:
        return mac_at(data, i + 6), mac_at(data, i)
    # Cooked captures hold the sender's address alone (6 bytes when its length says so).
    if link == 113 and i + 16 <= end and u16(data, i + 4) == 6:
        return mac_at(data, i + 6), -1
    if link == 276 and i + 20 <= end and u8(data, i + 11) == 6:
        return mac_at(data, i + 12), -1
    return -1, -1


def link_mark(data: Bytes, i: int, end: int, link: int) -> int:
    """Interface and direction as far as the link-layer header tells them."""
    if link == 113 and i + 16 <= end:  # packet type: to us, broadcast, …, sent by us
        return u16(data, i)
    if link == 276 and i + 20 <= end:  # interface index, packet type
        return u32(data, i + 4) * 8 + u8(data, i + 10)
    return 0


def wifi_macs(data: Bytes, i: int, end: int) -> tuple[int, int]:
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
