"""Rows of columns to groups of equal rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]


def grouped(columns: Sequence[NDArray[np.generic]]) -> tuple[Rows, Rows]:
    """(order, starts): the rows sorted by all columns, the last first, and where in that order groups begin.

    Rows of a group stay in their order. The columns have equal length, at least one row.
    """
    order = np.lexsort(columns)
    changed = np.zeros(len(order), np.bool_)
    changed[:1] = True
    for column in columns:
        ordered = column[order]
        changed[1:] |= ordered[1:] != ordered[:-1]
    return order, changed.nonzero()[0]
