"""A document of objects, lists and scalars, whatever it was written in → one part for each value in it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from itertools import chain, repeat
from typing import Any

from analyzer.codecs.field_columns import Columns, Siblings
from analyzer.codecs.limits import Budget
from analyzer.codecs.name_pairs import NO_ROLES, Roles, are_in_turn, is_plain_name, name_in, only_holds
from analyzer.codecs.number_lists import spelt_out
from analyzer.codecs.part import MOST_NEIGHBOURS, MessagePart, neighbours
from analyzer.codecs.plain_text import text_or_bytes, without_lone_surrogates

CONTAINERS = (list, dict, tuple)
FEWEST_ALIKE = 4
COORDINATES = "coordinates"
MAP_ENTRY = ("1", "2")  # key and value of a map in Protocol Buffers, whose fields have numbers for names
AXES = ("longitude", "latitude", "altitude")
LITERALS = {True: "true", False: "false", None: "null"}


class Members(list[tuple[str, Any]]):
    """The members of an object in their order, duplicate names kept."""


def parts_of_document(document: Any, part: MessagePart, step: str, budget: Budget) -> Columns:
    """One part for each string, number and literal, in the order of the document, named by its key.

    Objects are Members or dicts; values may be text, bytes, numbers, literals and dates.
    """
    walk = _Walk(budget, step == "protobuf")
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
    def __init__(self, budget: Budget, has_numbers: bool) -> None:
        self.found = Columns()
        self._has_numbers = has_numbers  # for names
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
            self._object(value, path, depth + 1, None, name, beside)
        elif isinstance(value, dict):
            members = Members((str(key), inner) for key, inner in value.items())
            self._object(members, path, depth + 1, None, name, beside)
        else:
            self._list(name, value, path, beside, depth + 1)

    def _object(
        self,
        members: Members,
        path: tuple[str, ...],
        depth: int,
        index: int | None = None,
        name: str = "",
        beside: frozenset[str] = frozenset(),
    ) -> None:
        """An object called `name` at `path`, or at the place `index` of the list at `path`."""
        if not members:
            return
        found, room = self.found, self._room
        keys, values = zip(*members, strict=False)  # of equal length: pairs
        siblings = self._siblings.get(keys) or self._new(keys)
        if siblings.is_special:
            self._special(keys, values, siblings, path, depth, index, name, beside)
            return
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
                self._object(value, (*path, key), depth + 1, None, key, siblings.beside(key))
            else:
                self.value(key, value, (*path, key), siblings.beside(key), depth)

    def _special(
        self,
        keys: tuple[str, ...],
        values: tuple[Any, ...],
        siblings: Siblings,
        path: tuple[str, ...],
        depth: int,
        index: int | None,
        name: str,
        beside: frozenset[str],
    ) -> None:
        """An object in which a member names another, takes the name of the object, or is itself a value."""
        roles, inner = siblings.roles, path if index is None else (*path, f"[{index}]")
        named = name_in(roles, values)
        if (
            self._has_numbers
            and keys == MAP_ENTRY
            and isinstance(values[0], str)
            and is_plain_name(values[0])
        ):
            roles, named = Roles((0,), 1), values[0]
            values = (values[0], _alone_in(values[1]))
        for at, (key, value) in enumerate(zip(keys, values, strict=True)):
            if len(self.found) >= self._room:
                return
            new, place = key, (*inner, key)
            if at == roles.value and named:
                new = named
                # Pairs of a list stand together, as the members of one object would.
                place = (*path, named) if not isinstance(value, CONTAINERS) else place
            elif at == roles.holder and not only_holds(name):
                new, place = name, inner
            around = beside - {new} if new is not key else siblings.beside(key)
            if siblings.points and key == COORDINATES and is_a_point(value):
                value = Members(zip(AXES, value, strict=False))
            self.value(new, value, place, around, depth)
        for key in siblings.telling:
            self.found.add(("key", key, (*inner, key, "key"), siblings.beside(key)))

    def _list(
        self, name: str, values: Sequence[Any], path: tuple[str, ...], beside: frozenset[str], depth: int
    ) -> None:
        if values and type(values[0]) is Members:
            if len(values) >= FEWEST_ALIKE and self._alike(values, path, depth):
                return
            beside = self._named_in(values) or beside
        elif are_in_turn(values):
            self._in_turn(values, path, depth)
            return
        elif spelt := spelt_out(values):
            self.value(name, spelt.value, (*path, spelt.step), beside, depth)
            return
        for i, value in enumerate(values):
            if len(self.found.names) >= self._room:
                return
            if type(value) is Members and depth < self._nesting:
                self._object(value, path, depth + 1, i, name, beside)
            else:
                self.value(name, value, (*path, f"[{i}]"), beside, depth)

    def _in_turn(self, values: Sequence[Any], path: tuple[str, ...], depth: int) -> None:
        """An array of names and values; arrays of one pair each stand together in the array around them."""
        names = neighbours(values[::2])
        if len(values) == 2 and path[-1:] and path[-1].startswith("["):
            path = path[:-1]
        for name, value in zip(values[::2], values[1::2], strict=True):
            self.value(name, value, (*path, name), names - {name}, depth)

    def _named_in(self, values: Sequence[Any]) -> frozenset[str]:
        """The names that the pairs of a list give."""
        keys = tuple(key for key, _ in values[0])
        roles = (self._siblings.get(keys) or self._new(keys)).roles if keys else NO_ROLES
        if not roles.naming:
            return frozenset()
        first = (
            item for item in values[:MOST_NEIGHBOURS] if type(item) is Members and len(item) == len(keys)
        )
        return neighbours(filter(None, (name_in(roles, [value for _, value in item]) for item in first)))

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
        if siblings.is_special:
            return False
        found.names += names
        found.values += texts
        found.places += [place for i in range(len(values)) for place in repeat((path, i, siblings), size)]
        return True

    def _new(self, keys: tuple[str, ...]) -> Siblings:
        siblings = self._siblings[keys] = Siblings(keys)
        return siblings


def _alone_in(value: Any) -> Any:
    """The value of a message with one member, as google.protobuf.Value is one."""
    return value[0][1] if isinstance(value, Members) and len(value) == 1 else value


def is_a_point(value: Any) -> bool:
    """Return whether a value is the coordinates of a GeoJSON point (RFC 7946 §3.1.1): longitude first."""
    return (
        isinstance(value, list) and len(value) in (2, 3) and not any(isinstance(v, CONTAINERS) for v in value)
    )


def is_all_text(values: Sequence[Any]) -> bool:
    """Whether every value is a text: joining them is the quickest way to know."""
    try:
        "".join(values)
    except TypeError:
        return False
    return True


def scalar(value: Any) -> str | bytes:
    """A value as text, or as bytes where it is none."""
    if isinstance(value, str):
        return value
    return next((write(value) for kind, write in WRITTEN if isinstance(value, kind)), str(value))


WRITTEN: tuple[tuple[type | tuple[type, ...], Callable[[Any], str | bytes]], ...] = (
    ((bool, type(None)), LITERALS.__getitem__),
    ((bytes, bytearray), lambda data: text_or_bytes(bytes(data))),
    (int, lambda number: str(number) if abs(number) < 1 << 128 else hex(number)),
    (float, repr),
    ((datetime.datetime, datetime.date), lambda moment: moment.isoformat()),
)
