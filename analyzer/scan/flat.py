"""Messages ↔ rows of plain values, for the way to another process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any

from analyzer.model import Body, Endpoint, Evidence, Message

Row = list[Any] | None

# Pickling frozen dataclasses as they are takes six times as long, and the scan waits for it.
_WITH_PARTS = ("source", "destination", "evidence", "body")
_PARTS: dict[str, tuple[type, Callable[[Any], tuple[Any, ...]]]] = {
    name: (kind, attrgetter(*(field.name for field in fields(kind))))
    for name, kind in (
        ("source", Endpoint),
        ("destination", Endpoint),
        ("evidence", Evidence),
        ("body", Body),
    )
}
_NAMES = tuple(field.name for field in fields(Message))
_PLACES = tuple((_NAMES.index(name), *entry) for name, entry in _PARTS.items())
_values = attrgetter(*_NAMES)


def flat(message: Message | None) -> Row:
    """The values of a message and of its parts."""
    if message is None:
        return None
    row = list(_values(message))
    for place, _, values in _PLACES:
        row[place] = values(row[place])
    return row


def made(row: Row) -> Message | None:
    """The message of such values."""
    if row is None:
        return None
    for place, kind, _ in _PLACES:
        row[place] = kind(*row[place])
    return Message(*row)
