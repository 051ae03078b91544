"""What a capture holds, as the reader sees it and as others see it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from analyzer.capture import Capture, CaptureMetadata, batch


class Record(NamedTuple):
    """One record: its time, the frame as captured, its length on the wire, its link type."""

    time_ns: int
    frame: bytes
    wire: int
    link: int


def records_of(capture: Capture) -> list[Record]:
    """All records, copied out of the batches; frame numbers have to follow one another."""
    found: list[Record] = []
    for part in capture:
        assert part.first_frame == len(found) + 1
        for at, captured, wire, time_ns, link in part.records.rows.tolist():
            found.append(Record(time_ns, bytes(part.data[at : at + captured]), wire, link))
    return found


def read(data: bytes, path: Path) -> tuple[list[Record], CaptureMetadata]:
    """The records of these bytes, written to a file first."""
    path.write_bytes(data)
    capture = Capture(str(path))
    return records_of(capture), capture.account


def read_by_scapy(data: bytes) -> list[tuple[int, bytes, int]]:
    """(time in ns, frame, length on the wire) of each packet by scapy's readers."""
    from scapy.utils import RawPcapNgReader, RawPcapReader

    if data[:4] == b"\x0a\x0d\x0d\x0a":
        found = list(RawPcapNgReader(io.BytesIO(data)))
        return [(((m.tshigh << 32) + m.tslow) * 10**9 // m.tsresol, frame, m.wirelen) for frame, m in found]
    reader = RawPcapReader(io.BytesIO(data))
    unit = 1 if reader.nano else 1000
    return [(m.sec * 10**9 + m.usec * unit, frame, m.wirelen) for frame, m in reader]


@contextmanager
def buffers_of(size: int) -> Iterator[None]:
    """Let captures be read through a buffer of so many bytes, to meet every boundary."""
    before = batch.BATCH_BYTES, batch.FIRST_BYTES, batch.Window.__init__.__defaults__
    batch.BATCH_BYTES = batch.FIRST_BYTES = size
    batch.Window.__init__.__defaults__ = (size,)  # type: ignore[misc]
    try:
        yield
    finally:
        batch.BATCH_BYTES, batch.FIRST_BYTES, batch.Window.__init__.__defaults__ = before  # type: ignore[misc]
