"""Octets to the start line of an HTTP/1 message (RFC 9112 §3, §4), as far as a tolerant reader takes it.

Taken apart from both ends, so that no run of blanks makes it slow.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# Lines as nearly all senders have them, told at once.
REQUEST = re.compile(rb"([A-Z][A-Z-]{1,31}) ([!-~]+) HTTP/(1\.[01])\r?")
RESPONSE = re.compile(rb"HTTP/(1\.[01]) (\d{3}) ([ -~]*)\r?")
BLANKS = b" \t\x0b\x0c"  # RFC 9112 §3 lets recipients take all of these for the space
METHOD = re.compile(rb"[A-Za-z][!#$%&'*+.^_`|~0-9A-Za-z-]{1,31}(?=[ \t\x0b\x0c])")
VERSION = re.compile(rb"[ \t\x0b\x0c]HTTP/([01]\.\d{1,3})\Z")
# Of a status that is no three digits, the digits at its beginning.
STATUS = re.compile(rb"HTTP/([01]\.[^ \t\x0b\x0c\r\n]{1,3})[ \t\x0b\x0c]+(\d{1,3})", re.IGNORECASE)
STATUS_END = re.compile(rb"[ \t\x0b\x0c]|\Z")
# Beginnings that may still grow into a start line.
METHOD_PREFIX = re.compile(rb"[A-Za-z][!#$%&'*+.^_`|~0-9A-Za-z-]{0,31}(?:[ \t\x0b\x0c]|\Z)")
LONGEST_PREFIX = 40
# Octets of start line and headers, at most; servers refuse at 8 to 64 KiB.
MOST_HEAD = 1 << 18
LONGEST_VERSION = len(b" HTTP/1.001")


class StartLine(NamedTuple):
    """A request line or a status line; `is_odd` where it is not as the standard has it."""

    version: str
    method: str | None
    target: str | None
    status: int | None
    reason: str | None
    is_odd: bool = False


def start_line(line: bytes) -> StartLine | None:
    """The start line that these octets are, line end left out; None for all else.

    What follows a carriage return inside the line is not of it: some senders end lines so.
    """
    if usual := REQUEST.fullmatch(line):
        method, target, version = usual.groups()
        return StartLine(version.decode(), method.decode(), target.decode("latin-1"), None, None)
    if usual := RESPONSE.fullmatch(line):
        version, code, reason = usual.groups()
        return StartLine(version.decode(), None, None, int(code), reason.decode("latin-1").strip())
    return _tolerated(line)


def _tolerated(line: bytes) -> StartLine | None:
    """The same for lines that are not as senders usually have them."""
    line, bare, _ = line.removesuffix(b"\r").partition(b"\r")
    if status := STATUS.match(line):
        rest = line[status.end() :]
        version = status[1].decode("latin-1") if status[1][2:].isdigit() else "1"  # damaged behind the dot
        is_odd = bool(bare) or len(status[2]) != 3 or not STATUS_END.match(rest) or version == "1"
        reason = (rest if STATUS_END.match(rest) else rest.partition(b" ")[2]).decode("latin-1").strip()
        return StartLine(version, None, None, int(status[2]), reason, is_odd)
    line = line.rstrip(BLANKS)
    method, version = METHOD.match(line), VERSION.search(line, max(len(line) - LONGEST_VERSION, 0))
    if method is None or version is None or version.start() <= method.end():
        return None
    target = line[method.end() : version.start()].strip(BLANKS)
    return StartLine(
        version[1].decode(), method[0].decode(), target.decode("latin-1"), None, None, bool(bare)
    )


def begins_message(segment: bytes) -> bool:
    """Whether a segment begins with a whole start line."""
    if segment[:5].upper() != b"HTTP/" and not METHOD_PREFIX.match(segment[:LONGEST_PREFIX]):
        return False
    line, newline, _ = segment[:MOST_HEAD].partition(b"\n")
    return bool(newline) and start_line(line) is not None


def may_begin_message(octets: bytes) -> bool:
    """Whether octets without a line end may still become a start line."""
    if octets == b"\r":  # of a blank line
        return True
    return octets[:5].upper() == b"HTTP/"[: len(octets)] or METHOD_PREFIX.match(octets) is not None
