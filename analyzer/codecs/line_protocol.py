"""InfluxDB's line protocol (docs.influxdata.com): lines of a measurement, tags, fields with types, a time."""

from __future__ import annotations

import re

from analyzer.codecs.form import parts_of_pairs
from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, PlainPart

KEY = r"(?:[^,= \\\n]|\\.)++"
TEXT = r'"(?:[^"\\]|\\.)*+"'
VALUE = rf"(?:[+-]?\d[\d.eE+\-]*+[iu]?|{TEXT}|(?i:true|false|[tf]))"
TAGS = rf"(?:,{KEY}={KEY})*+"
FIELDS = rf"{KEY}={VALUE}(?:,{KEY}={VALUE})*+"
LINE = re.compile(rf"(?:[^,= \\\n#]|\\.)++({TAGS}) ({FIELDS})(?: -?\d{{1,20}})?")
PAIR = re.compile(rf"({KEY})=({TEXT}|{KEY})")
TYPED = re.compile(r"([+-]?\d++)[iu]")
ESCAPED = re.compile(r"\\(.)")
LONGEST = 1 << 20


def decode_line_protocol(part: MessagePart, budget: Budget) -> list[PlainPart]:
    """One part a tag and a field; nothing where a line is none of the protocol."""
    text = part.value
    if not isinstance(text, str) or "=" not in text or len(text) > LONGEST:
        return []
    lines = [line for line in text.splitlines() if line.strip() and line[0] != "#"]
    found = [LINE.fullmatch(line.rstrip()) for line in lines[: budget.fields_left + 1]]
    matches = [match for match in found if match is not None]
    if not matches or len(matches) < len(found) or not budget.take_bytes(len(text)):
        return []
    parts: list[PlainPart] = []
    for number, match in enumerate(matches):
        path = (*part.path, "line protocol", *((f"[{number}]",) if len(matches) > 1 else ()))
        parts += parts_of_pairs([*_pairs(match[1][1:]), *_pairs(match[2])], path)
    return parts


def _pairs(text: str) -> list[tuple[str, str | bytes]]:
    return [(ESCAPED.sub(r"\1", pair[1]), _plain(pair[2])) for pair in PAIR.finditer(text)]


def _plain(value: str) -> str:
    """Return a value without its quotes, the letter of its type, or its escapes."""
    if typed := TYPED.fullmatch(value):
        return typed[1]
    return ESCAPED.sub(r"\1", value[1:-1] if value[:1] == '"' else value)
