"""Find identifiers in fields: Field → Findings, each with its confidence and the reasons for it.

A detector is one file with one class (see `base.Detector`); `DETECTORS` lists them all. False
alarms are worse than silence: no number is called an identifier by its form alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from analyzer.detect.apps import Apps
from analyzer.detect.base import Context, Detector
from analyzer.detect.cell import Cell
from analyzer.detect.facts import FACTS
from analyzer.detect.iccid import Iccid
from analyzer.detect.imei import Imei
from analyzer.detect.imsi import Imsi
from analyzer.detect.known import Known
from analyzer.detect.labels import kinds_named
from analyzer.detect.location import Location, with_plausibility
from analyzer.detect.mac import Mac
from analyzer.detect.meid import Meid
from analyzer.detect.named import NAMED
from analyzer.detect.owned import owned_in
from analyzer.detect.phone import Phone
from analyzer.model import Field, Fields, Finding

__all__ = ["DETECTORS", "Known", "findings_in"]

DETECTORS: tuple[Detector, ...] = (
    Imei(),
    Meid(),
    Iccid(),
    Imsi(),
    Mac(),
    Location(),
    Phone(),
    Cell(),
    Apps(),
    *NAMED,
)
# Kinds that are reported only of messages in which something else was found.
FACT_KINDS = frozenset(fact.kind for fact in FACTS)

# Of one kind in one field. More are no sender's own identifiers, and hostile text could hold millions.
MOST = 1000

# Most fields can hold no identifier, and these two cheap looks tell: a run of digits or a
# separator pattern in the value, or a word that announces one.
DIGITS = re.compile(r"[0-9][0-9]{13}")  # written so that `re` skips fast to the first digit
OCTETS = re.compile(r"[:-][0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]")
WORDS = ("imei", "imsi", "iccid", "meid", "msisdn", "mac=", "mac:", "mac>")


def findings_in(fields: Sequence[Field], known: Known) -> list[Finding]:
    """The identifiers in the fields of one message, in their order, each once per field."""
    worth_reading = fields if known else _promising(fields)
    if not worth_reading:
        return []
    context = Context(fields, known)
    found = [finding for field in worth_reading for finding in _in_field(field, context)]
    if any(finding.confidence != "low" for finding in found):
        found += _facts(fields, context)
        found = with_plausibility(found)
    once = {(f.kind, f.value, f.evidence.path): f for f in reversed(found)}
    return list(reversed(once.values()))


def _promising(fields: Sequence[Field]) -> list[Field]:
    """The fields that may hold an identifier; all text is looked at together first, for speed."""
    whole = fields if isinstance(fields, Fields) else None
    names = whole.names if whole else [field.name for field in fields]
    values = whole.values if whole else [field.value for field in fields]
    text = "\n".join([value for value in values if isinstance(value, str)])
    named = {name for name in set(names) if kinds_named(name) - FACT_KINDS}
    if not named and not may_hold(text):
        return []
    return [f for f in fields if f.name in named or (isinstance(f.value, str) and may_hold(f.value))]


def may_hold(text: str) -> bool:
    """Whether a text has the digits, octets or words without which no detector finds anything in it."""
    if DIGITS.search(text) or OCTETS.search(text):
        return True
    lowered = text.lower()
    return any(word in lowered for word in WORDS)


def _facts(fields: Sequence[Field], context: Context) -> list[Finding]:
    named = [f for f in fields if isinstance(f.value, str) and kinds_named(f.name) & FACT_KINDS]
    return [finding for field in named for fact in FACTS for finding in fact.find(field, context)]


def _in_field(field: Field, context: Context) -> Iterator[Finding]:
    found: list[Finding] = []
    if isinstance(field.value, str):
        found = [f for detector in DETECTORS for f in islice(detector.find(field, context), MOST)]
    yield from found
    yield from owned_in(field, context, found)
