"""Headers whose form leaves no doubt: what is opened where neither a port nor a number names it.

An IPv4 header counts with its checksum and a length that fits the frame, an IPv6 header with its length, a
next header and addresses that are in use. Chance meets none of them once in four thousand million times.
"""

from __future__ import annotations

from analyzer.core.byte_access import folded, u8, u16, u32
from analyzer.core.kernel_types import Bytes
from analyzer.packets.layers import ETHERNET, IP, STOP
from analyzer.packets.packet_table import HEADER_SUM_ABSENT, HEADER_SUM_WRONG

# Bytes that a short frame is filled up to, its checksum included (IEEE 802.3 §4.4).
SHORTEST_FRAME, FRAME_CHECK = 64, 4


def header_sum(data: Bytes, i: int, header: int) -> int:
    """Return what is wrong with an IPv4 header's checksum (RFC 791 §3.1), as bits of NOTES."""
    total = u32(data, i) + u32(data, i + 4) + u32(data, i + 8) + u32(data, i + 12) + u32(data, i + 16)
    for k in range(20, header, 4):
        total += u32(data, i + k)
    if folded(total) == 0xFFFF:
        return 0
    return HEADER_SUM_WRONG if u16(data, i + 10) else HEADER_SUM_ABSENT


def sound_ip(data: Bytes, i: int, end: int, wire: int) -> int:
    """Return the length in bytes of the IP packet at `i`, 0 where its header may be chance.

    `end` is where the captured bytes end, `wire` where those sent did.
    """
    if i + 20 > end:
        return 0
    version, header = u8(data, i) >> 4, (u8(data, i) & 15) * 4
    if version == 4:
        total = u16(data, i + 2)
        if header < 20 or i + header > end or total < header or i + total > wire:
            return 0
        return 0 if header_sum(data, i, header) else total
    if version != 6 or i + 40 > end:
        return 0
    total = 40 + u16(data, i + 4)
    if i + total > wire or total == 40 or not is_next_header(u8(data, i + 6)):
        return 0
    return total if is_unicast_block(u8(data, i + 8)) and is_block(u8(data, i + 24)) else 0


def is_next_header(number: int) -> bool:
    """Return whether IPv6 packets carry this often (RFC 8200 §4, and what tunnels hold)."""
    return number in (0, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 60, 132)


def is_unicast_block(first: int) -> bool:
    """Return whether source addresses begin with this byte (RFC 4291 §2.4): unspecified, global, local."""
    return first == 0 or 0x20 <= first <= 0x3F or 0xFC <= first <= 0xFE


def is_block(first: int) -> bool:
    """Return whether destination addresses begin with this byte."""
    return first == 0xFF or is_unicast_block(first)


def exact_ip(data: Bytes, i: int, end: int, wire: int) -> bool:
    """Return whether a sound IP packet begins at `i` and ends where the frame ends."""
    total = sound_ip(data, i, end, wire)
    return total > 0 and i + total == wire


def is_vlan(ethertype: int) -> bool:
    """Return whether this is the EtherType of a VLAN tag (IEEE 802.1Q, QinQ)."""
    return ethertype in (0x8100, 0x88A8, 0x9100, 0x9200)


def sound_ethernet(data: Bytes, i: int, end: int, wire: int) -> bool:
    """Return whether an Ethernet frame with IP or ARP begins at `i` and ends where the bytes end.

    It may be padded to the shortest frame and carry its frame check sequence.
    """
    at = i + 12
    for _ in range(5):
        if at + 10 > end:
            return False
        if not is_vlan(u16(data, at)):
            break
        at += 4
    ethertype = u16(data, at)
    if ethertype == 0x0806:  # ARP for IPv4 over Ethernet (RFC 826)
        return u32(data, at + 2) == 0x00010800 and u16(data, at + 6) == 0x0604
    if ethertype != 0x0800 and ethertype != 0x86DD:
        return False
    total = sound_ip(data, at + 2, end, wire)
    if total == 0:
        return False
    rest = wire - (at + 2 + total)
    return rest == 0 or rest == FRAME_CHECK or wire - i <= SHORTEST_FRAME + FRAME_CHECK


def may_be_ethernet(data: Bytes, i: int, end: int) -> bool:
    """Return whether an EtherType that `sound_ethernet` knows stands where a frame at `i` would have it."""
    return i + 14 <= end and u8(data, i + 12) in (0x08, 0x81, 0x86, 0x88)


def may_be_ip(data: Bytes, i: int, end: int) -> bool:
    """Return whether a byte of IPv4 or IPv6 stands at `i`."""
    return i + 20 <= end and u8(data, i) >> 4 in (4, 6)


def inside_by_form(data: Bytes, i: int, end: int, wire: int, most: int) -> tuple[int, int]:
    """Return (layer, position) of the first sound frame or packet in `most` bytes; STOP without one."""
    for k in range(i, i + most + 1):
        if may_be_ethernet(data, k, end) and sound_ethernet(data, k, end, wire):
            return ETHERNET, k
        if may_be_ip(data, k, end) and exact_ip(data, k, end, wire):
            return IP, k
    return STOP, i
