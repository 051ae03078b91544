"""Find identifiers in fields: Field → Findings, each with its confidence and the reasons for it.

A detector is one file with one class (see `base.Detector`); `DETECTORS` lists them all. False
alarms are worse than silence: no number is called an identifier by its form alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice

from analyzer.identifiers.apps import Apps
from analyzer.identifiers.base import Context, Detector
from analyzer.identifiers.by_name import NAMED
from analyzer.identifiers.cell import Cell
from analyzer.identifiers.device_names import DeviceName, names_itself
from analyzer.identifiers.device_numbers import (
    FORM_OF_OWN_ID,
    ChargePoint,
    DeviceNumber,
    PlatformAndroidId,
    UnnamedAndroidId,
    names_a_device,
)
from analyzer.identifiers.facts import FACTS
from analyzer.identifiers.iccid import Iccid
from analyzer.identifiers.imei import Imei
from analyzer.identifiers.imsi import Imsi
from analyzer.identifiers.labels import LONGEST_NAME, is_plain, kinds_named, kinds_of_field
from analyzer.identifiers.location import Location, with_plausibility
from analyzer.identifiers.mac import Mac
from analyzer.identifiers.meid import Meid, PseudoEsn
from analyzer.identifiers.network_names import named_in_networks
from analyzer.identifiers.owned import owned_in
from analyzer.identifiers.owner_values import KnownValues
from analyzer.identifiers.phone import OWN_NUMBER, PhoneNumber, is_own_number
from analyzer.identifiers.without_names import (
    INTERNATIONAL,
    MAC_DIGITS,
    PrefixedAndroidId,
    UnnamedEmail,
    UnnamedMac,
    UnnamedPhoneNumber,
)
from analyzer.model import Field, Fields, Finding

__all__ = ["DETECTORS", "KnownValues", "findings_in"]

DETECTORS: tuple[Detector, ...] = (
    Imei(),
    Meid(),
    PseudoEsn(),
    Iccid(),
    Imsi(),
    Mac(),
    Location(),
    PhoneNumber(),
    Cell(),
    Apps(),
    *NAMED,
)
# Further detectors of kinds that have one: what they look at has no name.
WITHOUT_NAMES: tuple[Detector, ...] = (
    UnnamedEmail(),
    UnnamedPhoneNumber(),
    UnnamedMac(),
    PrefixedAndroidId(),
    DeviceNumber(),
    DeviceName(),
    ChargePoint(),
    UnnamedAndroidId(),
    PlatformAndroidId(),
)
# Kinds that are reported only of messages in which something else was found.
FACT_KINDS = frozenset(fact.kind for fact in FACTS)

# Kinds whose names are in use for much else.
BY_VALUE = frozenset(("person", "android_perhaps", "serial_perhaps", "advertising_perhaps"))
# What such a value has to look like: an address, a number with country code, letters and digits.
ASKED = re.compile(
    r"\s*[\"']?(?:[^@\s]{1,64}@[^@\s]{4,}|\+\d|(?=[0-9\-]*[A-Za-z])(?=[A-Za-z\-]*\d)[0-9A-Za-z\-]{8,64}[\"']?$)"
)
SHORTEST_ASKED = 6
LENGTH_OF_OWN_ID, MAC_LENGTH = 16, 12

# Of one kind in one field. More are no sender's own identifiers, and hostile text could hold millions.
MOST = 1000

# Most fields can hold no identifier, and these two cheap looks tell: a run of digits or a
# separator pattern in the value, or a word that announces one.
SHORTEST = 14  # characters: with fewer nothing is found in a field whose name announces nothing
DIGITS = re.compile(r"[0-9][0-9]{13}")  # written so that `re` skips fast to the first digit
BYTES = re.compile(r"[:-][0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]")
UNNAMED = re.compile(r"[A-Za-z0-9]@[A-Za-z0-9]|(?:AND|ndroid[_-]?(?:id)?[:_=-]?)[0-9a-f]{16}")
DEGREES = re.compile(r"\.[0-9]{5,8}[,;|+][+-]?[0-9]{1,3}\.[0-9]{5}")
HEMISPHERE = re.compile(
    r"[0-9]{3}[ ,;]?[NS][ ,;]{0,2}[0-9]|[NS][0-9]{1,4}\.[0-9]{3,8}[ ,;]{1,2}[EW][0-9]"
    r"|[EW][0-9]{1,5}\.[0-9]{3,8}[ ,;]{1,2}[NS][0-9]"
    r"|[0-9]{4}\.[0-9]{2}[NS][/\\0-9A-Z][0-9]{5}\.[0-9]{2}[EW]"
    r"|[0-9°'\"″”]\s?[NS][ ,;]{0,3}[0-9]{1,3}\s?°"
)
# Six bytes in hexadecimal next to a word, not the end of a UUID.
HEX = "[0-9A-Fa-f]"
BESIDE_WORD = re.compile(  # each branch begins with what is rare
    rf"[_-](?:(?<!-{HEX}{{4}}-){HEX}{{12}}(?![0-9A-Za-z-])|(?<={HEX}{{12}}[_-])[A-Za-z]{{2}})"
    rf"|\.(?<={HEX}{{12}}\.)[a-z]{{2,6}}(?:\Z|\n)"
    rf"|[Ff]{{3}}[Ee](?<={HEX}{{10}})(?={HEX}{{6}})"
    rf"|[ ,;]{HEX}{{12}}(?![0-9A-Za-z])"
)
CELL = re.compile(r"[{\[][0-9]{3},[0-9]{1,3},[0-9]{1,5},[0-9]{1,9}[}\]]")
FORMS = (DIGITS, BYTES, HEMISPHERE, DEGREES, UNNAMED, CELL, BESIDE_WORD)
WORDS = ("imei", "imsi", "iccid", "meid", "msisdn", "mac=", "mac:", "mac>")


def findings_in(fields: Sequence[Field], known: KnownValues, protocol: str = "") -> list[Finding]:
    """The identifiers in the fields of one message, in their order, each once per field."""
    worth_reading = fields if known else _promising(fields)
    if not worth_reading:
        return []
    context = Context(fields, known, protocol)
    found = [finding for field in worth_reading for finding in _in_field(field, context)]
    found = list(named_in_networks(found, protocol))
    if any(finding.confidence != "low" for finding in found):
        found += _facts(fields, context)
        found = with_plausibility(found)
    once = {(f.kind, f.value, f.evidence.path): f for f in reversed(found)}
    return list(reversed(once.values()))


def _promising(fields: Sequence[Field]) -> list[Field]:
    """The fields that may hold an identifier; all text is looked at together first, for speed."""
    names, values = _columns(fields)
    different = set(names)
    named = {name for name in different if announces(name)}
    asked = {name for name in different if len(name) <= LONGEST_NAME and _asks_value(name)}
    text = "\n".join([value for value in values if len(value) >= SHORTEST and isinstance(value, str)])
    holds = may_hold(text)
    bare = {i for i, value in enumerate(values) if len(value) < SHORTEST and _is_short(value)}
    if not named and not asked and not holds and not bare:
        return []
    found = []
    for i, name in enumerate(names):
        if name in named or i in bare or (holds and (_may_hold(values[i]) or _is_own_id(values[i]))):
            found.append(fields[i])
        elif name in asked and len(values[i]) >= SHORTEST_ASKED and ASKED.match(str(values[i])):
            field = fields[i]
            if kinds_of_field(field) - FACT_KINDS or is_own_number(field):
                found.append(field)
    return found


def _columns(fields: Sequence[Field]) -> tuple[Sequence[str], Sequence[str | bytes]]:
    if isinstance(fields, Fields):
        return fields.names, fields.values
    return [field.name for field in fields], [field.value for field in fields]


def announces(name: str) -> bool:
    """Whether the name of a field announces an identifier."""
    return len(name) <= LONGEST_NAME and _announces(name)


@lru_cache(maxsize=4096)
def _announces(name: str) -> bool:
    return bool(kinds_named(name) - FACT_KINDS - BY_VALUE) or names_a_device(name) or names_itself(name)


@lru_cache(maxsize=4096)
def _asks_value(name: str) -> bool:
    """Whether the value decides if a field of this name is looked at."""
    return is_plain(name) or bool(kinds_named(name) & BY_VALUE) or OWN_NUMBER.fullmatch(name) is not None


def may_hold(text: str) -> bool:
    """Whether a text has the digits, bytes or words without which no detector finds anything in it."""
    if (
        DIGITS.search(text)
        or BYTES.search(text)
        or HEMISPHERE.search(text)
        or DEGREES.search(text)
        or UNNAMED.search(text)
        or CELL.search(text)
        or BESIDE_WORD.search(text)
    ):
        return True
    lowered = text.lower()
    return any(word in lowered for word in WORDS)


def _may_hold(value: str | bytes) -> bool:
    return isinstance(value, str) and len(value) >= SHORTEST and may_hold(value)


def _is_short(value: str | bytes) -> bool:
    """Whether a short value may be an address in hexadecimal or a phone number with its country code."""
    if len(value) == MAC_LENGTH and isinstance(value, str) and MAC_DIGITS.fullmatch(value):
        return True
    return isinstance(value, str) and value[:1] == "+" and INTERNATIONAL.fullmatch(value) is not None


def _is_own_id(value: str | bytes) -> bool:
    return isinstance(value, str) and len(value) == LENGTH_OF_OWN_ID and bool(FORM_OF_OWN_ID.fullmatch(value))


def _facts(fields: Sequence[Field], context: Context) -> list[Finding]:
    names, values = _columns(fields)
    told = {name for name in set(names) if kinds_named(name) & FACT_KINDS}
    named = [fields[i] for i, name in enumerate(names) if name in told and isinstance(values[i], str)]
    return [finding for field in named for fact in FACTS for finding in fact.find(field, context)]


def _in_field(field: Field, context: Context) -> Iterator[Finding]:
    found: list[Finding] = []
    if isinstance(field.value, str):
        found = [
            f
            for detector in (*DETECTORS, *WITHOUT_NAMES)
            for f in islice(detector.find(field, context), MOST)
        ]
    android = {f.value for f in found if f.kind == "android_id"}
    found = [f for f in found if f.kind != "device_id" or f.value not in android]
    yield from found
    yield from owned_in(field, context, found)
