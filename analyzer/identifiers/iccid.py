"""ICCID (ITU-T E.118), the number of a SIM card."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.identifiers.base import Context, Verdict, finding
from analyzer.identifiers.companions import companions_of, is_delimited, is_whole
from analyzer.identifiers.issuers import SHARED, Issuer, issuer_of
from analyzer.identifiers.labels import announced, identity_kinds, names_something_else
from analyzer.identifiers.placeholders import is_placeholder
from analyzer.model import Field, Finding

# 89 is the major industry identifier of telecommunications. Chinese cards may hold letters.
CANDIDATE = re.compile(
    r"89(?<![\w.]89)(?:\d{4}[0-9A-Fa-f]{13,14}|\d\d(?:[- ]\d{4}){3}[- ]?\d{3,4}[Ff]?)(?!\w|\.\d|-\d)",
    re.ASCII,
)
SEPARATORS = re.compile(r"[ -]")
NAMES = frozenset(("iccid", "sim"))


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
            issuer = issuer_of(number)
            if issuer and not is_placeholder(number):
                verdict = _judge(number, match, field, issuer) or _judge_unnamed(
                    number, match, field, issuer, context
                )
                if verdict:
                    yield finding(self.kind, number, match[0], field, verdict, context, _details(issuer))


def _judge(number: str, match: re.Match[str], field: Field, issuer: Issuer) -> Verdict | None:
    checked = _has_check_digit(number)
    where = "shared by countries" if issuer.country == SHARED else f"country code of {issuer.country}"
    prefix = f"begins 89 (telecommunications) and {issuer.country_code} ({where})"
    check = "its check digit is valid" if checked else "its last digit is not a check digit"
    named = announced(field, match.string, match.start(), frozenset(("iccid",)))
    if named:
        return Verdict("high" if checked else "medium", (named, prefix, check))
    if not checked or match[0] != match.string.strip():
        return None
    hint = announced(field, match.string, match.start(), NAMES) or _beside(field)
    return Verdict("medium", (hint, prefix, check)) if hint else None


def _judge_unnamed(
    number: str, match: re.Match[str], field: Field, issuer: Issuer, context: Context
) -> Verdict | None:
    """The whole value, of an issuer that is known, with its check digit."""
    is_alone = is_whole(match)
    if not (is_alone or is_delimited(match)) or not issuer.name or not _has_check_digit(number):
        return None
    if names_something_else(field.name):
        return None
    form = f"begins with the digits of an issuer of SIM cards, {issuer.name}, and its check digit is valid"
    beside = companions_of(field, context, number)
    if beside:
        return Verdict("medium", (form, beside))
    return Verdict("low", (form, "no name says so")) if is_alone else None


def _beside(field: Field) -> str | None:
    beside = frozenset() if names_something_else(field.name) else identity_kinds(field.beside)
    return f"stands beside fields named for: {', '.join(sorted(beside))}" if beside else None


def _has_check_digit(number: str) -> bool:
    """Whether the whole number, or its first 19 digits, ends in a check digit (E.118 §4.4, Luhn)."""
    from stdnum import luhn

    return any(digits.isdigit() and luhn.is_valid(digits) for digits in (number, number[:19]))


def _details(issuer: Issuer) -> dict[str, str]:
    details = {"country_code": issuer.country_code}
    if issuer.country != SHARED:
        details["country"] = issuer.country
    return details | {"issuer": issuer.name} if issuer.name else details
