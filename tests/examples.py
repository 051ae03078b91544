"""How many examples a property test tries, and how many cases a long list of them: few at a desk, many where
PHONEHOME_EXAMPLES is `many`.

The README's test command has to end within minutes on two cores. `.ci/run` asks for many in one of its two
environments; the same properties hold in both.
"""

from __future__ import annotations

import os

CHOICES = ("few", "many")
PART, FEWEST = 8, 10  # few are an eighth of many, and not less than ten


def examples(many: int) -> int:
    """Return the number of examples to try of a test that tries `many` at most."""
    chosen = os.environ.get("PHONEHOME_EXAMPLES") or "few"
    if chosen not in CHOICES:
        raise ValueError(f"PHONEHOME_EXAMPLES is {chosen!r}; it may be {' or '.join(CHOICES)}")
    return many if chosen == "many" else min(many, max(FEWEST, many // PART))


def are_many() -> bool:
    """Return whether every case is tried, and many examples."""
    return examples(1 << 30) == 1 << 30


def spread(count: int, few: int) -> frozenset[int]:
    """Return the places of `few` of `count` cases, the first and the last among them."""
    if count <= few:
        return frozenset(range(count))
    return frozenset(round(place * (count - 1) / (few - 1)) for place in range(few))
