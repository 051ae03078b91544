"""Bytes of a capture file to record positions: the walks from header to header.

Same rules as the packet kernel: integers only, every read behind a check, compiled or not.
"""

from __future__ import annotations

from analyzer.capture.records import CAPTURED, LINK, OFFSET, RECORD_WIDTH, TIME, UNDESCRIBED_LINK, WIRE
from analyzer.core.byte_access import little16, little32, u16, u32
from analyzer.core.kernel_types import Bytes, Numbers

# Why a walk stopped.
NEED_MORE, FULL, BAD_RECORD, CONTROL = range(4)

# No link type has frames near this size; a larger claim is damage (Wireshark stops at 256 KiB
# for most link types, at 128 MiB for USB).
LARGEST_RECORD = 1 << 24

BILLION = 1_000_000_000

# Columns of an interface's row: link type, snaplen, timestamp divisor, units a second, offset in seconds,
# bytes of frame check sequence to leave out.
INTERFACE_LINK, SNAPLEN, SHRINK, UNITS, TIME_OFFSET, FCS = range(6)
INTERFACE_WIDTH = 6

# Block types of pcapng that hold a packet, and those that the reader has to look at.
PACKET, SIMPLE_PACKET, ENHANCED_PACKET = 2, 3, 6
SECTION_HEADER, INTERFACE, NAME_RESOLUTION, STATISTICS, SECRETS = 0x0A0D0D0A, 1, 4, 5, 10
# Those that are counted and passed over (0xBAD and 0x40000BAD are “custom”).
JOURNAL, CUSTOM, CUSTOM_UNCOPIED = 9, 0xBAD, 0x40000BAD

# Which of a record's two lengths is the captured one: before version 2.3 of pcap the second, in 2.3 the
# smaller, since some writers of that version kept the old order.
IN_ORDER, SWAPPED, SMALLER_FIRST = range(3)

# What a walk notes beside the records: sums and counts (UNDESCRIBED: of interfaces that the section does not
# describe; LONGER: with more bytes than the packet is said to have had), then up to MOST_NOTED rows of
# comments, each (record, position of the text, bytes).
LOST, UNTIMED, JOURNALS, CUSTOMS, OTHERS, UNDESCRIBED, LONGER, COMMENTS, NOTES_HEAD = range(9)
MOST_NOTED, NOTED_WIDTH = 200, 3
NOTES = NOTES_HEAD + MOST_NOTED * NOTED_WIDTH

# Options of packet blocks (draft-ietf-opsawg-pcapng §4.3).
OPT_END, OPT_COMMENT, OPT_DROP_COUNT = 0, 1, 4
UNKNOWN_DROPS = 0xFFFF  # in the obsolete packet block
# A lying count must not overflow the sum.
MOST_DROPS, MOST_LOST = 1 << 40, 1 << 60

# Seconds beside the epoch whose nanoseconds 63 bits hold.
MOST_SECONDS = 9_000_000_000


def word(data: Bytes, i: int, big: bool) -> int:
    return u32(data, i) if big else little32(data, i)


def half(data: Bytes, i: int, big: bool) -> int:
    return u16(data, i) if big else little16(data, i)


def without_fcs(captured: int, wire: int, fcs: int) -> tuple[int, int]:
    """The lengths of a frame without the check sequence at its end."""
    if wire > fcs:
        wire -= fcs
    return (captured if captured < wire else wire), wire


def is_file_header(data: Bytes, i: int, end: int) -> bool:
    """Return whether a pcap file begins at `i`: a magic, version 2.4, and two fields that nobody fills."""
    if i + 24 > end or u32(data, i + 8) != 0 or u32(data, i + 12) != 0:
        return False
    if u32(data, i) in (0xA1B2C3D4, 0xA1B23C4D):
        return u32(data, i + 4) == 0x00020004
    return little32(data, i) in (0xA1B2C3D4, 0xA1B23C4D) and little32(data, i + 4) == 0x00040002


def walk_pcap(
    data: Bytes,
    start: int,
    end: int,
    big: bool,
    unit_ns: int,
    link: int,
    header: int,
    lengths: int,
    fcs: int,
    out: Numbers,
) -> tuple[int, int, int]:
    """Records of a pcap file between `start` and `end` into `out`, flat rows of RECORD_WIDTH.

    `unit_ns` is the length of a unit of the timestamp's second word, `header` the bytes of a record's
    header, `lengths` the order of its lengths, `fcs` the bytes to leave out at each frame's end. Gives
    (records found, position of the first byte not consumed, why it stopped).
    """
    count, position, room = 0, start, len(out) // RECORD_WIDTH
    while position + header <= end:
        if count == room:
            return count, position, FULL
        captured, wire = word(data, position + 8, big), word(data, position + 12, big)
        if captured == 0 and wire == 0 and is_file_header(data, position, end):
            return count, position, CONTROL
        if lengths == SWAPPED or (lengths == SMALLER_FIRST and captured > wire):
            captured, wire = wire, captured
        if captured > LARGEST_RECORD:
            return count, position, BAD_RECORD
        after = position + header + captured
        if after > end:
            return count, position, NEED_MORE
        if wire < captured:
            wire = captured
        if fcs:
            captured, wire = without_fcs(captured, wire, fcs)
        at = count * RECORD_WIDTH
        out[at + OFFSET] = position + header
        out[at + CAPTURED] = captured
        out[at + WIRE] = wire
        out[at + TIME] = word(data, position, big) * BILLION + word(data, position + 4, big) * unit_ns
        out[at + LINK] = link
        count += 1
        position = after
    return count, position, NEED_MORE


def walk_snoop(
    data: Bytes, start: int, end: int, link: int, fcs: int, out: Numbers, notes: Numbers
) -> tuple[int, int, int]:
    """Records of a snoop file (RFC 1761) into `out`, as `walk_pcap`.

    The running count of dropped packets is noted as it stands in the last record.
    """
    count, position, room = 0, start, len(out) // RECORD_WIDTH
    while position + 24 <= end:
        if count == room:
            return count, position, FULL
        wire, captured, total = u32(data, position), u32(data, position + 4), u32(data, position + 8)
        if captured > LARGEST_RECORD or total < 24 + captured or total > LARGEST_RECORD:
            return count, position, BAD_RECORD
        if position + total > end:
            return count, position, NEED_MORE
        if wire < captured:
            wire = captured
        if fcs:
            captured, wire = without_fcs(captured, wire, fcs)
        at = count * RECORD_WIDTH
        out[at + OFFSET] = position + 24
        out[at + CAPTURED] = captured
        out[at + WIRE] = wire
        out[at + TIME] = u32(data, position + 16) * BILLION + u32(data, position + 20) * 1000
        out[at + LINK] = link
        notes[LOST] = u32(data, position + 12)
        count += 1
        position += total
    return count, position, NEED_MORE


def block_time(high: int, low: int, shrink: int, units: int, offset: int) -> int:
    """Nanoseconds of a pcapng timestamp of two words; `units` a second, after division by `shrink`.

    `offset` is at most MOST_SECONDS either way, and so is what is given.
    """
    # Divisors are 1 or even, so half of both gives the same, and half of 64 bits fits in 63.
    raw = (high & 0x7FFFFFFF) * 0x100000000 + low
    if shrink == 0:  # 64 bits of such units are no nanosecond
        raw = 0
    elif shrink > 1:
        raw = (high * 0x80000000 + low // 2) // (shrink // 2)
    elif high > 0x7FFFFFFF:
        raw = 0x7FFFFFFFFFFFFFFF  # beyond MOST_SECONDS with any units
    seconds = raw // units
    if seconds > MOST_SECONDS:
        seconds = MOST_SECONDS
    seconds += offset
    if seconds > MOST_SECONDS:
        seconds = MOST_SECONDS
    if seconds < -MOST_SECONDS:
        seconds = -MOST_SECONDS
    return seconds * BILLION + (raw % units) * BILLION // units


def note_lost(notes: Numbers, count: int) -> None:
    """Add to the packets that were lost, without overflow."""
    if count > MOST_DROPS:
        count = MOST_DROPS
    if notes[LOST] < MOST_LOST:
        notes[LOST] += count


def note_options(
    data: Bytes, i: int, end: int, big: bool, record: int, has_drops: bool, notes: Numbers
) -> None:
    """Comments and drop counts among a packet block's options."""
    while i + 4 <= end:
        code, length = half(data, i, big), half(data, i + 2, big)
        if code == OPT_END or i + 4 + length > end:
            return
        if code == OPT_COMMENT:
            if notes[COMMENTS] < MOST_NOTED:
                at = NOTES_HEAD + notes[COMMENTS] * NOTED_WIDTH
                notes[at] = record
                notes[at + 1] = i + 4
                notes[at + 2] = length
            notes[COMMENTS] += 1
        elif code == OPT_DROP_COUNT and length == 8 and has_drops:
            first, second = word(data, i + 4, big), word(data, i + 8, big)
            high, low = (first, second) if big else (second, first)
            note_lost(notes, MOST_DROPS if high > 0xFF else high * 0x100000000 + low)
        i += 4 + ((length + 3) & ~3)


def note_block(kind: int, notes: Numbers) -> None:
    """Count a block that is passed over."""
    if kind == JOURNAL:
        notes[JOURNALS] += 1
    elif kind in (CUSTOM, CUSTOM_UNCOPIED):
        notes[CUSTOMS] += 1
    else:
        notes[OTHERS] += 1


def walk_pcapng(
    data: Bytes,
    start: int,
    end: int,
    big: bool,
    interfaces: Numbers,
    count_interfaces: int,
    out: Numbers,
    notes: Numbers,
) -> tuple[int, int, int]:
    """Packet blocks of a pcapng section into `out` (draft-ietf-opsawg-pcapng §4).

    `interfaces` is a flat int64 array of rows of INTERFACE_WIDTH, `notes` one of NOTES numbers that starts
    at zero. Passes over blocks that say nothing of packets. Stops with CONTROL before one that does, and
    before one that reaches beyond `end`, for the reader to look at.
    """
    count, position, room = 0, start, len(out) // RECORD_WIDTH
    while position + 12 <= end:
        kind, total = word(data, position, big), word(data, position + 4, big)
        if kind != ENHANCED_PACKET and kind != SIMPLE_PACKET and kind != PACKET:
            padded = (total + 3) & ~3
            if kind in (SECTION_HEADER, INTERFACE, NAME_RESOLUTION, STATISTICS, SECRETS):
                return count, position, CONTROL
            if total < 12 or position + padded > end or is_file_header(data, position, end):
                return count, position, CONTROL
            note_block(kind, notes)
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
                interface = half(data, position + 8, big)
            high, low = word(data, position + 12, big), word(data, position + 16, big)
            captured, wire, header = word(data, position + 20, big), word(data, position + 24, big), 28
        if captured > total - header - 4:
            return count, position, BAD_RECORD
        is_described = interface < count_interfaces
        if not is_described:
            notes[UNDESCRIBED] += 1
        row = interface * INTERFACE_WIDTH if is_described else 0
        if kind == SIMPLE_PACKET:
            notes[UNTIMED] += 1
            if is_described and 0 < interfaces[row + SNAPLEN] < captured:
                captured = interfaces[row + SNAPLEN]
        else:
            if kind == PACKET and half(data, position + 10, big) != UNKNOWN_DROPS:
                note_lost(notes, half(data, position + 10, big))
            options = position + 28 + ((captured + 3) & ~3)
            if options + 4 < position + total:
                last = position + total - 4
                note_options(data, options, last, big, count, kind == ENHANCED_PACKET, notes)
        if wire < captured:
            notes[LONGER] += 1
            wire = captured
        if is_described and interfaces[row + FCS]:
            captured, wire = without_fcs(captured, wire, interfaces[row + FCS])
        at = count * RECORD_WIDTH
        out[at + OFFSET] = position + header
        out[at + CAPTURED] = captured
        out[at + WIRE] = wire
        out[at + TIME] = 0  # simple packet blocks have no time
        out[at + LINK] = UNDESCRIBED_LINK
        if not is_described and kind != SIMPLE_PACKET:  # microseconds, as by default (§4.2)
            out[at + TIME] = block_time(high, low, 1, 1_000_000, 0)
        elif kind != SIMPLE_PACKET:
            out[at + TIME] = block_time(
                high, low, interfaces[row + SHRINK], interfaces[row + UNITS], interfaces[row + TIME_OFFSET]
            )
        if is_described:
            out[at + LINK] = interfaces[row + INTERFACE_LINK]
        count += 1
        position += total
    return count, position, NEED_MORE
