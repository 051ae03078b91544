"""Where another capture file begins behind the end of one, and whether line ends were converted."""

from __future__ import annotations

from analyzer.capture.batch import Window
from analyzer.capture.record_walk import SECTION_HEADER, is_file_header

FILE_HEADER = 24
BYTE_ORDER_MAGICS = (b"\x4d\x3c\x2b\x1a", b"\x1a\x2b\x3c\x4d")
# Line ends from which a file says something; in what no text mode has changed, one of 256 follows a CR.
FEW_LINES, MANY_LINES = 8, 2_000

JOINED = (
    "{path}: a second capture file begins at offset {offset:,}, behind frame {frame:,}, as “cat” puts files "
    "together; it was read on from there. “mergecap -w OUT IN…” joins captures in order of time"
)
CONVERTED = (
    " The line ends of the file were converted, as a transfer in text mode does: copy the original again in "
    "binary mode"
)


def begins_pcap(window: Window, may_read: bool = True) -> bool:
    """Return whether a pcap file's header stands at the window's start; `may_read` lets the buffer move."""
    if may_read:
        window.need(FILE_HEADER)
    return is_file_header(window.data, window.start, window.end)


def begins_section(window: Window) -> bool:
    """Return whether the header of a pcapng section stands at the window's start."""
    window.need(12)
    head = bytes(window.data[window.start : min(window.start + 12, window.end)])
    return head[:4] == SECTION_HEADER.to_bytes(4) and head[8:] in BYTE_ORDER_MAGICS


def line_ends(window: Window) -> str:
    """Return what the line ends in the buffer say of how the file was copied; empty where nothing."""
    data = window.data[: window.end]
    line_feeds, pairs = data.count(b"\n"), data.count(b"\r\n")
    added = line_feeds >= FEW_LINES and pairs == line_feeds
    taken = line_feeds >= MANY_LINES and not pairs
    return CONVERTED if added or taken else ""
