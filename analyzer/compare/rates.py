"""Times → how often, and how far apart."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from statistics import median_low

from analyzer.compare.comparison import Rate


def rate(times_ns: Iterable[int]) -> Rate:
    """`times_ns` holds one or more; what was seen at the same instant counts as often as it was seen."""
    times = sorted(times_ns)
    apart = [(after - before) // 1_000 for before, after in pairwise(times)]
    if not apart:
        return Rate(len(times), times[0], times[-1])
    return Rate(len(times), times[0], times[-1], min(apart), median_low(apart), max(apart))
