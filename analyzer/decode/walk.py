"""A document of objects, lists and scalars, whatever it was written in → one part for each value in it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from itertools import chain, repeat
from typing import Any

from analyzer.decode.columns import Columns, Siblings
from analyzer.decode.limits import Budget
from analyzer.decode.part import Part
from analyzer.decode.text import text_or_bytes, without_lone_surrogates

CONTAINERS = (list, dict, tuple)
FEWEST_ALIKE = 4
LITERALS = {True: "true", False: "false", None: "null"}


class Members(list[tuple[str, Any]]):
    """The members of an object in their order, duplicate names kept."""


def parts_of_document(document: Any, part: Part, step: str, budget: Budget) -> Columns:
    """One part for each string, number and literal, in the order of the document, named by its key.

    Objects are Members or dicts; values may be text, octets, numbers, literals and dates.
    """
    walk = _Walk(budget)
    walk.value(part.name, document, (*part.path, step), part.beside, 0)
    return walk.found


def cleaned(parts: Columns) -> Columns:
    """The parts with U+FFFD for lone surrogates, which a JSON escape can bring into text."""
    clean, made = without_lone_surrogates, Columns()
    for name, value, path, beside in parts:
        text = clean(value) if isinstance(value, str) else value
        made.add((clean(name), text, tuple(map(clean, path)), beside))
    return made


class _Walk:
    def __init__(self, budget: Budget) -> None:
        self.found = Columns()
        self._room = budget.fields_left + 1
        self._budget = budget
        self._nesting = budget.limits.nesting
        self._siblings: dict[tuple[str, ...], Siblings] = {}  # objects of a list often have the same keys

    def value(self, name: str, value: Any, path: tuple[str, ...], beside: frozenset[str], depth: int) -> None:
        if not isinstance(value, CONTAINERS):
            self.found.add((name, scalar(value), path, beside))
        elif depth >= self._nesting:
            self._budget.meet("decode-nesting")
        elif isinstance(value, Members):
            self._object(value, path, depth + 1)
        elif isinstance(value, dict):
            self._object(Members((str(key), inner) for key, inner in value.items()), path, depth + 1)
        else:
            self._list(name, value, path, beside, depth + 1)

    def _object(self, members: Members, path: tuple[str, ...], depth: int, index: int | None = None) -> None:
        """An object at `path`, or at the place `index` of the list at `path`."""
        if not members:
            return
        found, room = self.found, self._room
        keys, values = zip(*members, strict=False)  # of equal length: pairs
        siblings = self._siblings.get(keys) or self._new(keys)
        place = (path, index, siblings)
        if len(found.names) + len(keys) <= room and is_all_text(values):
            found.names += keys
            found.values += values
            found.places += [place] * len(keys)
            return
        path = path if index is None else (*path, f"[{index}]")
        for key, value in members:
            if len(found) >= room:
                return
            if type(value) is str:
                found.names.append(key)
                found.values.append(value)
                found.places.append(place)
            elif type(value) is Members and depth < self._nesting:
                self._object(value, (*path, key), depth + 1)
            else:
                self.value(key, value, (*path, key), siblings.beside(key), depth)

    def _list(
        self, name: str, values: Sequence[Any], path: tuple[str, ...], beside: frozenset[str], depth: int
    ) -> None:
        if len(values) >= FEWEST_ALIKE and type(values[0]) is Members and self._alike(values, path, depth):
            return
        for i, value in enumerate(values):
            if len(self.found.names) >= self._room:
                return
            if type(value) is Members and depth < self._nesting:
                self._object(value, path, depth + 1, i)
            else:
                self.value(name, value, (*path, f"[{i}]"), beside, depth)

    def _alike(self, values: Sequence[Any], path: tuple[str, ...], depth: int) -> bool:
        """Take over at once a list of objects that all have the same keys and nothing but text in them."""
        size, found = len(values[0]), self.found
        if not size or set(map(type, values)) != {Members} or set(map(len, values)) != {size}:
            return False
        flat = list(chain.from_iterable(chain.from_iterable(values)))
        names, texts, keys = flat[::2], flat[1::2], tuple(flat[: 2 * size : 2])
        fits = depth < self._nesting and len(found.names) + len(names) <= self._room
        if not fits or not is_all_text(texts) or names != list(keys) * len(values):
            return False
        siblings = self._siblings.get(keys) or self._new(keys)
        found.names += names
        found.values += texts
        found.places += [place for i in range(len(values)) for place in repeat((path, i, siblings), size)]
        return True

    def _new(self, keys: tuple[str, ...]) -> Siblings:
        siblings = self._siblings[keys] = Siblings(keys)
        return siblings


def is_all_text(values: Sequence[Any]) -> bool:
    """Whether every value is a text: joining them is the quickest way to know."""
    try:
        "".join(values)
    except TypeError:
        return False
    return True


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
