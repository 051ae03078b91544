"""Quoted text and the values to be marked in it → pieces, marked or not, bounded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

LONGEST = 4_096  # characters of a quotation
_GROUP = 3  # bytes that base64 writes as four characters


class QuotePart(NamedTuple):
    """A part of a quotation; `kind` names the identifier that it holds, or is empty."""

    text: str
    kind: str


class Quote(NamedTuple):
    pieces: tuple[QuotePart, ...]
    left_out: int  # characters


Span = tuple[int, int, str]  # from, to, kind


def quote(text: str, spans: Iterable[Span], limit: int = LONGEST) -> Quote:
    """The first `limit` characters with the spans marked; of spans that overlap the first counts."""
    pieces, at, shown = [], 0, text[:limit]
    for start, end, kind in sorted(spans):
        start, end = max(start, at), min(end, len(shown))
        if start < end:
            pieces += [QuotePart(shown[at:start], ""), QuotePart(shown[start:end], kind)]
            at = end
    pieces.append(QuotePart(shown[at:], ""))
    return Quote(tuple(piece for piece in pieces if piece.text), len(text) - len(shown))


def spans_of(text: str, values: Sequence[tuple[str, str]]) -> list[Span]:
    """Where the values (text, kind) stand in `text`, the longest value first where several fit."""
    kinds = {value: kind for value, kind in values if value}
    if not kinds:
        return []
    pattern = "|".join(map(re.escape, sorted(kinds, key=len, reverse=True)))
    return [(found.start(), found.end(), kinds[found[0]]) for found in re.finditer(pattern, text)]


def base64_spans(text: str, spans: Iterable[Span]) -> list[Span]:
    """Spans of bytes → spans of the base64 characters that carry them; line breaks are passed over."""
    at = [place for place, char in enumerate(text) if not char.isspace()]
    return [
        (at[start * 4 // _GROUP], at[min(-(-end * 4 // _GROUP), len(at)) - 1] + 1, kind)
        for start, end, kind in spans
    ]
