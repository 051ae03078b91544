"""Prepared statements: which column each value belongs to that is sent apart from the statement."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from itertools import islice

from analyzer.dissectors.api import ByteReader, MalformedError, text

Pairs = list[tuple[str, str]]
LONGEST, MOST, MOST_STATEMENTS = 1 << 16, 200, 256
INSERT = re.compile(r"\binto\s+[^\s(]{1,128}\s*\(([^()]{1,4096})\)\s*values\s*\(", re.IGNORECASE)
ITEM = re.compile(r"((?:'[^']{0,1024}'|\([^()]{0,1024}\)|[^(),']){1,1024}+)[,)]")
MARK = r"(?:\$(\d{1,4})|(\?)|%s)"
COMPARED = re.compile(r"[`\"\[]?(\w{1,64})[`\"\]]?\s*(?:=|\blike\b)\s*" + MARK, re.IGNORECASE)
MARKS = re.compile(MARK)
UNNAMED = "value"
BINARY = 1  # a code of a format, of PostgreSQL
NULL = 0xFFFFFFFF
# Numbers among the types of MySQL's values, and those that stand behind their length.
NUMBERS = {1: "<b", 2: "<h", 3: "<i", 4: "<f", 5: "<d", 8: "<q", 9: "<i", 13: "<h"}
COUNTED = frozenset((0, 15, 16, *range(245, 256)))
LENGTHS = {0xFC: 2, 0xFD: 3, 0xFE: 8}
NEW_TYPES = 1


def columns_of(statement: str) -> dict[int, str]:
    """Return the names of the columns that the places for values stand for, by their numbers from 0."""
    statement = statement[:LONGEST]
    names: dict[int, str] = {}
    pairs = list(_inserted(statement)) or [(found[1], found) for found in COMPARED.finditer(statement)]
    order = {found.start(): number for number, found in enumerate(MARKS.finditer(statement))}
    for name, found in pairs[:MOST]:
        number = found[found.re.groups - 1]
        at = int(number) - 1 if number else order.get(_start(found), -1)
        if at >= 0:
            names[at] = name
    return names


def _start(found: re.Match[str]) -> int:
    """Return where the mark of a place begins."""
    return found.end() - 1 if found[found.re.groups] else found.end() - 2


def _inserted(statement: str) -> Iterator[tuple[str, re.Match[str]]]:
    found = INSERT.search(statement)
    if found is None:
        return
    names = [name.strip(' \t\r\n`"[]') for name in found[1].split(",")]
    at = found.end()
    for name in names:
        item = ITEM.match(statement, at)
        if item is None:
            return
        if mark := MARKS.search(statement, at, item.end(1)):
            yield name, mark
        at = item.end()


class Statements:
    """The statements of one connection, by their names or numbers."""

    def __init__(self) -> None:
        self._columns: dict[bytes | int, dict[int, str]] = {}
        self.asked = ""  # a statement whose number the server has not yet told

    def keep(self, name: bytes | int, statement: str) -> None:
        """Remember what a statement names; of too many the first is forgotten."""
        if len(self._columns) >= MOST_STATEMENTS:
            self._columns.pop(next(iter(self._columns)))
        self._columns[name] = columns_of(statement)

    def named(self, name: bytes | int, values: Sequence[bytes]) -> Pairs:
        """Return the values, each with its column; nothing where the statement names none."""
        columns = self._columns.get(name)
        if not columns:
            return []
        return [(columns.get(at, UNNAMED), text(value)) for at, value in enumerate(values) if value]

    def count(self, name: int) -> int:
        """Return how many places the statement has, as far as they are named."""
        return max(self._columns.get(name, {}), default=-1) + 1


def postgresql_values(cursor: ByteReader) -> tuple[bytes, list[bytes]]:
    """Return the statement that a Bind message is for, and its values; those in binary form are empty."""
    cursor.terminated()
    name = cursor.terminated()
    formats = [cursor.number(2) for _ in range(cursor.number(2))]
    values: list[bytes] = []
    for at in range(min(cursor.number(2), MOST)):
        size = cursor.number(4)
        value = b"" if size == NULL else cursor.take(size)
        form = formats[min(at, len(formats) - 1)] if formats else 0
        is_number = form == BINARY and not value.isascii()
        values.append(b"" if is_number else value)
    return name, values


def mysql_values(cursor: ByteReader, count: int) -> list[bytes]:
    """Return the values of COM_STMT_EXECUTE behind the number of the statement, as text."""
    cursor.take(5)
    nulls = int.from_bytes(cursor.take((count + 7) // 8), "little")
    if cursor.number(1) != NEW_TYPES:
        raise MalformedError("types of an earlier message")
    types = [cursor.number(2, "little") & 0xFF for _ in range(count)]
    return [
        b"" if nulls >> at & 1 else _mysql_value(cursor, kind) for at, kind in enumerate(islice(types, MOST))
    ]


def _mysql_value(cursor: ByteReader, kind: int) -> bytes:
    if layout := NUMBERS.get(kind):
        (number,) = struct.unpack(layout, cursor.take(struct.calcsize(layout)))
        return str(number).encode()
    if kind in COUNTED:
        first = cursor.number(1)
        return cursor.take(cursor.number(LENGTHS[first], "little") if first in LENGTHS else first)
    size = cursor.number(1)
    cursor.take(size)
    return b""
