"""Bytes to the start line of an HTTP/1 message (RFC 9112 §3, §4), as far as a tolerant reader takes it.

Taken apart from both ends, so that no run of blanks makes it slow.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# Lines as nearly all senders have them, told at once.
REQUEST = re.compile(rb"([A-Z][A-Z-]{1,31}) ([!-~]+) HTTP/(1\.[01])\r?")
RESPONSE = re.compile(rb"HTTP/(1\.[01]) (\d{3}) ([ -~]*)\r?")
BLANKS = b" \t\x0b\x0c"  # RFC 9112 §3 lets recipients take all of these for the space
METHOD = re.compile(rb"[A-Za-z][!#$%&'*+.^_`|~0-9A-Za-z-]{1,127}(?=[ \t\x0b\x0c])")
VERSION = re.compile(rb"[ \t\x0b\x0c]HTTP/([01]\.\d{1,3})\Z")
# Versions that devices write and no standard has: "1.0.8", "1.", lower case. They count behind a path or URL.
ODD_VERSION = re.compile(rb"[ \t\x0b\x0c]HTTP/([01]?(?:\.\d{0,3}){0,3})\Z", re.IGNORECASE)
TARGET = re.compile(rb"/[!-~\x80-\xff]*|\*|[A-Za-z][A-Za-z0-9+.-]*://[!-~\x80-\xff]+")
# A request line without a version: the methods that are in use, and what has to stand in the next line.
KNOWN_METHODS = rb"GET|POST|PUT|HEAD|DELETE|OPTIONS|PATCH"
PATH = rb"(/[!-~]*|https?://[!-~]+)"
BARE = re.compile(rb"(" + KNOWN_METHODS + rb") " + PATH + rb"[ \t]*\r?\n(?=[A-Za-z][A-Za-z0-9-]{0,63}:)")
BARE_LINE = re.compile(rb"(" + KNOWN_METHODS + rb") " + PATH + rb"[ \t]*\r?")
BEGUN_NAME = re.compile(rb"[A-Za-z0-9-]{0,64}\r?")
# A request of HTTP/0.9, which is a line and nothing else (RFC 1945 §4.1).
SIMPLE = re.compile(rb"GET " + PATH + rb"[ \t]*\r?\n(?:\r?\n)*")
# A whole request line, and the beginning of what may follow it, among other bytes.
WITHIN = re.compile(
    rb"(?:GET|POST|PUT|HEAD|DELETE|OPTIONS|PATCH|TRACE|CONNECT|PROPFIND|REPORT|NOTIFY|SUBSCRIBE) "
    rb"(?:/|\*|https?://)[!-~]* HTTP/1\.[01]\r?\n(?=[A-Za-z][A-Za-z0-9-]{0,63}:|\r?\n|\Z)"
)
# Of a status that is no three digits, the digits at its beginning.
STATUS = re.compile(rb"HTTP/([01]\.[^ \t\x0b\x0c\r\n]{1,3})[ \t\x0b\x0c]+(\d{1,3})", re.IGNORECASE)
ICY_STATUS = re.compile(rb"ICY (\d{3})(?: ([ -~]*))?\Z")  # of SHOUTcast servers, which read HTTP requests
STATUS_END = re.compile(rb"[ \t\x0b\x0c]|\Z")
# Beginnings that may still grow into a start line.
METHOD_PREFIX = re.compile(rb"[A-Za-z][!#$%&'*+.^_`|~0-9A-Za-z-]{0,127}(?:[ \t\x0b\x0c]|\Z)")
LONGEST_PREFIX = 136
# Bytes of start line and headers, at most; servers refuse at 8 to 64 KiB.
MOST_HEAD = 1 << 18
LONGEST_VERSION = len(b" HTTP/1.001")
LONGEST_ODD_VERSION = len(b" HTTP/1.000.000.000")


class StartLine(NamedTuple):
    """A request line or a status line; `is_odd` where it is not as the standard has it."""

    version: str
    method: str | None
    target: str | None
    status: int | None
    reason: str | None
    is_odd: bool = False


def start_line(line: bytes) -> StartLine | None:
    """The start line that these bytes are, line end left out; None for all else.

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
    if icy := ICY_STATUS.match(line):
        return StartLine("1.0", None, None, int(icy[1]), (icy[2] or b"").decode("latin-1").strip(), True)
    line = line.rstrip(BLANKS)
    method, version = METHOD.match(line), VERSION.search(line, max(len(line) - LONGEST_VERSION, 0))
    if method is not None and version is None:
        return _of_odd_version(line, method)
    if method is None or version is None or version.start() <= method.end():
        return None
    target = line[method.end() : version.start()].strip(BLANKS)
    return StartLine(
        version[1].decode(), method[0].decode(), target.decode("latin-1"), None, None, bool(bare)
    )


def _of_odd_version(line: bytes, method: re.Match[bytes]) -> StartLine | None:
    version = ODD_VERSION.search(line, max(len(line) - LONGEST_ODD_VERSION, 0))
    if version is None or version.start() <= method.end():
        return None
    target = line[method.end() : version.start()].strip(BLANKS)
    if not TARGET.fullmatch(target):
        return None
    return StartLine(_usual(version[1]), method[0].decode(), target.decode("latin-1"), None, None, True)


def _usual(version: bytes) -> str:
    """Return the version that an odd one comes nearest to."""
    parts = [part for part in version.decode().split(".") if part]
    return f"{int(parts[0])}.{int(parts[1]) if len(parts) > 1 else 0}" if parts else "1.0"


def bare_start_line(data: bytes) -> tuple[StartLine, int] | None:
    """Return the start line without a version that bytes begin with, and where its line ends.

    A header has to follow it.
    """
    found = BARE.match(data)
    if found is None:
        return None
    line = StartLine("1.0", found[1].decode(), found[2].decode("latin-1"), None, None, True)
    return line, data.index(b"\n")


def may_be_bare(data: bytes) -> bool:
    """Return whether bytes with a line end may yet become a request that names no version."""
    line, _, rest = data.partition(b"\n")
    return BARE_LINE.fullmatch(line) is not None and BEGUN_NAME.fullmatch(rest) is not None


def simple_request(data: bytes) -> StartLine | None:
    """Return the request of HTTP/0.9 that bytes are, and nothing else (RFC 1945 §4.1)."""
    found = SIMPLE.fullmatch(data)
    return StartLine("0.9", "GET", found[1].decode("latin-1"), None, None, True) if found else None


def begins_within(data: bytes | bytearray) -> int:
    """Return where among other bytes a request begins; 0 where none does."""
    if data.find(b" HTTP/1.") < 0:
        return 0
    found = WITHIN.search(data)
    return found.start() if found else 0


def begins_message(segment: bytes) -> bool:
    """Whether a segment begins with a whole start line."""
    if segment[:5].upper() not in (b"HTTP/", b"ICY 2") and not METHOD_PREFIX.match(segment[:LONGEST_PREFIX]):
        return False
    line, newline, _ = segment[:MOST_HEAD].partition(b"\n")
    return bool(newline) and (start_line(line) is not None or BARE.match(segment) is not None)


def may_begin_message(data: bytes) -> bool:
    """Whether bytes without a line end may still become a start line."""
    if data == b"\r":  # of a blank line
        return True
    return data[:5].upper() == b"HTTP/"[: len(data)] or METHOD_PREFIX.match(data) is not None
