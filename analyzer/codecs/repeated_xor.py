"""XOR with a key of several bytes that repeats: the key is found by what text is made of.

The highest bit of ASCII is never set, so under one byte of the key it is the same in every such place;
bytes that chance made fail that at once. The likeliest byte of the key is then the one that gives
most letters and digits, and only a whole document or form counts as solved.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from analyzer.codecs.json import is_json
from analyzer.codecs.part import Candidate
from analyzer.codecs.plain_text import CONTROLS

SHORTEST, LONGEST = 40, 1 << 16
LONGEST_KEY = 16
FEWEST = 9  # bytes under each byte of the key
LOOKED_AT = 2048  # bytes by which the key is told
# What the characters of documents and forms are worth in a guess, by how often they stand in those; what no
# text holds costs most.
WORTH = {
    **dict.fromkeys(b"bcfghjklpquvwxyz", 3), **dict.fromkeys(b"eianotrsdm0123456789", 5), ord('"'): 7,
    **dict.fromkeys(b":,", 5), **dict.fromkeys(b"=&<>/", 4), **dict.fromkeys(b" .-_{}[]", 3),
    **dict.fromkeys(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", 2), **dict.fromkeys(b"\t\n\r!#$%()*+;?@\\^`|~'", 0),
}  # fmt: skip
COST = -64
SCORES = [WORTH.get(byte, COST) for byte in range(128)]
# What documents begin with, which tells the first bytes of the key.
BEGINNINGS = (b'{"', b'[{"', b'<?xml version="1.0" ', b"")
# Forms and XML, from their beginning to their end.
FORM = re.compile(
    r"&?(?:[A-Za-z][\w.\-\[\]]{0,47}=[^&=\x00-\x1f]{0,512}+&){2,}+[A-Za-z][\w.\-\[\]]{0,47}=[^&]*+"
)
XML = re.compile(
    r"\s*+(?:<\?xml[^<>]{0,512}>\s*+)?<([A-Za-z][\w:.\-]{0,63})[^<>]{0,2048}>.*</\1>\s*+", re.DOTALL
)


def repeated(data: bytes) -> Candidate | None:
    """Return the document or form under XOR with a key of up to 16 bytes; None where there is none."""
    if not SHORTEST <= len(data) <= LONGEST or is_readable(data):
        return None
    for size in _sizes(data[:LOOKED_AT]):
        likeliest = _likeliest(data[:LOOKED_AT], size)
        for beginning in BEGINNINGS:
            key = xored(data[: len(beginning)], beginning)[:size] if beginning else b""
            key += likeliest[len(key) :]
            plain = xored(data, key)
            if any(key) and is_document_text(plain):
                return Candidate(f"xor 0x{key.hex()}", plain.decode("utf-8").strip("\0"))
    return None


def xored(data: bytes, key: bytes) -> bytes:
    """Return bytes under XOR with a key that repeats."""
    whole = (key * (len(data) // len(key) + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(whole, "big")).to_bytes(len(data), "big")


def is_readable(data: bytes) -> bool:
    """Return whether bytes are plain text already."""
    return data.isascii() and len(data.translate(None, CONTROLS)) == len(data)


def is_document_text(data: bytes) -> bool:
    """Return whether bytes are a whole JSON document, an XML document, or a form with three fields."""
    try:
        text = data.decode("utf-8").strip("\0")
    except ValueError:
        return False
    if not text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable():
        return False
    return is_json(text) or XML.fullmatch(text) is not None or FORM.fullmatch(text) is not None


def _sizes(data: bytes) -> Iterator[int]:
    """The lengths that a key may have: those with the highest bit alike in every column."""
    for size in range(1, LONGEST_KEY + 1):
        if len(data) < FEWEST * size:
            return
        columns = (data[start::size] for start in range(size))
        if all(max(column) < 0x80 or min(column) >= 0x80 for column in columns):
            yield size


def _likeliest(data: bytes, size: int) -> bytes:
    """The key of this many bytes each of which makes most of its column letters and digits."""
    columns = [np.frombuffer(data[start::size], np.uint8) for start in range(size)]
    counts = np.array([np.bincount(column & 0x7F, minlength=128) for column in columns])
    best = np.argmax(counts @ _worth_by_key(), axis=1)
    return bytes(int(column[0]) & 0x80 | int(key) for column, key in zip(columns, best, strict=True))


@cache
def _worth_by_key() -> NDArray[np.int64]:
    """What a byte (row) is worth under a byte of the key (column)."""
    codes = np.arange(128)
    worth: NDArray[np.int64] = np.array(SCORES)[codes[:, None] ^ codes[None, :]]
    return worth
