"""What decoders pass on: a value with its name and its path, which becomes a Field when all is decoded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import analyzer.model

# More neighbours than this prove nothing more, and would cost the square of a hostile object's size.
MOST_NEIGHBOURS = 64


PlainPart = analyzer.model.Part


class MessagePart(NamedTuple):
    """A named value inside a message: `model.Part` with words for its places."""

    name: str
    value: str | bytes
    path: tuple[str, ...]
    beside: frozenset[str] = frozenset()


def inside(part: MessagePart, value: str | bytes, *steps: str) -> MessagePart:
    """What one decode step made of a part: same name and neighbours, one step further in."""
    return MessagePart(part.name, value, (*part.path, *steps), part.beside)


def neighbours(names: Iterable[str]) -> frozenset[str]:
    """The first names of an object, form or query, for `Field.beside`."""
    kept = dict.fromkeys(names)
    return frozenset(list(kept)[:MOST_NEIGHBOURS])


class Candidate(NamedTuple):
    """What an encoding or a cipher without a mark of its own gives, and the step that undoes it."""

    step: str
    text: str | bytes
    begin: int = 0  # bytes of a head before it
