"""A capture as recorded → whether the packets of a bundle are its packets."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from analyzer.bundle.file_check import Files
from analyzer.bundle.frame import CapturedFrame
from analyzer.bundle.packet_check import Shown, Spot, digest_of
from analyzer.bundle.packet_redaction import transport_at
from analyzer.bundle.pcapng_reader import bytes_at
from analyzer.bundle.selection import NOTICE, SelectionError, frame_at
from analyzer.capture import Batch, Capture
from analyzer.model import Report
from analyzer.packets import Packets, decode
from analyzer.packets.packet_table import NOT_IP
from analyzer.redaction.commitment import commitment
from analyzer.system.pipes import opened

MOST_SENTENCES = 20  # of one capture
# Bytes of a header that redaction never changes: from, to.
KEPT_OF_IP = {4: ((0, 2), (4, 10)), 6: ((0, 4), (6, 8))}
KEPT_OF_PORTS, KEPT_OF_TCP = (0, 4), (12, 16)


@dataclass(slots=True)
class Compared:
    """What comparing with one capture gave."""

    equal: int = 0  # packets with the same time and the same bytes
    changed: int = 0  # of a redacted bundle: with the same time and headers, and pseudonyms
    wrong: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many packets were compared and found right."""
        return self.equal + self.changed


def file_sha256(path: str) -> str:
    """Return the SHA-256 of a file as it lies on disk. Raises RefusedError."""
    try:
        with os.fdopen(opened(path), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SelectionError(f"{path}: can't be read ({error.strerror})") from None


def indices_of(digest: str, manifest: Mapping[str, Any], key: bytes | None) -> list[int]:
    """Return which captures of the manifest have this SHA-256, or a commitment to it under the key."""
    made = commitment(key, digest) if key else None
    return [
        index
        for index, info in enumerate(manifest["captures"])
        if info["sha256"] == digest
        or (made is not None and hmac.compare_digest(made.encode(), str(info["commitment"]).encode()))
    ]


def compared(path: str, index: int, shown: Shown, files: Files, report: Report) -> Compared:
    """Return what comparing every packet of capture `index` with the file at `path` gives."""
    found = Compared()
    redacted = report.redaction is not None
    spots = {number: spot for (capture, number), spot in shown.spots.items() if capture == index}
    numbers = np.array(sorted(spots), np.int64)
    met, last = 0, 0
    for batch in Capture(path):
        last = batch.first_frame + len(batch.records) - 1
        low, high = np.searchsorted(numbers, (batch.first_frame, last + 1)).tolist()
        packets = decode(batch)
        found.wrong += _notices(path, batch, packets, spots)
        for number in numbers[low:high].tolist():
            met += 1
            frame = frame_at(index, batch, packets, number - batch.first_frame)
            _compare(path, frame, spots[number], files if redacted else None, found)
    if met < len(numbers):
        found.wrong.append(f"{path}: has no frame {numbers[met]}, which the bundle shows")
    if last != report.captures[index].frames:
        found.wrong.append(f"{path}: has {last:,} frames, report.json says {report.captures[index].frames:,}")
    del found.wrong[MOST_SENTENCES:]
    return found


def _notices(path: str, batch: Batch, packets: Packets, spots: Mapping[int, Spot]) -> Iterator[str]:
    """A frame that says that the capture is a reconstruction belongs into every bundle of it."""
    for row in np.flatnonzero((packets.kind == NOT_IP) & (packets.ethertype == NOTICE)).tolist():
        if (number := batch.first_frame + row) not in spots:
            yield f"{path}: frame {number} says that it is a reconstruction, and the bundle leaves it out"


def _compare(path: str, frame: CapturedFrame, spot: Spot, redacted: Files | None, found: Compared) -> None:
    """Compare a frame with what the bundle shows for it; `redacted` are its files where bytes may differ."""
    if digest_of(frame.time_ns, frame.link, frame.wire, frame.data) == spot.digest:
        found.equal += 1
    elif frame.time_ns != spot.time_ns:
        found.wrong.append(f"{path}: frame {frame.number} has another time than the bundle shows for it")
    elif redacted is None or frame.link != spot.link or not _has_same_headers(frame, spot, redacted):
        found.wrong.append(f"{path}: frame {frame.number} is not the packet that the bundle shows for it")
    else:
        found.changed += 1


def _has_same_headers(frame: CapturedFrame, spot: Spot, files: Files) -> bool:
    """Whether what redaction leaves of a packet's headers is the same."""
    with files.open(spot.file) as file:
        other = bytes_at(file, spot.offset)
    place, data = frame.place, frame.data
    if place.network < 0:
        return len(other) == len(data)
    at = place.network
    spans = [(at + first, at + end) for first, end in KEPT_OF_IP.get(data[at] >> 4, ())]
    if place.payload >= 0:
        start = transport_at(data, place) if place.is_tcp else place.payload - 8
        if place.is_tcp:
            spans.append((start + KEPT_OF_TCP[0], start + KEPT_OF_TCP[1]))
        spans.append((start + KEPT_OF_PORTS[0], start + KEPT_OF_PORTS[1]))
    return all(data[first:end] == other[first:end] for first, end in spans)
