"""Names as they were seen → fewer of them: answers that repeat others go first, then the oldest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from analyzer.dissectors.datagrams import LearnedName

# Of answers that say the same, those that stay: the first, and the last ones.
LAST_ONES = 3


class Shortened(NamedTuple):
    """Names in their order, and how many answers and different names are gone."""

    names: list[LearnedName]
    repeats: int
    lost: int


def shortened(names: Sequence[LearnedName], most: int) -> Shortened:
    """At most `most` of these names."""
    times = Counter(map(_said, names))
    met: Counter[tuple[object, ...]] = Counter()
    kept = []
    for named in names:
        said = _said(named)
        met[said] += 1
        if met[said] == 1 or met[said] > times[said] - LAST_ONES:
            kept.append(named)
    lost = max(len(kept) - most, 0)
    return Shortened(kept[lost:], len(names) - len(kept), lost)


def _said(named: LearnedName) -> tuple[object, ...]:
    return named.how, named.name, named.address, named.flow, named.mac
