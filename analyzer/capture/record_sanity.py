"""Times and lengths of pcap records that can't be right: counted, and read as what they show."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analyzer.capture.batch import Window
from analyzer.capture.metadata import CaptureMetadata
from analyzer.capture.record_walk import BILLION
from analyzer.capture.records import OFFSET, TIME, Records

Words = NDArray[np.int64]

MILLION = 1_000_000
HEAD = 16  # bytes of a record's header that all variants have


def heads(window: Window, records: Records, header: int, big: bool) -> Words:
    """Return seconds, fraction and both lengths of each record as the file has them."""
    at = records.rows[:, OFFSET] - header
    data = window.array[at[:, None] + np.arange(HEAD)]
    words: Words = data.view(">u4" if big else "<u4").astype(np.int64)
    return words


def is_in_nanoseconds(fractions: Words) -> bool:
    """Return whether fractions of microseconds are those of nanoseconds: some too large, all in bounds."""
    return bool((fractions >= MILLION).any()) and bool((fractions < BILLION).all())


def restamp(records: Records, words: Words) -> None:
    """Set the times of records whose fractions are nanoseconds."""
    records.rows[:, TIME] = words[:, 0] * BILLION + words[:, 1]


def note(account: CaptureMetadata, words: Words, limit: int, swapped: bool) -> None:
    """Count records with a fraction of a second beyond `limit`, and with more bytes than the packet had."""
    wrong = words[:, 1] >= limit
    if wrong.any():
        account.bad_times += int(wrong.sum())
        account.first_bad_time = account.first_bad_time or account.frames + 1 + int(wrong.argmax())
    captured, wire = (words[:, 3], words[:, 2]) if swapped else (words[:, 2], words[:, 3])
    account.longer += int((captured > wire).sum())
