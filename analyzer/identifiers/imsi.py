"""IMSI (3GPP TS 23.003 §2.2), the number of a subscription."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.identifiers.base import Context, Verdict, finding
from analyzer.identifiers.companions import companions_of, is_delimited, is_few, is_like_imei, is_whole
from analyzer.identifiers.labels import announced, is_mentioned, names_something_else
from analyzer.identifiers.network_codes import has_operator, network
from analyzer.identifiers.placeholders import is_placeholder
from analyzer.model import Field, Finding

CANDIDATE = re.compile(r"\d(?<![\w.]\d)\d{13,14}(?!\w|\.\d)", re.ASCII)
NAMES = frozenset(("imsi",))


class Imsi:
    """Finds numbers that are called IMSI and begin with the code of a mobile network."""

    kind = "imsi"
    examples = (
        ("SIM1LTEIMSI", "460110123456789"),
        ("imsi", "242010123456789"),
        ("body", "imsi:242010123456789"),
    )
    counterexamples = (("id", "460110123456789"), ("imsi", "000000000000000"), ("imsi", "999999999999999"))

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """Each IMSI in a text field."""
        text = str(field.value)
        if not is_mentioned(field, text, NAMES, "imsi"):
            for match in CANDIDATE.finditer(text):
                yield from self._unnamed(field, match, context)
            return
        for match in CANDIDATE.finditer(text):
            number = match[0]
            named = announced(field, text, match.start(), NAMES)
            code = dict(network(number[:7])) if named and not is_placeholder(number) else {}
            if named and code and set(number[5:]) != {"0"}:
                yield finding(self.kind, number, number, field, _judge(named, code), context, code)

    def _unnamed(self, field: Field, match: re.Match[str], context: Context) -> Iterator[Finding]:
        """The whole value or a part of a record: an operator's code, beside numbers of the same phone."""
        number = match[0]
        if len(number) != 15 or is_placeholder(number) or not _stands_alone(match, field, context):
            return
        if is_like_imei(number) or names_something_else(field.name) or not has_operator(number):
            return
        beside = companions_of(field, context, number)
        if beside and "checks of an I" in beside:
            details = dict(network(number[:7]))
            code = f"{details['mcc']}-{details['mnc']}"
            starts = f"15 digits that begin {code}, the network code of {details['operator']}"
            yield finding(
                self.kind, number, number, field, Verdict("medium", (starts, beside)), context, details
            )


def _stands_alone(match: re.Match[str], field: Field, context: Context) -> bool:
    return is_whole(match) or (is_delimited(match) and is_few(context, field))


def _judge(named: str, details: dict[str, str]) -> Verdict:
    country = details.get("country", "no single country")
    if "operator" not in details:
        return Verdict("medium", (named, f"begins {details['mcc']}, the mobile country code of {country}"))
    code = f"{details['mcc']}-{details['mnc']}"
    return Verdict("high", (named, f"begins {code}, the network code of {details['operator']} ({country})"))
