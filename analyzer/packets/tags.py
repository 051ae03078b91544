"""Tags and bridging headers between the addresses of an Ethernet frame and its packet."""

from __future__ import annotations

from analyzer.core.byte_access import u8, u16, u32
from analyzer.core.kernel_types import Bytes
from analyzer.packets.layers import ETHERNET, STOP, TYPED

VN_TAG, E_TAG, METADATA, EDSA, HSR, R_TAG = 0x8926, 0x893F, 0x8909, 0xDADA, 0x892F, 0xF1C1
BATMAN, TRILL, FABRICPATH = 0x4305, 0x22F3, 0x8903
ISL_LENGTH = 26


def tag_length(data: Bytes, i: int, end: int, ethertype: int) -> int:
    """Return the bytes between a tag's EtherType and the one behind the tag, 0 where it is no such tag.

    VN-Tag of network adapters, E-TAG (IEEE 802.1BR §6.5), Cisco metadata, Marvell's switch tag with an
    EtherType, HSR (IEC 62439-3), redundancy tag (IEEE 802.1CB §7.8).
    """
    if ethertype in (VN_TAG, HSR, R_TAG):
        return 4
    if ethertype in (E_TAG, EDSA):
        return 6
    if ethertype == METADATA and i + 2 <= end:  # version, length in words of 4 bytes
        return 2 + 4 * u8(data, i + 1)
    return 0


def skip_tag(data: Bytes, i: int, end: int, ethertype: int) -> tuple[int, int, int]:
    """Return (layer, position, EtherType) behind a tag; STOP where it is cut or none that is known."""
    length = tag_length(data, i, end, ethertype)
    if length == 0 or i + length + 2 > end:
        return STOP, i, ethertype
    return TYPED, i + length + 2, u16(data, i + length)


def skip_bridging(data: Bytes, i: int, end: int, ethertype: int) -> tuple[int, int]:
    """Return (layer, position) of the Ethernet frame behind a header of its own; STOP without one."""
    if ethertype == TRILL and i + 6 <= end:  # RFC 6325 §3.2: options in words of 4 bytes
        return ETHERNET, i + 6 + 4 * ((u16(data, i) >> 6) & 0x1F)
    if ethertype == FABRICPATH:
        return ETHERNET, i + 2
    if ethertype == BATMAN:
        return skip_batman(data, i, end)
    return STOP, i


def skip_batman(data: Bytes, i: int, end: int) -> tuple[int, int]:
    """Return (layer, position) behind a header of batman-adv, compatibility version 14 or 15.

    Unicast is 10 bytes, with four addresses 18, broadcast 14. Fragments and messages of the mesh are STOP.
    """
    if i + 18 > end:
        return STOP, i
    kind, version = u8(data, i), u8(data, i + 1)
    if version == 15:
        length = 14 if kind == 0x01 else 10 if kind == 0x40 else 18 if kind == 0x42 else 0
    elif version == 14:
        length = 14 if kind == 0x04 else 10 if kind == 0x03 else 18 if kind == 0x09 else 0
    else:
        length = 0
    return (ETHERNET, i + length) if length else (STOP, i)


def isl_length(data: Bytes, i: int, end: int) -> int:
    """Return the bytes of a Cisco ISL header that begins at `i`, 0 where an Ethernet frame does."""
    if i + ISL_LENGTH > end or u16(data, i + 2) != 0x0C00 or u8(data, i + 4) != 0:
        return 0
    if u16(data, i) != 0x0100 and u16(data, i) != 0x0300:
        return 0
    # The number of the sender's maker follows LLC of a SNAP frame.
    return ISL_LENGTH if u16(data, i + 14) == 0xAAAA and u8(data, i + 16) == 3 else 0


def skip_mobile_mux(data: Bytes, i: int, end: int) -> int:
    """Return the bytes of a Qualcomm multiplexing header (QMAP) in front of an IP packet, 0 without one.

    Flags and padding, channel, length in network order.
    """
    if i + 24 > end or u8(data, i) & 0x80 or u8(data, i + 4) >> 4 not in (4, 6):
        return 0
    length = u16(data, i + 2) - (u8(data, i) & 0x3F)
    if u8(data, i + 4) >> 4 == 4:
        return 4 if length == u16(data, i + 6) else 0
    return 4 if length == 40 + u16(data, i + 8) and u32(data, i + 4) >> 28 == 6 else 0
