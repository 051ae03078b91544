"""Protocol Buffers without their schema → numbered fields, where bytes are surely such a message.

The wire format (protobuf.dev/programming-guides/encoding) names no field and no type: what looks
like text is given as text, what looks like a message as one, the rest as numbers and bytes.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Iterator
from typing import Any

from analyzer.codecs.document_walk import Members
from analyzer.codecs.json import is_json
from analyzer.codecs.plain_text import readable_text

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
FIRSTS = frozenset(range(8, 0x80))  # field 0 is not allowed; 1 to 15 come first
HIGHEST_FIELD = 4096  # higher numbers are allowed and hardly used
DEEPEST = 16
SHORTEST = 12  # bytes
SHORTEST_TEXT = 6  # characters, of which one at least is wanted
WORDS = re.compile(r"[\w .,:;/@+\-=?&{}\[\]\"()]+")
KEY = re.compile(r"[A-Za-z_$][A-Za-z_.$-]{0,61}[0-9]{0,2}")
OF_VALUE = ("1", "2", "3", "4", "5", "6")
FIELD_1 = b"\n"  # also a line feed, with which no text in a field begins
READABLE_SHARE = 0.4  # of all bytes, inside text fields


def read_protobuf(data: bytes) -> Any:
    """Members named by their numbers; None where the bytes hold too little text to be sure."""
    if len(data) < SHORTEST or data[0] not in FIRSTS:
        return None
    try:
        message = _message(data, 0)
    except (ValueError, IndexError):
        return None
    texts = [text for text in _texts(message) if WORDS.fullmatch(text) or is_json(text)]
    longest, readable = max(map(len, texts), default=0), sum(map(len, texts))
    is_sure = longest >= SHORTEST_TEXT and readable >= READABLE_SHARE * len(data)
    return with_keys(message) if is_sure else None


def known_protobuf(data: bytes) -> Any:
    """The same of bytes that something else calls a message; None where they can be none."""
    try:
        return with_keys(_message(data, 0))
    except (ValueError, IndexError):
        return None


def with_keys(message: Members) -> Members:
    """Return the message with entries of maps under their keys, and values of `google.protobuf.Struct` plain.

    An entry of a map has its key in field 1 and its value in field 2 (programming guide, "Maps"); `Value` is
    one of null (1), number (2), string (3), bool (4), Struct (5), list (6). One message of such a form alone
    may be another structure; it counts where the value is a `Value`, or where there are several.
    """
    entries = Counter(name for name, value in message if _is_entry(value))
    return Members(_keyed(name, value, entries[name] > 1) for name, value in message)


def _is_entry(value: Any) -> bool:
    is_pair = isinstance(value, Members) and [number for number, _ in value] == ["1", "2"]
    return is_pair and isinstance(value[0][1], str) and KEY.fullmatch(value[0][1]) is not None


def _keyed(name: str, value: Any, is_one_of_several: bool) -> tuple[str, Any]:
    if not isinstance(value, Members):
        return name, value
    if _is_entry(value):
        inner = value[1][1]
        is_value = isinstance(inner, Members) and len(inner) == 1 and inner[0][0] in OF_VALUE
        if is_value or is_one_of_several:
            return value[0][1], _plain_value(inner)
    return name, with_keys(value)


def _plain_value(value: Any) -> Any:
    if not isinstance(value, Members):
        return value
    if len(value) == 1 and value[0][0] in OF_VALUE:
        _number, inner = value[0]
        return with_keys(inner) if isinstance(inner, Members) else inner
    return with_keys(value)


def _message(data: bytes, depth: int) -> Members:
    """All fields of a message; ValueError or IndexError where the bytes are none."""
    members, at = Members(), 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if not 0 < number <= HIGHEST_FIELD:
            raise ValueError("no such field")
        value, at = _value(data, at, kind, depth)
        members.append((str(number), value))
    return members


def _value(data: bytes, at: int, kind: int, depth: int) -> tuple[Any, int]:
    if kind == VARINT:
        return _varint(data, at)
    if kind == LENGTH:
        length, at = _varint(data, at)
        if at + length > len(data):
            raise ValueError("cut")
        return _inner(data[at : at + length], depth), at + length
    if kind in (FIXED32, FIXED64):
        size = 4 if kind == FIXED32 else 8
        return _fixed(data[at : at + size]), at + size
    raise ValueError("no such type")


def _inner(data: bytes, depth: int) -> Any:
    """Text where it is readable, a message where it is one, bytes otherwise."""
    if not data.startswith(FIELD_1) and (text := readable_text(data, 1)):
        return text
    if data and depth < DEEPEST:
        try:
            return _message(data, depth + 1)
        except (ValueError, IndexError):
            pass
    try:
        text = data.decode("utf-8")
    except ValueError:
        return data
    return text if text.isprintable() or readable_text(data, 1) else data


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        byte = data[at]
        value |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return value, at
        shift += 7
    raise ValueError("longer than 64 bits")


def _fixed(data: bytes) -> float | int:
    """A double or float where it has a sensible size, as coordinates have, else an integer."""
    if len(data) not in (4, 8):
        raise ValueError("cut")
    (number,) = struct.unpack("<d" if len(data) == 8 else "<f", data)
    if 1e-6 < abs(number) < 1e12:
        return number if len(data) == 8 else float(f"{number:.7g}")
    return int.from_bytes(data, "little")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Members):
        for _, inner in value:
            yield from _texts(inner)
