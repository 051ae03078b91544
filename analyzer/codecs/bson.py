"""BSON (bsonspec.org, version 1.1) → the document in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analyzer.codecs.cursor import EndOfBytesError, FieldCursor, as_text
from analyzer.codecs.document_walk import Members

FIRSTS = frozenset(range(5, 256)) | frozenset(range(5))
SHORTEST = 10
DEEPEST = 64


def read_bson(data: bytes) -> Any:
    """Return the document that all bytes are, by its length and its end; None otherwise."""
    if len(data) < SHORTEST or int.from_bytes(data[:4], "little") != len(data) or data[-1]:
        return None
    cursor = FieldCursor(data, 0, "little")
    try:
        document = _document(cursor, 0)
    except (ValueError, IndexError):
        return None
    return document if document and not cursor.left() else None


def _document(cursor: FieldCursor, depth: int) -> Members:
    if depth > DEEPEST:
        raise EndOfBytesError("nested too deeply")
    end = cursor.at + cursor.u(4)
    members = Members()
    while (kind := cursor.u(1)) != 0:
        cursor.count(1)
        name = cursor.terminated().decode("utf-8")
        members.append((name, _value(cursor, kind, depth)))
    if cursor.at != end:
        raise EndOfBytesError("another length")
    return members


def _value(cursor: FieldCursor, kind: int, depth: int) -> Any:
    if kind == 3:
        return _document(cursor, depth + 1)
    if kind == 4:
        return [value for _, value in _document(cursor, depth + 1)]
    reader = READERS.get(kind)
    if reader is None:
        raise EndOfBytesError("no such type")
    return reader(cursor)


def _string(cursor: FieldCursor) -> Any:
    data = cursor.counted(4)
    if data[-1:] != b"\0":
        raise EndOfBytesError("no end of text")
    return as_text(data[:-1])


def _binary(cursor: FieldCursor) -> Any:
    size, _ = cursor.u(4), cursor.u(1)
    return cursor.take(size)


def _scoped(cursor: FieldCursor) -> Any:
    return as_text(cursor.take(cursor.u(4) - 4))


READERS: dict[int, Callable[[FieldCursor], Any]] = {
    1: lambda cursor: cursor.real(8),
    2: _string,
    5: _binary,
    6: lambda _: None,
    7: lambda cursor: cursor.take(12).hex(),
    8: lambda cursor: bool(cursor.u(1)),
    9: lambda cursor: cursor.s(8),
    10: lambda _: None,
    11: lambda cursor: f"{cursor.terminated()!r}{cursor.terminated()!r}",
    12: lambda cursor: (_string(cursor), cursor.take(12).hex())[0],
    13: _string,
    14: _string,
    15: _scoped,
    16: lambda cursor: cursor.s(4),
    17: lambda cursor: cursor.u(8),
    18: lambda cursor: cursor.s(8),
    19: lambda cursor: cursor.take(16),
    127: lambda _: None,
    255: lambda _: None,
}
