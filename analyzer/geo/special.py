"""Addresses that are no place: IANA's special-purpose registries, multicast and undelegated space.

Databases fill such space with placeholders, so it is asked first and nothing else is claimed of it.
Sources: the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), multicast and reserved
blocks of the IPv4 and IPv6 address space registries, IPv6 Global Unicast Address Assignments.
"""

from __future__ import annotations

import ipaddress
from functools import cache

import numpy as np
from numpy.typing import NDArray

from analyzer.geo.addresses import Addresses
from analyzer.geo.ranges import Starts128, disjoint, rows32

# IANA IPv4 Special-Purpose Address Registry, all entries, and 224.0.0.0/4 of the address space registry.
SPECIAL_V4: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "this network (RFC 791 §3.2)"),
    ("0.0.0.0/32", "this host on this network (RFC 1122 §3.2.1.3)"),
    ("10.0.0.0/8", "private use (RFC 1918)"),
    ("100.64.0.0/10", "shared address space of carrier-grade NAT (RFC 6598)"),
    ("127.0.0.0/8", "loopback (RFC 1122 §3.2.1.3)"),
    ("169.254.0.0/16", "link local (RFC 3927)"),
    ("172.16.0.0/12", "private use (RFC 1918)"),
    ("192.0.0.0/24", "IETF protocol assignments (RFC 6890 §2.1)"),
    ("192.0.0.0/29", "IPv4 service continuity prefix (RFC 7335)"),
    ("192.0.0.8/32", "IPv4 dummy address (RFC 7600)"),
    ("192.0.0.9/32", "Port Control Protocol anycast (RFC 7723)"),
    ("192.0.0.10/32", "TURN anycast (RFC 8155)"),
    ("192.0.0.170/32", "NAT64/DNS64 discovery (RFC 8880, RFC 7050 §2.2)"),
    ("192.0.0.171/32", "NAT64/DNS64 discovery (RFC 8880, RFC 7050 §2.2)"),
    ("192.0.2.0/24", "documentation, TEST-NET-1 (RFC 5737)"),
    ("192.31.196.0/24", "AS112 (RFC 7535)"),
    ("192.52.193.0/24", "automatic multicast tunneling (RFC 7450)"),
    ("192.88.99.0/24", "deprecated 6to4 relay anycast (RFC 7526)"),
    ("192.88.99.2/32", "6a44 relay anycast (RFC 6751)"),
    ("192.168.0.0/16", "private use (RFC 1918)"),
    ("192.175.48.0/24", "AS112 direct delegation (RFC 7534)"),
    ("198.18.0.0/15", "benchmarking (RFC 2544)"),
    ("198.51.100.0/24", "documentation, TEST-NET-2 (RFC 5737)"),
    ("203.0.113.0/24", "documentation, TEST-NET-3 (RFC 5737)"),
    ("224.0.0.0/4", "multicast (RFC 5771)"),
    ("240.0.0.0/4", "reserved (RFC 1112 §4)"),
    ("255.255.255.255/32", "limited broadcast (RFC 8190, RFC 919 §7)"),
)

# IANA IPv6 Special-Purpose Address Registry, all entries; multicast and site-local of the address space
# registry. Mapped, NAT64, 6to4 and Teredo addresses are unwrapped before this table is asked.
SPECIAL_V6: tuple[tuple[str, str], ...] = (
    ("::/128", "unspecified address (RFC 4291 §2.5.2)"),
    ("::1/128", "loopback (RFC 4291 §2.5.3)"),
    ("::ffff:0:0/96", "IPv4-mapped (RFC 4291 §2.5.5.2)"),
    ("64:ff9b::/96", "NAT64 (RFC 6052)"),
    ("64:ff9b:1::/48", "local-use NAT64 (RFC 8215)"),
    ("100::/64", "discard only (RFC 6666)"),
    ("100:0:0:1::/64", "dummy IPv6 prefix (RFC 9780)"),
    ("2001::/23", "IETF protocol assignments (RFC 2928)"),
    ("2001::/32", "Teredo (RFC 4380, RFC 8190)"),
    ("2001:1::1/128", "Port Control Protocol anycast (RFC 7723)"),
    ("2001:1::2/128", "TURN anycast (RFC 8155)"),
    ("2001:1::3/128", "DNS-SD service registration anycast (RFC 9665)"),
    ("2001:2::/48", "benchmarking (RFC 5180)"),
    ("2001:3::/32", "automatic multicast tunneling (RFC 7450)"),
    ("2001:4:112::/48", "AS112 (RFC 7535)"),
    ("2001:10::/28", "deprecated ORCHID (RFC 4843)"),
    ("2001:20::/28", "ORCHIDv2 (RFC 7343)"),
    ("2001:30::/28", "drone remote identification tags (RFC 9374)"),
    ("2001:db8::/32", "documentation (RFC 3849)"),
    ("2002::/16", "6to4 (RFC 3056)"),
    ("2620:4f:8000::/48", "AS112 direct delegation (RFC 7534)"),
    ("3fff::/20", "documentation (RFC 9637)"),
    ("5f00::/16", "segment routing identifiers (RFC 9602)"),
    ("fc00::/7", "unique local (RFC 4193, RFC 8190)"),
    ("fe80::/10", "link local (RFC 4291 §2.5.6)"),
    ("fec0::/10", "deprecated site local (RFC 3879)"),
    ("ff00::/8", "multicast (RFC 4291 §2.7)"),
)

# IANA IPv6 Global Unicast Address Assignments: the blocks handed to the five registries.
DELEGATED_V6: tuple[str, ...] = (
    *("2001:200::/23", "2001:400::/23", "2001:600::/23", "2001:800::/22", "2001:c00::/23", "2001:e00::/23"),
    *("2001:1200::/23", "2001:1400::/22", "2001:1800::/23", "2001:1a00::/23", "2001:1c00::/22"),
    *("2001:2000::/19", "2001:4000::/23", "2001:4200::/23", "2001:4400::/23", "2001:4600::/23"),
    *("2001:4800::/23", "2001:4a00::/23", "2001:4c00::/23", "2001:5000::/20", "2001:8000::/19"),
    *("2001:a000::/20", "2001:b000::/20", "2003::/18", "2400::/12", "2410::/12", "2600::/12", "2610::/23"),
    *("2620::/23", "2630::/12", "2800::/12", "2a00::/12", "2a10::/12", "2c00::/12"),
)
UNDELEGATED = "not delegated to any registry (IANA IPv6 address space)"

Names = tuple[str | None, ...]


@cache
def _table_v4() -> tuple[NDArray[np.uint32], Names]:
    starts, names = _ranges_v4()
    return np.array(starts, np.uint32), tuple(names)


def _ranges_v4() -> tuple[list[int], list[str | None]]:
    return disjoint(_blocks(SPECIAL_V4), None, 1 << 32)


@cache
def _table_v6() -> tuple[Starts128, Names]:
    starts, names = _ranges_v6()
    return Starts128.of(starts), tuple(names)


def _ranges_v6() -> tuple[list[int], list[str | None]]:
    delegated = [(block, None) for block in DELEGATED_V6]
    return disjoint(_blocks((*delegated, *SPECIAL_V6)), UNDELEGATED, 1 << 128)


def _blocks(table: tuple[tuple[str, str | None], ...]) -> list[tuple[int, int, str | None]]:
    networks = [(ipaddress.ip_network(block), name) for block, name in table]
    return [(int(net[0]), int(net[-1]), name) for net, name in networks]


def ordinary_spans(family: int) -> list[tuple[int, int]]:
    """(first, end) of the spans of IPv4 (4) or IPv6 (6) space that aren't special, in order."""
    starts, names = _ranges_v4() if family == 4 else _ranges_v6()
    ends = [*starts[1:], 1 << (32 if family == 4 else 128)]
    return [(a, b) for a, b, name in zip(starts, ends, names, strict=True) if name is None]


def is_special(addresses: Addresses) -> NDArray[np.bool_]:
    """True where an address is special-purpose, multicast or undelegated."""
    return _reserved()[_rows(addresses)]


def special_names(addresses: Addresses) -> list[str | None]:
    """What each address is reserved for, "private use (RFC 1918)"; None for ordinary ones."""
    names = _names()
    return [names[row] for row in _rows(addresses).tolist()]


def _rows(addresses: Addresses) -> NDArray[np.intp]:
    v4_starts, v4_names = _table_v4()
    v4 = rows32(v4_starts, addresses.v4)
    if not len(addresses.hi):
        return v4
    v6_starts, _ = _table_v6()
    v6 = v6_starts.rows(addresses.hi, addresses.lo) + len(v4_names)
    return np.concatenate([v4, v6])


@cache
def _reserved() -> NDArray[np.bool_]:
    return np.array([name is not None for name in _names()], np.bool_)


@cache
def _names() -> Names:
    return (*_table_v4()[1], *_table_v6()[1])
