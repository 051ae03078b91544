"""The captures of a bundle and its map of frames → the packets that it shows, each with its row.

Both are read side by side, a packet and a row at a time. What is kept of each packet is where it stands,
where it stood in the capture as recorded, and a digest.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from analyzer.bundle.bundle import about, comment_of
from analyzer.bundle.file_check import Files
from analyzer.bundle.manifest import FRAMES, FRAMES_CSV, frames_csv, frames_json, sha256
from analyzer.bundle.pcapng_reader import BundledPacket, StrangeError, packets
from analyzer.bundle.pcapng_writer import comment_bytes
from analyzer.model import Report

LONGEST_ROW = 1 << 20  # bytes; a row holds at most some reasons of a line each
ROWS_AT_ONCE = 4096  # of the table, while its digest is made
KEYS = frozenset(("file", "frame", "capture", "original_frame", "time_ns", "octets", "sha256", "why"))
_DIGESTED = struct.Struct("<qIQ")
At = tuple[int, int]
"""Position of a capture in the report, and a frame's number in it."""


class WrongError(ValueError):
    """The bundle is wrong here: one sentence that begins with the file's name."""


@dataclass(slots=True)
class Spot:
    """Where a packet stands in the bundle, and a digest of it."""

    file: str
    offset: int  # of its block
    link: int
    time_ns: int
    wire: int
    digest: bytes


@dataclass(slots=True)
class Shown:
    """All packets of a bundle by their place in the captures as recorded, and the places of each file."""

    spots: dict[At, Spot] = field(default_factory=dict)
    files: dict[str, list[At]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many packets there are, those that stand in several files counted in each."""
        return sum(map(len, self.files.values()))


def digest_of(time_ns: int, link: int, wire: int, data: bytes) -> bytes:
    """Return a digest of what has to be equal of a packet: time, link type, length on the wire, bytes."""
    return hashlib.sha256(_DIGESTED.pack(time_ns, link, wire) + data).digest()


def shown(files: Files, names: Sequence[str], report: Report, version: str, redacted: bool) -> Shown:
    """Return the packets of the captures `names`. Raises WrongError.

    Every packet has one row, every row one packet; both say the same. `version` is that of the phonehome
    which made the bundle.
    """
    found = Shown()
    rows = _Rows(files)
    for name in names:
        try:
            with files.open(name) as file:
                for number, packet in enumerate(packets(file, about(report), version), start=1):
                    _take(found, rows.next(name), packet, (name, number), report, redacted)
        except StrangeError as error:
            raise WrongError(f"{name}: {error}") from None
    rows.end()
    return found


class _Rows:
    """The rows of frames.json one after the other; those of frames.csv have to be the same."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._rows = _rows(files)
        self._table = hashlib.sha256()
        self._waiting: list[dict[str, Any]] = []
        self._begun = False

    def next(self, name: str) -> dict[str, Any]:
        """Return the row of the next packet, which stands in the file of this name. Raises WrongError."""
        row = next(self._rows, None)
        if row is None:
            raise WrongError(f"{name}: its packets are not those of {FRAMES}, which has no row for one")
        self._waiting.append(row)
        if len(self._waiting) == ROWS_AT_ONCE:
            self._digest()
        return row

    def end(self) -> None:
        """Make sure that no row is left, and that the table is that of these rows. Raises WrongError."""
        if next(self._rows, None) is not None:
            raise WrongError(f"{FRAMES}: has a row more than there are packets")
        self._digest()
        if self._table.hexdigest() != self._files.sums[FRAMES_CSV]:
            raise WrongError(f"{FRAMES_CSV}: does not say the same as {FRAMES}")

    def _digest(self) -> None:
        table = frames_csv(self._waiting)
        self._table.update(table[len(frames_csv([])) :] if self._begun else table)
        self._waiting, self._begun = [], True


def _rows(files: Files) -> Iterator[dict[str, Any]]:
    """Yield the rows. Raises WrongError where a line is not as it is written."""
    with files.open(FRAMES) as file:
        if file.readline(LONGEST_ROW) != b"[\n":
            raise WrongError(f"{FRAMES}: holds no rows")
        line = file.readline(LONGEST_ROW)
        while line.startswith(b"{"):
            text, is_last = line.rstrip(b",\n"), not line.endswith(b",\n")
            yield _row(text)
            line = file.readline(LONGEST_ROW)
            if is_last:
                break
        if line != b"]\n" or file.read(1):
            raise WrongError(f"{FRAMES}: is not of the form that phonehome writes")


def _row(text: bytes) -> dict[str, Any]:
    try:
        row = json.loads(text)
        if isinstance(row, dict) and row.keys() == KEYS and frames_json([row]) == b"[\n" + text + b"\n]\n":
            return row
    except (ValueError, RecursionError):
        pass
    raise WrongError(f"{FRAMES}: has a row that is not of the form that phonehome writes")


def _take(
    found: Shown,
    row: dict[str, Any],
    packet: BundledPacket,
    at: tuple[str, int],
    report: Report,
    redacted: bool,
) -> None:
    """Take a packet with its row. Raises WrongError."""
    name, number = at
    said = (row["file"], row["frame"], row["time_ns"], row["octets"], row["sha256"])
    if said != (name, number, packet.time_ns, len(packet.data), sha256(packet.data)):
        raise WrongError(f"{name}: its packets are not those of {FRAMES}: packet {number} is another")
    place = _place(row, report)
    if packet.comment.encode() != comment_bytes(comment_of(report, place, row["why"])):
        raise WrongError(f"{name}: packet {number} has another comment than {FRAMES} gives it")
    before = found.files.setdefault(name, [])
    if before and before[-1] >= place:
        raise WrongError(f"{name}: packet {number} stands twice or out of order")
    before.append(place)
    digest = digest_of(packet.time_ns, packet.link, packet.wire, packet.data)
    made = Spot(name, packet.offset, packet.link, packet.time_ns, packet.wire, digest)
    other = found.spots.setdefault(place, made)
    if other.digest != digest and not (redacted and other.time_ns == packet.time_ns):
        raise WrongError(f"{name}: packet {number} differs from the same packet in {other.file}")


def _place(row: dict[str, Any], report: Report) -> At:
    capture, frame, why = row["capture"], row["original_frame"], row["why"]
    is_right = type(capture) is int and type(frame) is int and isinstance(why, list) and why
    if is_right and 0 <= capture < len(report.captures) and all(isinstance(each, str) for each in why):
        info = report.captures[capture]
        if 1 <= frame <= info.frames:
            return capture, frame
    raise WrongError(f"{FRAMES}: has a row for a frame that its capture does not hold")
