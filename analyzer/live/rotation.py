"""Batches → pcapng files of bounded size, time and number: the evidence of a live capture.

Files in which something was found are kept longest: where one has to give way, it is the oldest without
a finding; only where all hold one, the oldest of all, and that is said. Nothing of a frame is changed.

The file that is being written has the ending `PART` until it is complete; it can be read as it is, too.
"""

from __future__ import annotations

import errno
import hashlib
import os
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from analyzer.capture import Batch
from analyzer.capture.records import SNOOP_LINK
from analyzer.system.files import settle, take_name
from analyzer.version import VERSION

NS = 1_000_000_000
# Bytes of a file, seconds that it spans, files kept, where the user says nothing else.
SIZE, SECONDS, COUNT = 100_000_000, 3600, 48
# draft-ietf-opsawg-pcapng §4
PART = ".part"
SECTION, INTERFACE, ENHANCED = 0x0A0D0D0A, 1, 6
APPLICATION, RESOLUTION = 4, 9  # options shb_userappl, if_tsresol


@dataclass
class RotatedFile:
    """A file of the rotation."""

    path: Path
    first_frame: int
    frames: int = 0
    size: int = 0
    found: int = 0  # things that were noticed in it
    sha256: str = ""


class Rotation:
    """Takes each batch of frames as they came and keeps the newest files.

    `say` is told of each file that is full or gone: what of it, and the file. OSError is raised by
    nothing here: where the disk refuses, `failed` holds the sentence and nothing more is written.
    """

    def __init__(
        self,
        path: str,
        say: Callable[[str, RotatedFile], None],
        *,
        size: int = SIZE,
        seconds: float = SECONDS,
        count: int = COUNT,
    ) -> None:
        self._base, self._say = Path(path), say
        self._size, self._seconds, self._count = size, seconds, max(count, 1)
        self.failed = ""
        self.gone_with_findings = 0
        self._files: list[RotatedFile] = []
        self._open: BinaryIO | None = None
        self._hash = hashlib.sha256()
        self._links: dict[int, int] = {}
        self._since = 0.0
        self._number = 0

    def take(self, batch: Batch) -> None:
        """Write the frames of a batch."""
        if self.failed or not len(batch.records):
            return
        try:
            if self._open is None or self._is_full(batch.first_frame):
                self._turn(batch.first_frame, int(batch.records.time_ns[0]))
            self._write(batch)
        except OSError as error:
            self.failed = f"the evidence capture can't be written ({error.strerror}); no more of it is"
            self._drop()

    def mark(self, frame: int | None) -> tuple[str, int] | None:
        """Something was noticed in a frame: the name of its file and its number there; None where gone."""
        for written in reversed(self._files):
            if frame is not None and written.first_frame <= frame < written.first_frame + written.frames:
                written.found += 1
                return written.path.name, frame - written.first_frame + 1
        return None

    def close(self) -> list[RotatedFile]:
        """End the last file; those that are there."""
        try:
            self._end()
        except OSError as error:
            self.failed = self.failed or f"the evidence capture can't be written ({error.strerror})"
        return list(self._files)

    # ── files ───────────────────────────────────────────────────────────

    def _is_full(self, next_frame: int) -> bool:
        last = self._files[-1]
        follows = last.first_frame + last.frames == next_frame  # a new connection counts its frames anew
        return not follows or last.size >= self._size or time.monotonic() - self._since >= self._seconds

    def _turn(self, first_frame: int, time_ns: int) -> None:
        self._end()
        self._number += 1
        base = self._base
        suffix = base.suffix or ".pcapng"
        path = base.with_name(f"{base.stem}_{self._number:05d}_{_stamp(time_ns)}{suffix}")
        # A file that is there already is somebody's evidence.
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        number = os.open(_part(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._open, self._since = os.fdopen(number, "wb"), time.monotonic()
        self._files.append(RotatedFile(path, first_frame))
        self._hash, self._links = hashlib.sha256(), {}
        self._put(section_block())
        while len(self._files) > self._count:
            self._forget()

    def _end(self) -> None:
        if self._open is not None:
            opened, self._open = self._open, None
            with opened:
                opened.flush()
                os.fsync(opened.fileno())
            last = self._files[-1]
            take_name(_part(last.path), str(last.path))
            settle(last.path.parent)
            last.sha256 = self._hash.hexdigest()
            self._say("written", last)

    def _forget(self) -> None:
        """Remove a file: the oldest in which nothing was found, else the oldest."""
        done = self._files[:-1]
        gone = next((written for written in done if not written.found), done[0])
        self._files.remove(gone)
        self.gone_with_findings += gone.found > 0
        gone.path.unlink(missing_ok=True)
        self._say("removed, with what was found in it" if gone.found else "removed", gone)

    def _drop(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            with suppress(OSError):
                opened.close()

    # ── blocks ──────────────────────────────────────────────────────────

    def _write(self, batch: Batch) -> None:
        """An Enhanced Packet Block a frame."""
        pieces: list[bytes] = []
        data, file = memoryview(batch.data), self._files[-1]
        for offset, captured, wire, at_ns, link in batch.records.rows.tolist():
            number = self._links.get(link)
            if number is None:
                number = self._links[link] = len(self._links)
                pieces.append(interface_block(link))
            pieces.append(packet_block(number, at_ns, bytes(data[offset : offset + captured]), wire))
        data.release()
        file.frames += len(batch.records)
        self._put(b"".join(pieces))

    def _put(self, data: bytes) -> None:
        assert self._open is not None
        self._open.write(data)
        self._open.flush()
        self._hash.update(data)
        self._files[-1].size += len(data)


def _part(path: Path) -> str:
    """The name of a file while it is written."""
    return f"{path}{PART}"


def _block(kind: int, body: bytes) -> bytes:
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def packet_block(interface: int, at_ns: int, frame: bytes, wire: int) -> bytes:
    """An Enhanced Packet Block; `wire` is the frame's length before it was cut."""
    size = 32 + len(frame) + -len(frame) % 4
    words = (ENHANCED, size, interface, (at_ns >> 32) & 0xFFFFFFFF, at_ns & 0xFFFFFFFF, len(frame))
    head = struct.pack("<7I", *words, min(wire, 0xFFFFFFFF))
    return head + frame + bytes(-len(frame) % 4) + struct.pack("<I", size)


def section_block() -> bytes:
    """A Section Header Block that names this program."""
    head = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
    return _block(SECTION, head + _option(APPLICATION, f"phonehome {VERSION}".encode()) + _option(0, b""))


def interface_block(link: int) -> bytes:
    """An Interface Description Block with times in nanoseconds."""
    # snoop's own types have no number here; LINKTYPE_USER0 says that nobody else knows it.
    known = link if link < SNOOP_LINK and link < 1 << 16 else 147
    head = struct.pack("<HHI", known, 0, 0)
    return _block(INTERFACE, head + _option(RESOLUTION, b"\x09") + _option(0, b""))


def _stamp(time_ns: int) -> str:
    try:
        return datetime.fromtimestamp(time_ns // NS, UTC).strftime("%Y%m%dT%H%M%SZ")
    except (OverflowError, ValueError, OSError):
        return "undated"
