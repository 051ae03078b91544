"""HL7 version 2 (v2.5.1 §2.5, chapter 3): segments → fields, those by which a person is reached by name."""

from __future__ import annotations

import re

from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, PlainPart

BEGINNING = r"\x0b?MSH\|\^~\\&"
MESSAGE = re.compile(BEGINNING)
SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}\|")
# Fields of type XTN: telephone numbers and addresses (§2.A.89), by segment.
REACHED_BY = frozenset(
    ("PID-13", "PID-14", "PID-40", "NK1-5", "NK1-6", "NK1-7", "GT1-6", "GT1-7", "IN1-7", "ORC-14", "ORC-23")
)
NUMBER, ADDRESS = 0, 3  # components of XTN
INTERNATIONAL = re.compile(r"(?:\+|00)\d[\d ().\-]{7,18}")
MOST_PARTS = 2_000


def decode_hl7(part: MessagePart, budget: Budget) -> list[PlainPart]:
    """One part a field, and for what a person is reached by a part a component; nothing for other text."""
    text = part.value
    if not isinstance(text, str) or not MESSAGE.match(text) or not budget.take_bytes(len(text)):
        return []
    found: list[PlainPart] = []
    for line in text.strip("\x0b\x1c\r\n").replace("\n", "\r").split("\r"):
        if SEGMENT.match(line):
            found += _segment(part, line)
        if len(found) > min(MOST_PARTS, budget.fields_left):
            break
    return found


def _segment(part: MessagePart, line: str) -> list[PlainPart]:
    name, *fields = line.split("|", 256)
    named = [(f"{name}-{number}", value) for number, value in enumerate(fields, 1) if value]
    found: list[PlainPart] = []
    for place, value in named:
        path = (*part.path, "HL7", place)
        if place in REACHED_BY:
            found += _reached_by(value, path)
        else:
            found.append((place, value, path, part.beside))
    return found


def _reached_by(value: str, path: tuple[str, ...]) -> list[PlainPart]:
    found: list[PlainPart] = []
    for repeated in value.split("~")[:16]:
        for number, component in enumerate(repeated.split("^")[:20]):
            name = path[-1]
            if "@" in component and number in (NUMBER, ADDRESS):
                name = "email"
            elif number == NUMBER and INTERNATIONAL.fullmatch(component):
                name = "phone"
            if component:
                found.append((name, component, path, frozenset()))
    return found
