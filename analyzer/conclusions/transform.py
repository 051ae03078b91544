"""A report → the same with some fields of its parts changed, whichever of the model's types they are of.

What is added to the model later is gone through as well, so that nothing keeps a number of its old place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, NamedTuple, get_args, get_type_hints

from analyzer.model import values_of

Change = Callable[[Any], dict[str, Any]]
"""What of an object's own fields is to be changed: their names and new values."""


def rebuilt(value: Any, names: frozenset[str], change: Change) -> Any:
    """The value with the change made in each dataclass below it; the same object where nothing changes.

    `names` are of the fields that are changed: parts that by their types hold none of them are passed over.
    Of containers tuples are gone through.
    """
    if isinstance(value, tuple):
        found = tuple([rebuilt(item, names, change) for item in value])
        return found if any(new is not old for new, old in zip(found, value, strict=True)) else value
    kind: type = type(value)
    plan = _plan(kind, names)
    if plan is None:
        return value
    different = {}
    for name in plan.parts:
        old = getattr(value, name)
        if old is not None and (new := rebuilt(old, names, change)) is not old:
            different[name] = new
    if plan.own:
        different |= change(value)
    return _with(value, kind, different) if different else value


def names_of(part: Any) -> frozenset[str]:
    """The fields of a dataclass's object."""
    kind: type = type(part)
    return _names(kind)


def _with(part: Any, kind: type, different: dict[str, Any]) -> Any:
    """As `dataclasses.replace`, in half the time: messages of a report are many."""
    places, values = _places(kind), list(values_of(kind)(part))
    for name, new in different.items():
        values[places[name]] = new
    return kind(*values)


@cache
def _places(kind: type) -> dict[str, int]:
    return {field.name: place for place, field in enumerate(fields(kind))}


class _Plan(NamedTuple):
    """How a type is gone through."""

    own: bool  # it has such fields
    parts: tuple[str, ...]  # its fields that may hold what has some


@cache
def _plan(kind: type, names: frozenset[str]) -> _Plan | None:
    """None where there is nothing to do."""
    if not is_dataclass(kind):
        return None
    hints = get_type_hints(kind)
    parts = tuple(name for name in hints if any(_leads(k, names) for k in _kinds(hints[name])))
    own = not names.isdisjoint(hints)
    return _Plan(own, parts) if own or parts else None


def _leads(kind: type, names: frozenset[str], above: tuple[type, ...] = ()) -> bool:
    """Whether objects of a dataclass, or what they hold, have such fields."""
    if kind in above:
        return False
    hints = get_type_hints(kind)
    inner = {k for hint in hints.values() for k in _kinds(hint)}
    return not names.isdisjoint(hints) or any(_leads(k, names, (*above, kind)) for k in inner)


def _kinds(hint: Any) -> frozenset[type]:
    """The dataclasses that a type hint names."""
    if is_dataclass(hint):
        return frozenset({hint})  # type: ignore[arg-type]
    return frozenset().union(*map(_kinds, get_args(hint)))


@cache
def _names(kind: type) -> frozenset[str]:
    return frozenset(f.name for f in fields(kind))
