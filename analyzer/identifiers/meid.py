"""MEID (3GPP2 S.R0048), the number of a phone for CDMA networks, and the pseudo-ESN made of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.identifiers.base import Context, Verdict, finding
from analyzer.identifiers.labels import announced, is_mentioned, kinds_named
from analyzer.identifiers.placeholders import is_placeholder
from analyzer.model import Field, Finding

# Hexadecimal of 14 digits or decimal of 18, each with or without a check digit.
CANDIDATE = re.compile(r"(?<![\w.])(?:[0-9A-Fa-f]{14,15}|\d{18,19})(?!\w|\.\d)", re.ASCII)
NAMES = frozenset(("meid", "imei", "device"))
DECIMAL = 18  # digits at least of the decimal form
FIRST = frozenset("ABCDEFabcdef")
IN_RANGE = "in the range given to MEIDs (A0 to FF, 99)"
# 3GPP2 C.S0072 §1: a pseudo-ESN has 0x80 for a manufacturer, in decimal 128 with 8 digits behind it.
PSEUDO = re.compile(r"80[0-9A-Fa-f]{6}|128\d{8}", re.ASCII)


class Meid:
    """Finds 14 hexadecimal digits in the range of MEIDs, or their decimal form, that a name announces."""

    kind = "meid"
    examples = (
        ("MEID", "A000004F1C2D3E"),
        ("meid", "99000049123456"),
        ("deviceId", "a000004f1c2d3e"),
        ("meid", "293608736500703710"),
    )
    counterexamples = (
        ("id", "A000004F1C2D3E"),
        ("MEID", "00000000000000"),
        ("hash", "a000004f1c2d3e"),
        ("meid", "100000000000000001"),
        ("order", "293608736500703710"),
    )

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """Each MEID in a text field; its value is the hexadecimal form."""
        text = str(field.value)
        if not is_mentioned(field, text, NAMES, "meid", "imei"):
            return
        for match in CANDIDATE.finditer(text):
            named = announced(field, text, match.start(), NAMES)
            value = _normalised(match[0]) if named else None
            if named and value and not is_placeholder(value):
                sure = announced(field, text, match.start(), frozenset(("meid",)))
                # The first 14 digits of an IMEI that begins 99 are the MEID of the same phone.
                if not sure and len(match[0]) == 15 and match[0].isdigit():
                    continue
                reasons = (named, _form(match[0], value))
                verdict = Verdict("high" if sure else "medium", reasons)
                yield finding(self.kind, value, match[0], field, verdict, context, _details(match[0], value))


class PseudoEsn:
    """Finds the number of 32 bits that networks without MEIDs are given, a part of a SHA-1 of the MEID."""

    kind = "pesn"
    examples = (("pesn", "8037E1C2"), ("pESN", "12803662274"))
    counterexamples = (("pesn", "00000000"), ("id", "8037E1C2"), ("pesn", "1234567"), ("esn", "8037E1C2"))

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """At most one: the whole value, under a name that says so or beside the MEID that it is made of."""
        raw = str(field.value).strip().removeprefix("0x")
        if "pesn" not in kinds_named(field.name) or not PSEUDO.fullmatch(raw):
            return
        value = raw.upper() if len(raw) == 8 else f"80{int(raw[3:]):06X}"
        origin = _meid_beside(value, field, context)
        if len(value) != 8 or is_placeholder(value) or not (origin or SAYS_PSEUDO.search(field.name)):
            return
        form = "begins 80 (hexadecimal) or 128 (decimal), as pseudo-ESNs do"
        reasons = (f"the field is named {field.name}", origin or form)
        verdict = Verdict("high" if origin else "medium", reasons)
        yield finding(self.kind, value, str(field.value), field, verdict, context)


SAYS_PSEUDO = re.compile(r"p(seudo)?_?esn", re.IGNORECASE)


def _meid_beside(value: str, field: Field, context: Context) -> str:
    """The sentence that a MEID beside the field makes this very pseudo-ESN; empty where none does."""
    from stdnum import meid

    for other in context.next_to(field):
        raw = str(other.value).strip()
        number = _normalised(raw) if "meid" in kinds_named(other.name) and CANDIDATE.fullmatch(raw) else None
        if number and meid.to_pseudo_esn(number).upper() == value:
            return f"equal to what is made of the MEID in {other.name} (the last 24 bits of its SHA-1)"
    return ""


def _normalised(raw: str) -> str | None:
    """14 upper-case hexadecimal digits; None where it is no MEID."""
    if len(raw) < DECIMAL and raw[0] not in FIRST and raw[:2] != "99":
        return None  # most candidates; what follows takes long

    from stdnum import meid

    if not meid.is_valid(raw):
        return None
    value = str(meid.compact(raw)).upper()
    return value if value[0] in FIRST or value[:2] == "99" else None


def _form(raw: str, value: str) -> str:
    if len(raw) < DECIMAL:
        return f"14 hexadecimal digits from {value[:2]}, {IN_RANGE}"
    return f"18 decimal digits that stand for 14 hexadecimal ones from {value[:2]}, {IN_RANGE}"


def _details(raw: str, value: str) -> dict[str, str]:
    return {"manufacturer_code": value[:8]} | ({"written": "in decimal"} if len(raw) >= DECIMAL else {})
