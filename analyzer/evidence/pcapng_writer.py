"""Frames → a pcapng file with a comment at each of them (draft-ietf-opsawg-pcapng).

The libraries that write pcapng either know no comments of packets or are far larger than these blocks.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from analyzer.evidence.kept import Frame
from analyzer.version import VERSION

SECTION, INTERFACE, ENHANCED = 0x0A0D0D0A, 1, 6
ORDER, UNKNOWN_LENGTH = 0x1A2B3C4D, -1
# Options: of any block; of a section; of an interface.
END, COMMENT, APPLICATION, RESOLUTION = 0, 1, 4, 9
NANOSECONDS = b"\x09"
LONGEST_COMMENT = 2000  # characters, well below an option's 65,535 octets


def pcapng(frames: Sequence[Frame], comments: Sequence[str], about: str) -> bytes:
    """The file; `comments` are one a frame, `about` is the section's own."""
    links = list(dict.fromkeys(frame.link for frame in frames))
    section = struct.pack("<IHHq", ORDER, 1, 0, UNKNOWN_LENGTH)
    made = [_block(SECTION, section, (COMMENT, _text(about)), (APPLICATION, f"phonehome {VERSION}".encode()))]
    made += [_block(INTERFACE, struct.pack("<HHI", link, 0, 0), (RESOLUTION, NANOSECONDS)) for link in links]
    for frame, comment in zip(frames, comments, strict=True):
        made.append(_packet(frame, links.index(frame.link), comment))
    return b"".join(made)


def _packet(frame: Frame, interface: int, comment: str) -> bytes:
    time = frame.time_ns & (1 << 64) - 1
    head = struct.pack("<IIIII", interface, time >> 32, time & 0xFFFFFFFF, len(frame.octets), frame.wire)
    return _block(ENHANCED, head + _padded(frame.octets), (COMMENT, _text(comment)))


def _text(text: str) -> bytes:
    return text[:LONGEST_COMMENT].encode("utf-8", "replace")


def _block(kind: int, body: bytes, *options: tuple[int, bytes]) -> bytes:
    for code, value in options:
        body += struct.pack("<HH", code, len(value)) + _padded(value)
    body += struct.pack("<HH", END, 0)
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % 4)
