"""`a=1;b=2`, `a:1|b:2` and lines of `name: value` → one part a pair."""

from __future__ import annotations

import re

from analyzer.decode.form import parts_of_pairs
from analyzer.decode.limits import Budget
from analyzer.decode.part import Part, PlainPart

# A plain word for a name; what begins with two slashes after a colon is the rest of a URL.
PAIR = re.compile(r"\s*+([A-Za-z_][\w.\-\[\]]{0,63}+)[ \t]*+(?:=|:(?!//))[ \t]*+([^\r\n]*+)\s*+", re.ASCII)
BETWEEN = (";", "|", "\n")
FEWEST = 2


def decode_pairs(part: Part, budget: Budget) -> list[PlainPart]:
    """One part a pair; nothing where not all of the text is pairs with the same character between them."""
    text = part.value
    if not isinstance(text, str) or "&" in text or not PAIR.match(text):
        return []
    for mark in BETWEEN:
        if mark in text and (pairs := _pairs(text, mark)):
            found = pairs[: budget.fields_left + 1] if budget.take_octets(len(text)) else []
            return parts_of_pairs(found, (*part.path, "pairs"))
    return []


def _pairs(text: str, mark: str) -> list[tuple[str, str | bytes]]:
    pairs: list[tuple[str, str | bytes]] = []
    for piece in text.split(mark):
        pair = PAIR.fullmatch(piece)
        if pair:
            pairs.append((pair[1], pair[2].rstrip()))
        elif piece.strip():
            return []
    return pairs if len(pairs) >= FEWEST else []
