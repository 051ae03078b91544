"""ASN.1 in BER or DER without its schema (ITU-T X.690) → text, numbers and object identifiers in it."""

from __future__ import annotations

from typing import Any

from analyzer.codecs.cursor import EndOfBytesError, FieldCursor, as_text, holds_text
from analyzer.codecs.document_walk import Members

FIRSTS = frozenset((0x30, 0x31, *range(0x60, 0x80), *range(0xA0, 0xC0)))
SHORTEST = 10
DEEPEST = 32
CONSTRUCTED = 0x20
BOOLEAN, INTEGER, BITS, BYTES, NULL, OBJECT, ENUMERATED = 1, 2, 3, 4, 5, 6, 10
TEXTS = {12: "utf-8", 18: "ascii", 19: "ascii", 20: "latin-1", 22: "ascii", 26: "ascii", 27: "latin-1",
         28: "utf-32-be", 30: "utf-16-be", 23: "ascii", 24: "ascii"}  # fmt: skip
LEAST = 6
LONGEST_NAME = 64


def read_ber(data: bytes, depth: int = 0) -> Any:
    """Return the values of one constructed value that takes up all bytes; None where there is no text in it.

    `depth` counts the values around it.
    """
    if len(data) < SHORTEST or data[0] not in FIRSTS:
        return None
    cursor = FieldCursor(data)
    try:
        document = _value(cursor, depth)
    except (ValueError, IndexError, OverflowError):
        return None
    is_whole = not cursor.left() and isinstance(document, list)
    return document if is_whole and holds_text(document, LEAST) else None


def _value(cursor: FieldCursor, depth: int) -> Any:
    if depth > DEEPEST:
        raise EndOfBytesError("nested too deeply")
    cursor.count(1)
    tag, length = cursor.u(1), cursor.u(1)
    if tag & 31 == 31 or tag == 0:
        raise EndOfBytesError("no such tag")
    if length == 0x80:
        raise EndOfBytesError("no length")
    if length > 0x80:
        length = cursor.u(min(length & 127, 5))
    if length > cursor.left():
        raise EndOfBytesError("cut")
    if tag & CONSTRUCTED:
        return _paired(_values(cursor, cursor.at + length, depth))
    return _primitive(tag, cursor.take(length), depth)


def _values(cursor: FieldCursor, end: int, depth: int) -> list[Any]:
    found = []
    while cursor.at < end:
        found.append(_value(cursor, depth + 1))
    if cursor.at != end:
        raise EndOfBytesError("another length")
    return found


def _paired(values: list[Any]) -> Any:
    """A name and its value or values are a pair, as attributes of LDAP and names of X.509 are."""
    is_pair = len(values) == 2 and isinstance(values[0], str) and 0 < len(values[0]) <= LONGEST_NAME
    if not is_pair or not (values[0][0].isalpha() and values[0].isascii()):
        return values
    return Members([(values[0], values[1])])


def _primitive(tag: int, data: bytes, depth: int) -> Any:
    if tag & 0xC0:  # implicit tags: text where it reads as such
        return as_text(data)
    if tag in TEXTS:
        return data.decode(TEXTS[tag])
    if tag == BYTES:
        inner = read_ber(data, depth + 1)
        return inner if inner is not None else as_text(data)
    if tag in (INTEGER, ENUMERATED):
        return int.from_bytes(data, "big", signed=True)
    if tag == OBJECT:
        return None
    return data if tag == BITS else None
