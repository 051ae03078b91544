"""IPP (RFC 8010 §3.1) → attributes of a request or response: users, jobs, printers."""

from __future__ import annotations

from typing import Any

from analyzer.codecs.cursor import EndOfBytesError, FieldCursor, as_text, holds_text
from analyzer.codecs.document_walk import Members

FIRSTS = frozenset((1, 2))
SHORTEST = 12
END, FIRST_VALUE = 3, 0x10
NUMBERS = (0x21, 0x23)
CHARSET = b"attributes-charset"  # the first attribute of every message (RFC 8011 §4.1.4)


def read_ipp(data: bytes) -> Any:
    """Return the attributes; the document of a print job stands behind them and is left. None for all
    else."""
    if len(data) < SHORTEST or data[0] not in FIRSTS or data[1] > 2 or data[12:30] != CHARSET:
        return None
    cursor = FieldCursor(data, 8)
    try:
        members = _attributes(cursor)
    except (ValueError, IndexError):
        return None
    return members if holds_text(members) else None


def _attributes(cursor: FieldCursor) -> Members:
    members, name = Members(), ""
    while (tag := cursor.u(1)) != END:
        if tag < FIRST_VALUE:  # a group begins
            continue
        cursor.count(1)
        name = cursor.counted(2).decode("ascii") or name  # a further value has no name
        value = cursor.counted(2)
        if not name:
            raise EndOfBytesError("no name")
        members.append(
            (name, int.from_bytes(value, "big", signed=True) if tag in NUMBERS else as_text(value))
        )
    return members
