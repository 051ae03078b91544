"""A document behind its length, a verb or a header of its own kind; several, each behind its length.

Only a document that reads to the last byte counts, so that a header is never guessed into random data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from analyzer.codecs.cursor import EndOfBytesError, FieldCursor
from analyzer.codecs.json import is_json
from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, PlainPart

STEP = "frames"
FARTHEST = 24  # bytes of a header
MOST_TRIED = 12
MOST_FRAMES = 1000
LONGEST = 1 << 18
VERB = re.compile(rb"[A-Za-z][A-Za-z0-9_.:/-]{1,31}[ \t\r\n\0|]{1,2}")

Opens = Callable[[bytes], bool]


def decode_frames(part: MessagePart, budget: Budget, is_document: Opens) -> list[PlainPart]:
    """Return the document or documents; nothing where none reads to its end."""
    data = part.value
    if isinstance(data, str):
        return []
    found = frames_in(data, is_document)
    if not found or not budget.take_bytes(sum(end - start for start, end in found)):
        return []
    path = (*part.path, STEP)
    return [
        (part.name, _value(data[start:end]), (*path, f"[{number}]"), part.beside)
        for number, (start, end) in enumerate(found)
    ]


def frames_in(data: bytes, is_document: Opens) -> list[tuple[int, int]]:
    """Return where the documents stand that `is_document` knows; nothing where there are none."""
    if not 12 <= len(data) <= LONGEST:
        return []
    for start in list(dict.fromkeys(_starts(data)))[:MOST_TRIED]:
        if len(data) - start >= 8 and is_document(data[start:]):
            return [(start, len(data))]
    for read in CHAINS:
        found = _chain(data, read)
        if len(found) > 1 and is_document(data[slice(*found[0])]):
            return found
    return []


def _value(data: bytes) -> str | bytes:
    return data.decode("utf-8") if is_json_text(data) else data


def is_json_text(data: bytes) -> bool:
    """Return whether bytes are an object or a list in JSON."""
    if data[:1] not in (b"{", b"["):
        return False
    try:
        return is_json(data.decode("utf-8"))
    except ValueError:
        return False


def _starts(data: bytes) -> Iterator[int]:
    """Where a document may begin: behind a length that fits what follows, or behind a verb."""
    total = len(data)
    for at in range(min(FARTHEST, total - 4)):
        for size in (4, 2):
            for order in ("big", "little"):
                length = int.from_bytes(data[at : at + size], "big" if order == "big" else "little")
                if length == total - at - size:
                    yield at + size
                elif size == 4 and length in (total, total - at) and length:
                    yield from range(at + size, min(at + size + 13, total), 4)
    cursor = FieldCursor(data)
    try:
        if cursor.varint() == cursor.left():
            yield cursor.at
    except EndOfBytesError:
        pass
    if found := VERB.match(data):
        yield found.end()


def _chain(data: bytes, read: Callable[[FieldCursor], Any]) -> list[tuple[int, int]]:
    """Where documents stand that follow each other to the last byte, each behind its length; else nothing."""
    cursor = FieldCursor(data)
    found: list[tuple[int, int]] = []
    try:
        while cursor.left() and len(found) < MOST_FRAMES:
            length = read(cursor)
            begin = cursor.at
            cursor.take(length)
            if length < 4:
                return []
            found.append((begin, cursor.at))
    except EndOfBytesError:
        return []
    return found if not cursor.left() else []


def _little(size: int) -> Callable[[FieldCursor], int]:
    return lambda cursor: int.from_bytes(cursor.take(size), "little")


def _including(size: int) -> Callable[[FieldCursor], int]:
    return lambda cursor: cursor.u(size) - size


def _bare(cursor: FieldCursor) -> int:
    """A document that begins with its own length, as BSON does."""
    length = int.from_bytes(cursor.data[cursor.at : cursor.at + 4], "little")
    if length < 5:
        raise EndOfBytesError("no length")
    return length


CHAINS: tuple[Callable[[FieldCursor], int], ...] = (
    lambda cursor: cursor.u(4), lambda cursor: cursor.u(2), lambda cursor: cursor.varint(),
    _little(4), _little(2), _including(4), _including(2), _bare,
)  # fmt: skip
