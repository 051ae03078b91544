"""GraphQL (spec.graphql.org §2): a document → the literals that are given to arguments, under their names."""

from __future__ import annotations

import re

from analyzer.codecs.form import parts_of_pairs
from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, PlainPart

BEGINNING = r"\s*+(?:query|mutation|subscription)\b[^={}\"]{0,2048}+(?:=[^{}]{0,2048}+)?\{"
DOCUMENT = re.compile(BEGINNING + r"|\s*+\{\s*+[A-Za-z_]\w*+\s*+[({]")
LITERAL = re.compile(
    r"(?<![\w$])([A-Za-z_]\w{0,63}+)\s*+:\s*+(?:\"((?:[^\"\\\n]|\\.){0,4096}+)\"|(-?\d[\d.]{0,24}+)(?![\w.]))"
)
ESCAPED = re.compile(r"\\([\"\\/])")
LONGEST = 1 << 16


def decode_graphql(part: MessagePart, budget: Budget) -> list[PlainPart]:
    """One part a literal; nothing where the text is no document or gives none."""
    text = part.value
    if not isinstance(text, str) or len(text) > LONGEST or ":" not in text or not DOCUMENT.match(text):
        return []
    if text.count("{") != text.count("}") or text.count("(") != text.count(")"):
        return []
    found: list[tuple[str, str | bytes]] = [
        (each[1], ESCAPED.sub(r"\1", each[2]) if each[2] is not None else each[3])
        for each in LITERAL.finditer(text)
    ]
    if not found or not budget.take_bytes(len(text)):
        return []
    return parts_of_pairs(found[: budget.fields_left + 1], (*part.path, "graphql"))
