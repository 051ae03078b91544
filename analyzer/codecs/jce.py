"""JCE, the encoding of Tars and of Tencent's apps (tarscloud.github.io) → fields by their tags."""

from __future__ import annotations

from typing import Any

from analyzer.codecs.cursor import EndOfBytesError, FieldCursor, as_text, holds_text
from analyzer.codecs.document_walk import Members

FIRSTS = frozenset(range(0x100))
SHORTEST = 12
DEEPEST = 32
BEGIN, STOP, ZERO, SIMPLE = 10, 11, 12, 13
MAP, LIST = 8, 9
SIZES = {0: 1, 1: 2, 2: 4, 3: 8}
LEAST, SHARE = 6, 3  # characters of a text, and the share of text that no chance gives: one in so many


def read_jce(data: bytes) -> Any:
    """Return the fields, behind a length that counts itself or not; None where there is not text enough."""
    if len(data) < SHORTEST:
        return None
    begin = 4 if int.from_bytes(data[:4], "big") in (len(data), len(data) - 4) else 0
    if not begin and data[0] >> 4 > 2:  # the first tag of a structure is low
        return None
    cursor = FieldCursor(data, begin)
    try:
        document = _fields(cursor, 0, False)
    except (ValueError, IndexError, OverflowError):
        return None
    return document if holds_text(document, LEAST) and _size_of(document) * SHARE >= len(data) else None


def _fields(cursor: FieldCursor, depth: int, is_inner: bool) -> Members:
    """Fields in the order of their tags, to the end of the structure or of all bytes."""
    members, before = Members(), -1
    while is_inner or cursor.left():
        tag, kind = _head(cursor)
        if kind == STOP and is_inner:
            return members
        if tag <= before:
            raise EndOfBytesError("tags out of order")
        cursor.count(1)
        before = tag
        members.append((str(tag), _value(cursor, kind, depth + 1)))
    return members


def _head(cursor: FieldCursor) -> tuple[int, int]:
    head = cursor.u(1)
    return (cursor.u(1) if head >> 4 == 15 else head >> 4), head & 15


def _value(cursor: FieldCursor, kind: int, depth: int) -> Any:
    if depth > DEEPEST:
        raise EndOfBytesError("nested too deeply")
    if kind in SIZES:
        return cursor.s(SIZES[kind])
    if kind in (4, 5):
        return cursor.real(4 if kind == 4 else 8)
    if kind in (6, 7):
        return _readable(cursor.counted(1 if kind == 6 else 4))
    if kind == ZERO:
        return 0
    if kind == BEGIN:
        return _fields(cursor, depth, True)
    if kind == SIMPLE:
        if _head(cursor)[1] != 0:
            raise EndOfBytesError("no bytes")
        return as_text(cursor.take(_count(cursor)))
    if kind == LIST:
        return [_value(cursor, _head(cursor)[1], depth + 1) for _ in range(cursor.count(_count(cursor)))]
    if kind == MAP:
        return Members(_pair(cursor, depth) for _ in range(cursor.count(_count(cursor))))
    raise EndOfBytesError("no such type")


def _pair(cursor: FieldCursor, depth: int) -> tuple[str, Any]:
    key = _value(cursor, _head(cursor)[1], depth + 1)
    return str(key), _value(cursor, _head(cursor)[1], depth + 1)


def _count(cursor: FieldCursor) -> int:
    kind = _head(cursor)[1]
    if kind == ZERO:
        return 0
    if kind not in SIZES:
        raise EndOfBytesError("no number")
    return cursor.s(SIZES[kind])


def _readable(data: bytes) -> str | bytes:
    """Text; bytes that are none end the reading, but for those that are a structure in place of text."""
    text = as_text(data)
    if isinstance(text, bytes) and len(text) < SHORTEST:
        raise EndOfBytesError("no text")
    return text


def _size_of(value: Any) -> int:
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, Members):
        return sum(_size_of(inner) for _, inner in value)
    return sum(map(_size_of, value)) if isinstance(value, list) else 0
