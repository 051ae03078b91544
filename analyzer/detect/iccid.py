"""ICCID (ITU-T E.118), the number of a SIM card."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.detect.base import Context, Verdict, finding
from analyzer.detect.labels import announced, identity_kinds, names_something_else
from analyzer.detect.placeholders import is_placeholder
from analyzer.model import Field, Finding

# 89 is the major industry identifier of telecommunications. Chinese cards may hold letters.
CANDIDATE = re.compile(
    r"89(?<![\w.]89)(?:\d{4}[0-9A-Fa-f]{13,14}|\d\d(?:[- ]\d{4}){3}[- ]?\d{3,4}[Ff]?)(?!\w|\.\d|-\d)",
    re.ASCII,
)
SEPARATORS = re.compile(r"[ -]")
NAMES = frozenset(("iccid", "sim"))
# The digits after the country code, as the operators' own number plans give them.
ISSUERS = {
    "898600": "China Mobile",
    "898602": "China Mobile",
    "898604": "China Mobile",
    "898607": "China Mobile",
    "898608": "China Mobile",
    "898601": "China Unicom",
    "898606": "China Unicom",
    "898609": "China Unicom",
    "898603": "China Telecom",
    "898611": "China Telecom",
}


class Iccid:
    """Finds SIM card numbers by their name, prefix, country code and check digit."""

    kind = "iccid"
    examples = (
        ("SIM1ICCID", "89860312345678901236"),
        ("iccid", "8947010000123456784"),
        ("simSerialNumber", "8986 0312 3456 7890 1236"),
    )
    counterexamples = (
        ("SIM1ICCID", "00000000000000000000"),
        ("id", "8947010000123456785"),
        ("order", "12345678901234567890"),
    )

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """Each ICCID in a text field."""
        text = str(field.value)
        for match in CANDIDATE.finditer(text):
            number = SEPARATORS.sub("", match[0]).upper()
            number = number.removesuffix("F") if len(number) == 20 else number
            country = _country(number)
            if country and not is_placeholder(number):
                verdict = _judge(number, match, field, country)
                if verdict:
                    yield finding(
                        self.kind, number, match[0], field, verdict, context, _details(number, country)
                    )


def _judge(number: str, match: re.Match[str], field: Field, country: tuple[str, str]) -> Verdict | None:
    checked = _has_check_digit(number)
    prefix = f"begins 89 (telecommunications) and {country[0]} (country code of {country[1]})"
    check = "its check digit is valid" if checked else "its last digit is not a check digit"
    named = announced(field, match.string, match.start(), frozenset(("iccid",)))
    if named:
        return Verdict("high" if checked else "medium", (named, prefix, check))
    if not checked or match[0] != match.string.strip():
        return None
    hint = announced(field, match.string, match.start(), NAMES) or _beside(field)
    return Verdict("medium", (hint, prefix, check)) if hint else None


def _beside(field: Field) -> str | None:
    beside = frozenset() if names_something_else(field.name) else identity_kinds(field.beside)
    return f"stands beside fields named for: {', '.join(sorted(beside))}" if beside else None


def _has_check_digit(number: str) -> bool:
    """Whether the whole number, or its first 19 digits, ends in a check digit (E.118 §4.4, Luhn)."""
    from stdnum import luhn

    return any(digits.isdigit() and luhn.is_valid(digits) for digits in (number, number[:19]))


def _country(number: str) -> tuple[str, str] | None:
    """Country code and ISO 3166-1 code; `001` for codes that several countries share."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE as REGIONS

    for length in (1, 2, 3):
        code = number[2 : 2 + length]
        if code.isdigit() and int(code) in REGIONS:
            return code, REGIONS[int(code)][0]
    return None


def _details(number: str, country: tuple[str, str]) -> dict[str, str]:
    details = {"country_code": country[0], "country": country[1]}
    issuer = ISSUERS.get(number[:6])
    return details | {"issuer": issuer} if issuer else details
