"""Values → JSON and back: what every codec is made of.

Reading trusts nothing: whatever does not fit raises ValueError with the place in the document,
in one sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass
from typing import Any

from analyzer.report.units import iso, parse_iso

Json = Any
SCALARS = (str, int, float, bool, type(None))
_TYPE_NAMES = {
    str: "text", bool: "true or false", int: "a whole number", float: "a number", list: "a list",
    dict: "an object",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Codec:
    """How values of one type are written (`dump`), read (`load`) and described (`schema`).

    Values of a type in `plain` are the same here and in a document: neither needs to be called for them.
    """

    dump: Callable[[Any], Json]
    load: Callable[[Json, str], Any]
    schema: Json
    plain: frozenset[type] = frozenset()


def expect(value: Json, kind: type, where: str) -> Any:
    """`value` if it is of this JSON type, else ValueError."""
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise ValueError(f"{where}: expected {_TYPE_NAMES[kind]}, found {found(value)}")


def value_at(document: Json, path: tuple[str, ...], where: str, required: bool = True) -> Json:
    """What stands at a path of keys; where nothing does, ValueError, or MISSING if that is allowed."""
    for step in path:
        if not isinstance(document, dict) or step not in document:
            if required:
                raise ValueError(f"{where}: the key {'.'.join(path)} is missing")
            return MISSING
        document = document[step]
    return document


def found(value: Json) -> str:
    """A value that was not expected, in a few words."""
    text = repr(value) if isinstance(value, SCALARS) else _TYPE_NAMES.get(type(value), "something else")
    return text if len(text) <= 40 else text[:40] + "…"


def scalar(kind: type, name: str) -> Codec:
    """Texts, numbers and truth values, written as they are."""
    schema, plain = {"type": name}, frozenset({kind})
    return Codec(lambda value: value, lambda value, where: expect(value, kind, where), schema, plain)


def _dump_time(value: int) -> str | int:
    try:
        return iso(value)
    except OverflowError:  # a calendar has the years 1 to 9999; a capture file may claim others
        return int(value)


def _load_time(value: Json, where: str) -> int:
    if isinstance(value, str):
        try:
            return parse_iso(value)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
    return int(expect(value, int, where))


TIME = Codec(
    _dump_time,
    _load_time,
    {
        "type": ["string", "integer"],
        "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$",
        "description": "UTC with nanoseconds; an integer of nanoseconds outside the years 1 to 9999",
    },
)


def literal(args: tuple[Any, ...]) -> Codec:
    """One of a few texts."""

    def load(value: Json, where: str) -> Any:
        if isinstance(value, str) and value in args:
            return value
        raise ValueError(f"{where}: expected one of {', '.join(args)}; found {found(value)}")

    return Codec(lambda value: value, load, {"enum": list(args)})


def optional(inner: Codec) -> Codec:
    """A value or null."""
    return Codec(
        lambda value: None if value is None else inner.dump(value),
        lambda value, where: None if value is None else inner.load(value, where),
        {"anyOf": [inner.schema, {"type": "null"}]},
        inner.plain | {type(None)},
    )
