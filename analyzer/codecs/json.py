"""A JSON text (RFC 8259) → one part for each value in it; a text that was cut gives what it still shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from analyzer.codecs.document_walk import Members, cleaned, parts_of_document
from analyzer.codecs.field_columns import Columns
from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, PlainPart, neighbours
from analyzer.codecs.plain_text import JSON_START

OPENINGS = ("{", "[")
# Every string is consumed, closed or not, so that no text makes the search start over and over.
STRING = r'"((?:[^"\\]++|\\(?:.|\Z))*+)("|\Z)'
LITERAL = r"(-?[0-9][0-9.eE+\-]*+|true|false|null)(?=\s*[,}\]])"
SURROGATE_ESCAPE = re.compile(r"\\u[dD][89A-Fa-f]")
MEMBER = re.compile(rf"{STRING}(?:\s*+:\s*+(?:{STRING}|{LITERAL}))?", re.DOTALL)


def decode_json(part: MessagePart, budget: Budget) -> Columns | Sequence[PlainPart]:
    """One part for each string, number and literal, named by its key; numbers as they were written."""
    text = part.value
    if not isinstance(text, str) or not text.lstrip("\ufeff \t\r\n").startswith(OPENINGS):
        return []
    if not budget.take_bytes(len(text)):
        return []
    return _read(text.strip("\ufeff \t\r\n\0"), part, budget)


def is_json(text: str) -> bool:
    """Whether the whole text is one JSON object or array."""
    try:
        return JSON_START.match(text) is not None and isinstance(PARSER.decode(text.strip()), list)
    except (ValueError, RecursionError):
        return False


def _read(text: str, part: MessagePart, budget: Budget) -> Columns:
    found = _whole(text, part, budget)
    if found is None:
        found = Columns()
        if not _goes_on(text):
            for fragment in islice(_fragments(text, part), budget.fields_left + 1):
                found.add(fragment)
    # Only such an escape can bring a lone surrogate into text that was decoded from bytes.
    return cleaned(found) if SURROGATE_ESCAPE.search(text) else found


def _goes_on(text: str) -> bool:
    """Whether a whole document begins the text, so that more of them may follow (`documents`)."""
    try:
        PARSER.raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def _whole(text: str, part: MessagePart, budget: Budget) -> Columns | None:
    try:
        document = PARSER.decode(text)
    except RecursionError:
        budget.meet("decode-nesting")
    except ValueError:
        pass
    else:
        return parts_of_document(document, part, "json", budget)
    return None


# Numbers stay text: as evidence they must look as they did, and no integer is too long for that.
PARSER = json.JSONDecoder(
    object_pairs_hook=Members, parse_int=str, parse_float=str, parse_constant=str, strict=False
)


def _fragments(text: str, part: MessagePart) -> Iterator[MessagePart]:
    """The members that can be told in a text that is not whole JSON: cut, or with an error in it."""
    if not JSON_START.match(text):
        return
    members = [(_unquoted(m[1]), m) for m in MEMBER.finditer(text) if m[3] is not None or m[5]]
    names = neighbours(key for key, _ in members)
    for key, m in members:
        if m[4] != "":  # otherwise the value itself is cut
            path = (*part.path, "json (incomplete)", key)
            yield MessagePart(key, m[5] or _unquoted(m[3]), path, names - {key})


def _unquoted(escaped: str) -> str:
    try:
        return str(json.loads(f'"{escaped}"', strict=False))
    except ValueError:
        return escaped
