"""Single frames to rows of the packet columns, by the uncompiled kernel behind a fence."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

import numpy as np

from analyzer.packets import kernel
from analyzer.packets.packet_table import (
    ADDRESS_WIDTH,
    DESTINATION_HI,
    DESTINATION_LO,
    PAYLOAD,
    PAYLOAD_CAPTURED,
    SOURCE_HI,
    SOURCE_LO,
    WIDTH,
)  # fmt: skip

# Bytes before and behind the record, so that a read outside it would find something.
BEFORE = 37


class Fenced:
    """Bytes of which only those of one record may be read."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data, self._start, self._end = data, start, end

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            assert self._start <= at.start <= at.stop <= self._end, (
                f"{at} lies outside {self._start}…{self._end}"
            )
            return self._data[at]
        assert self._start <= at < self._end, f"byte {at} lies outside {self._start}…{self._end}"
        return self._data[at]


@dataclass(frozen=True)
class Row:
    """The columns of one frame; `payload` is what they point at."""

    numbers: list[int]
    source: str
    destination: str
    payload: bytes

    def __getitem__(self, column: int) -> int:
        return self.numbers[column]


def decode(frame: bytes, link: int = 1, wire: int | None = None) -> Row:
    """The row of a frame; reading outside the frame fails the test."""
    data = b"\x45" * BEFORE + frame + b"\x45" * 64
    records = np.array([BEFORE, len(frame), len(frame) if wire is None else wire, 0, link], np.int64)
    numbers, words = np.zeros(WIDTH, np.int64), np.zeros(ADDRESS_WIDTH, np.uint64)
    kernel.decode_batch(
        Fenced(data, BEFORE, BEFORE + len(frame)),  # type: ignore[arg-type]
        memoryview(records), memoryview(numbers), memoryview(words),
    )  # fmt: skip
    row = numbers.tolist()
    start, length = row[PAYLOAD], row[PAYLOAD_CAPTURED]
    assert length >= 0
    assert length == 0 or BEFORE <= start <= start + length <= BEFORE + len(frame)
    ends = words.tolist()
    return Row(
        row,
        _text(ends[SOURCE_HI], ends[SOURCE_LO]),
        _text(ends[DESTINATION_HI], ends[DESTINATION_LO]),
        data[start : start + length],
    )


def _text(hi: int, lo: int) -> str:
    if hi == 0 and lo >> 32 == 0xFFFF:
        return socket.inet_ntop(socket.AF_INET, (lo & 0xFFFFFFFF).to_bytes(4, "big"))
    return socket.inet_ntop(socket.AF_INET6, (hi << 64 | lo).to_bytes(16, "big"))
