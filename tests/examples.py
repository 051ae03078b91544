"""How many examples a property test tries: few at a desk, many where PHONEHOME_EXAMPLES is `many`.

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
