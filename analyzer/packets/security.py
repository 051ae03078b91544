"""IPsec headers that hide nothing: authentication, and encapsulation with the NULL algorithm (RFC 2410)."""

from __future__ import annotations

from analyzer.core.byte_access import byte_sum, folded, u8, u16, u32
from analyzer.core.kernel_types import Bytes
from analyzer.packets.header_forms import exact_ip

AUTHENTICATION, ENCAPSULATED = 51, 50
LONGEST_PADDING = 26  # bytes behind an IP packet without data in the shortest Ethernet frame


def skip_authentication(data: Bytes, i: int, end: int) -> tuple[int, int]:
    """Return (next header, position) behind authentication headers (RFC 4302 §2); -1 where one is cut."""
    following, position = AUTHENTICATION, i
    for _ in range(4):
        if following != AUTHENTICATION:
            break
        if position + 8 > end:
            return following, -1
        following, position = u8(data, position), position + 4 * (u8(data, position + 1) + 2)
    return following, (position if position <= end else -1)


def null_encryption(data: Bytes, network: int, i: int, end: int, wire: int) -> tuple[int, int, int]:
    """Return (protocol, position, end) inside ESP at `i` that encrypts nothing; protocol 0 where it may.

    The trailer (RFC 4303 §2) is asked for its padding, and what it says is inside for a sound IP header or a
    right checksum; `network` is the IP header around it.
    """
    if end < wire or end - i < 32:  # the trailer has to be captured
        return 0, i, end
    for check in (12, 16, 0, 24, 32, 8):  # bytes of the integrity check value
        stop = end - check
        if stop < i + 18:
            continue
        following, padding = u8(data, stop - 1), u8(data, stop - 2)
        inner_end = stop - 2 - padding
        if following not in (4, 6, 17, 41) or inner_end < i + 16 or not is_padding(data, inner_end, padding):
            continue
        for start in (i + 8, i + 16):  # NULL has no initialization vector, GMAC (RFC 4543) one of 8 bytes
            if holds(data, network, start, inner_end, following):
                return following, start, inner_end
    return 0, i, end


def is_padding(data: Bytes, i: int, length: int) -> bool:
    """Return whether these bytes count from 1 (RFC 4303 §2.4)."""
    for k in range(length):  # noqa: SIM110  a kernel has no generators
        if u8(data, i + k) != k + 1:
            return False
    return True


def holds(data: Bytes, network: int, i: int, end: int, protocol: int) -> bool:
    """Return whether what is between `i` and `end` is of this protocol beyond doubt."""
    if protocol == 4 or protocol == 41:
        return exact_ip(data, i, end, end)
    if protocol == 17 and (i + 8 > end or u16(data, i + 4) != end - i):
        return False
    if protocol == 6 and (i + 20 > end or u8(data, i + 12) < 0x50):
        return False
    return is_right(data, network, i, end, protocol)


def is_right(data: Bytes, network: int, i: int, end: int, protocol: int) -> bool:
    """Return whether the checksum of TCP or UDP from `i` to `end` is right; `network` is the IP header."""
    return folded(pseudo_sum(data, network) + protocol + (end - i) + byte_sum(data, i, end)) == 0xFFFF


def goes_on(data: Bytes, network: int, i: int, stop: int, end: int, protocol: int) -> bool:
    """Return whether a segment or datagram ends at `end` though its IP header says `stop`.

    A checksum that is right up to there and wrong for what the header says leaves no doubt.
    """
    if protocol not in (6, 17) or end - stop <= LONGEST_PADDING or i + 8 > stop:
        return False
    return is_right(data, network, i, end, protocol) and not is_right(data, network, i, stop, protocol)


def pseudo_sum(data: Bytes, network: int) -> int:
    """Return the sum of both addresses of an IP header (RFC 9293 §3.1, RFC 8200 §8.1)."""
    if u8(data, network) >> 4 == 4:
        return u32(data, network + 12) + u32(data, network + 16)
    total = 0
    for k in range(8, 40, 4):
        total += u32(data, network + k)
    return total
