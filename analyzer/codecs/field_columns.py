"""The parts of a message as columns: names, values and places, of which a whole Part is made on demand.

A message may hold thousands of values, of which a look at all names and all values together most often
tells that nobody will ask for their paths and neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.codecs.name_pairs import NO_ROLES, roles_of, telling_names
from analyzer.codecs.part import PlainPart, neighbours

Place = tuple[tuple[str, ...], frozenset[str]]
"""Path and neighbours of one part."""


class Siblings:
    """The keys of an object, or of many objects with the same keys."""

    __slots__ = ("_besides", "_keys", "_names", "is_special", "points", "roles", "telling")

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._keys = keys
        self.roles = roles_of(keys)
        self.telling = telling_names(keys)  # keys that are values themselves, such as an address
        self.points = "coordinates" in keys and "type" in keys
        is_entry = keys == ("1", "2")  # perhaps of a map in Protocol Buffers
        self.is_special = self.roles is not NO_ROLES or bool(self.telling) or self.points or is_entry
        self._names: frozenset[str] | None = None
        self._besides: dict[str, frozenset[str]] = {}

    def beside(self, key: str) -> frozenset[str]:
        """The neighbours of the value of `key`."""
        found = self._besides.get(key)
        if found is None:
            if self._names is None:
                self._names = neighbours(self._keys)
            # Of an object with very many keys most are no neighbours.
            found = self._besides[key] = self._names - {key} if key in self._names else self._names
        return found


Inside = tuple[tuple[str, ...], int | None, Siblings]
"""Path of the object that a part is a member of, or of the list that holds the object and its place there."""


class Columns:
    """Parts in their order, three lists of equal length."""

    __slots__ = ("names", "places", "values")

    def __init__(self) -> None:
        self.names: list[str] = []
        self.values: list[str | bytes] = []
        self.places: list[Place | Inside] = []

    def __len__(self) -> int:
        return len(self.names)

    def add(self, part: PlainPart) -> None:
        """One part that is whole already."""
        name, value, path, beside = part
        self.names.append(name)
        self.values.append(value)
        self.places.append((path, beside))

    def take(self, others: Columns, start: int, end: int) -> None:
        """The parts of `others` from `start` up to, not including, `end`."""
        self.names += others.names[start:end]
        self.values += others.values[start:end]
        self.places += others.places[start:end]

    def part(self, index: int) -> PlainPart:
        """One part, made whole."""
        name, value, place = self.names[index], self.values[index], self.places[index]
        if len(place) == 2:
            return name, value, *place
        path, at, siblings = place
        path = (*path, name) if at is None else (*path, f"[{at}]", name)
        return name, value, path, siblings.beside(name)

    def __iter__(self) -> Iterator[PlainPart]:
        return map(self.part, range(len(self)))
