"""The records of pcap variants that share a magic, told apart by what stands in the first of them.

Patches of the 1990s lengthened the header of each record and kept the file's magic or shared a new one. A
variant is believed only where every record looked at makes sense as one, the standard one without proof.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from analyzer.capture.batch import Window

# Records looked at, and bytes that are waited for to do so.
LOOKED_AT, LOOK = 3, 1 << 18

# Larger claims speak against a variant: Wireshark reads no larger frame of most link types.
LARGEST_CAPTURED, LARGEST_WIRE = 1 << 18, 1 << 27

# Linux numbers of protocols below the EtherTypes, as <linux/if_ether.h> had them in 1999.
OLD_PROTOCOLS = frozenset({0x0060, 0x0200, 0x0400, *range(0x18)})


@dataclass(frozen=True, slots=True)
class Variant:
    """A form of record: bytes of its header, its name, whether the fields behind the usual ones fit it."""

    header: int
    name: str
    fits: Callable[[bytes, bool], bool] = lambda _further, _big: True


def _is_kuznetsov(further: bytes, big: bool) -> bool:
    """An interface's index, a protocol, a packet type of Linux."""
    index, protocol, kind = struct.unpack_from(">IHB" if big else "<IHB", further)
    return index <= 10_000 and (protocol >= 0x0600 or protocol in OLD_PROTOCOLS) and kind <= 4


def _is_nokia(further: bytes, big: bool) -> bool:
    """A number of the form 9fbfb601 with a few other digits, as on all known devices; editcap writes 0."""
    if not any(further):
        return True
    digits = f"{int.from_bytes(further, 'big' if big else 'little'):08x}"
    allowed = ("9b", "f", "b", "f", "bd", "69", "0", "12")
    return all(digit in any_of for digit, any_of in zip(digits, allowed, strict=True))


# By what the magic a1b2c3d4 and the magic a1b2cd34 may stand for; the first is taken where none fits.
STANDARD = (
    Variant(16, ""),
    Variant(24, "Kuznetsov's patch of April 1999 (Red Hat 6.1)", _is_kuznetsov),
    Variant(20, "Nokia", _is_nokia),
)
MODIFIED = (
    Variant(24, "Kuznetsov's patch of October 1999", _is_kuznetsov),
    Variant(28, "Kuznetsov's patch of September 1999 (SuSE 6.3)", _is_kuznetsov),
)


def variant_of(variants: Sequence[Variant], window: Window, big: bool, snaplen: int, plain: bool) -> Variant:
    """The variant that the records at the window's start are of; the first where `plain` or in doubt.

    Of what someone is sending only what has come is looked at.
    """
    if plain or len(variants) == 1:
        return variants[0]
    if not window.source.is_live():
        window.need(LOOK)
    data = memoryview(window.data)[window.start : window.end]
    for variant in variants:
        found = list(_judged(data, variant, big, snaplen, window.finished))
        if all(found) and (found or variant is variants[0]):
            return variant
    return variants[0]


def _judged(data: memoryview, variant: Variant, big: bool, snaplen: int, is_all: bool) -> Iterator[bool]:
    """Whether each of the first records makes sense as one of the variant."""
    position = 0
    for _ in range(LOOKED_AT):
        left = len(data) - position
        if left < variant.header:
            if left and is_all:
                yield False
            return
        head = bytes(data[position : position + variant.header])
        _, fraction, captured, wire = struct.unpack_from(">4I" if big else "<4I", head)
        yield (
            fraction < 1_000_000
            and captured <= min(wire, snaplen, LARGEST_CAPTURED)
            and wire <= LARGEST_WIRE
            and variant.fits(head[16:], big)
        )
        position += variant.header + captured
        if position > len(data):
            if is_all:
                yield False
            return
