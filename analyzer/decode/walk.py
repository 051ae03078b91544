"""A document of objects, lists and scalars, whatever it was written in → one part for each value in it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any

from analyzer.decode.limits import Budget
from analyzer.decode.part import Part, PlainPart, neighbours
from analyzer.decode.text import text_or_bytes, without_lone_surrogates

Beside = tuple[dict[str, frozenset[str]], frozenset[str]]
LITERALS = {True: "true", False: "false", None: "null"}


class Members(list[tuple[str, Any]]):
    """The members of an object in their order, duplicate names kept."""


def parts_of_document(document: Any, part: Part, step: str, budget: Budget) -> list[PlainPart]:
    """One part for each string, number and literal, in the order of the document, named by its key.

    Objects are Members or dicts; values may be text, octets, numbers, literals and dates.
    """
    walk = _Walk(budget)
    walk.value(part.name, document, (*part.path, step), part.beside, 0)
    return walk.parts


def cleaned(parts: Sequence[PlainPart]) -> list[PlainPart]:
    """The parts with U+FFFD for lone surrogates, which a JSON escape can bring into text."""
    clean = without_lone_surrogates
    return [
        (clean(name), clean(value) if isinstance(value, str) else value, tuple(map(clean, path)), beside)
        for name, value, path, beside in parts
    ]


class _Walk:
    def __init__(self, budget: Budget) -> None:
        self.parts: list[PlainPart] = []  # plain tuples: they take half the time, and there are many
        self._room = budget.fields_left + 1
        self._budget = budget
        self._nesting = budget.limits.nesting
        self._beside: dict[tuple[str, ...], Beside] = {}  # objects of a list often have the same keys

    def value(self, name: str, value: Any, path: tuple[str, ...], beside: frozenset[str], depth: int) -> None:
        if not isinstance(value, list | dict | tuple):
            self.parts.append((name, scalar(value), path, beside))
        elif depth >= self._nesting:
            self._budget.meet("decode-nesting")
        elif isinstance(value, Members):
            self._object(value, path, depth + 1)
        elif isinstance(value, dict):
            self._object(Members((str(key), inner) for key, inner in value.items()), path, depth + 1)
        else:
            self._list(name, value, path, beside, depth + 1)

    def _object(self, members: Members, path: tuple[str, ...], depth: int) -> None:
        parts, room = self.parts, self._room
        known, names = self._neighbours(members)
        for key, value in members:
            if len(parts) >= room:
                return
            beside = known.get(key, names)
            if type(value) is str:
                parts.append((key, value, (*path, key), beside))
            else:
                self.value(key, value, (*path, key), beside, depth)

    def _list(
        self, name: str, values: Sequence[Any], path: tuple[str, ...], beside: frozenset[str], depth: int
    ) -> None:
        for i, value in enumerate(values):
            if len(self.parts) >= self._room:
                return
            if type(value) is Members and depth < self._nesting:
                self._object(value, (*path, f"[{i}]"), depth + 1)
            else:
                self.value(name, value, (*path, f"[{i}]"), beside, depth)

    def _neighbours(self, members: Members) -> Beside:
        keys = tuple([key for key, _ in members])
        found = self._beside.get(keys)
        if found is None:
            names = neighbours(keys)
            found = self._beside[keys] = {key: names - {key} for key in names}, names
        return found


def scalar(value: Any) -> str | bytes:
    """A value as text, or as octets where it is none."""
    if isinstance(value, str):
        return value
    return next((write(value) for kind, write in WRITTEN if isinstance(value, kind)), str(value))


WRITTEN: tuple[tuple[type | tuple[type, ...], Callable[[Any], str | bytes]], ...] = (
    ((bool, type(None)), LITERALS.__getitem__),
    ((bytes, bytearray), lambda octets: text_or_bytes(bytes(octets))),
    (int, lambda number: str(number) if abs(number) < 1 << 128 else hex(number)),
    (float, repr),
    ((datetime.datetime, datetime.date), lambda moment: moment.isoformat()),
)
