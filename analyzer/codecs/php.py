"""What PHP's serialize() writes → the values in it (php.net, serialize; php-src ext/standard/var.c)."""

from __future__ import annotations

import re
from typing import Any

from analyzer.codecs.document_walk import Members

BEGINS = re.compile(r"[aOC]:\d{1,7}:[{\"]")
HEAD = re.compile(
    rb"N;|b:([01]);|i:(-?\d{1,20});|d:([-+.\dEeINFA]{1,30});|[rR]:\d{1,9};|s:(\d{1,9}):\"|a:(\d{1,7}):\{"
    rb"|O:\d{1,4}:\"[\w\\]{1,200}\":(\d{1,7}):\{"
)
DEEPEST, MOST = 32, 10_000


def read_php(data: bytes) -> Any:
    """Return the array or object that all bytes are; None otherwise."""
    try:
        document, end = _value(data, 0, 0, [MOST])
    except ValueError:
        return None
    return document if isinstance(document, Members) and document and not data[end:].strip() else None


def _value(data: bytes, at: int, depth: int, left: list[int]) -> tuple[Any, int]:
    found = HEAD.match(data, at)
    left[0] -= 1
    if found is None or depth > DEEPEST or left[0] < 0:
        raise ValueError("no value")
    if found[4] is not None:
        end = found.end() + int(found[4])
        if data[end : end + 2] != b'";':
            raise ValueError("another length")
        return data[found.end() : end].decode("utf-8", "replace"), end + 2
    count = found[5] or found[6]
    if count is None:
        number = found[2] or found[3]
        return (None if number is None else number.decode()), found.end()
    at, members = found.end(), Members()
    for _ in range(int(count)):
        name, at = _value(data, at, depth + 1, left)
        value, at = _value(data, at, depth + 1, left)
        members.append((str(name).rpartition("\0")[2], value))  # of a private member behind its class
    if data[at : at + 1] != b"}":
        raise ValueError("no end")
    return members, at + 1
