"""Encapsulations between the link and the innermost IP header: each header to what follows it."""

from __future__ import annotations

from analyzer.core.byte_access import u8, u16, u32
from analyzer.core.kernel_types import Bytes
from analyzer.packets.header_forms import may_be_ip
from analyzer.packets.layers import (
    ETHERNET,
    GRE,
    IN_AYIYA,
    IN_CAPWAP,
    IN_ETHERNET_IP,
    IN_GENEVE,
    IN_GRE,
    IN_GRE_UDP,
    IN_GTP,
    IN_IP,
    IN_L2TP,
    IN_LISP,
    IN_MPLS_IP,
    IN_MPLS_UDP,
    IN_PIM,
    IN_TEREDO,
    IN_TZSP,
    IN_VXLAN,
    IN_VXLAN_GPE,
    IP,
    LLC,
    MPLS,
    NSH,
    PPP,
    STOP,
    TYPED,
    WIFI,
    WIFI_AGGREGATE,
    WIFI_CONTROL,
    WIFI_CUT,
    WIFI_MANAGEMENT,
    WIFI_NO_DATA,
    WIFI_PROTECTED,
)  # fmt: skip
from analyzer.packets.overlay_tunnels import (
    AYIYA_PORT,
    CAPWAP_DATA,
    LISP_DATA,
    LWAPP_DATA,
    TZSP_PORT,
    any_protocol,
    ayiya_payload,
    capwap_payload,
    l2tp3_payload,
    lwapp_payload,
    pseudowire,
    tunnel_by_form,
    tzsp_payload,
)
from analyzer.packets.tags import BATMAN, FABRICPATH, TRILL, skip_bridging, skip_tag, tag_length

MACSEC = 0x88E5


def after_ethertype(data: Bytes, i: int, end: int, ethertype: int) -> tuple[int, int, int]:
    """(layer, position, ethertype) that an EtherType leads to; STOP where it isn't IP."""
    if ethertype in (0x0800, 0x86DD):
        return IP, i, ethertype
    if ethertype in (0x8847, 0x8848):
        return MPLS, i, ethertype
    if ethertype == 0x6558:  # transparent Ethernet bridging, as in Geneve
        return ETHERNET, i, ethertype
    if ethertype == 0x8864 and i + 6 <= end:  # PPPoE session (RFC 2516)
        return PPP, i + 6, ethertype
    if ethertype == 0x894F:  # network service header
        return NSH, i, ethertype
    if ethertype == MACSEC:
        return skip_macsec(data, i, end)
    if ethertype == 0x88E7 and i + 4 <= end:  # provider backbone bridge (IEEE 802.1ah): service tag
        return ETHERNET, i + 4, ethertype
    if ethertype == 0x880B:  # PPP
        return PPP, i, ethertype
    if ethertype in (BATMAN, TRILL, FABRICPATH):
        layer, position = skip_bridging(data, i, end, ethertype)
        return layer, position, ethertype
    if tag_length(data, i, end, ethertype):
        return skip_tag(data, i, end, ethertype)
    if ethertype <= 1500 and i + 8 <= end:  # IEEE 802.3 length: LLC follows
        return LLC, i, ethertype
    if ethertype == 0x0004:  # LINUX_SLL_P_802_2
        return LLC, i, ethertype
    return STOP, i, ethertype


def skip_macsec(data: Bytes, i: int, end: int) -> tuple[int, int, int]:
    """Behind a MACsec tag (IEEE 802.1AE §9) whose frame is signed alone; STOP where it is encrypted."""
    if i + 6 > end or u8(data, i) & 0x0C:  # encrypted, or changed
        return STOP, i, MACSEC
    position = i + (14 if u8(data, i) & 0x20 else 6)
    if position + 2 > end:
        return STOP, i, MACSEC
    return TYPED, position + 2, u16(data, position)


def skip_mpls(data: Bytes, i: int, end: int, wire: int) -> tuple[int, int]:
    """Behind the bottom of the label stack (RFC 3032): IP or a pseudowire."""
    while i + 4 <= end:
        bottom = u8(data, i + 2) & 1
        i += 4
        if bottom:
            break
    return pseudowire(data, i, end, wire)


def skip_ppp(data: Bytes, i: int, end: int) -> tuple[int, int]:
    """Behind the PPP protocol field (RFC 1661), with address and control bytes if present."""
    if i + 2 <= end and u8(data, i) == 0xFF and u8(data, i + 1) == 0x03:
        i += 2
    if i + 2 > end:
        return STOP, i
    protocol = u8(data, i) if u8(data, i) & 1 else u16(data, i)
    i += 1 if u8(data, i) & 1 else 2
    if protocol in (0x0021, 0x0057):
        return IP, i
    if protocol in (0x0281, 0x0283):
        return MPLS, i
    # Bridging (RFC 3518 §4.2): flags without a LAN identifier, MAC type 1, an Ethernet frame.
    if protocol == 0x0031 and i + 2 <= end and not u8(data, i) & 0x40 and u8(data, i + 1) == 1:
        return ETHERNET, i + 2
    return STOP, i


def skip_gre(data: Bytes, i: int, end: int) -> tuple[int, int, int]:
    """(layer, position, ethertype) behind a GRE header (RFC 2784, 2890, 2637; ERSPAN)."""
    if i + 4 > end:
        return STOP, i, 0
    flags, protocol = u16(data, i), u16(data, i + 2)
    position = i + 4
    if flags & 0xC000 and not flags & 7:  # checksum, or routing (RFC 1701), which brings its field along
        position += 4
    for bit in (0x2000, 0x1000):  # key, sequence number
        if flags & bit:
            position += 4
    if flags & 0x4000 and not flags & 7:
        position = gre_routing_end(data, position, end)
    if flags & 7 == 1 and flags & 0x80:  # version 1 with acknowledgment number
        position += 4
    if protocol == 0x880B:
        return PPP, position, protocol
    if protocol == 0x6558:
        return ETHERNET, position, protocol
    if protocol == 0x88BE:  # ERSPAN: type II has a sequence number and 8 bytes more
        return ETHERNET, position + (8 if flags & 0x1000 else 0), protocol
    if protocol == 0x22EB and position + 12 <= end:  # ERSPAN type III, 8 bytes more if its O bit says so
        return ETHERNET, position + (20 if u8(data, position + 11) & 1 else 12), protocol
    if protocol == 0x883E and position + 5 <= end:  # WCCP: version 2 has a redirect header of 4 bytes
        return IP, position + (4 if u8(data, position + 4) >> 4 == 4 else 0), protocol
    if protocol == 0x8909 and position + 8 <= end:  # Cisco metadata: EtherType, version, length in words
        return TYPED, position + 4 + 4 * u8(data, position + 3), u16(data, position)
    if protocol == 0x0000 or 0x8200 <= protocol <= 0x8370:  # 802.11 frames from access controllers
        return WIFI, position, protocol
    return TYPED, position, protocol


def gre_routing_end(data: Bytes, i: int, end: int) -> int:
    """Behind the source route entries of GRE (RFC 1701): family, offset, length; the last has neither."""
    for _ in range(32):
        if i + 4 > end:
            break
        family, length = u16(data, i), u8(data, i + 3)
        i += 4 + length
        if family == 0 and length == 0:
            break
    return i


def skip_wifi(data: Bytes, i: int, end: int, swapped: bool) -> tuple[int, int, int]:
    """(layer, position, what it is instead) behind the MAC header of an IEEE 802.11 data frame.

    Layer STOP where the frame holds no packet that can be read as it stands; `swapped` where an access point
    handed the frame on.
    """
    if i + 10 > end:
        return STOP, i, WIFI_CUT
    control, flags = u8(data, i), u8(data, i + 1)
    # Access points of Cisco swap the two bytes of frame control in CAPWAP and LWAPP.
    if swapped and not is_readable_data(control, flags) and is_readable_data(flags, control):
        control, flags = flags, control
    kind = (control >> 2) & 3
    if control & 3 or kind != 2:
        return STOP, i, WIFI_MANAGEMENT if kind == 0 else WIFI_CONTROL
    if control & 0x40:  # a data frame without data
        return STOP, i, WIFI_NO_DATA
    if flags & 0x40 and not swapped:
        return STOP, i, WIFI_PROTECTED
    position = i + 24
    if flags & 3 == 3:  # four addresses
        position += 6
    if control & 0x80:  # QoS
        if position + 2 > end:
            return STOP, i, WIFI_CUT
        if u8(data, position) & 0x80 and not flags & 0x40:
            return STOP, i, WIFI_AGGREGATE
        position += 2
        if flags & 0x80:  # HT control
            position += 4
    position = llc_position(data, position, end)
    # What an access point hands on is decrypted, though its header may still say that it was protected.
    if flags & 0x40 and (position + 4 > end or u32(data, position) >> 8 != 0xAAAA03):
        return STOP, i, WIFI_PROTECTED
    return LLC, position, 0


def is_readable_data(control: int, flags: int) -> bool:
    """Whether these begin a data frame of an infrastructure (IEEE 802.11 §9.2.4.1)."""
    return control & 0x4F == 0x08 and flags & 3 > 0 and not control & 0x30


def llc_position(data: Bytes, i: int, end: int) -> int:
    """Where LLC begins: some drivers pad the header to a multiple of 4; a mesh has a header of its own."""
    if i + 4 > end or u16(data, i) == 0xAAAA:
        return i
    if u16(data, i + 2) == 0xAAAA:
        return i + 2
    for length in (6, 12, 18):  # mesh control (IEEE 802.11 §9.2.4.8.3) with 0 to 2 addresses
        if i + length + 3 > end or u8(data, i) & 3 != length // 6 - 1:
            continue
        if u16(data, i + length) == 0xAAAA and u8(data, i + length + 2) == 3:
            return i + length
    return i


def skip_llc(data: Bytes, i: int, end: int) -> tuple[int, int, int]:
    """(layer, position, ethertype) behind LLC/SNAP (RFC 1042), or behind LLC of IP's own number."""
    if i + 8 <= end and u8(data, i) == 0xAA and u8(data, i + 1) == 0xAA and u8(data, i + 2) == 0x03:
        return TYPED, i + 8, u16(data, i + 6)
    if i + 3 <= end and u16(data, i) == 0x0606 and u8(data, i + 2) == 0x03:
        return IP, i + 3, 0x0800
    if i + 4 <= end and u32(data, i) in (0xFEFE03CC, 0xFEFE038E):  # NLPID of IPv4, IPv6 (RFC 2427)
        return IP, i + 4, 0x0800
    return STOP, i, 0


def skip_nsh(data: Bytes, i: int, end: int) -> tuple[int, int]:
    """Behind a network service header (RFC 8300 §2.2)."""
    if i + 8 > end or u8(data, i) >> 6:
        return STOP, i
    following = u8(data, i + 3)
    position = i + 4 * (u8(data, i + 1) & 0x3F)
    if position < i + 8:
        return STOP, i
    return named_by_nsh(following), position


def named_by_nsh(following: int) -> int:
    """The layer of a "next protocol" of NSH and VXLAN-GPE."""
    if following in (1, 2):
        return IP
    if following == 3:
        return ETHERNET
    if following == 4:
        return NSH
    return MPLS if following == 5 else STOP


def ip_tunnel(data: Bytes, i: int, end: int, wire: int, protocol: int) -> tuple[int, int, int]:
    """(layer, position, encapsulation) inside an IP packet of this protocol; STOP where none is known."""
    if protocol in (4, 41, 94):
        return IP, i, IN_IP
    if protocol == 47:
        return GRE, i, IN_GRE
    if protocol == 137:  # MPLS in IP (RFC 4023)
        return MPLS, i, IN_MPLS_IP
    if protocol == 143:  # Ethernet behind a segment routing header (RFC 8986 §4.9)
        return ETHERNET, i, IN_ETHERNET_IP
    if protocol == 97 and i + 2 <= end and u8(data, i) >> 4 == 3:  # EtherIP (RFC 3378)
        return ETHERNET, i + 2, IN_ETHERNET_IP
    if protocol == 103 and i + 8 <= end and u8(data, i) == 0x21:  # PIM version 2, register (RFC 7761 §4.9.3)
        # A null register holds a header that was made up, of no packet.
        return (IP, i + 8, IN_PIM) if not u8(data, i + 4) & 0x40 else (STOP, i, 0)
    return any_protocol(data, i, end, wire, protocol)


def udp_tunnel(
    data: Bytes, i: int, end: int, wire: int, source: int, destination: int
) -> tuple[int, int, int, int]:
    """(layer, position, ethertype, encapsulation) inside a tunnel over UDP; STOP where there is none.

    A port alone proves nothing, so the tunnel's header has to be well-formed too. `wire` is where the payload
    ended on the wire.
    """
    if i + 8 > end:
        return STOP, i, 0, 0
    # GTP-U user data on any port: its length, and that of the packet inside, have to fit to the byte.
    if u8(data, i + 1) == 0xFF and u8(data, i) >> 4 == 3:
        layer, position = gtp_payload(data, i, end)
        if layer == IP and (2152 in (source, destination) or fits_exactly(data, i, position, end)):
            return IP, position, 0, IN_GTP
    if destination in (4789, 8472) and u8(data, i) & 8:
        return ETHERNET, i + 8, 0, IN_VXLAN  # VXLAN (RFC 7348): the I flag; reserved bits are to be ignored
    if destination == 6081 and u8(data, i) >> 6 == 0:  # Geneve (RFC 8926)
        return TYPED, i + 8 + 4 * (u8(data, i) & 0x3F), u16(data, i + 2), IN_GENEVE
    if destination == 4790 and u8(data, i) & 0x3C == 0x0C:  # VXLAN-GPE: version 0, I and P flags
        return named_by_nsh(u8(data, i + 3)), i + 8, 0, IN_VXLAN_GPE
    if destination == 4754:  # GRE in UDP (RFC 8086)
        return GRE, i, 0, IN_GRE_UDP
    if destination == 6635:  # MPLS in UDP (RFC 7510)
        return MPLS, i, 0, IN_MPLS_UDP
    if 1701 in (source, destination):
        layer, position = l2tp_payload(data, i, end, wire)
        return layer, position, 0, IN_L2TP
    if 3544 in (source, destination):
        layer, position = teredo_payload(data, i, end)
        return layer, position, 0, IN_TEREDO
    layer, position, kind = monitored(data, i, end, source, destination)
    if layer != STOP:
        return layer, position, 0, kind
    return tunnel_by_form(data, i, end, wire)


def monitored(data: Bytes, i: int, end: int, source: int, destination: int) -> tuple[int, int, int]:
    """(layer, position, encapsulation) of what monitors, access points and brokers send to their ports."""
    if destination == TZSP_PORT:
        layer, position = tzsp_payload(data, i, end)
        return layer, position, IN_TZSP
    if CAPWAP_DATA in (source, destination):
        layer, position = capwap_payload(data, i, end)
        return layer, position, IN_CAPWAP
    if LWAPP_DATA in (source, destination):
        layer, position = lwapp_payload(data, i, end)
        return layer, position, IN_CAPWAP
    if AYIYA_PORT in (source, destination):
        layer, position = ayiya_payload(data, i, end)
        return layer, position, IN_AYIYA
    if LISP_DATA in (source, destination) and may_be_ip(data, i + 8, end):  # RFC 9300 §5.3
        return IP, i + 8, IN_LISP
    return STOP, i, 0


def gtp_payload(data: Bytes, i: int, end: int) -> tuple[int, int]:
    """Behind a GTP-U header (3GPP TS 29.281 §5.1), its optional fields and extension headers."""
    position = i + 8
    if u8(data, i) & 7:
        if position + 4 > end:
            return STOP, i
        extension = u8(data, position + 3) if u8(data, i) & 4 else 0
        position += 4
        for _ in range(8):
            if extension == 0 or position >= end or u8(data, position) == 0:
                break
            length = 4 * u8(data, position)
            if position + length > end:
                return STOP, i
            extension = u8(data, position + length - 1)
            position += length
    if position < end and u8(data, position) >> 4 in (4, 6):
        return IP, position
    return STOP, i


def fits_exactly(data: Bytes, i: int, inner: int, end: int) -> bool:
    """Whether a GTP-U header at `i` and the IP header at `inner` both say that they end at `end`."""
    if i + 8 + u16(data, i + 2) != end or inner + 20 > end:
        return False
    if u8(data, inner) >> 4 == 4:
        return inner + u16(data, inner + 2) == end
    return inner + 40 + u16(data, inner + 4) == end


def l2tp_payload(data: Bytes, i: int, end: int, wire: int) -> tuple[int, int]:
    """Behind an L2TP data header (RFC 2661 §3.1, RFC 3931 §4.1.2); STOP for control messages."""
    flags = u16(data, i)
    if flags & 0x8000 == 0 and flags & 0xF == 3:
        return l2tp3_payload(data, i + 4, end, wire)
    if flags & 0x8000 or flags & 0xF != 2:
        return STOP, i
    position = i + 6  # flags, tunnel, session
    if flags & 0x4000:  # length
        position += 2
    if flags & 0x0800:  # Ns, Nr
        position += 4
    if flags & 0x0200:  # offset size, and that much padding
        if position + 2 > end:
            return STOP, i
        position += 2 + u16(data, position)
    return PPP, position


def teredo_payload(data: Bytes, i: int, end: int) -> tuple[int, int]:
    """Behind authentication and origin indication (RFC 4380 §5.1.1), if they are there: an IPv6 packet."""
    if u16(data, i) == 1:
        i += 13 + u8(data, i + 2) + u8(data, i + 3)
    if i + 8 <= end and u16(data, i) == 0:
        i += 8
    return (IP, i) if i + 40 <= end and u8(data, i) >> 4 == 6 else (STOP, i)
