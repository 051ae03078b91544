"""Phone number (MSISDN, ITU-T E.164)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from analyzer.identifiers.base import Context, Verdict, finding
from analyzer.identifiers.labels import announced, identity_kinds, is_mentioned, kinds_of_field
from analyzer.identifiers.placeholders import is_placeholder
from analyzer.identifiers.tracker_records import record_numbers
from analyzer.model import Field, Finding

CANDIDATE = re.compile(r"(?<![\w.+])(?:\+|00)?\d(?:[ ().-]{0,2}\d){7,14}(?!\w|\.\d)", re.ASCII)
NOT_DIGITS = re.compile(r"\D")
NAMES = frozenset(("phone",))
PERSON = frozenset(("person", "account"))  # under such a name only in the international form
WHOLE = re.compile(r"\+\d[\d ().\-]{7,20}", re.ASCII)
# Names of nothing but somebody's number, under which the form that people write at home will do.
STRONG = re.compile(
    r"(my_?)?(msisdn|mdn|(sim|phone|mobile|line1?)_?(no|nr|num|number)|mobile)", re.IGNORECASE
)
AT_HOME = re.compile(r"0\d{9,10}", re.ASCII)
PLANS = ("KR", "EG", "JP", "GB", "DE", "FR", "SE", "TR", "AU", "ZA")
# Names that say little, but of a phone's own number where its IMEI, IMSI or ICCID stands beside.
OWN_NUMBER = re.compile(r"(?:own|my|sim|line)?[_\-]?(?:number|num|no|nr|line)[12]?", re.IGNORECASE)
OF_PHONE = frozenset(("imei", "imsi", "iccid", "meid"))
CHINESE_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)


class PhoneNumber:
    """Finds numbers that are called a phone number and exist in the numbering plan of their country."""

    kind = "phone"
    examples = (("msisdn", "4740612345"), ("phone", "+47 406 12 345"), ("mobile", "13800138000"))
    counterexamples = (
        ("id", "+4740612345"),
        ("phone", "1551234567890"),
        ("tel", "12345678"),
        ("phone", "iPhone 7"),
    )

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """Each phone number in a text field."""
        text = str(field.value)
        if not is_mentioned(field, text, NAMES, "msisdn"):
            if text.startswith("+") and PERSON & kinds_of_field(field) and WHOLE.fullmatch(text):
                number = _parsed(text)
                if number is not None:
                    yield _finding(number, text, field, f"the field is named {field.name}", context)
            elif is_own_number(field):
                yield from _plain(field, text, context)
            yield from _in_record(field, text, context)
            return
        if STRONG.fullmatch(field.name) and AT_HOME.fullmatch(text.strip()):
            yield from _at_home(text.strip(), field, context)
        for match in CANDIDATE.finditer(text):
            named = announced(field, text, match.start(), NAMES)
            number = _parsed(match[0]) if named else None
            if named and number is not None:
                yield _finding(number, match[0], field, named, context)


def _at_home(digits: str, field: Field, context: Context) -> Iterator[Finding]:
    """A mobile number without its country: as it stands, with the plans that it fits."""
    import phonenumbers

    fitting = [
        plan
        for plan in PLANS
        if phonenumbers.is_valid_number_for_region(number := phonenumbers.parse(digits, plan), plan)
        and phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
    ]
    if fitting and not is_placeholder(digits):
        reasons = (
            f"the field is named {field.name}",
            f"a mobile number without its country; fits {', '.join(fitting)}",
        )
        yield finding("phone", digits, digits, field, Verdict("medium", reasons), context)


def is_own_number(field: Field) -> bool:
    """Return whether a field called number or line stands beside the numbers of a phone."""
    return OWN_NUMBER.fullmatch(field.name) is not None and bool(OF_PHONE & identity_kinds(field.beside))


def _plain(field: Field, text: str, context: Context) -> Iterator[Finding]:
    number = _parsed(text) if WHOLE.fullmatch(text) else None
    if number is not None:
        named = f"the field is named {field.name}, beside the numbers of a phone"
        yield _finding(number, text, field, named, context)


def _in_record(field: Field, text: str, context: Context) -> Iterator[Finding]:
    """Numbers with their country code in the record of a tracker."""
    for match in record_numbers(text, context):
        number = _parsed(match[0])
        if number is not None:
            yield _finding(number, match[0], field, "a field of its own in a record with an IMEI", context)


class Number(NamedTuple):
    """A phone number that exists in a numbering plan."""

    digits: str  # with the country code
    country: str


def parsed(raw: str) -> Number | None:
    """Return the phone number that text is, with its country code; None where it is none."""
    import phonenumbers

    number = _parsed(raw)
    if number is None:
        return None
    value = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
    return Number(value, phonenumbers.region_code_for_number(number) or "no single country")


def _parsed(raw: str) -> Any | None:
    """The number, read with its country code or else as a Chinese mobile number; None where it is none."""
    import phonenumbers

    digits = NOT_DIGITS.sub("", raw).removeprefix("00" if raw.startswith("00") else "")
    if is_placeholder(digits):
        return None
    is_chinese = CHINESE_MOBILE.fullmatch(digits) and not raw.startswith(("+", "00"))
    for prefix in ("+86", "+") if is_chinese else ("+",):
        try:
            number = phonenumbers.parse(prefix + digits)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return number
    return None


def _finding(number: Any, raw: str, field: Field, named: str, context: Context) -> Finding:
    import phonenumbers

    value = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
    country = phonenumbers.region_code_for_number(number) or "no single country"
    international = raw.startswith(("+", "00"))
    reasons = (named, f"a number of the plan of {country}" + ("" if international else ", if it is read so"))
    verdict = Verdict("high" if international else "medium", reasons)
    return finding("phone", value, raw, field, verdict, context, {"country": country})
