"""pcapng files to batches (draft-ietf-opsawg-pcapng)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from analyzer.model import CaptureError, Problem

from .batch import Account, Batch, Window, first_records, make_batch, room_for, run_walk
from .kernel import (
    BAD_RECORD,
    CONTROL,
    FULL,
    INTERFACE,
    LARGEST_RECORD,
    MOST_SECONDS,
    SECTION_HEADER,
    walk_pcapng,
)  # fmt: skip
from .records import new_records

SECTION_MAGIC = b"\x0a\x0d\x0d\x0a"
# 1.2 is what some writers put for the format of 1.0 (draft-ietf-opsawg-pcapng §4.1).
VERSIONS = ((1, 0), (1, 2))
BYTE_ORDERS = {b"\x4d\x3c\x2b\x1a": False, b"\x1a\x2b\x3c\x4d": True}

OPT_END, OPT_COMMENT, IF_TSRESOL, IF_TSOFFSET = 0, 1, 9, 14

# Interfaces of a section at most; a phone's capture has a handful.
MOST_INTERFACES = 4096


class _Section:
    """The byte order and the interfaces of the section being read."""

    def __init__(self) -> None:
        self.big = False
        self.count = 0
        # Rows of (link type, snaplen, timestamp divisor, units a second, offset in seconds).
        self.interfaces: NDArray[np.int64] = np.zeros((8, 5), np.int64)

    def number(self, octets: bytes, signed: bool = False) -> int:
        return int.from_bytes(octets, "big" if self.big else "little", signed=signed)

    def add(self, row: tuple[int, int, int, int, int]) -> None:
        if self.count == len(self.interfaces):
            self.interfaces = np.vstack([self.interfaces, np.zeros_like(self.interfaces)])
        self.interfaces[self.count] = row
        self.count += 1


def read_pcapng(window: Window, account: Account) -> Iterator[Batch]:
    """Batches of a pcapng file whose first section header is at the window's start."""
    section = _Section()
    _read_section_header(window, account, section)
    account.format = "pcapng"
    records, filled = new_records(room_for(window)), 0
    while True:
        count, window.start, why = run_walk(
            walk_pcapng, window, section.big, section.interfaces.reshape(-1), section.count,
            records.rows[filled:].reshape(-1),
        )  # fmt: skip
        filled += count
        # A plain block in the buffer moves nothing, so the batch may go on behind it.
        if why == CONTROL and _is_plain(window, section):
            _read_block(window, account, section)
            continue
        if filled:
            yield make_batch(window, account, first_records(records, filled))
            window.turn()
            window.expect(account.frames)
            records, filled = new_records(room_for(window)), 0
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
            f"{window.source.path}: the last block is cut: {left:,} octets follow frame {account.frames:,} "
            f"at offset {window.offset:,}, fewer than the block needs",
            account.frames + 1,
        )


def _is_plain(window: Window, section: _Section) -> bool:
    """Whether the block at the window's start lies whole in it and can be taken in without a complaint."""
    head = bytes(window.data[window.start : window.start + 12])
    if head[:4] == SECTION_MAGIC:
        big = BYTE_ORDERS.get(head[8:])
        size = int.from_bytes(head[4:8], "big" if big else "little")
        return big is not None and 28 <= size <= min(window.available(), LARGEST_RECORD)
    size = section.number(head[4:8])
    return 20 <= size <= window.available() - 3 and section.count < MOST_INTERFACES


def _block_size(window: Window, section: _Section) -> int:
    if window.available() < 8:
        return 12
    size = section.number(bytes(window.data[window.start + 4 : window.start + 8]))
    return size if size <= LARGEST_RECORD else 12


def _read_block(window: Window, account: Account, section: _Section) -> bool:
    """Take in or skip one block that holds no packet; False when reading can't go on."""
    kind = section.number(bytes(window.data[window.start : window.start + 4]))
    if kind == SECTION_HEADER:
        try:
            _read_section_header(window, account, section)
        except CaptureError as error:
            account.damage("bad-block", str(error), account.frames + 1)
            return False
        return True
    size = section.number(bytes(window.data[window.start + 4 : window.start + 8]))
    if size < 12:
        _say_bad_block(window, account, section)
        return False
    padded = (size + 3) & ~3
    if kind == INTERFACE and size <= LARGEST_RECORD and window.need(padded):
        return _read_interface(window.take(padded)[8 : size - 4], account, section)
    if missing := window.skip(padded):
        account.damage(
            "cut-record",
            f"{window.source.path}: the last block (type {kind}) is cut: {missing:,} of its {size:,} octets "
            "are missing",
            account.frames + 1,
        )
        return False
    return True


def _read_section_header(window: Window, account: Account, section: _Section) -> None:
    path = window.source.path
    if not window.need(28):
        raise CaptureError(
            f"{path}: the pcapng section header is cut: {window.available()} of 28 octets are there"
        )
    magic = bytes(window.data[window.start + 8 : window.start + 12])
    if magic not in BYTE_ORDERS:
        raise CaptureError(f"{path}: a pcapng section has the unknown byte-order magic {magic.hex()}")
    section.big = BYTE_ORDERS[magic]
    section.count = 0
    size = section.number(bytes(window.data[window.start + 4 : window.start + 8]))
    if size < 28 or size > LARGEST_RECORD or not window.need(size):
        raise CaptureError(
            f"{path}: the pcapng section header at offset {window.offset:,} claims {size:,} octets, "
            f"{window.available():,} are there"
        )
    header = window.take(size)
    major, minor = section.number(header[12:14]), section.number(header[14:16])
    if (major, minor) not in VERSIONS:
        account.problems.append(
            Problem(
                "unknown-version",
                f"{path}: a pcapng section has version {major}.{minor}, which is not known; "
                "it was read as 1.0",
                account.frames + 1,
            )
        )
    _keep_comments(header[24:-4], account, section)


def _options(octets: bytes, section: _Section) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 4 <= len(octets):
        code = section.number(octets[position : position + 2])
        length = section.number(octets[position + 2 : position + 4])
        if code == OPT_END:
            return
        yield code, octets[position + 4 : position + 4 + length]
        position += 4 + ((length + 3) & ~3)


def _keep_comments(octets: bytes, account: Account, section: _Section) -> None:
    for code, value in _options(octets, section):
        if code == OPT_COMMENT and len(account.comments) < 20:
            account.comments.append(value.decode("utf-8", "backslashreplace")[:1000])


def _read_interface(body: bytes, account: Account, section: _Section) -> bool:
    """Take in an interface; False when it can't be, for then the numbers of those behind it are unknown."""
    if len(body) < 8 or section.count >= MOST_INTERFACES:
        account.damage(
            "bad-block",
            f"a pcapng interface description can't be used; reading stopped after frame {account.frames:,}",
            account.frames + 1,
        )
        return False
    link, snaplen = section.number(body[:2]), section.number(body[4:8])
    shrink, units, offset = 1, 1_000_000, 0
    for code, value in _options(body[8:], section):
        if code == IF_TSRESOL and value:
            shrink, units = resolution(value[0])
        elif code == IF_TSOFFSET and len(value) == 8:
            offset = min(max(section.number(value, signed=True), -MOST_SECONDS), MOST_SECONDS)
    section.add((link, snaplen, shrink, units, offset))
    return True


def resolution(octet: int) -> tuple[int, int]:
    """(divisor, units a second) of an if_tsresol octet: a negative power of 10, or of 2 with bit 7.

    Finer units than nanoseconds are divided first, so that 63 bits hold every product.
    """
    power = octet & 0x7F
    if octet & 0x80:
        return 1 << min(max(power - 30, 0), 62), 1 << min(power, 30)
    return 10 ** min(max(power - 9, 0), 18), 10 ** min(power, 9)


def _say_bad_block(window: Window, account: Account, section: _Section) -> None:
    kind, size = (section.number(bytes(window.data[window.start + i : window.start + i + 4])) for i in (0, 4))
    account.damage(
        "bad-record",
        f"{window.source.path}: the pcapng block at offset {window.offset:,} (type {kind}, {size:,} octets) "
        f"contradicts itself; reading stopped after frame {account.frames:,}",
        account.frames + 1,
    )
