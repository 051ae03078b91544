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


def read_bencode(octets: bytes) -> Any:
    """A dictionary that takes up all bytes; None otherwise."""
    if len(octets) < SHORTEST or not octets.startswith(b"d") or not octets[1:2].isdigit():
        return None
    try:
        document, end = _value(octets, 0, 0)
    except (ValueError, IndexError):
        return None
    return document if end == len(octets) and document else None


def _value(octets: bytes, at: int, depth: int) -> tuple[Any, int]:
    """The value that begins at `at`, and where it ends; ValueError where there is none."""
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    first = octets[at : at + 1]
    if first == b"i" and (number := NUMBER.match(octets, at)):
        return number[1].decode(), number.end()
    if length := LENGTH.match(octets, at):
        end = length.end() + int(length[1])
        if end > len(octets):
            raise ValueError("cut")
        return text_or_bytes(octets[length.end() : end]), end
    if first in (b"l", b"d"):
        values, end = _values(octets, at + 1, depth + 1)
        return (_members(values) if first == b"d" else values), end
    raise ValueError("no value")


def _values(octets: bytes, at: int, depth: int) -> tuple[list[Any], int]:
    values = []
    while octets[at] != ord("e"):
        value, at = _value(octets, at, depth)
        values.append(value)
    return values, at + 1


def _members(values: list[Any]) -> Members:
    keys, inner = values[::2], values[1::2]
    if len(keys) != len(inner) or not all(isinstance(key, str) for key in keys):
        raise ValueError("no dictionary")
    return Members(zip(keys, inner, strict=True))
