"""PackStream (neo4j.com/docs/bolt/current/packstream): bytes → numbers, texts, lists and maps."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from analyzer.dissectors.api import ByteReader, MalformedError, text

Value: TypeAlias = Any
DEEPEST, MOST_TEXTS = 16, 256
CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
NUMBERS = {0xC8: 1, 0xC9: 2, 0xCA: 4, 0xCB: 8}
# What the first byte names, and how many bytes the size takes behind it.
SIZED = {
    0xCC: ("bytes", 1), 0xCD: ("bytes", 2), 0xCE: ("bytes", 4), 0xD0: ("text", 1), 0xD1: ("text", 2),
    0xD2: ("text", 4), 0xD4: ("list", 1), 0xD5: ("list", 2), 0xD6: ("list", 4), 0xD8: ("map", 1),
    0xD9: ("map", 2), 0xDA: ("map", 4),
}  # fmt: skip
TINY = {0x80: "text", 0x90: "list", 0xA0: "map", 0xB0: "structure"}


def read_value(cursor: ByteReader, depth: int = 0) -> Value:
    """Return the next value. Raises MalformedError where none stands there."""
    mark = cursor.number(1)
    if depth > DEEPEST:
        raise MalformedError("too deep")
    if mark < 0x80 or mark >= 0xF0:
        return mark if mark < 0x80 else mark - 256
    if mark in CONSTANTS:
        return CONSTANTS[mark]
    if mark == 0xC1:
        return struct.unpack(">d", cursor.take(8))[0]
    if mark in NUMBERS:
        return int.from_bytes(cursor.take(NUMBERS[mark]), "big", signed=True)
    if mark in SIZED:
        kind, width = SIZED[mark]
        return _sized(kind, cursor.number(width), cursor, depth)
    if mark & 0xF0 in TINY:
        return _sized(TINY[mark & 0xF0], mark & 15, cursor, depth)
    raise MalformedError("no value")


def _sized(kind: str, size: int, cursor: ByteReader, depth: int) -> Value:
    if kind == "text":
        return text(cursor.take(size))
    if kind == "bytes":
        return cursor.take(size)
    if size > cursor.left():
        raise MalformedError("cut")
    if kind == "map":
        return {str(read_value(cursor, depth + 1)): read_value(cursor, depth + 1) for _ in range(size)}
    if kind == "structure":
        cursor.number(1)
    return [read_value(cursor, depth + 1) for _ in range(size)]


def texts_in(values: Sequence[Value]) -> list[tuple[str, str]]:
    """Return texts and numbers under the names that maps give them."""
    found: list[tuple[str, str]] = []
    for name, value in _named("argument", values):
        found.append((name, str(value)))
        if len(found) >= MOST_TEXTS:
            break
    return found


def _named(name: str, value: Value) -> Iterator[tuple[str, Value]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _named(key, inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _named(name, inner)
    elif isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
        yield name, value
