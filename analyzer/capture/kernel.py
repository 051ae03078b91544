"""Octets of a capture file to record positions: the walk from header to header.

Same rules as the packet kernel: integers only, every read behind a check, compiled or not.
"""

from __future__ import annotations

from typing import Any

from analyzer.compiling import Octets

from .records import CAPTURED, LINK, OFFSET, RECORD_WIDTH, TIME, WIRE

# Why a walk stopped.
NEED_MORE, FULL, BAD_RECORD, CONTROL = range(4)

# No link type has frames near this size; a larger claim is damage (Wireshark stops at 256 KiB
# for most link types, at 128 MiB for USB).
LARGEST_RECORD = 1 << 24

BILLION = 1_000_000_000

INTERFACE_WIDTH = 5

# Block types of pcapng that change what follows, and those that hold a packet.
SECTION_HEADER, INTERFACE, PACKET, SIMPLE_PACKET, ENHANCED_PACKET = 0x0A0D0D0A, 1, 2, 3, 6

# Seconds beside the epoch whose nanoseconds 63 bits hold.
MOST_SECONDS = 9_000_000_000


def little32(data: Octets, i: int) -> int:
    # Products, not shifts: numba makes a shifted uint8 unsigned, and unsigned mixes into floats.
    return data[i] + data[i + 1] * 0x100 + data[i + 2] * 0x10000 + data[i + 3] * 0x1000000


def big32(data: Octets, i: int) -> int:
    return data[i] * 0x1000000 + data[i + 1] * 0x10000 + data[i + 2] * 0x100 + data[i + 3]


def word(data: Octets, i: int, big: bool) -> int:
    return big32(data, i) if big else little32(data, i)


def walk_pcap(
    data: Octets, start: int, end: int, big: bool, unit_ns: int, link: int, out: Any
) -> tuple[int, int, int]:
    """Records of a pcap file between `start` and `end` into `out`, flat rows of RECORD_WIDTH.

    `unit_ns` is the length of a unit of the timestamp's second word. Gives (records found,
    position of the first octet not consumed, why it stopped).
    """
    count, position, room = 0, start, len(out) // RECORD_WIDTH
    while position + 16 <= end:
        if count == room:
            return count, position, FULL
        captured = word(data, position + 8, big)
        if captured > LARGEST_RECORD:
            return count, position, BAD_RECORD
        if position + 16 + captured > end:
            return count, position, NEED_MORE
        wire = word(data, position + 12, big)
        at = count * RECORD_WIDTH
        out[at + OFFSET] = position + 16
        out[at + CAPTURED] = captured
        out[at + WIRE] = wire if wire > captured else captured
        out[at + TIME] = word(data, position, big) * BILLION + word(data, position + 4, big) * unit_ns
        out[at + LINK] = link
        count += 1
        position += 16 + captured
    return count, position, NEED_MORE


def block_time(raw: int, shrink: int, units: int, offset: int) -> int:
    """Nanoseconds of a pcapng timestamp; `units` a second, after division by `shrink`.

    `offset` is at most MOST_SECONDS either way, and so is what is given.
    """
    raw = raw // shrink
    seconds = raw // units
    if seconds > MOST_SECONDS:
        seconds = MOST_SECONDS
    seconds += offset
    if seconds > MOST_SECONDS:
        seconds = MOST_SECONDS
    if seconds < -MOST_SECONDS:
        seconds = -MOST_SECONDS
    return seconds * BILLION + (raw % units) * BILLION // units


def walk_pcapng(
    data: Octets, start: int, end: int, big: bool, interfaces: Any, count_interfaces: int, out: Any
) -> tuple[int, int, int]:
    """Packet blocks of a pcapng section into `out` (draft-ietf-opsawg-pcapng §4).

    `interfaces` is a flat int64 array of rows (link type, snaplen, shrink, units, offset seconds).
    Passes over blocks that change nothing. Stops with CONTROL before one that does, and before one
    that reaches beyond `end`, for the reader to look at.
    """
    count, position, room = 0, start, len(out) // RECORD_WIDTH
    while position + 12 <= end:
        kind, total = word(data, position, big), word(data, position + 4, big)
        if kind != ENHANCED_PACKET and kind != SIMPLE_PACKET and kind != PACKET:
            padded = (total + 3) & ~3
            if kind in (SECTION_HEADER, INTERFACE) or total < 12 or position + padded > end:
                return count, position, CONTROL
            position += padded
            continue
        if count == room:
            return count, position, FULL
        if total < 16 or total > LARGEST_RECORD or total & 3:
            return count, position, BAD_RECORD
        if position + total > end:
            return count, position, NEED_MORE
        interface, captured, wire, high, low, header = 0, 0, 0, 0, 0, 12
        if kind == SIMPLE_PACKET:
            wire = word(data, position + 8, big)
            captured = wire if wire < total - 16 else total - 16
        else:
            if total < 32:
                return count, position, BAD_RECORD
            interface = word(data, position + 8, big)
            if kind == PACKET:  # obsolete: 16 bits of interface, 16 of drops
                interface = interface >> 16 if big else interface & 0xFFFF
            high, low = word(data, position + 12, big), word(data, position + 16, big)
            captured, wire, header = word(data, position + 20, big), word(data, position + 24, big), 28
        if captured > total - header - 4 or interface >= count_interfaces:
            return count, position, BAD_RECORD
        row = interface * INTERFACE_WIDTH
        if kind == SIMPLE_PACKET and 0 < interfaces[row + 1] < captured:
            captured = interfaces[row + 1]
        at = count * RECORD_WIDTH
        out[at + OFFSET] = position + header
        out[at + CAPTURED] = captured
        out[at + WIRE] = wire if wire > captured else captured
        out[at + TIME] = 0  # simple packet blocks have no time
        if kind != SIMPLE_PACKET:
            raw = (high & 0x7FFFFFFF) * 0x100000000 + low
            out[at + TIME] = block_time(raw, interfaces[row + 2], interfaces[row + 3], interfaces[row + 4])
        out[at + LINK] = interfaces[row]
        count += 1
        position += total
    return count, position, NEED_MORE


CALLEES = (little32, big32, word, block_time)
