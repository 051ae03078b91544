"""Frames → a pcapng file with a comment at each of them (draft-ietf-opsawg-pcapng).

The libraries that write pcapng either know no comments of packets or are far larger than these blocks.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from analyzer.bundle.frame import CapturedFrame
from analyzer.version import VERSION

SECTION, INTERFACE, ENHANCED = 0x0A0D0D0A, 1, 6
ORDER, UNKNOWN_LENGTH = 0x1A2B3C4D, -1
# Options: of any block; of a section; of an interface.
END, COMMENT, APPLICATION, RESOLUTION = 0, 1, 4, 9
NANOSECONDS = b"\x09"
LONGEST_COMMENT = 2000  # characters, well below an option's 65,535 bytes


def pcapng(frames: Sequence[CapturedFrame], comments: Sequence[str], about: str) -> bytes:
    """Return the file; `comments` are one a frame, `about` is the section's own."""
    links = list(dict.fromkeys(frame.link for frame in frames))
    made = [section(about, VERSION), *map(interface, links)]
    for frame, comment in zip(frames, comments, strict=True):
        made.append(packet(links.index(frame.link), frame.time_ns, frame.wire, frame.data, comment))
    return b"".join(made)


def section(about: str, version: str) -> bytes:
    """Return the block that begins the file; `version` is that of the phonehome that writes it."""
    body = struct.pack("<IHHq", ORDER, 1, 0, UNKNOWN_LENGTH)
    application = f"phonehome {version}".encode()
    return block(SECTION, body, (COMMENT, comment_bytes(about)), (APPLICATION, application))


def interface(link: int) -> bytes:
    """Return the block of an interface with this LINKTYPE_ value and times in nanoseconds."""
    return block(INTERFACE, struct.pack("<HHI", link, 0, 0), (RESOLUTION, NANOSECONDS))


def packet(at: int, time_ns: int, wire: int, data: bytes, comment: str) -> bytes:
    """Return the block of a packet of interface number `at`; `wire` is its length on the wire in bytes."""
    time = time_ns & (1 << 64) - 1
    head = struct.pack("<IIIII", at, time >> 32, time & 0xFFFFFFFF, len(data), wire)
    return block(ENHANCED, head + _padded(data), (COMMENT, comment_bytes(comment)))


def block(kind: int, body: bytes, *options: tuple[int, bytes]) -> bytes:
    """Return a block with its options and both of its lengths."""
    for code, value in options:
        body += struct.pack("<HH", code, len(value)) + _padded(value)
    body += struct.pack("<HH", END, 0)
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def comment_bytes(text: str) -> bytes:
    """Return a remark as it is written, cut to LONGEST_COMMENT."""
    return text[:LONGEST_COMMENT].encode("utf-8", "replace")


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
