"""Identifiers in fields without names, by form and what stands around: e-mail, phone number, Android ID."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.identifiers.base import UNCLASSIFIED, Context, Verdict, finding
from analyzer.identifiers.by_name import IS_EMAIL, ROLE_ADDRESS
from analyzer.identifiers.companions import is_like_imei
from analyzer.identifiers.mac import is_of_one_interface
from analyzer.identifiers.makers import maker_of
from analyzer.identifiers.network_codes import has_operator, network
from analyzer.identifiers.phone import parsed
from analyzer.identifiers.placeholders import is_placeholder
from analyzer.model import Field, Finding

# Fields with numbers for names, as those of Protocol Buffers and JCE are; text found among bytes.
NUMBERED = re.compile(r"\d{1,5}|attribute 0x[0-9a-f]{4}", re.ASCII)
AMONG_BYTES = "text in octets"
NOUGHTS = re.compile(r"[\x00-\x1f]+")
LONGEST = 1 << 14
SAID = "an e-mail address without a name beside it, in a message about a phone or of a protocol of its own"
PASSWORD = re.compile(r"pw|pwd|passwd|password|pass", re.IGNORECASE)
NUMBER = re.compile(r"\d{15}", re.ASCII)
OF_PHONE = re.compile(r"(?:[A-Za-z]{1,12}-)?(\d{15})", re.ASCII)
# A number of the international form, or one that noughts fill to the width of its field.
# Protocols of a maker's own, or with attributes of his own.
OWN = frozenset((UNCLASSIFIED, "stun"))
MAC_DIGITS = re.compile(r"(?=[0-9]*[A-Fa-f])(?:[0-9A-F]{12}|[0-9a-f]{12})", re.ASCII)
INTERNATIONAL = re.compile(r"\+[1-9]\d{9,14}|0{2,7}[1-9]\d{9,14}", re.ASCII)
# An Android ID behind a word that says so: AND…, android_id-….
ANDROID = re.compile(r"(?:AND|(?:AND|and)roid[_-]?(?:id|ID)?[:_=-]?)([0-9a-f]{16})")


def _has_no_name(field: Field) -> bool:
    path = field.evidence.path
    is_body = field.name == path[0]  # the name of what it stands in, for want of its own
    return is_body or NUMBERED.fullmatch(field.name) is not None or AMONG_BYTES in path[-2:]


def holds_device_number(context: Context) -> bool:
    """Return whether a message holds an IMEI, or an Android ID behind the word that says so."""
    return _names_a_phone(context) or any(
        isinstance(value, str) and ANDROID.fullmatch(value) for value in context.values
    )


def _names_a_phone(context: Context) -> bool:
    numbers = (OF_PHONE.fullmatch(value) for value in context.values if isinstance(value, str))
    return any(is_like_imei(number[1]) for number in numbers if number)


class UnnamedEmail:
    """Finds an e-mail address as the whole value of a field without a name.

    In a message about a phone, or in one of a protocol of its own.
    """

    kind = "email"
    examples: tuple[tuple[str, str], ...] = ()
    counterexamples = (("1", "kari@example.org"), ("3", "info@example.org"))

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """The whole value; in a protocol of its own also a text between noughts."""
        text = str(field.value)
        if "@" not in text or len(text) > LONGEST:
            return
        is_log_in = field.name.lower() == "id" and any(map(PASSWORD.fullmatch, field.beside))
        if not (is_log_in or _has_no_name(field)):
            return
        if context.is_unclassified:
            parts = NOUGHTS.split(text)
        else:
            parts = [text.strip()] if is_log_in or _names_a_phone(context) else []
        for part in parts:
            if IS_EMAIL(part) and not ROLE_ADDRESS.fullmatch(part):
                said = "an e-mail address beside a password" if is_log_in else SAID
                yield finding(self.kind, part, part, field, Verdict("medium", (said,)), context)


class UnnamedPhoneNumber:
    """Finds a phone number as the whole value of a field without a name, beside an IMEI.

    Without a plus it has to be of the country of an IMSI that stands there too.
    """

    kind = "phone"
    examples: tuple[tuple[str, str], ...] = ()
    counterexamples = (("1", "+4740612345"), ("3", "0004740612345"))

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """At most one: the whole value."""
        text = str(field.value).strip()
        if not INTERNATIONAL.fullmatch(text) or not _has_no_name(field):
            return
        beside = [str(other.value) for other in context.next_to(field)]
        number = parsed("+" + text.lstrip("+0")) if any(map(is_like_imei, beside)) else None
        if number is None or not (text[0] == "+" or number.country in _countries(beside)):
            return
        said = f"a number of the plan of {number.country}, beside an IMEI"
        verdict = Verdict("medium", (said,))
        yield finding(self.kind, number.digits, text, field, verdict, context, {"country": number.country})


def _countries(numbers: list[str]) -> set[str]:
    """The countries of the IMSIs among numbers."""
    found = (n for n in numbers if NUMBER.fullmatch(n) and not is_like_imei(n) and has_operator(n))
    return {dict(network(number[:7])).get("country_iso", "") for number in found}


class UnnamedMac:
    """Finds a MAC address without separators as the whole of a text among bytes of a protocol of its own.

    Its block has to be registered, which by chance one in 400 such numbers is.
    """

    kind = "mac"
    examples: tuple[tuple[str, str], ...] = ()
    counterexamples = (("1", "001b44113ab7"), ("x", "001B44113AB7"))

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """At most one: the whole value."""
        text = str(field.value).strip("\0 ")
        if context.protocol not in OWN or not MAC_DIGITS.fullmatch(text) or not _has_no_name(field):
            return
        mac = ":".join(re.findall("..", text.lower()))
        maker = maker_of(mac) if is_of_one_interface(mac) else None
        if maker:
            said = f"six bytes in hexadecimal in a protocol of its own; their block is registered to {maker}"
            yield finding(self.kind, mac, text, field, Verdict("medium", (said,)), context, {"vendor": maker})


class PrefixedAndroidId:
    """Finds an Android ID behind the word that libraries set before it."""

    kind = "android_id"
    examples = (("1", "AND9f86d081884c7d65"), ("id", "android_id:9f86d081884c7d65"))
    counterexamples = (("1", "AND0000000000000000"), ("id", "BAND9f86d081884c7d65"))

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """At most one: the whole value."""
        match = ANDROID.fullmatch(str(field.value))
        if match and not is_placeholder(match[1]):
            said = f"the value begins {match[0][: match.start(1)]}, as libraries write an Android ID"
            yield finding(self.kind, match[1], match[0], field, Verdict("medium", (said,)), context)
