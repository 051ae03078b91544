"""pcap files to batches (draft-ietf-opsawg-pcap)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from analyzer.model import CaptureError

from .batch import Account, Batch, Window, first_records, make_batch, room_for, run_walk
from .kernel import BAD_RECORD, FULL, walk_pcap
from .records import new_records

# Magic as it lies in the file: big-endian?, nanoseconds of the timestamp's second word, its name.
MAGICS: dict[bytes, tuple[bool, int, str]] = {
    b"\xd4\xc3\xb2\xa1": (False, 1000, "microseconds, little-endian"),
    b"\xa1\xb2\xc3\xd4": (True, 1000, "microseconds, big-endian"),
    b"\x4d\x3c\xb2\xa1": (False, 1, "nanoseconds, little-endian"),
    b"\xa1\xb2\x3c\x4d": (True, 1, "nanoseconds, big-endian"),
}

# Formats that begin like pcap and have longer record headers.
REFUSED: dict[bytes, str] = {
    b"\x34\xcd\xb2\xa1": "the “modified” pcap of Kuznetsov's patched libpcap",
    b"\xa1\xb2\xcd\x34": "the “modified” pcap of Kuznetsov's patched libpcap",
    b"\x36\xcd\xb2\xa1": "the “modified” pcap of IXIA hardware",
    b"\xa1\xb2\xcd\x36": "the “modified” pcap of IXIA hardware",
}


def read_pcap(window: Window, account: Account) -> Iterator[Batch]:
    """Batches of a pcap file whose magic is at the window's start. Raises CaptureError."""
    path = window.source.path
    if not window.need(24):
        raise CaptureError(
            f"{path}: the pcap file header is cut: {window.available()} of 24 octets are there"
        )
    header = window.take(24)
    big, unit_ns, name = MAGICS[header[:4]]
    major, _, _, _, _, link = struct.unpack(">HHiIII" if big else "<HHiIII", header[4:])
    if major != 2:
        raise CaptureError(f"{path}: pcap version {major} is unknown; only version 2 exists")
    account.format = f"pcap ({name})"
    # The upper bits of the field hold the FCS length (draft-ietf-opsawg-pcap §4).
    yield from _batches(window, account, big, unit_ns, link & 0xFFFF)


def _batches(window: Window, account: Account, big: bool, unit_ns: int, link: int) -> Iterator[Batch]:
    while True:
        records = new_records(room_for(window))
        count, window.start, why = run_walk(walk_pcap, window, big, unit_ns, link, records.rows.reshape(-1))
        if count:
            yield make_batch(window, account, first_records(records, count))
            window.turn()
            window.expect(account.frames)
        if why == BAD_RECORD:
            _say_bad_record(window, account, big)
            return
        if why == FULL:
            continue
        wanted = _record_size(window, big)
        if not window.fill(wanted) and window.available() < wanted:
            break
    if left := window.available():
        account.damage(
            "cut-record",
            f"{window.source.path}: the last record is cut: {left:,} octets follow frame {account.frames:,} "
            f"at offset {window.offset:,}, fewer than the record needs",
            account.frames + 1,
        )


def _record_size(window: Window, big: bool) -> int:
    """Octets of the record at the window's start, as far as its header is there."""
    if window.available() < 16:
        return 16
    header = window.data[window.start + 8 : window.start + 12]
    return 16 + int.from_bytes(header, "big" if big else "little")


def _say_bad_record(window: Window, account: Account, big: bool) -> None:
    frame, offset, claimed = account.frames + 1, window.offset, _record_size(window, big) - 16
    unread = window.available()
    while window.skip(1 << 30) == 0 or not window.finished:
        unread = -1
    left = window.base + window.start - offset
    account.damage(
        "bad-record",
        f"{window.source.path}: record {frame:,} at offset {offset:,} claims {claimed:,} octets, which no "
        f"frame has; {left if unread < 0 else max(left, unread):,} octets from there on were not read",
        frame,
    )
