"""What is kept of flows by their numbers, to the same by new numbers.

`new` has an entry for each old number: the new one, or -1 where the flow can't be told from others any
more. Where several flows became one, what was known of the first counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

New = NDArray[np.int64]
V = TypeVar("V")
T = TypeVar("T", bound=np.generic)


def moved(known: dict[int, V], new: New) -> dict[int, V]:
    """Values by flow."""
    found: dict[int, V] = {}
    for flow, value in known.items():
        if (number := int(new[flow])) >= 0:
            found.setdefault(number, value)
    return found


def moved_pairs(known: dict[tuple[int, int], V], new: New) -> dict[tuple[int, int], V]:
    """Values by flow and something else."""
    found: dict[tuple[int, int], V] = {}
    for (flow, other), value in known.items():
        if (number := int(new[flow])) >= 0:
            found.setdefault((number, other), value)
    return found


def moved_set(known: Iterable[int], new: New) -> set[int]:
    """Flows."""
    return {number for flow in known if (number := int(new[flow])) >= 0}


def moved_column(column: NDArray[T], new: New, count: int) -> NDArray[T]:
    """A column with an entry a flow; `count` is the number of flows now."""
    found = np.zeros(count, column.dtype)
    rows = (new[: len(column)] >= 0).nonzero()[0][::-1]  # the first of several is written last
    found[new[rows]] = column[rows]
    return found
