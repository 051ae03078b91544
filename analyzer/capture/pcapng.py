"""pcapng files to batches (draft-ietf-opsawg-pcapng)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from analyzer.capture.batch import Batch, Window, first_records, make_batch, room_for, run_walk
from analyzer.capture.joined_files import begins_pcap, line_ends
from analyzer.capture.metadata import CaptureMetadata
from analyzer.capture.pcapng_blocks import BYTE_ORDERS, Section, count_passed
from analyzer.capture.record_walk import (
    BAD_RECORD,
    COMMENTS,
    CONTROL,
    CUSTOM,
    CUSTOMS,
    FULL,
    INTERFACE,
    JOURNAL,
    JOURNALS,
    LARGEST_RECORD,
    LONGER,
    LOST,
    MOST_NOTED,
    NAME_RESOLUTION,
    NOTED_WIDTH,
    NOTES,
    NOTES_HEAD,
    OTHERS,
    SECRETS,
    SECTION_HEADER,
    STATISTICS,
    UNDESCRIBED,
    UNTIMED,
    walk_pcapng,
)  # fmt: skip
from analyzer.capture.records import Records, new_records
from analyzer.model import CaptureError, Problem

SECTION_MAGIC = b"\x0a\x0d\x0d\x0a"
# 1.2 is what some writers put for the format of 1.0 (draft-ietf-opsawg-pcapng §4.1).
VERSIONS = ((1, 0), (1, 2))

# Interfaces of a section that are kept; the packets of further ones are read as far as their form tells.
MOST_INTERFACES = 1 << 16

# What reads a block's body, and how many bytes that has at least.
READERS: dict[int, tuple[Callable[[Section, bytes], None], int]] = {
    INTERFACE: (Section.take_interface, 8),
    NAME_RESOLUTION: (Section.take_names, 0),
    STATISTICS: (Section.take_statistics, 12),
    SECRETS: (Section.take_secrets, 8),
}


def read_pcapng(window: Window, account: CaptureMetadata) -> Iterator[Batch]:
    """Batches of a pcapng file whose first section header is at the window's start."""
    section = Section(account)
    _read_section_header(window, account, section)
    account.format = "pcapng"
    records, filled = new_records(0), 0
    while True:
        if not filled:  # room for what has been read by now
            records = new_records(room_for(window))
        count, why = _walk(window, account, section, records, filled)
        filled += count
        # A plain block in the buffer moves nothing, so the batch may go on behind it.
        if why == CONTROL and _is_plain(window, section):
            _read_block(window, account, section)
            continue
        if filled:
            yield make_batch(window, account, first_records(records, filled))
            window.turn()
            window.grow()
            filled = 0
        if why == FULL:
            continue
        if why == CONTROL and window.need(12):
            if not _read_block(window, account, section):
                return
            continue
        if why == BAD_RECORD:
            _say_bad_block(window, account, section)
            return
        wanted = _block_size(window, section)
        if not window.fill(wanted) and window.available() < max(wanted, 12):
            break
    if left := window.available():
        account.damage(
            "cut-record",
            f"{window.source.path}: the last block is cut: {left:,} bytes follow frame {account.frames:,} "
            f"at offset {window.offset:,}, fewer than the block needs",
            account.frames + 1,
        )


def _walk(
    window: Window, account: CaptureMetadata, section: Section, records: Records, filled: int
) -> tuple[int, int]:
    """Records behind those already `filled`, with what was noted of them; (how many, why it stopped)."""
    notes = np.zeros(NOTES, np.int64)
    count, window.start, why = run_walk(
        walk_pcapng, window, section.big, section.interfaces.reshape(-1), section.count,
        records.rows[filled:].reshape(-1), notes,
    )  # fmt: skip
    if notes[:NOTES_HEAD].any():
        _keep_notes(window, account, notes.tolist(), account.frames + filled + 1)
    return count, why


def _keep_notes(window: Window, account: CaptureMetadata, notes: list[int], first_frame: int) -> None:
    account.lost_between += notes[LOST]
    account.untimed += notes[UNTIMED]
    account.undescribed += notes[UNDESCRIBED]
    account.longer += notes[LONGER]
    for kind, at in ((JOURNAL, JOURNALS), (CUSTOM, CUSTOMS), (-1, OTHERS)):
        count_passed(account.passed_over, kind, notes[at])
    listed = min(notes[COMMENTS], MOST_NOTED)
    for at in range(NOTES_HEAD, NOTES_HEAD + listed * NOTED_WIDTH, NOTED_WIDTH):
        record, position, length = notes[at : at + NOTED_WIDTH]
        account.comment(bytes(window.data[position : position + length]), "packet", first_frame + record)
    account.comments_met += notes[COMMENTS] - listed


def _is_plain(window: Window, section: Section) -> bool:
    """Whether the block at the window's start lies whole in it and can be taken in without a complaint."""
    head = bytes(window.data[window.start : window.start + 12])
    if begins_pcap(window, may_read=False):
        return False
    if head[:4] == SECTION_MAGIC:
        big = BYTE_ORDERS.get(head[8:])
        size = int.from_bytes(head[4:8], "big" if big else "little")
        return big is not None and 28 <= size <= min(window.available(), LARGEST_RECORD)
    kind, size = section.number(head[:4]), section.number(head[4:8])
    if kind == INTERFACE and size < 20:
        return False
    return 12 <= size <= min(window.available() - 3, LARGEST_RECORD)


def _block_size(window: Window, section: Section) -> int:
    if window.available() < 8:
        return 12
    size = section.number(bytes(window.data[window.start + 4 : window.start + 8]))
    return size if size <= LARGEST_RECORD else 12


def _read_block(window: Window, account: CaptureMetadata, section: Section) -> bool:
    """Take in or skip one block that holds no packet; False when reading can't go on."""
    kind = section.number(bytes(window.data[window.start : window.start + 4]))
    if kind == SECTION_HEADER:
        try:
            _read_section_header(window, account, section)
        except CaptureError as error:
            account.damage("bad-block", str(error), account.frames + 1)
            return False
        return True
    if begins_pcap(window):
        return False
    size = section.number(bytes(window.data[window.start + 4 : window.start + 8]))
    if size < 12:
        _say_bad_block(window, account, section)
        return False
    padded = (size + 3) & ~3
    reader, least = READERS.get(kind, (None, 0))
    if kind == INTERFACE and section.count >= MOST_INTERFACES:
        reader = None
    elif kind == INTERFACE and not least <= size - 12 <= LARGEST_RECORD:
        account.damage(
            "bad-block",
            f"{window.source.path}: a pcapng interface description can't be used; reading stopped after "
            f"frame {account.frames:,}",
            account.frames + 1,
        )
        return False
    if reader is None or not least <= size - 12 <= LARGEST_RECORD:
        count_passed(account.passed_over, kind)
        return _skip(window, account, kind, size, padded)
    if not window.need(padded):
        return _skip(window, account, kind, size, padded)
    reader(section, window.take(padded)[8 : size - 4])
    return True


def _skip(window: Window, account: CaptureMetadata, kind: int, size: int, padded: int) -> bool:
    """Pass over a block; False, and said, when the file ends within it."""
    missing = window.skip(padded)
    if missing:
        account.damage(
            "cut-record",
            f"{window.source.path}: the last block (type {kind}) is cut: {missing:,} of its {size:,} bytes "
            "are missing",
            account.frames + 1,
        )
    return not missing


def _read_section_header(window: Window, account: CaptureMetadata, section: Section) -> None:
    path = window.source.path
    if not window.need(28):
        raise CaptureError(
            f"{path}: the pcapng section header is cut: {window.available()} of 28 bytes are there"
        )
    magic = bytes(window.data[window.start + 8 : window.start + 12])
    if magic not in BYTE_ORDERS:
        raise CaptureError(f"{path}: a pcapng section has the unknown byte-order magic {magic.hex()}")
    section.begin(BYTE_ORDERS[magic])
    size = section.number(bytes(window.data[window.start + 4 : window.start + 8]))
    if size < 28 or size > LARGEST_RECORD or not window.need(size):
        raise CaptureError(
            f"{path}: the pcapng section header at offset {window.offset:,} claims {size:,} bytes, "
            f"{window.available():,} are there"
        )
    header = window.take(size)
    major, minor = section.number(header[12:14]), section.number(header[14:16])
    if (major, minor) not in VERSIONS and not any(p.code == "unknown-version" for p in account.problems):
        account.problems.append(
            Problem(
                "unknown-version",
                f"{path}: a pcapng section has version {major}.{minor}, which is not known; "
                "it was read as 1.0",
                account.frames + 1,
            )
        )
    section.take_header(header[8:-4])


def _say_bad_block(window: Window, account: CaptureMetadata, section: Section) -> None:
    kind, size = (section.number(bytes(window.data[window.start + i : window.start + i + 4])) for i in (0, 4))
    account.damage(
        "bad-record",
        f"{window.source.path}: the pcapng block at offset {window.offset:,} (type {kind}, {size:,} bytes) "
        f"contradicts itself; reading stopped after frame {account.frames:,}.{line_ends(window)}",
        account.frames + 1,
    )
