"""A report → the same with some fields of its parts changed, whichever of the model's types they are of.

What is added to the model later is gone through as well, so that nothing keeps a number of its old place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

from analyzer.model import Table

Change = Callable[[Any], dict[str, Any]]
"""What of an object's own fields is to be changed: their names and new values."""

# Fields that hold no parts of the report, and much else.
PASSED_OVER = frozenset(
    {"headers", "body", "spans", "frames", "continued", "path", "source", "destination", "place"}
)


def rebuilt(value: Any, change: Change) -> Any:
    """The value with the change made in each dataclass below it; the same object where nothing changes.

    Tables are left alone.
    """
    if isinstance(value, tuple):
        found = tuple(rebuilt(item, change) for item in value)
        return found if any(new is not old for new, old in zip(found, value, strict=True)) else value
    if not is_dataclass(value) or isinstance(value, (type, Table)):
        return value
    different = {}
    for name in names_of(value) - PASSED_OVER:
        old = getattr(value, name)
        if (new := rebuilt(old, change)) is not old:
            different[name] = new
    different |= change(value)
    return replace(value, **different) if different else value


def names_of(part: Any) -> frozenset[str]:
    """The fields of a dataclass's object."""
    kind: type = type(part)
    return _names(kind)


@cache
def _names(kind: type) -> frozenset[str]:
    return frozenset(f.name for f in fields(kind))
