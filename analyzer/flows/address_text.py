"""128-bit addresses in two columns to text, and which of them are local.

IPv4 stands as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2).
"""

from __future__ import annotations

import socket

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Mask = NDArray[np.bool_]

V4 = 0xFFFF_0000_0000

# Blocks that can't be reached from outside (RFC 1918, 3927), as (first, last) of IPv4.
LOCAL_V4 = (
    (0x0A000000, 0x0AFFFFFF),
    (0xAC100000, 0xAC1FFFFF),
    (0xC0A80000, 0xC0A8FFFF),
    (0xA9FE0000, 0xA9FEFFFF),
)


def address_text(hi: int, lo: int) -> str:
    """The usual notation of one address."""
    if hi == 0 and lo >> 32 == 0xFFFF:
        return socket.inet_ntop(socket.AF_INET, (lo & 0xFFFFFFFF).to_bytes(4, "big"))
    return socket.inet_ntop(socket.AF_INET6, ((hi << 64) | lo).to_bytes(16, "big"))


def texts(hi: Words, lo: Words) -> list[str]:
    """The usual notation of each address."""
    return [address_text(*words) for words in zip(hi.tolist(), lo.tolist(), strict=True)]


def address_words(text: str) -> tuple[int, int]:
    """(hi, lo) of an address in text. Raises ValueError."""
    try:
        return 0, V4 | int.from_bytes(socket.inet_pton(socket.AF_INET, text), "big")
    except OSError:
        pass
    try:
        value = int.from_bytes(socket.inet_pton(socket.AF_INET6, text), "big")
    except OSError:
        raise ValueError(f"“{text}” is not an IP address") from None
    return value >> 64, value & 0xFFFFFFFFFFFFFFFF


def is_v4(hi: Words, lo: Words) -> Mask:
    """Which addresses are IPv4."""
    return np.asarray((hi == 0) & (lo >> np.uint64(32) == 0xFFFF))


def is_local(hi: Words, lo: Words) -> Mask:
    """Which unicast addresses belong to a local network by their block alone."""
    v4, low = is_v4(hi, lo), lo & np.uint64(0xFFFFFFFF)
    local = np.zeros(len(hi), np.bool_)
    for first, last in LOCAL_V4:
        local |= v4 & (low >= first) & (low <= last)
    top = hi >> np.uint64(48)
    # fc00::/7 (RFC 4193) and fe80::/10 (RFC 4291 §2.5.6)
    unique_local, link_local = (top & np.uint64(0xFE00)) == 0xFC00, (top & np.uint64(0xFFC0)) == 0xFE80
    return np.asarray(local | (~v4 & (unique_local | link_local)))


def is_home(hi: int, lo: int) -> bool:
    """Return the same of one address, given as two integers."""
    if hi == 0 and lo >> 32 == 0xFFFF:
        return any(first <= lo & 0xFFFFFFFF <= last for first, last in LOCAL_V4)
    return hi >> 57 == 0xFC >> 1 or hi >> 54 == 0xFE80 >> 6


def is_group(hi: Words, lo: Words) -> Mask:
    """Which addresses name no single host: multicast, broadcast, unspecified."""
    v4, low = is_v4(hi, lo), lo & np.uint64(0xFFFFFFFF)
    group = v4 & ((low >= 0xE0000000) | (low == 0))
    return np.asarray(group | (~v4 & ((hi >> np.uint64(56)) == 0xFF)) | ((hi == 0) & (lo == 0)))


def mac_text(mac: int) -> str:
    """A MAC address as aa:bb:cc:dd:ee:ff."""
    return ":".join(f"{byte:02x}" for byte in mac.to_bytes(6, "big"))
