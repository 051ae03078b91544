"""Identifiers in fields without names, by their form and by what stands around: e-mail, Android ID."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.identifiers.base import Context, Verdict, finding
from analyzer.identifiers.by_name import IS_EMAIL, ROLE_ADDRESS
from analyzer.identifiers.companions import is_like_imei
from analyzer.identifiers.placeholders import is_placeholder
from analyzer.model import Field, Finding

# Fields with numbers for names, as those of Protocol Buffers and JCE are; text found among bytes.
NUMBERED = re.compile(r"\d{1,5}", re.ASCII)
AMONG_BYTES = "text in octets"
NOUGHTS = re.compile(r"[\x00-\x1f]+")
LONGEST = 1 << 14
SAID = "an e-mail address without a name beside it, in a message about a phone or of a protocol of its own"
NUMBER = re.compile(r"\d{15}", re.ASCII)
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
    return any(
        is_like_imei(value) for value in context.values if isinstance(value, str) and NUMBER.fullmatch(value)
    )


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
        if not _has_no_name(field):
            return
        if context.is_unclassified:
            parts = NOUGHTS.split(text)
        else:
            parts = [text.strip()] if _names_a_phone(context) else []
        for part in parts:
            if IS_EMAIL(part) and not ROLE_ADDRESS.fullmatch(part):
                yield finding(self.kind, part, part, field, Verdict("medium", (SAID,)), context)


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
