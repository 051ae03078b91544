"""IMEI and IMEISV (3GPP TS 23.003 §6.2), the number of the phone itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

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
from analyzer.identifiers.labels import (
    DESCRIPTION,
    IDENTITY,
    announced,
    holder_of,
    identity_kinds,
    kinds_named,
    kinds_of_field,
    names_something_else,
)
from analyzer.identifiers.packed_numbers import imei_packed_in
from analyzer.identifiers.placeholders import is_placeholder
from analyzer.identifiers.tac import REPORTING_BODIES, TEST_CODES, allocated_by
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
CALLED = re.compile(r"imei[12]?[\-_.~@#+*]{0,2}(\d{15})(?!\d)", re.ASCII | re.IGNORECASE)
AMBIGUOUS = re.compile(r"_?(did|ui)", re.IGNORECASE)  # of a document as often as of a device
DEVICE = re.compile(r"dev(ice)?(_?info)?|phone|handset|terminal", re.IGNORECASE)
SAYS_VERSION = re.compile(r"imei[_\-]?sv", re.IGNORECASE)
NOT_DIGITS = re.compile(r"\D")
IN_HALF_BYTES = "8 bytes hold 15 digits with a check digit in half bytes, as IMEIs are written"
PACKED = "digits in half bytes"  # a step of decoding
INTEGER = "integer of 8 octets"  # another
AS_INTEGER = "8 bytes of each frame are an integer of 15 digits with the beginning and check digit of an IMEI"
WITH_VERSION = "imeisv"  # the kind of 16 digits: two of the software's version for the check digit
FORMS = {
    14: "14 digits: an IMEI without its check digit",
    15: "15 digits",
    16: "16 digits: an IMEI with software version (IMEISV), which has no check digit",
}

LIST_ENTRY = re.compile(r"\[\d{1,2}\]")
LABEL = re.compile(r"label \d{1,3}")
PREFIX = re.compile(r"[A-Za-z]{0,12}-?")  # what may stand before the number in such a place
TOLD = IDENTITY | DESCRIPTION
OF_PHONE = IDENTITY | {"phone", "model", "operator"}
IN_PATH = ("target", "path")
# Where in a message a number stands in place of a word, by its path.
STANDING: dict[str, Callable[[Field, tuple[str, ...]], bool]] = {
    "stands as a label of a host's name": lambda _, path: (
        path[:2] == ("header", "label")
        or (path[:1] == ("header",) and path[2:3] != () and LABEL.match(path[2]) is not None)
    ),
    "stands as a name in the query": lambda _, path: (
        path[:2] == ("target", "query") and path[-1] in ("key", "query")
    ),
    "stands behind a word in a field without a name": lambda field, path: (
        path[-1].isdigit() and str(field.value)[:1].isalpha()
    ),
    "stands in the name of a header": lambda _, path: path[:1] == ("header",) and path[2:] == ("name",),
    "stands as a name beside names that describe a device": lambda field, path: (
        path[-1:] == ("key",) and bool({kind for name in field.beside for kind in kinds_named(name)} & TOLD)
    ),
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
        found = False
        for match in CANDIDATE.finditer(text):
            digits = NOT_DIGITS.sub("", match[0])
            if 14 <= len(digits) <= 16 and not is_placeholder(digits):
                verdict = _judge(digits, match, field) or _judge_unnamed(digits, match, field, context)
                if verdict:
                    kind = WITH_VERSION if len(digits) == 16 else self.kind
                    yield finding(kind, digits, match[0], field, verdict, context, _details(digits))
                    found = found or verdict.confidence != "low"
        for digits in () if found else _called(text):
            verdict = Verdict("high", ("the text calls it IMEI", f"{FORMS[15]} with a valid check digit"))
            yield finding(self.kind, digits, digits, field, verdict, context, _details(digits))
            found = True
        if not found:
            yield from self._packed(field, text, context)
        for digits, said in record_imeis(text, context):
            yield finding(
                self.kind, digits, digits, field, Verdict("high", (said,)), context, _details(digits)
            )

    def _packed(self, field: Field, text: str, context: Context) -> Iterator[Finding]:
        """An IMEI in a form that has not its digits, under its name."""
        if "imei" not in kinds_of_field(field) or not (packed := imei_packed_in(text)):
            return
        digits, how = packed
        verdict = Verdict(
            "medium", (f"the field is named {field.name}", how, f"{FORMS[15]} with a valid check digit")
        )
        yield finding(self.kind, digits, text, field, verdict, context, _details(digits))


def _called(text: str) -> Iterator[str]:
    """Each number that the word stands right before, as in `imei_49….json`."""
    for match in CALLED.finditer(text):
        if is_luhn_valid(match[1]) and not is_placeholder(match[1]):
            yield match[1]


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
    """Without a name: the checks, its place, what stands beside it, how often chance would do."""
    if standing := _standing(digits, match, field, context):
        return standing
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
    if INTEGER in field.evidence.path and context.is_unclassified:
        return Verdict("medium", (AS_INTEGER,))
    form = f"15 digits with a valid check digit, which begin {digits[:2]}: {REPORTING_BODIES[digits[:2]]}"
    beside = companions_of(field, context, digits) or _beside_in_list(field, context)
    if beside:
        return Verdict("medium", (form, beside, odds(context)))
    if is_in_head(match, context):
        return Verdict("medium", (form, "a message of a protocol of its own begins with it", odds(context)))
    return Verdict("low", (form, "no name says so", odds(context))) if is_whole(match) else None


def _beside_in_list(field: Field, context: Context) -> str:
    """What the other entries of a list name, as a sentence: arguments of a call."""
    path = field.evidence.path
    if not LIST_ENTRY.fullmatch(path[-1]):
        return ""
    others = (f for f in context.fields if f.evidence.path[: len(path) - 1] == path[:-1])
    named = {kind for f in others for kind in kinds_named(f.name)} & IDENTITY - {"imei"}
    return f"stands in a list with fields named for: {', '.join(sorted(named))}" if named else ""


def _standing(digits: str, match: re.Match[str], field: Field, context: Context) -> Verdict | None:
    """A number of this form where senders put a word: they made the name for this device."""
    place = next((told for told, stands in STANDING.items() if stands(field, field.evidence.path)), "")
    if field.evidence.path[:2] == IN_PATH and is_like_imei(digits) and not names_something_else(field.name):
        place = (
            "stands as a segment of the path of a message about a phone" if _names_a_phone(context) else ""
        )
    body = allocated_by(digits)
    is_whole = match.end() == len(match.string) and PREFIX.fullmatch(match.string, 0, match.start())
    if not place or not is_whole or len(digits) != 15 or not body or digits[:2] in TEST_CODES:
        return None
    if not is_luhn_valid(digits):
        return None
    form = f"15 digits with a valid check digit, which begin {digits[:2]}: {body}"
    return Verdict("medium", (form, place, "by chance 1 in 60 would pass both checks"))


def _names_a_phone(context: Context) -> bool:
    """Whether a name in the message, of the head apart, is of an identifier or of what describes a phone."""
    told = {kind for f in context.fields if f.evidence.path[0] != "header" for kind in kinds_named(f.name)}
    return bool(told & OF_PHONE)


def _is_of_device(field: Field) -> bool:
    """Whether the object that holds a field is named for a device."""
    return bool(DEVICE.fullmatch(holder_of(field)))


def _hint(match: re.Match[str], field: Field) -> str | None:
    """What else speaks for an IMEI where no name says so."""
    named = announced(field, match.string, match.start(), frozenset(("meid", "device")))
    if named and (not AMBIGUOUS.fullmatch(field.name) or is_identity_near(field) or _is_of_device(field)):
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
