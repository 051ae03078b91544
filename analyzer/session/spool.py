"""What was read and is not kept for the report, until its end: memory first, then files without a name.

Values that show themselves to be identifiers later are looked for in it. Files are made for their owner alone
and are gone once they are closed, or the program ends. Of more than there is room for the newest is kept.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import NamedTuple

import numpy as np

from analyzer.flows.flow_ids import New
from analyzer.session.worker_transfer import packed, unpacked

# Bytes of a generation in memory, and with its file; there are two, and the older gives way.
IN_MEMORY, IN_ALL = 8 << 20, 96 << 20
# Messages of a generation.
MOST = 1 << 19


class SpooledMessage(NamedTuple):
    """A message in the spool: packed, and the number that its flow has by now."""

    data: bytes
    flow: int
    is_recoded: bool


class _Generation:
    """Messages one after the other."""

    def __init__(self, share: float) -> None:
        self._file = SpooledTemporaryFile(max_size=int(IN_MEMORY * share))  # noqa: SIM115 - closed by its owner
        self._sizes, self._flows, self._recoded = array("q"), array("q"), array("b")
        self.first_frame: int | None = None
        self.data = 0

    def __len__(self) -> int:
        return len(self._sizes)

    def add(self, data: bytes, flow: int, frame: int | None, is_recoded: bool) -> None:
        self._file.write(data)
        self._sizes.append(len(data))
        self._flows.append(flow)
        self._recoded.append(is_recoded)
        self.data += len(data)
        if self.first_frame is None:
            self.first_frame = frame

    def __iter__(self) -> Iterator[SpooledMessage]:
        self._file.seek(0)
        for size, flow, is_recoded in zip(self._sizes, self._flows, self._recoded, strict=True):
            yield SpooledMessage(self._file.read(size), flow, bool(is_recoded))

    def renumber(self, row: New) -> None:
        if self._flows:
            moved = np.asarray(row, np.int64)[np.asarray(self._flows)]
            self._flows = array("q", moved.astype(np.int64).tobytes())

    def close(self) -> None:
        self._file.close()


class Spool:
    """Keeps messages as bytes; `from_frame` tells since when they are all there."""

    def __init__(self, share: float = 1.0) -> None:
        """`share` is the part of the usual room that is taken here."""
        self._share = share
        self._older: _Generation | None = None
        self._newer: _Generation | None = None
        self.left_out = 0  # messages that gave way
        self.failed = ""  # why nothing more could be kept

    def __len__(self) -> int:
        return sum(len(each) for each in (self._older, self._newer) if each is not None)

    @property
    def from_frame(self) -> int | None:
        """The first frame that is kept, where earlier ones gave way."""
        oldest = self._older or self._newer
        return oldest.first_frame if self.left_out and oldest is not None else None

    def add(self, message: object, flow: int, frame: int | None, is_recoded: bool) -> None:
        """Keep a message."""
        self.add_packed(packed(message), flow, frame, is_recoded)

    def add_packed(self, data: bytes, flow: int, frame: int | None, is_recoded: bool) -> None:
        """Keep what `packing.packed` made."""
        if self.failed:
            self.left_out += 1
            return
        try:
            self._with_room(len(data)).add(data, flow, frame, is_recoded)
        except OSError as error:  # the disk is full
            self.failed = error.strerror or type(error).__name__
            self.left_out += len(self) + 1
            self.close()

    def __iter__(self) -> Iterator[SpooledMessage]:
        for generation in (self._older, self._newer):
            if generation is not None:
                yield from generation

    def renumber(self, row: New) -> None:
        """Go on with new numbers of flows; `row` has one for each."""
        for generation in (self._older, self._newer):
            if generation is not None:
                generation.renumber(row)

    def close(self) -> None:
        """Forget everything."""
        for generation in (self._older, self._newer):
            if generation is not None:
                generation.close()
        self._older = self._newer = None

    def _with_room(self, size: int) -> _Generation:
        newer = self._newer
        if newer is None or (newer.data + size > IN_ALL * self._share and len(newer)) or len(newer) >= MOST:
            if self._older is not None:
                self.left_out += len(self._older)
                self._older.close()
            self._older, self._newer = newer, _Generation(self._share)
        assert self._newer is not None
        return self._newer


def message_of(kept: SpooledMessage) -> object:
    """Return what was kept."""
    return unpacked(kept.data)
