"""MEID (3GPP2 S.R0048), the number of a phone for CDMA networks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.detect.base import Context, Verdict, finding
from analyzer.detect.labels import announced, is_mentioned
from analyzer.detect.placeholders import is_placeholder
from analyzer.model import Field, Finding

CANDIDATE = re.compile(r"(?<![\w.])(?:[0-9A-Fa-f]{14,15}|\d{18})(?!\w|\.\d)", re.ASCII)
NAMES = frozenset(("meid", "imei", "device"))


class Meid:
    """Finds 14 hexadecimal digits in the range of MEIDs, or their decimal form, that a name announces."""

    kind = "meid"
    examples = (("MEID", "A000004F1C2D3E"), ("meid", "99000049123456"), ("deviceId", "a000004f1c2d3e"))
    counterexamples = (("id", "A000004F1C2D3E"), ("MEID", "00000000000000"), ("hash", "a000004f1c2d3e"))

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """Each MEID in a text field."""
        text = str(field.value)
        if not is_mentioned(field, text, NAMES, "meid", "imei"):
            return
        for match in CANDIDATE.finditer(text):
            named = announced(field, text, match.start(), NAMES)
            value = _normalised(match[0]) if named else None
            if named and value and not is_placeholder(value):
                sure = announced(field, text, match.start(), frozenset(("meid",)))
                reasons = (
                    named,
                    f"14 hexadecimal digits from {value[:2]}, in the range given to MEIDs (A0 to FF, 99)",
                )
                yield finding(
                    self.kind, value, match[0], field, Verdict("high" if sure else "medium", reasons), context
                )


def _normalised(raw: str) -> str | None:
    """14 upper-case hexadecimal digits; None where it is no MEID."""
    from stdnum import meid

    if not meid.is_valid(raw):
        return None
    value = str(meid.compact(raw)).upper()
    return value if value[0] in "ABCDEF" or value[:2] == "99" else None
