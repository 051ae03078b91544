"""What stands beside a number and speaks for it: identifiers by their form, names that describe a device.

A number without a telling name needs more than a check digit, which one in ten passes by chance.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from analyzer.identifiers.base import Context
from analyzer.identifiers.issuers import issuer_of
from analyzer.identifiers.labels import DESCRIPTION, IDENTITY, kinds_named, names_something_else
from analyzer.identifiers.network_codes import has_operator
from analyzer.identifiers.placeholders import DUMMIES, is_placeholder
from analyzer.identifiers.tac import REPORTING_BODIES
from analyzer.model import Field

MAC = re.compile(
    r"(?<![0-9A-Za-z:])[0-9A-Fa-f][02468ACEace](?P<by>[:-])[0-9A-Fa-f]{2}(?:(?P=by)[0-9A-Fa-f]{2}){4}(?![0-9A-Za-z:])"
)
NUMBER = re.compile(r"(?<![\w.])\d{15}(?:\d{4,5})?(?![\w.])", re.ASCII)
LIST_ENTRY = re.compile(r"\[\d{1,2}\]", re.ASCII)
ANDROID_ID = re.compile(r"(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{16}", re.ASCII)
LONGEST, MOST = 4096, 200  # characters of a neighbour, and neighbours that are looked at
FEWEST_DESCRIPTIONS = 2
FEW = 4  # numbers of 15 digits side by side
SEPARATORS = "|,;#\t*&\0"
MAKER = re.compile(r"(device_?|phone_?)?(manufacturer|brand|maker|vendor)(_?name)?", re.IGNORECASE)
# Of numbers of 15 digits by chance: one in ten has the check digit, four of a hundred beginnings are in use.
BY_CHANCE = "by chance 1 in 250 would"


@lru_cache(maxsize=1024)
def is_luhn_valid(digits: str) -> bool:
    """Return whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    from stdnum import luhn

    return bool(luhn.is_valid(digits))


def is_like_imei(digits: str) -> bool:
    """Return whether 15 digits have a check digit and begin with the code of a body that allocates today."""
    return (
        len(digits) == 15
        and digits[:2] in REPORTING_BODIES
        and is_luhn_valid(digits)
        and not is_placeholder(digits)
    )


def companions_of(field: Field, context: Context, number: str) -> str:
    """Return what speaks for `number` beside it, as a sentence; empty where nothing does."""
    found = dict.fromkeys(_by_value(field, context, number))
    named = {kind for name in field.beside for kind in kinds_named(name)}
    if _is_described(field, named):
        found["names that describe a device"] = None
    return f"stands beside {', '.join(found)}" if found else ""


def stands_in_list(field: Field) -> bool:
    """Return whether a value is an entry of a list, which has no name of its own."""
    return LIST_ENTRY.fullmatch(field.evidence.path[-1]) is not None


def _by_value(field: Field, context: Context, number: str) -> Iterable[str]:
    for other in context.next_to(field)[:MOST] or (field,):
        text = other.value
        if not isinstance(text, str) or len(text) > LONGEST or names_something_else(other.name):
            continue
        if ANDROID_ID.fullmatch(text) and stands_in_list(other) and not is_placeholder(text):
            yield "16 hexadecimal digits in the same list, as Android IDs are"
        mac = MAC.search(text)
        if mac and len(set(mac[0])) > 4 and mac[0].lower() not in DUMMIES:
            yield "a MAC address"
        for digits in NUMBER.findall(text):
            if digits == number:
                continue
            if len(digits) == 15 and is_like_imei(digits):
                if not is_like_imei(number):  # two of the same form say nothing for each other
                    yield "a number with the checks of an IMEI"
            elif len(digits) == 15:
                is_one = is_like_imei(number) or len(number) > 15
                if is_one and is_few(context, field) and has_operator(digits):
                    yield "a number that begins as the IMSIs of an operator"
            elif (
                len(digits) > 15
                and (issuer := issuer_of(digits))
                and issuer.name
                and is_luhn_valid(digits[:19])
            ):
                yield "a number with the checks of an ICCID"


def is_few(context: Context, field: Field) -> bool:
    """Return whether so few numbers of 15 digits stand around that two that fit are no chance."""
    values = (other.value for other in context.next_to(field)[:MOST] or (field,))
    texts = (value for value in values if isinstance(value, str) and len(value) <= LONGEST)
    return sum(len(number) == 15 for text in texts for number in NUMBER.findall(text)) <= FEW


def is_whole(match: re.Match[str]) -> bool:
    """Return whether what matched is the whole value of a field."""
    return match[0] == match.string.strip()


def is_delimited(match: re.Match[str]) -> bool:
    """Return whether it is one part of a record: at least three parts, between the same separators."""
    text, start, end = match.string, match.start(), match.end()
    before, after = text[start - 1 : start], text[end : end + 1]
    mark = before or after
    return bool(mark) and mark in SEPARATORS and (before or mark) == (after or mark) and text.count(mark) > 1


def odds(context: Context) -> str:
    """Return how many numbers of 15 digits the message holds, and how many pass, as a sentence."""
    numbers = {
        value for field_value in context.values if isinstance(field_value, str)
        for value in ([field_value.strip()] if len(field_value) < 24 else ())
        if len(value) == 15 and value.isascii() and value.isdigit()
    }  # fmt: skip
    passed = sum(map(is_like_imei, numbers))
    of = f"of {max(len(numbers), 1)} numbers of 15 digits in the message"
    return f"{of} {max(passed, 1)} pass both checks; {BY_CHANCE}"


def is_identity_near(field: Field) -> bool:
    """Return whether a neighbour's name announces an identifier, or two describe a device."""
    named = {kind for name in field.beside for kind in kinds_named(name)}
    return bool(named & IDENTITY) or _is_described(field, named)


def _is_described(field: Field, named: set[str]) -> bool:
    makers = any(MAKER.fullmatch(name) for name in field.beside)
    return len(named & DESCRIPTION) + makers >= FEWEST_DESCRIPTIONS
