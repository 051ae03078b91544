"""pcap files and their variants to batches (draft-ietf-opsawg-pcap)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from analyzer.capture.batch import Batch, Window, first_records, make_batch, room_for, run_walk
from analyzer.capture.cut_joins import RECORD_HEADER, CutRecord, cut_record, header_in_rest
from analyzer.capture.joined_files import FILE_HEADER, begins_section, line_ends
from analyzer.capture.metadata import CaptureMetadata
from analyzer.capture.pcap_variants import MODIFIED, STANDARD, Variant, variant_of
from analyzer.capture.record_sanity import HEAD, heads, is_in_nanoseconds, note, restamp
from analyzer.capture.record_walk import (
    BAD_RECORD,
    BILLION,
    CONTROL,
    FULL,
    IN_ORDER,
    SMALLER_FIRST,
    SWAPPED,
    walk_pcap,
)
from analyzer.capture.records import Records, new_records
from analyzer.model import CaptureError, Problem

NANOSECONDS = (
    "{path}: the file says that times are in microseconds, and fractions of a second go beyond a million: "
    "they were read as nanoseconds"
)


@dataclass(frozen=True, slots=True)
class Magic:
    """What the first four bytes tell: byte order, unit of the timestamp's second word, variants."""

    big: bool
    unit_ns: int
    name: str
    variants: tuple[Variant, ...] = STANDARD[:1]
    further: int = 0  # bytes of the file header behind the usual ones


def _both(magic: int, *rest: object) -> dict[bytes, Magic]:
    """A magic in both byte orders."""
    return {
        struct.pack("<I", magic): Magic(False, *rest),  # type: ignore[arg-type]
        struct.pack(">I", magic): Magic(True, *rest),  # type: ignore[arg-type]
    }


# The last two are Ixia's, of software and hardware captures; their file header ends with the bytes of all
# records.
MAGICS: dict[bytes, Magic] = {
    **_both(0xA1B2C3D4, 1000, "microseconds", STANDARD),
    **_both(0xA1B23C4D, 1, "nanoseconds"),
    **_both(0xA1B2CD34, 1000, "microseconds", MODIFIED),
    **_both(0x1C0001AB, 1000, "microseconds, Ixia", STANDARD[:1], 4),
    **_both(0x1C0001AC, 1, "nanoseconds, Ixia", STANDARD[:1], 4),
}

# AIX writes version 2.2 with the interface types of RFC 1573 and with nanoseconds; those of Ethernet,
# Token Ring, FDDI and loopback as LINKTYPE_ values.
AIX_VERSION = (2, 2)
AIX_LINKS = {6: 1, 9: 6, 15: 10, 24: 0}

# The order of a record's lengths by minor version.
LENGTHS = {0: SWAPPED, 1: SWAPPED, 2: SWAPPED, 3: SMALLER_FIRST}
# DG/UX calls its version 543.0 and keeps the old order of the lengths.
DG_UX = 543

# Link types whose frames are looked at to their very end, so that a frame check sequence there has to go:
# IEEE 802.11, with Prism and with AVS header.
FCS_MATTERS = frozenset({105, 119, 163})


@dataclass(frozen=True, slots=True)
class Layout:
    """How the records of a file lie."""

    big: bool
    unit_ns: int
    link: int
    lengths: int
    fcs: int
    header: int = 16


def read_pcap(window: Window, account: CaptureMetadata) -> Iterator[Batch]:
    """Batches of a pcap file whose magic is at the window's start. Raises CaptureError."""
    path = window.source.path
    magic = MAGICS[bytes(window.data[window.start : window.start + 4])]
    size = FILE_HEADER + magic.further
    if not window.need(size):
        raise CaptureError(
            f"{path}: the pcap file header is cut: {window.available()} of {size} bytes are there"
        )
    header = window.take(size)
    layout = _layout(magic, header, path)
    (snaplen,) = struct.unpack_from(">I" if magic.big else "<I", header, 16)
    account.snaplen = snaplen
    variant = variant_of(magic.variants, window, magic.big, snaplen, plain=layout.lengths != IN_ORDER)
    order = "big-endian" if magic.big else "little-endian"
    account.format = f"pcap ({', '.join(filter(None, (magic.name, order, variant.name)))})"
    yield from _batches(window, account, replace(layout, header=variant.header))


def _layout(magic: Magic, header: bytes, path: str) -> Layout:
    major, minor, _, _, _, link = struct.unpack_from(">HHiIII" if magic.big else "<HHiIII", header, 4)
    if major not in (2, DG_UX):
        raise CaptureError(f"{path}: pcap version {major} is unknown; only version 2 exists")
    lengths = SWAPPED if major == DG_UX else LENGTHS.get(minor, IN_ORDER)
    unit_ns, fcs = magic.unit_ns, 0
    if (major, minor) == AIX_VERSION and link in AIX_LINKS:
        link, unit_ns = AIX_LINKS[link], 1
    elif link & 0x04000000 and link & 0xFFFF in FCS_MATTERS:
        # The four upper bits count pairs of bytes (draft-ietf-opsawg-pcap §4).
        fcs = (link >> 28) * 2
    return Layout(magic.big, unit_ns, link & 0xFFFF, lengths, fcs)


def _batches(window: Window, account: CaptureMetadata, layout: Layout) -> Iterator[Batch]:
    while True:
        records = new_records(room_for(window))
        count, window.start, why = run_walk(
            walk_pcap, window, layout.big, layout.unit_ns, layout.link, layout.header, layout.lengths,
            layout.fcs, records.rows.reshape(-1),
        )  # fmt: skip
        cut = _cut_record(window, first_records(records, count), layout)
        if cut is not None:
            count, window.start = cut.row, int(records.offset[cut.row]) - layout.header
        if count:
            found = first_records(records, count)
            layout = _checked(window, account, layout, found)
            yield make_batch(window, account, found)
        if cut is not None and cut.begins >= 0:
            say_joined_record(window, account, cut.begins)
            return
        if count:
            window.turn()
            window.grow()
        if cut is not None:
            window.fill()
            continue
        if why == CONTROL or (why == BAD_RECORD and begins_section(window)):
            return  # another file begins
        if why == BAD_RECORD:
            say_bad_record(window, account, _record_size(window, layout) - layout.header)
            return
        if why == FULL:
            continue
        wanted = _record_size(window, layout)
        if not window.fill(wanted) and window.available() < wanted:
            break
    if window.source.is_live() and (begins := header_in_rest(window, layout.big)) >= 0:
        say_joined_record(window, account, begins)
        return
    say_cut_record(window, account)


def _cut_record(window: Window, records: Records, layout: Layout) -> CutRecord | None:
    """The record of a live stream that another capture's header cuts, if one does."""
    if not window.source.is_live() or layout.header != RECORD_HEADER or layout.lengths != IN_ORDER:
        return None
    return cut_record(window, records, layout.header, layout.big)


def _checked(window: Window, account: CaptureMetadata, layout: Layout, records: Records) -> Layout:
    """The layout, with nanoseconds where the first records can only have these; what is wrong is counted."""
    if layout.header < HEAD:
        return layout
    words = heads(window, records, layout.header, layout.big)
    if not account.frames and layout.unit_ns == 1000 and is_in_nanoseconds(words[:, 1]):
        layout = replace(layout, unit_ns=1)
        account.problems.append(Problem("nanoseconds", NANOSECONDS.format(path=window.source.path)))
    if layout.unit_ns == 1:
        restamp(records, words)
    if layout.lengths != SMALLER_FIRST:
        note(account, words, BILLION // layout.unit_ns, layout.lengths == SWAPPED)
    return layout


def _record_size(window: Window, layout: Layout) -> int:
    """Bytes of the record at the window's start, as far as its header is there."""
    if window.available() < layout.header:
        return layout.header
    lengths = bytes(window.data[window.start + 8 : window.start + 16])
    captured: int
    wire: int
    captured, wire = struct.unpack(">II" if layout.big else "<II", lengths)
    if layout.lengths == SWAPPED or (layout.lengths == SMALLER_FIRST and captured > wire):
        captured = wire
    return layout.header + captured


def say_cut_record(window: Window, account: CaptureMetadata) -> None:
    """Where bytes are left that are no whole record, say so."""
    if left := window.available():
        account.damage(
            "cut-record",
            f"{window.source.path}: the last record is cut: {left:,} bytes follow frame {account.frames:,} "
            f"at offset {window.offset:,}, fewer than the record needs",
            account.frames + 1,
        )


def say_joined_record(window: Window, account: CaptureMetadata, begins: int) -> None:
    """Say that a record is cut by another capture, and pass over what is there of it."""
    left = begins - window.start
    account.damage(
        "cut-record",
        f"{window.source.path}: the stream broke off within record {account.frames + 1:,}: of it {left:,} "
        f"bytes came, at offset {window.offset:,}, before another capture began",
        account.frames + 1,
    )
    window.start = begins


def say_bad_record(window: Window, account: CaptureMetadata, claimed: int) -> None:
    """Say that the record at the window's start contradicts itself, and pass over the rest."""
    frame, offset, said = account.frames + 1, window.offset, line_ends(window)
    while window.skip(1 << 30) == 0 or not window.finished:
        pass
    left = window.offset - offset
    account.damage(
        "bad-record",
        f"{window.source.path}: record {frame:,} at offset {offset:,} claims {claimed:,} bytes, which no "
        f"frame has; {left:,} bytes from there on were not read.{said}",
        frame,
    )
