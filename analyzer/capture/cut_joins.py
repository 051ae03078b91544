"""A live stream that broke off within a record and goes on with another capture's header.

So does a loop around ssh and tcpdump that feeds one pipe. A record may as well carry a capture that a user
copies, so the header inside it counts only where no record follows the end that the record claims.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from analyzer.capture.batch import Window
from analyzer.capture.record_walk import LARGEST_RECORD, is_file_header
from analyzer.capture.records import Records

FILE_HEADER, RECORD_HEADER = 24, 16
# Seconds by which the next record's time may differ.
MOST_APART = 366 * 86_400
BILLION = 1_000_000_000


class CutRecord(NamedTuple):
    """The row of a record that is cut, or may be, and where in the window another capture begins.

    `begins` is -1 while the bytes behind the record, which decide, have not come.
    """

    row: int
    begins: int


def cut_record(window: Window, records: Records, header: int, big: bool) -> CutRecord | None:
    """Return the first of these records that holds another capture's header; None where none does."""
    for row, begins in _headers(window, records, header, big):
        end = int(records.offset[row] + records.captured[row])
        if end + RECORD_HEADER > window.end:
            return None if window.finished else CutRecord(row, -1)
        if not _is_record(window, end, int(records.time_ns[row]) // BILLION, big):
            return CutRecord(row, begins)
    return None


def header_in_rest(window: Window, big: bool) -> int:
    """Return the position of another capture's header in an incomplete last record; -1 without one."""
    mark = _mark(big)
    at = window.data.find(mark, window.start, window.end)
    return at if at >= 0 and is_file_header(window.data, at, window.end) else -1


def _headers(window: Window, records: Records, header: int, big: bool) -> list[tuple[int, int]]:
    """Return the rows that hold a header, each with the position of the first one."""
    found: list[tuple[int, int]] = []
    if not len(records):
        return found
    at = int(records.offset[0]) - header
    last = int(records.offset[-1] + records.captured[-1])
    mark = _mark(big)
    while (at := window.data.find(mark, at, last)) >= 0:
        row = int(records.offset.searchsorted(at + header, "right")) - 1
        if is_file_header(window.data, at, window.end) and (not found or found[-1][0] != row):
            found.append((max(row, 0), at))
        at += len(mark)
    return found


def _mark(big: bool) -> bytes:
    """The magic and version with which a program's next capture begins."""
    return struct.pack(">IHH" if big else "<IHH", 0xA1B2C3D4, 2, 4)


def _is_record(window: Window, at: int, seconds: int, big: bool) -> bool:
    """Whether a record, or another capture, begins there."""
    if is_file_header(window.data, at, window.end):
        return True
    time, part, captured, wire = struct.unpack_from(">4I" if big else "<4I", window.data, at)
    is_time = abs(time - seconds) <= MOST_APART and part < BILLION
    return bool(is_time and captured <= max(wire, 1) and wire <= LARGEST_RECORD)
