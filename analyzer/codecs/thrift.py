"""Apache Thrift, binary and compact protocol → the fields of a message or structure, by their numbers.

Specification: thrift/doc/specs. A message is told by its version; a structure alone has to take up all bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analyzer.codecs.cursor import EndOfBytesError, FieldCursor, as_text, holds_text
from analyzer.codecs.document_walk import Members

FIRSTS = (
    frozenset(range(1, 16))
    | frozenset((0x00, 0x80, 0x82))
    | frozenset(range(0x11, 0x1D))
    | frozenset((0x28, 0x38, 0x48))
)
SHORTEST = 12
DEEPEST = 32
HIGHEST_FIELD = 1000
BOOL, BYTE, DOUBLE, I16, I32, I64, STRING, STRUCT, MAP, SET, LIST, UUID = (
    2,
    3,
    4,
    6,
    8,
    10,
    11,
    12,
    13,
    14,
    15,
    16,
)
SIZES = {BYTE: 1, I16: 2, I32: 4, I64: 8}
LEAST_OF_A_MESSAGE, LEAST_OF_A_STRUCTURE = 4, 8  # characters of a text; a structure has no version


def read_thrift(data: bytes) -> Any:
    """Return the fields; None where the bytes are no Thrift with text in it."""
    if len(data) < SHORTEST or data[0] not in FIRSTS:
        return None
    for read, least in READERS:
        try:
            document = read(data)
        except (ValueError, IndexError, OverflowError):
            continue
        if document is not None and holds_text(document, least):
            return document
    return None


def _whole(cursor: FieldCursor, document: Members) -> Members:
    if cursor.left():
        raise EndOfBytesError("something behind it")
    return document


def _binary_message(data: bytes) -> Members | None:
    begin = 4 if data[:1] == b"\0" and int.from_bytes(data[:4], "big") == len(data) - 4 else 0
    if data[begin : begin + 2] != b"\x80\x01" or not 1 <= data[begin + 3] <= 4:
        return None
    cursor = FieldCursor(data, begin + 4)
    name = cursor.counted(4)
    cursor.take(4)
    return _whole(cursor, Members([("method", as_text(name)), ("arguments", _binary_fields(cursor, 0))]))


def _compact_message(data: bytes) -> Members | None:
    begin = 4 if data[:1] == b"\0" and int.from_bytes(data[:4], "big") == len(data) - 4 else 0
    if data[begin] != 0x82 or data[begin + 1] & 0x1F != 1 or not 1 <= data[begin + 1] >> 5 <= 4:
        return None
    cursor = FieldCursor(data, begin + 2, "little")
    cursor.varint()
    name = cursor.take(cursor.varint())
    return _whole(cursor, Members([("method", as_text(name)), ("arguments", _Compact(cursor).fields(0))]))


def _binary_structure(data: bytes) -> Members:
    cursor = FieldCursor(data)
    return _whole(cursor, _binary_fields(cursor, 0))


def _compact_structure(data: bytes) -> Members:
    cursor = FieldCursor(data, 0, "little")
    return _whole(cursor, _Compact(cursor).fields(0))


# ── binary protocol ─────────────────────────────────────────────────────────


def _binary_fields(cursor: FieldCursor, depth: int) -> Members:
    members = Members()
    while (kind := cursor.u(1)) != 0:
        cursor.count(1)
        number = cursor.s(2)
        if not -1 <= number <= HIGHEST_FIELD:
            raise EndOfBytesError("no such field")
        members.append((str(number), _binary_value(cursor, kind, depth + 1)))
    return members


def _binary_value(cursor: FieldCursor, kind: int, depth: int) -> Any:
    if depth > DEEPEST:
        raise EndOfBytesError("nested too deeply")
    if kind in SIZES:
        return cursor.s(SIZES[kind])
    if kind == BOOL:
        return bool(cursor.u(1))
    if kind == DOUBLE:
        return cursor.real(8)
    if kind == STRING:
        return as_text(cursor.counted(4))
    if kind == STRUCT:
        return _binary_fields(cursor, depth)
    if kind == MAP:
        key, inner = cursor.u(1), cursor.u(1)
        pairs = range(cursor.count(cursor.u(4)))
        return _named(
            (_binary_value(cursor, key, depth + 1), _binary_value(cursor, inner, depth + 1)) for _ in pairs
        )
    if kind in (SET, LIST):
        inner = cursor.u(1)
        return [_binary_value(cursor, inner, depth + 1) for _ in range(cursor.count(cursor.u(4)))]
    if kind == UUID:
        return cursor.take(16).hex()
    raise EndOfBytesError("no such type")


def _named(pairs: Any) -> Members:
    return Members((str(key), value) for key, value in pairs)


# ── compact protocol ────────────────────────────────────────────────────────


class _Compact:
    def __init__(self, cursor: FieldCursor) -> None:
        self._cursor = cursor

    def fields(self, depth: int) -> Members:
        """Fields up to the stop, each by the difference of its number to the one before."""
        cursor, members, number = self._cursor, Members(), 0
        while (head := cursor.u(1)) != 0:
            cursor.count(1)
            kind = head & 15
            number = number + (head >> 4) if head >> 4 else cursor.zigzag()
            if not -1 <= number <= HIGHEST_FIELD:
                raise EndOfBytesError("no such field")
            value = kind == 1 if kind in (1, 2) else self._value(kind, depth + 1)
            members.append((str(number), value))
        return members

    def _value(self, kind: int, depth: int) -> Any:
        cursor = self._cursor
        if depth > DEEPEST:
            raise EndOfBytesError("nested too deeply")
        if kind in (1, 2, 3):
            return cursor.s(1)
        if kind in (4, 5, 6):
            return cursor.zigzag()
        if kind == 7:
            return cursor.real(8)
        if kind == 8:
            return as_text(cursor.take(cursor.varint()))
        if kind in (9, 10):
            head = cursor.u(1)
            size = cursor.varint() if head >> 4 == 15 else head >> 4
            return [self._value(head & 15, depth + 1) for _ in range(cursor.count(size))]
        if kind == 11:
            return self._map(depth)
        if kind == 12:
            return self.fields(depth)
        if kind == 13:
            return cursor.take(16).hex()
        raise EndOfBytesError("no such type")

    def _map(self, depth: int) -> Members:
        size = self._cursor.varint()
        if not size:
            return Members()
        kinds = self._cursor.u(1)
        pairs = range(self._cursor.count(size))
        return _named((self._value(kinds >> 4, depth + 1), self._value(kinds & 15, depth + 1)) for _ in pairs)


READERS: tuple[tuple[Callable[[bytes], Members | None], int], ...] = (
    (_binary_message, LEAST_OF_A_MESSAGE),
    (_compact_message, LEAST_OF_A_MESSAGE),
    (_binary_structure, LEAST_OF_A_STRUCTURE),
    (_compact_structure, LEAST_OF_A_STRUCTURE),
)
