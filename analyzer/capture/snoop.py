"""snoop files (RFC 1761), of Solaris and of Shomiti's Surveyor, to batches."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

from analyzer.capture.batch import Batch, Window, first_records, make_batch, room_for, run_walk
from analyzer.capture.metadata import CaptureMetadata
from analyzer.capture.pcap import say_bad_record, say_cut_record
from analyzer.capture.record_walk import BAD_RECORD, FULL, LOST, NOTES, walk_snoop
from analyzer.capture.records import SNOOP_LINK, new_records
from analyzer.model import CaptureError, Problem

MAGIC = b"snoop\0\0\0"
FILE_HEADER, RECORD_HEADER = 16, 24
VERSIONS = range(2, 6)  # 3 to 5 are Surveyor's, by the card that captured

# Surveyor puts a trailer behind each frame, into what RFC 1761 has as padding.
SURVEYOR_TRAILER = 16
SURVEYOR_FCS = 4

# Data link types as LINKTYPE_ values (IANA: snoop Datalink Types, by DLPI): IEEE 802.3, Token Ring,
# Ethernet, FDDI, two loopbacks, Fibre Channel, ATM, InfiniBand, and Solaris' ipnet.
LINKS = {0: 1, 2: 6, 4: 1, 8: 10, 9: 0, 14: 0, 16: 122, 18: 123, 26: 242, 0x8000_0005: 226}
# Surveyor's own numbers: Ethernet of four speeds and three Token Rings.
SURVEYOR_LINKS = {0: 1, 2: 6, 4: 1, 8: 10, 10: 1, 11: 6, 12: 1, 13: 6, 14: 6, 19: 1}
ETHERNET = 1


def read_snoop(window: Window, account: CaptureMetadata) -> Iterator[Batch]:
    """Batches of a snoop file whose magic is at the window's start. Raises CaptureError."""
    path = window.source.path
    if not window.need(FILE_HEADER):
        raise CaptureError(
            f"{path}: the snoop file header is cut: {window.available()} of {FILE_HEADER} bytes are there"
        )
    version, number = struct.unpack_from(">II", window.take(FILE_HEADER), 8)
    if version not in VERSIONS:
        raise CaptureError(f"{path}: snoop version {version} is unknown; versions 2 to 5 exist")
    by_surveyor = _is_surveyor(window)
    link = (SURVEYOR_LINKS if by_surveyor else LINKS).get(number, SNOOP_LINK + number)
    account.format = f"snoop (version {version}{', Surveyor' if by_surveyor else ''})"
    yield from _batches(window, account, link, SURVEYOR_FCS if by_surveyor and link == ETHERNET else 0)


def _is_surveyor(window: Window) -> bool:
    """Whether the first record has room for Surveyor's trailer; the version does not tell."""
    if not window.need(RECORD_HEADER):
        return False
    captured, total = struct.unpack_from(">II", window.data, window.start + 4)
    return bool(total - RECORD_HEADER - captured >= SURVEYOR_TRAILER)


def _batches(window: Window, account: CaptureMetadata, link: int, fcs: int) -> Iterator[Batch]:
    notes = np.zeros(NOTES, np.int64)
    while True:
        records = new_records(room_for(window))
        count, window.start, why = run_walk(walk_snoop, window, link, fcs, records.rows.reshape(-1), notes)
        if count:
            yield make_batch(window, account, first_records(records, count))
            window.turn()
            window.grow()
        if why == BAD_RECORD:
            say_bad_record(window, account, int.from_bytes(_lengths(window)[:4], "big"))
            break
        if why == FULL:
            continue
        wanted = _record_size(window)
        if not window.fill(wanted) and window.available() < wanted:
            say_cut_record(window, account)
            break
    if dropped := int(notes[LOST]):
        account.problems.append(
            Problem(
                "dropped",
                f"the last record says that {dropped:,} packets were dropped while capturing; they are not "
                "in the file",
                count=dropped,
            )
        )


def _lengths(window: Window) -> bytes:
    """Captured bytes and record bytes of the record at the window's start."""
    return bytes(window.data[window.start + 4 : window.start + 12])


def _record_size(window: Window) -> int:
    """Bytes of the record at the window's start, as far as its header is there."""
    if window.available() < RECORD_HEADER:
        return RECORD_HEADER
    return int.from_bytes(_lengths(window)[4:], "big")
