"""Addresses as text → 128-bit numbers in two arrays, tunnelled IPv4 unwrapped.

An IPv4 address a.b.c.d is the number of ::ffff:a.b.c.d throughout (RFC 4291 §2.5.5.2).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]
Mask = NDArray[np.bool_]
T = TypeVar("T", bound=np.generic)

_LOW32 = np.uint64(0xFFFF_FFFF)
_32 = np.uint64(32)


def numbers(addresses: Sequence[str]) -> tuple[U64, U64]:
    """High and low 64 bits of each address; ValueError where a text is no address.

    An IPv6 zone ("%wlan0") is left out: it names an interface, not a place.
    """
    whole = [_number(text) for text in addresses]
    hi = np.array([n >> 64 for n in whole], np.uint64)
    lo = np.array([n & 0xFFFF_FFFF_FFFF_FFFF for n in whole], np.uint64)
    return hi, lo


def _number(text: str) -> int:
    address = ipaddress.ip_address(text)
    return int(address) | 0xFFFF_0000_0000 if address.version == 4 else int(address)


@dataclass(frozen=True, slots=True)
class AddressWrapping:
    """A way of carrying an IPv4 address inside an IPv6 one."""

    says: str
    found: Callable[[U64, U64], Mask]
    inner: Callable[[U64, U64], U64]


def _in_nat64(hi: U64, lo: U64) -> Mask:
    prefix: Mask = hi == np.uint64(0x0064_FF9B << 32)
    only_v4: Mask = lo >> _32 == np.uint64(0)
    return prefix & only_v4


# Only the well-known NAT64 prefix: a network's own prefix (RFC 6052 §2.2) can't be told from the address.
# A Teredo client's address stands with all bits inverted (RFC 4380 §4).
WRAPPINGS: tuple[AddressWrapping, ...] = (
    AddressWrapping("NAT64 64:ff9b::/96 (RFC 6052)", _in_nat64, lambda _, lo: lo & _LOW32),
    AddressWrapping(
        "6to4 2002::/16 (RFC 3056)",
        lambda hi, _: hi >> np.uint64(48) == 0x2002,
        lambda hi, _: hi >> np.uint64(16) & _LOW32,
    ),
    AddressWrapping(
        "Teredo 2001::/32 (RFC 4380)",
        lambda hi, _: hi >> _32 == 0x2001_0000,
        lambda _, lo: ~lo & _LOW32,
    ),
)
MAPPED_SAYS = "an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2)"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses ready for look-up: IPv4 before IPv6, each (nearly) sorted: the look-ups stay in the cache.

    Everything that is looked up has this order; `restore` brings values back into the order asked.
    """

    v4: U32
    hi: U64  # of the IPv6 addresses
    lo: U64
    asked_at: NDArray[np.intp]  # position in the order asked, IPv4 addresses first
    wrapping: NDArray[np.uint8]  # 0, or 1 + position in WRAPPINGS

    @classmethod
    def of(cls, hi: U64, lo: U64) -> Addresses:
        """From 128-bit numbers; tunnelled IPv4 addresses count as IPv4."""
        is_v4 = (hi == 0) & (lo >> _32 == 0xFFFF)
        wrapping = np.zeros(len(hi), np.uint8)
        if is_v4.all():
            v4, order = _sorted32(lo)
            return cls(v4, hi[:0], lo[:0], order, wrapping)
        inner = lo.copy()
        for number, way in enumerate(WRAPPINGS, 1):
            found = way.found(hi, lo)
            wrapping[found] = number
            inner[found] = way.inner(hi[found], lo[found])
        is_v4 |= wrapping > 0
        at4, at6 = np.flatnonzero(is_v4), np.flatnonzero(~is_v4)
        v4, order = _sorted32(inner[at4])
        at6 = at6[_near_order(hi[at6])]
        asked_at = np.concatenate([at4[order], at6])
        return cls(v4, hi[at6], lo[at6], asked_at, wrapping[asked_at])

    def __len__(self) -> int:
        return len(self.asked_at)

    def restore(self, values: NDArray[T]) -> NDArray[T]:
        """Values found for these addresses, in the order in which the addresses were asked."""
        restored = np.empty_like(values)
        restored[self.asked_at] = values
        return restored

    def texts(self) -> list[str]:
        """Each address as it is looked up, in the usual notation."""
        whole = zip(self.hi.tolist(), self.lo.tolist(), strict=True)
        v4 = [str(ipaddress.IPv4Address(number)) for number in self.v4.tolist()]
        return v4 + [str(ipaddress.IPv6Address(hi << 64 | lo)) for hi, lo in whole]

    def inner_text(self) -> list[str | None]:
        """How each tunnelled address was read, "IPv4 192.0.2.1 inside NAT64 …"; None for the others."""
        texts: list[str | None] = [None] * len(self)
        for i in np.flatnonzero(self.wrapping).tolist():
            inner = ipaddress.IPv4Address(int(self.v4[i]))
            texts[i] = f"IPv4 {inner} inside {WRAPPINGS[int(self.wrapping[i]) - 1].says}"
        return texts


# Sorting one array that holds both key and position takes a third of the time of an argsort.


def _sorted32(numbers: U64) -> tuple[U32, NDArray[np.intp]]:
    """The low 32 bits of the numbers in order, and where each stood."""
    together = numbers << _32 | np.arange(len(numbers), dtype=np.uint64)
    together.sort()
    return (together >> _32).astype(np.uint32), (together & _LOW32).astype(np.intp)


def _near_order(keys: U64) -> NDArray[np.intp]:
    """Positions that sort the keys by their upper bits: near enough for the cache."""
    width = np.uint64(max(1, (len(keys) - 1).bit_length()))
    mask = (np.uint64(1) << width) - np.uint64(1)
    together = keys & ~mask | np.arange(len(keys), dtype=np.uint64)
    together.sort()
    return (together & mask).astype(np.intp)
