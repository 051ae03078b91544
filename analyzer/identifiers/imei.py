"""IMEI and IMEISV (3GPP TS 23.003 §6.2), the number of the phone itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.identifiers.base import Context, Verdict, finding
from analyzer.identifiers.companions import (
    companions_of,
    is_delimited,
    is_identity_near,
    is_like_imei,
    is_luhn_valid,
    is_whole,
    odds,
)
from analyzer.identifiers.labels import announced, identity_kinds, names_something_else
from analyzer.identifiers.placeholders import is_placeholder
from analyzer.identifiers.tac import REPORTING_BODIES, allocated_by
from analyzer.identifiers.tracker_records import is_in_head, record_imeis
from analyzer.model import Field, Finding

CANDIDATE = re.compile(
    # A digit stands first, and what stood before it is looked at after: so `re` skips what is no digit.
    r"\d(?<![^\W_]\d)(?<!\.\d)(?:\d{13,15}"
    r"|\d{7}[- /]\d{6}(?:[- /]\d{1,2})?"
    r"|\d[- /]\d{6}[- /]\d{6}(?:[- /]\d{1,2})?"
    r"|\d{5}[- /]\d{2}[- /]\d{6}(?:[- /]\d{1,2})?)(?!\w|\.\d|-\d)",
    re.ASCII,
)
AMBIGUOUS = re.compile(r"_?(did|ui)", re.IGNORECASE)  # of a document as often as of a device
SAYS_VERSION = re.compile(r"imei[_\-]?sv", re.IGNORECASE)
NOT_DIGITS = re.compile(r"\D")
IN_HALF_BYTES = "8 bytes hold 15 digits with a check digit in half bytes, as IMEIs are written"
PACKED = "digits in half bytes"  # a step of decoding
WITH_VERSION = "imeisv"  # the kind of 16 digits: two of the software's version for the check digit
FORMS = {
    14: "14 digits: an IMEI without its check digit",
    15: "15 digits",
    16: "16 digits: an IMEI with software version (IMEISV), which has no check digit",
}


class Imei:
    """Finds numbers that are called IMEI, or that pass its checks among other identifiers of a phone.

    An IMEISV is a kind of its own.
    """

    kind = "imei"
    examples = (
        ("imei", "490154203237518"),
        ("IMEI1", "49-015420-323751-8"),
        ("body", "<imei>490154203237518</imei>"),
    )
    counterexamples = (
        ("id", "490154203237518"),
        ("imei", "000000000000000"),
        ("timeInterval", "490154203237518"),
    )

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """Each IMEI in a text field."""
        text = str(field.value)
        for match in CANDIDATE.finditer(text):
            digits = NOT_DIGITS.sub("", match[0])
            if 14 <= len(digits) <= 16 and not is_placeholder(digits):
                verdict = _judge(digits, match, field) or _judge_unnamed(digits, match, field, context)
                if verdict:
                    kind = WITH_VERSION if len(digits) == 16 else self.kind
                    yield finding(kind, digits, match[0], field, verdict, context, _details(digits))
        for digits, said in record_imeis(text, context):
            yield finding(
                self.kind, digits, digits, field, Verdict("high", (said,)), context, _details(digits)
            )


def _judge(digits: str, match: re.Match[str], field: Field) -> Verdict | None:
    checked = len(digits) == 15 and is_luhn_valid(digits)
    form = FORMS[len(digits)] + (" with a valid check digit" if checked else "")
    named = announced(field, match.string, match.start(), frozenset(("imei",)))
    if named and len(digits) == 16 and SAYS_VERSION.search(named) and digits[:2] in REPORTING_BODIES:
        return Verdict("high", (named, form, f"begins {digits[:2]}: {REPORTING_BODIES[digits[:2]]}"))
    if named and len(digits) == 15 and not checked:
        return Verdict("low", (named, "15 digits, but the last is not the check digit of an IMEI"))
    if named:
        return Verdict("high" if checked else "medium", (named, form))
    if by_number := _of_urn(match):
        return Verdict("high", (by_number, form))
    if not checked or digits[:2] not in REPORTING_BODIES:
        return _unchecked(digits, form, match, field)
    hint = _hint(match, field)
    return (
        Verdict("medium", (hint, form, f"begins {digits[:2]}: {REPORTING_BODIES[digits[:2]]}"))
        if hint
        else None
    )


def _unchecked(digits: str, form: str, match: re.Match[str], field: Field) -> Verdict | None:
    """Under the name MEID clients send an IMEI where the phone has no MEID."""
    named = announced(field, match.string, match.start(), frozenset(("meid",)))
    is_meid = len(digits) == 14 and digits.startswith("99")
    checked = len(digits) == 15 and is_luhn_valid(digits)
    return (
        Verdict("medium", (named, form)) if named and not is_meid and (checked or len(digits) == 14) else None
    )


def _of_urn(match: re.Match[str]) -> str:
    """RFC 7254: urn:gsma:imei:35-…; LwM2M (OMA TS 1.2 §7.3) writes urn:imei:."""
    before = match.string[max(0, match.start() - 14) : match.start()].lower()
    return "the text is a URN of an IMEI" if before.endswith(("urn:imei:", "gsma:imei:")) else ""


def _judge_unnamed(digits: str, match: re.Match[str], field: Field, context: Context) -> Verdict | None:
    """Without a name: the checks, what stands beside it, and how often chance would do as well."""
    if (
        len(digits) != 15
        or digits != match[0]
        or not is_like_imei(digits)
        or names_something_else(field.name)
    ):
        return None
    if not is_whole(match) and not is_delimited(match) and not is_in_head(match, context):
        return None
    if PACKED in field.evidence.path:
        return Verdict("medium", (IN_HALF_BYTES,))
    form = f"15 digits with a valid check digit, which begin {digits[:2]}: {REPORTING_BODIES[digits[:2]]}"
    beside = companions_of(field, context, digits)
    if beside:
        return Verdict("medium", (form, beside, odds(context)))
    if is_in_head(match, context):
        return Verdict("medium", (form, "a message of a protocol of its own begins with it", odds(context)))
    return Verdict("low", (form, "no name says so", odds(context))) if is_whole(match) else None


def _hint(match: re.Match[str], field: Field) -> str | None:
    """What else speaks for an IMEI where no name says so."""
    named = announced(field, match.string, match.start(), frozenset(("meid", "device")))
    if named and (not AMBIGUOUS.fullmatch(field.name) or is_identity_near(field)):
        return named
    beside = frozenset() if names_something_else(field.name) else identity_kinds(field.beside) - {"imei"}
    whole = match[0] == match.string.strip()
    return (
        f"stands beside fields named for: {', '.join(sorted(beside))}" if whole and len(beside) > 1 else None
    )


def _details(digits: str) -> dict[str, str]:
    details = {"tac": digits[:8]}
    if body := allocated_by(digits):
        details["allocated_by"] = body
    if len(digits) == 16:
        details["software_version"] = digits[14:]
    return details
