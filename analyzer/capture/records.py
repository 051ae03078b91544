"""Where the records of a capture lie: one row a record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Columns of a record's row: position of the frame's first byte in the buffer, bytes in the file,
# bytes on the wire, time in nanoseconds, LINKTYPE_ value.
OFFSET, CAPTURED, WIRE, TIME, LINK = range(5)
RECORD_WIDTH = 5

# Data link types of snoop that have no LINKTYPE_ value stand above all that have.
SNOOP_LINK = 1 << 32
# A packet of an interface that its pcapng section does not describe: no LINKTYPE_ value either.
UNDESCRIBED_LINK = SNOOP_LINK - 1


@dataclass(frozen=True, slots=True)
class Records:
    """An int64 array of shape (records, RECORD_WIDTH); kernels take it flat."""

    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def offset(self) -> NDArray[np.int64]:
        return self.rows[:, OFFSET]

    @property
    def captured(self) -> NDArray[np.int64]:
        return self.rows[:, CAPTURED]

    @property
    def wire(self) -> NDArray[np.int64]:
        return self.rows[:, WIRE]

    @property
    def time_ns(self) -> NDArray[np.int64]:
        return self.rows[:, TIME]

    @property
    def link(self) -> NDArray[np.int64]:
        return self.rows[:, LINK]

    def links(self) -> dict[int, int]:
        """How many records there are of each link type."""
        link = self.link
        if len(link) and (link == link[0]).all():  # as in nearly every capture
            return {int(link[0]): len(link)}
        kinds, counts = np.unique(link, return_counts=True)
        return dict(zip(kinds.tolist(), counts.tolist(), strict=True))


def new_records(count: int) -> Records:
    """Rows for at most `count` records."""
    return Records(np.empty((count, RECORD_WIDTH), np.int64))
