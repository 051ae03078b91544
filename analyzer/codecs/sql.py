"""SQL statements → values under the names of their columns (ISO/IEC 9075-2: INSERT, UPDATE, predicates)."""

from __future__ import annotations

import re

from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, PlainPart, neighbours

STEP = "sql"
LOOKS = r"(?i:insert|replace|update|delete|select|merge|upsert|with|exec)\s"
BEGINS = re.compile(r"\s*" + LOOKS)
NAME = r"[`\"\[]?(?:\w{1,64}[`\"\]]?\.[`\"\[]?)?(\w{1,64})[`\"\]]?"
VALUE = r"(?:N?'((?:[^'\\]|''|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|(-?\d+(?:\.\d+)?|NULL|\w+\(\)))"
INSERT = re.compile(
    r"\binto\s+[^\s(]{1,128}\s*\(([^()]{1,4096})\)\s*(?:output\s[^()]{1,200})?values\s*", re.IGNORECASE
)
PAIR = re.compile(NAME + r"\s*(?:=|\blike\b)\s*" + VALUE, re.IGNORECASE)
ITEM = re.compile(r"\s*" + VALUE + r"\s*(,|\))", re.IGNORECASE)
LONGEST, MOST = 1 << 16, 500


def decode_sql(part: MessagePart, budget: Budget) -> list[PlainPart]:
    """Return one part a value; nothing where the text is no statement, or names no value."""
    text = part.value
    if not isinstance(text, str) or len(text) > LONGEST or not BEGINS.match(text):
        return []
    pairs = (_inserted(text) or [(found[1], _plain(found, 2)) for found in PAIR.finditer(text)])[:MOST]
    if not pairs or not budget.take_bytes(len(text)):
        return []
    beside = neighbours(name for name, _ in pairs)
    return [(name, value, (*part.path, STEP, name), beside - {name}) for name, value in pairs]


def _inserted(text: str) -> list[tuple[str, str]]:
    """The columns of an INSERT with the values of each row."""
    found = INSERT.search(text)
    if found is None:
        return []
    names = [name.strip(' \t\r\n`"[]') for name in found[1].split(",")]
    pairs: list[tuple[str, str]] = []
    at = found.end()
    while at < len(text) and text[at] == "(" and len(pairs) < MOST:
        at += 1
        for name in names:
            item = ITEM.match(text, at)
            if item is None:
                return pairs
            pairs.append((name, _plain(item, 1)))
            at = item.end()
        while at < len(text) and text[at] in ", \r\n\t":
            at += 1
    return pairs


def _plain(found: re.Match[str], first: int) -> str:
    value = next((found[at] for at in (first, first + 1, first + 2) if found[at] is not None), "")
    return value.replace("''", "'") if found[first] is not None else value
