"""Bencoding (BitTorrent BEP 3) → the document in it."""

from __future__ import annotations

import re
from typing import Any

from analyzer.codecs.document_walk import Members
from analyzer.codecs.plain_text import text_or_bytes

NUMBER = re.compile(rb"i(-?\d{1,20})e")
LENGTH = re.compile(rb"(\d{1,7}):")
DEEPEST = 64
SHORTEST = 8


def read_bencode(data: bytes) -> Any:
    """A dictionary that takes up all bytes; None otherwise."""
    if len(data) < SHORTEST or not data.startswith(b"d") or not data[1:2].isdigit():
        return None
    try:
        document, end = _value(data, 0, 0)
    except (ValueError, IndexError):
        return None
    return document if end == len(data) and document else None


def _value(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    """The value that begins at `at`, and where it ends; ValueError where there is none."""
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    first = data[at : at + 1]
    if first == b"i" and (number := NUMBER.match(data, at)):
        return number[1].decode(), number.end()
    if length := LENGTH.match(data, at):
        end = length.end() + int(length[1])
        if end > len(data):
            raise ValueError("cut")
        return text_or_bytes(data[length.end() : end]), end
    if first in (b"l", b"d"):
        values, end = _values(data, at + 1, depth + 1)
        return (_members(values) if first == b"d" else values), end
    raise ValueError("no value")


def _values(data: bytes, at: int, depth: int) -> tuple[list[Any], int]:
    values = []
    while data[at] != ord("e"):
        value, at = _value(data, at, depth)
        values.append(value)
    return values, at + 1


def _members(values: list[Any]) -> Members:
    keys, inner = values[::2], values[1::2]
    if len(keys) != len(inner) or not all(isinstance(key, str) for key in keys):
        raise ValueError("no dictionary")
    return Members(zip(keys, inner, strict=True))
