"""`a=1&b=2` → one part a pair: URL queries and application/x-www-form-urlencoded (WHATWG URL §5)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from analyzer.codecs.limits import Budget
from analyzer.codecs.name_pairs import telling_names
from analyzer.codecs.part import MessagePart, PlainPart, neighbours
from analyzer.codecs.percent import unescaped

NAME = r"[^\s&=?{}<>\"']{1,128}+"
# Two pairs at least, or one whose name is a plain word: prose and base64 padding are no form.
PAIRS = rf"&*+{NAME}=[^&]*+(?:&++{NAME}(?:=[^&]*+)?)++&*+"
ONE_PAIR = r"[A-Za-z_][\w.\-\[\]]{0,63}=[^\s&=][^&]*+"
FORM = re.compile(f"{PAIRS}|{ONE_PAIR}")

Pair = tuple[str, str | bytes]


def decode_form(part: MessagePart, budget: Budget) -> list[PlainPart]:
    """One part a pair, escapes undone; nothing where the text is no form."""
    value = part.value
    if not isinstance(value, str) or "=" not in value or not FORM.fullmatch(value):
        return []
    if not budget.take_bytes(len(value)):
        return []
    pairs, path = pairs_of(value)[: budget.fields_left + 1], (*part.path, "form")
    told = telling_names(name for name, _ in pairs)
    return parts_of_pairs(pairs, path) + [("key", name, (*path, name, "key"), frozenset()) for name in told]


def pairs_of(text: str) -> list[Pair]:
    """The pairs of a query or form in their order, duplicates kept, `+` read as a space."""
    return [_pair(piece) for piece in text.strip().split("&") if piece]


def parts_of_pairs(pairs: Sequence[Pair], path: tuple[str, ...]) -> list[PlainPart]:
    """One part a pair below `path`, each knowing its neighbours."""
    names = neighbours(name for name, _ in pairs)
    return [(name, value, (*path, name), names - {name}) for name, value in pairs]


def _pair(piece: str) -> Pair:
    name, _, value = piece.replace("+", " ").partition("=")
    plain_name = unescaped(name)
    return plain_name if isinstance(plain_name, str) else name, unescaped(value)
