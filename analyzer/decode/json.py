"""A JSON text (RFC 8259) → one field for each value in it; a text that was cut gives what it still shows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from analyzer.decode.limits import Budget
from analyzer.decode.text import neighbours, without_lone_surrogates
from analyzer.model import Evidence, Field

OPENINGS = ("{", "[")
JSON_START = re.compile(r'\s*(?:\{\s*["}]|\[\s*["{\[\]])')
# Every string is consumed, closed or not, so that no text makes the search start over and over.
STRING = r'"((?:[^"\\]++|\\(?:.|\Z))*+)("|\Z)'
LITERAL = r"(-?[0-9][0-9.eE+\-]*+|true|false|null)(?=\s*[,}\]])"
MEMBER = re.compile(rf"{STRING}(?:\s*+:\s*+(?:{STRING}|{LITERAL}))?", re.DOTALL)
Node = tuple[str, Any, tuple[str, ...], frozenset[str]]  # name, value, path, neighbours
Clean = Callable[[str], str]
LITERALS = {True: "true", False: "false", None: "null"}


class Members(list[tuple[str, Any]]):
    """The members of a JSON object in their order, duplicate names kept."""


def decode_json(field: Field, budget: Budget) -> list[Field]:
    """One field for each string, number and literal, named by its key; numbers as they were written."""
    text = field.value
    if not isinstance(text, str) or not text.lstrip("\ufeff \t\r\n").startswith(OPENINGS):
        return []
    if not budget.take_octets(len(text)):
        return []
    return list(islice(_read(text.strip("\ufeff \t\r\n\0"), field, budget), budget.fields_left + 1))


def _read(text: str, field: Field, budget: Budget) -> Iterator[Field]:
    # Only an escape such as \\ud800 can bring a lone surrogate into text that was decoded from octets.
    clean = without_lone_surrogates if "\\u" in text else str
    try:
        document = _PARSER.decode(text)
    except RecursionError:
        budget.meet("decode-nesting")
        return _fragments(text, field, clean)
    except ValueError:
        return _fragments(text, field, clean)
    return _values(document, field, budget, clean)


# Numbers stay text: as evidence they must look as they did, and no integer is too long for that.
_PARSER = json.JSONDecoder(
    object_pairs_hook=Members, parse_int=str, parse_float=str, parse_constant=str, strict=False
)


def _values(document: Any, field: Field, budget: Budget, clean: Clean) -> Iterator[Field]:
    """Walk the document in its order, without recursion, to the nesting limit."""
    frames, flow, start, end, message = *_place(field), field.message
    path = (*field.evidence.path, "json")
    deepest = len(path) + budget.limits.nesting
    stack: list[Node] = [(field.name, document, path, field.beside)]
    while stack:
        name, value, path, beside = stack.pop()
        if not isinstance(value, list):
            text = clean(value if isinstance(value, str) else LITERALS[value])
            yield Field(clean(name), text, Evidence(frames, flow, start, end, path), message, beside)
        elif len(path) >= deepest:
            budget.meet("decode-nesting")
        else:
            stack.extend(reversed(_children(name, value, path, beside)))


def _children(name: str, value: list[Any], path: tuple[str, ...], beside: frozenset[str]) -> list[Node]:
    if isinstance(value, Members):
        names = neighbours(key for key, _ in value)
        return [(key, inner, (*path, key), names - {key}) for key, inner in value]
    return [(name, inner, (*path, f"[{i}]"), beside) for i, inner in enumerate(value)]


def _fragments(text: str, field: Field, clean: Clean) -> Iterator[Field]:
    """The members that can be told in a text that is not whole JSON: cut, or with an error in it."""
    if not JSON_START.match(text):
        return
    members = [(_unquoted(m[1]), m) for m in MEMBER.finditer(text) if m[3] is not None or m[5]]
    names = neighbours(key for key, _ in members)
    for key, m in members:
        if m[4] == "":  # the value itself is cut
            continue
        place = Evidence(*_place(field), (*field.evidence.path, "json (incomplete)", key))
        yield Field(clean(key), clean(m[5] or _unquoted(m[3])), place, field.message, names - {key})


def _place(field: Field) -> tuple[tuple[int, ...], int | None, int, int]:
    at = field.evidence
    return at.frames, at.flow, at.start, at.end


def _unquoted(escaped: str) -> str:
    try:
        return str(json.loads(f'"{escaped}"', strict=False))
    except ValueError:
        return escaped
