"""AMF0 and AMF3 (Adobe, Action Message Format) → the values in a packet, or in the command of a stream."""

from __future__ import annotations

from typing import Any

from analyzer.codecs.cursor import EndOfBytesError, FieldCursor, as_text, holds_text
from analyzer.codecs.document_walk import Members

FIRSTS = frozenset((0, 2))
SHORTEST = 8
DEEPEST = 32
MOST = 64  # headers, messages, values of a command
END = 9


def read_amf(data: bytes) -> Any:
    """Return targets and values that take up all bytes; None where they are no AMF with text in it."""
    if len(data) < SHORTEST or data[0] not in FIRSTS:
        return None
    try:
        document = _packet(data) if data[0] == 0 else _command(data)
    except (ValueError, IndexError, OverflowError):
        return None
    return document if holds_text(document) else None


def _packet(data: bytes) -> Any:
    """AMF0 §4.1: headers and messages, each with its target."""
    cursor, found = FieldCursor(data), Members()
    if cursor.u(2) not in (0, 3):
        raise EndOfBytesError("another version")
    for _ in range(cursor.count(cursor.u(2))):
        name = _name(cursor.counted(2))
        cursor.take(1)
        cursor.take(4)
        found.append((name, _Values(cursor).amf0(0)))
    for _ in range(cursor.count(cursor.u(2))):
        target, _ = _name(cursor.counted(2)), cursor.counted(2)
        cursor.take(4)
        found.append((target, _Values(cursor).amf0(0)))
    if cursor.left() or not found:
        raise EndOfBytesError("something behind it")
    return found


def _command(data: bytes) -> Any:
    """Values one after the other, the first a name, an object among them (RTMP §7.2)."""
    cursor = FieldCursor(data)
    found: list[Any] = []
    while cursor.left() and len(found) < MOST:
        found.append(_Values(cursor).amf0(0))
    named = any(isinstance(value, Members) for value in found)
    if cursor.left() or not isinstance(found[0], str) or not (named or len(found) > 3):
        raise EndOfBytesError("no command")
    return found


def _name(data: bytes) -> str:
    return data.decode("utf-8")


class _Values:
    """Reads values; what a value of AMF3 refers to is kept while it is read."""

    def __init__(self, cursor: FieldCursor) -> None:
        self._cursor = cursor
        self._texts: list[str] = []
        self._traits: list[tuple[list[str], bool]] = []
        self._objects = 0

    def amf0(self, depth: int) -> Any:
        cursor, kind = self._cursor, self._cursor.u(1)
        if depth > DEEPEST:
            raise EndOfBytesError("nested too deeply")
        if kind == 0:
            return cursor.real(8)
        if kind == 1:
            return bool(cursor.u(1))
        if kind in (2, 12, 15):
            return as_text(cursor.counted(2 if kind == 2 else 4))
        if kind in (3, 8, 16):
            cursor.take(4 if kind == 8 else 0)
            if kind == 16:
                cursor.counted(2)
            return self._pairs(depth)
        if kind in (5, 6, 13):
            return None
        if kind == 7:
            return cursor.u(2) and None
        if kind == 10:
            return [self.amf0(depth + 1) for _ in range(cursor.count(cursor.u(4)))]
        if kind == 11:
            return (cursor.real(8), cursor.take(2))[0]
        if kind == 17:
            return self.amf3(depth + 1)
        raise EndOfBytesError("no such type")

    def _pairs(self, depth: int) -> Members:
        members = Members()
        while name := self._cursor.counted(2):
            self._cursor.count(1)
            members.append((_name(name), self.amf0(depth + 1)))
        if self._cursor.u(1) != END:
            raise EndOfBytesError("no end of object")
        return members

    # ── AMF3 ────────────────────────────────────────────────────────────

    def amf3(self, depth: int) -> Any:
        cursor, kind = self._cursor, self._cursor.u(1)
        if depth > DEEPEST:
            raise EndOfBytesError("nested too deeply")
        if kind in (0, 1, 2, 3):
            return {2: False, 3: True}.get(kind)
        if kind == 4:
            return self._u29()
        if kind == 5:
            return cursor.real(8)
        if kind == 6:
            return self._text()
        if kind in (7, 11, 12):
            return self._block(kind)
        if kind == 8:
            return self._date()
        if kind == 9:
            return self._array(depth)
        if kind == 10:
            return self._object(depth)
        raise EndOfBytesError("no such type")

    def _u29(self) -> int:
        value = 0
        for turn in range(4):
            byte = self._cursor.u(1)
            if turn == 3:
                return value << 8 | byte
            value = value << 7 | byte & 127
            if byte < 128:
                return value
        raise EndOfBytesError("no number")

    def _text(self) -> str:
        head = self._u29()
        if not head & 1:
            return self._texts[head >> 1]
        text = self._cursor.take(head >> 1).decode("utf-8")
        if text:
            self._texts.append(text)
        return text

    def _block(self, kind: int) -> Any:
        head = self._u29()
        data = self._cursor.take(head >> 1) if head & 1 else b""
        return data if kind == 12 else as_text(data)

    def _date(self) -> Any:
        return self._cursor.real(8) if self._u29() & 1 else None

    def _array(self, depth: int) -> Any:
        head = self._u29()
        if not head & 1:
            return None
        members = Members()
        while name := self._text():
            self._cursor.count(1)
            members.append((name, self.amf3(depth + 1)))
        dense = [self.amf3(depth + 1) for _ in range(self._cursor.count(head >> 1))]
        return [members, *dense] if members else dense

    def _object(self, depth: int) -> Any:
        head = self._u29()
        if not head & 1:
            return None
        if head & 2:
            if head & 4:
                raise EndOfBytesError("an object with a form of its own")
            self._text()
            sealed = [self._text() for _ in range(self._cursor.count(head >> 4))]
            self._traits.append((sealed, bool(head & 8)))
            names, is_dynamic = self._traits[-1]
        else:
            names, is_dynamic = self._traits[head >> 2]
        members = Members((name, self.amf3(depth + 1)) for name in names)
        while is_dynamic and (name := self._text()):
            self._cursor.count(1)
            members.append((name, self.amf3(depth + 1)))
        return members
