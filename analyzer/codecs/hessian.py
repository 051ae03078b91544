"""Hessian 1 and 2 (hessian.caucho.com) → the values of a call, a reply or an object."""

from __future__ import annotations

from typing import Any

from analyzer.codecs.cursor import EndOfBytesError, FieldCursor, holds_text
from analyzer.codecs.document_walk import Members

FIRSTS = frozenset(b"crHCMV\x00WX")
SHORTEST = 8
DEEPEST = 32
MOST = 64


def read_hessian(data: bytes) -> Any:
    """Return the values that take up all bytes; None where they are no Hessian with text in it."""
    if len(data) < SHORTEST or data[0] not in FIRSTS:
        return None
    for read in (_first, _second) if data[:1] in b"crMV" else (_second,):
        try:
            document = read(data)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        if holds_text(document):
            return document
    return None


def _text(cursor: FieldCursor, length: int) -> str:
    """So many characters, each of one to three bytes of UTF-8."""
    begin = cursor.at
    for _ in range(cursor.count(length)):
        first = cursor.u(1)
        cursor.take(0 if first < 0x80 else 1 if first < 0xE0 else 2)
    return cursor.data[begin : cursor.at].decode("utf-8")


# ── version 1 ───────────────────────────────────────────────────────────────


def _first(data: bytes) -> Any:
    cursor, found = FieldCursor(data), Members()
    kind = data[:1]
    if kind in (b"c", b"r"):
        cursor.take(1)
        if cursor.u(2) > 0x0300:
            raise EndOfBytesError("another version")
        while data[cursor.at : cursor.at + 1] == b"H":
            cursor.take(1)
            found.append((_text(cursor, cursor.u(2)), _value_1(cursor, 0)))
        if kind == b"c":
            if cursor.take(1) != b"m":
                raise EndOfBytesError("no method")
            found.append(("method", cursor.counted(2).decode("utf-8")))
        while data[cursor.at : cursor.at + 1] != b"z" and len(found) < MOST:
            found.append(("argument", _value_1(cursor, 0)))
        cursor.take(1)
    else:
        found.append(("value", _value_1(cursor, 0)))
    if cursor.left():
        raise EndOfBytesError("something behind it")
    return found


def _value_1(cursor: FieldCursor, depth: int) -> Any:
    if depth > DEEPEST:
        raise EndOfBytesError("nested too deeply")
    cursor.count(1)
    kind = cursor.take(1)
    if kind in (b"N", b"T", b"F"):
        return {b"T": True, b"F": False}.get(kind)
    if kind == b"I":
        return cursor.s(4)
    if kind in (b"L", b"d"):
        return cursor.s(8)
    if kind == b"D":
        return cursor.real(8)
    if kind in (b"S", b"s", b"X", b"x"):
        return _text(cursor, cursor.u(2))
    if kind in (b"B", b"b"):
        return cursor.counted(2)
    if kind == b"R":
        return cursor.u(4) and None
    if kind in (b"M", b"V"):
        return _group_1(cursor, kind, depth)
    raise EndOfBytesError("no such type")


def _group_1(cursor: FieldCursor, kind: bytes, depth: int) -> Any:
    """A map or a list, with its type and, of a list, its length."""
    data = cursor.data
    if data[cursor.at : cursor.at + 1] == b"t":
        cursor.take(1)
        cursor.counted(2)
    if kind == b"V":
        if data[cursor.at : cursor.at + 1] == b"l":
            cursor.take(5)
        values = []
        while data[cursor.at : cursor.at + 1] != b"z":
            values.append(_value_1(cursor, depth + 1))
        cursor.take(1)
        return values
    members = Members()
    while data[cursor.at : cursor.at + 1] != b"z":
        name = _value_1(cursor, depth + 1)
        members.append((str(name), _value_1(cursor, depth + 1)))
    cursor.take(1)
    return members


# ── version 2 ───────────────────────────────────────────────────────────────


def _second(data: bytes) -> Any:
    cursor = FieldCursor(data)
    found: list[Any] = []
    reader = _Second(cursor)
    if data[:3] == b"H\x02\x00":
        cursor.take(3)
        kind = cursor.take(1)
        if kind == b"C":
            found.append(str(reader.value(0)))
            found += [reader.value(0) for _ in range(cursor.count(int(reader.value(0) or 0)))]
        elif kind in (b"R", b"F"):
            found.append(reader.value(0))
        else:
            raise EndOfBytesError("no call")
    while cursor.left() and len(found) < MOST:
        found.append(reader.value(0))
    if cursor.left():
        raise EndOfBytesError("something behind it")
    if data[:3] != b"H\x02\x00" and not any(isinstance(value, Members) for value in found):
        raise EndOfBytesError("texts alone, which other formats count in the same way")
    return found


class _Second:
    """Reads values of version 2; classes are kept, references to earlier values are not followed."""

    def __init__(self, cursor: FieldCursor) -> None:
        self._cursor = cursor
        self._classes: list[list[str]] = []
        self._types: list[str] = []

    def value(self, depth: int) -> Any:
        if depth > DEEPEST:
            raise EndOfBytesError("nested too deeply")
        cursor = self._cursor
        cursor.count(1)
        code = cursor.u(1)
        while code == 0x43:  # "C": a class stands before its first object
            self._class(depth + 1)
            code = cursor.u(1)
        for low, high, read in RANGES:
            if low <= code <= high:
                return read(self, code, depth)
        raise EndOfBytesError("no such type")

    def _class(self, depth: int) -> None:
        self.value(depth)
        count = int(self.value(depth))
        self._classes.append([str(self.value(depth)) for _ in range(self._cursor.count(count))])

    def _constant(self, code: int, _: int) -> Any:
        return {0x54: True, 0x46: False}.get(code)

    def _int(self, code: int, _: int) -> Any:
        cursor = self._cursor
        if code == 0x49:
            return cursor.s(4)
        if code < 0xC0:
            return code - 0x90
        return (code - 0xC8 << 8) + cursor.u(1) if code < 0xD0 else (code - 0xD4 << 16) + cursor.u(2)

    def _long(self, code: int, _: int) -> Any:
        cursor = self._cursor
        if code in (0x4C, 0x4A, 0x4B, 0x59):
            return cursor.s(4 if code in (0x59, 0x4B) else 8)
        if code < 0xF0:
            return code - 0xE0
        return (code - 0xF8 << 8) + cursor.u(1) if code >= 0xF0 else (code - 0x3C << 16) + cursor.u(2)

    def _double(self, code: int, _: int) -> Any:
        cursor = self._cursor
        if code == 0x44:
            return cursor.real(8)
        if code in (0x5B, 0x5C):
            return float(code - 0x5B)
        return float(cursor.s({0x5D: 1, 0x5E: 2}.get(code, 4))) * (0.001 if code == 0x5F else 1)

    def _string(self, code: int, _: int) -> Any:
        cursor, said = self._cursor, ""
        while code == 0x52:
            said += _text(cursor, cursor.u(2))
            code = cursor.u(1)
        if code == 0x53:
            return said + _text(cursor, cursor.u(2))
        if code < 0x20:
            return said + _text(cursor, code)
        if 0x30 <= code <= 0x33:
            return said + _text(cursor, (code - 0x30 << 8) + cursor.u(1))
        raise EndOfBytesError("no text")

    def _binary(self, code: int, _: int) -> Any:
        cursor, said = self._cursor, b""
        while code == 0x41:
            said += cursor.counted(2)
            code = cursor.u(1)
        if code == 0x42:
            return said + cursor.counted(2)
        if 0x20 <= code <= 0x2F:
            return said + cursor.take(code - 0x20)
        return said + cursor.take((code - 0x34 << 8) + cursor.u(1))

    def _reference(self, _: int, depth: int) -> Any:
        return (self.value(depth + 1), None)[1]

    def _map(self, code: int, depth: int) -> Any:
        if code == 0x4D:
            self._type(depth)
        members = Members()
        while self._cursor.data[self._cursor.at : self._cursor.at + 1] != b"Z":
            name = self.value(depth + 1)
            members.append((str(name), self.value(depth + 1)))
        self._cursor.take(1)
        return members

    def _type(self, depth: int) -> None:
        kind = self.value(depth + 1)
        if isinstance(kind, str):
            self._types.append(kind)

    def _list(self, code: int, depth: int) -> Any:
        if code in (0x55, 0x56) or 0x70 <= code <= 0x77:
            self._type(depth)
        if code in (0x55, 0x57):
            values = []
            while self._cursor.data[self._cursor.at : self._cursor.at + 1] != b"Z":
                values.append(self.value(depth + 1))
            self._cursor.take(1)
            return values
        count = int(self.value(depth + 1)) if code in (0x56, 0x58) else code & 7
        return [self.value(depth + 1) for _ in range(self._cursor.count(count))]

    def _object(self, code: int, depth: int) -> Any:
        number = int(self.value(depth + 1)) if code == 0x4F else code - 0x60
        if number < 0:
            raise EndOfBytesError("no such class")
        return Members((name, self.value(depth + 1)) for name in self._classes[number])

    def _date(self, code: int, _: int) -> Any:
        return self._cursor.s(8 if code == 0x4A else 4)


RANGES = (
    (0x4E, 0x4E, _Second._constant), (0x54, 0x54, _Second._constant), (0x46, 0x46, _Second._constant),
    (0x49, 0x49, _Second._int), (0x80, 0xD7, _Second._int),
    (0x4A, 0x4B, _Second._date), (0x4C, 0x4C, _Second._long), (0x59, 0x59, _Second._long),
    (0xD8, 0xFF, _Second._long), (0x38, 0x3F, _Second._long),
    (0x44, 0x44, _Second._double), (0x5B, 0x5F, _Second._double),
    (0x00, 0x1F, _Second._string), (0x30, 0x33, _Second._string), (0x52, 0x53, _Second._string),
    (0x20, 0x2F, _Second._binary), (0x34, 0x37, _Second._binary), (0x41, 0x42, _Second._binary),
    (0x51, 0x51, _Second._reference), (0x48, 0x48, _Second._map), (0x4D, 0x4D, _Second._map),
    (0x55, 0x58, _Second._list), (0x70, 0x7F, _Second._list), (0x4F, 0x4F, _Second._object),
    (0x60, 0x6F, _Second._object),
)  # fmt: skip
