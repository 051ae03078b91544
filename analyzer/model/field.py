"""Fields: named text or bytes of one message, with their decode path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, overload

from analyzer.model.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Field:
    """Named text or bytes that was readable: the hinge between messages and findings.

    `value` is text where the bytes are valid in the message's charset and bytes otherwise.
    `beside` holds the names of the fields that stood next to it (keys of the same JSON
    object, form or query), which is evidence for what a number means.
    """

    name: str
    value: str | bytes
    evidence: Evidence
    message: int  # Message.number
    beside: frozenset[str] = frozenset()


Part = tuple[str, str | bytes, tuple[str, ...], frozenset[str]]


"""A field before it is one: name, value, path, the names beside it."""


class Fields(Sequence[Field]):
    """The fields of one message; each is made when it is looked at, since most never are.

    `parts` has the columns `names` and `values`, of equal length, and makes one Part at a time.
    """

    __slots__ = ("_evidence", "_message", "_parts", "names", "values")

    def __init__(self, parts: Parts, evidence: Evidence, message: int) -> None:
        self._parts, self._evidence, self._message = parts, evidence, message
        self.names, self.values = parts.names, parts.values

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Field: ...
    @overload
    def __getitem__(self, index: slice) -> list[Field]: ...
    def __getitem__(self, index: int | slice) -> Field | list[Field]:
        if isinstance(index, slice):
            return [self._made(i) for i in range(*index.indices(len(self)))]
        return self._made(index)

    def _made(self, index: int) -> Field:
        name, value, path, beside = self._parts.part(index)
        at = self._evidence
        place = Evidence(at.frames, at.flow, at.start, at.end, path, at.capture)
        return Field(name, value, place, self._message, beside)


class Parts(Protocol):
    """What Fields are made of: columns, and each Part when it is asked for."""

    @property
    def names(self) -> Sequence[str]: ...

    @property
    def values(self) -> Sequence[str | bytes]: ...

    def part(self, index: int) -> Part: ...
