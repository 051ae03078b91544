"""Structures in C's syntax → members of messages, with `dissect.cstruct`, which is loaded at the first need.

Of that language a layout has what can't do harm: lengths are sums, products and bits of earlier members. A
read ends where the bytes do. Code is not generated from a layout (`compiled=False`).
"""

from __future__ import annotations

import io
import re
from typing import Any

from analyzer.layouts.layout_tables import LayoutError, MessageLayout

LENGTHS = re.compile(r"\[([^\]]*)\]")
LENGTH = re.compile(r"(?:[A-Za-z_]\w*|0x[0-9a-fA-F]+|\d+|[-+*&()\s]|>>\s*\d{1,2})*")
MOST_STRUCTS = 64
Members = dict[str, list[Any]]


class CutStructureError(ValueError):
    """The bytes end before the structure does."""


class ParsedStructure:
    """A structure that was read: its members by name, and the position of each."""

    __slots__ = ("members", "places", "size")

    def __init__(self, read: Any, size: int) -> None:
        self.members: Members = {}
        self.places = _places(read)
        self.size = size
        _flatten(read, "", self.members)

    def first(self, name: str) -> Any:
        """Return the first value of a member; None where there is none."""
        values = self.members.get(name)
        return values[0] if values else None


class StructureReader:
    """The structures of one layout. Raises LayoutError where they are not right."""

    def __init__(self, layout: MessageLayout) -> None:
        from dissect.cstruct import cstruct

        for length in LENGTHS.findall(layout.structs):
            if not LENGTH.fullmatch(length):
                raise LayoutError(f"its layout: a length may not be {length!r}")
        self._types = cstruct(endian=">" if layout.endian == "big" else "<")
        try:
            self._types.load(layout.structs, compiled=False)
            needed = {*layout.starts, *(case.struct for case in layout.cases if case.struct)}
            found = {name: getattr(self._types, name) for name in needed}
        except Exception as problem:
            raise LayoutError(f"its layout: the structures can't be read ({problem})") from None
        for structure in found.values():
            _refuse_endless(structure, MOST_STRUCTS)

    def read(self, name: str, data: bytes) -> ParsedStructure:
        """Return a structure that bytes begin with. Raises CutStructureError."""
        stream = io.BytesIO(data)
        try:
            read = getattr(self._types, name)._read(stream)
        except Exception as problem:  # EOFError, and what arithmetic on hostile numbers raises
            raise CutStructureError(str(problem)) from None
        return ParsedStructure(read, stream.tell())


def _places(read: Any) -> dict[str, tuple[int, int]]:
    """Where each member begins and ends."""
    found, at = {}, 0
    for member in type(read).__fields__:
        size = read.__sizes__.get(member._name) or 0
        found[member._name] = (at, at + size)
        at += size
    return found


def _flatten(read: Any, prefix: str, into: Members) -> None:
    for member in type(read).__fields__:
        name = prefix + member._name
        value = getattr(read, member._name)
        if hasattr(type(value), "__fields__"):
            _flatten(value, name + ".", into)
        elif isinstance(value, list) and value and hasattr(type(value[0]), "__fields__"):
            for each in value:
                _flatten(each, name + ".", into)
        elif isinstance(value, list):
            into.setdefault(name, []).extend(value)
        else:
            into.setdefault(name, []).append(value)


def _refuse_endless(structure: Any, depth: int) -> None:
    """A list of structures that may have no bytes would never end."""
    if not depth:
        raise LayoutError("its layout: structures lie too deep in each other")
    for member in structure.__fields__:
        if member.bits:
            raise LayoutError(f"its layout: {member._name} is a bit field; take the number and a mask")
        inner = getattr(member.type, "type", None)
        if inner is not None and hasattr(inner, "__fields__"):
            if not any(not each.type.dynamic and each.type.size for each in inner.__fields__):
                raise LayoutError(f"its layout: an item of {member._name} may have no bytes")
            _refuse_endless(inner, depth - 1)
        elif hasattr(member.type, "__fields__"):
            _refuse_endless(member.type, depth - 1)
