"""Weak encodings as candidates: XOR with one or two bytes, one added to all, bits or nibbles turned, EBCDIC,
ROT47, ROT13 below base64, reversed text.

Only a whole document counts as solved. The first two characters of JSON are known, which gives the key, and
that all the rest parses is no chance. The step is named with its key, so that a reader
can repeat it by hand.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from functools import partial

from analyzer.codecs.json import is_json
from analyzer.codecs.limits import Budget
from analyzer.codecs.packed_digits import SWAPPED
from analyzer.codecs.part import Candidate, MessagePart, inside
from analyzer.codecs.published_keys import PublishedKey, deciphered, deciphered_text
from analyzer.codecs.repeated_xor import is_document_text, is_readable, repeated, xored

Keys = Sequence[PublishedKey] | None
STARTS = (b'{"', b"[{", b'["')
SHORTEST, LONGEST = 16, 1 << 18
LOOKED_AT = 16
SHORT = 2048  # bytes of which each sum is tried
FIRST, LAST = 0x20, 0x7E  # of what is printable
READABLE = re.compile(rb"[ -~\t\r\n]+")
PRINTABLE = "".join(map(chr, range(33, 127)))
ROT47 = str.maketrans(PRINTABLE, PRINTABLE[47:] + PRINTABLE[:47])
# base64 of `{"` in ROT13 is rlW; JSON in ROT47 begins LQ.
REVERSED = "Jye"  # `{"` in base64, read from its end
REVERSED_BASE64 = re.compile(r"={0,2}[A-Za-z0-9+/_\-]{16,}Jye")
ROT13_BASE64 = re.compile(r"rlW[A-Za-z0-9+/_\-\s]{16,}+={0,2}\s*+")


def _table(of: Callable[[int], int]) -> bytes:
    return bytes(map(of, range(256)))


def _rotated(by: int, byte: int) -> int:
    """Turn the bits of a byte to the left."""
    return (byte << by | byte >> (8 - by)) & 0xFF


# Bytes that stand for others, by a table without a key.
TABLES = {
    "nibbles swapped": SWAPPED,
    "bits reversed": _table(lambda byte: int(f"{byte:08b}"[::-1], 2)),
    **{f"bits rotated by {by}": _table(partial(_rotated, by)) for by in (1, 2, 3, 5, 6, 7)},
    "ebcdic": bytes(range(256)).decode("cp500").encode("latin-1"),
}
# How an object or a list ends, read from its end.
ENDINGS = ("}", "]")
REVERSED_STARTS = ('"{', "{[", '"[')


def decode_weak(part: MessagePart, budget: Budget) -> list[MessagePart]:
    """The document under a weak encoding; nothing where none gives a whole one."""
    value = part.value
    if isinstance(value, str) and not may_be_weak(value):
        hidden = deciphered_text(value, budget.keys)
        return [inside(part, hidden.text, hidden.step)] if hidden else []
    found = (
        candidate(value, budget.keys) if isinstance(value, bytes) else candidate_in_text(value, budget.keys)
    )
    if found is None or not budget.take_bytes(len(value)):
        return []
    head = [inside(part, value[: found.begin], "head")] if found.begin else []
    return [*head, inside(part, found.text, found.step)]


def may_be_weak(text: str) -> bool:
    """Whether the first two characters stand to each other as those of a document would."""
    if len(text) < SHORTEST:
        return False
    return (
        (ord(text[0]) ^ ord(text[1])) in XORED
        or text.startswith(ROTATED)
        or text.endswith(REVERSED)
        or _may_be_reversed(text)
    )


def _may_be_reversed(text: str) -> bool:
    return text.startswith(ENDINGS) and text.rstrip().endswith(REVERSED_STARTS)


def candidate(data: bytes, keys: Keys = None) -> Candidate | None:
    """The document under XOR with, or addition of, one byte; a longer key; a cipher with a known key."""
    if not SHORTEST <= len(data) <= LONGEST:
        return None
    return by_one(data) or _of_two(data) or _shifted(data) or _under_a_key(data, keys)


def by_one(data: bytes) -> Candidate | None:
    """The document each byte of which stands for another, by one byte of a key or a table."""
    if not SHORTEST <= len(data) <= LONGEST:
        return None
    for start in STARTS:
        key = data[0] ^ start[0]
        fits = key and data[1] ^ key == start[1]
        if fits and (found := _solved(xored(data, bytes((key,))), f"xor {key:#04x}")):
            return found
        shift = (data[0] - start[0]) % 256
        if shift and (data[1] - shift) % 256 == start[1]:
            table = bytes((byte - shift) % 256 for byte in range(256))
            if found := _solved(data.translate(table), f"minus {shift}"):
                return found
    return _by_table(data)


def _under_a_key(data: bytes, keys: Keys) -> Candidate | None:
    return None if is_readable(data) else repeated(data) or deciphered(data, keys)


def _by_table(data: bytes) -> Candidate | None:
    """The document under a table; the first byte may stand before it, and tell which table it is."""
    head = data[:LOOKED_AT]
    for step, table in TABLES.items():
        read = head.translate(table)
        if not READABLE.fullmatch(read, 1):
            continue
        if found := _whole(data.translate(table), step):
            return found
        behind = data[1:].translate(table)
        if found := _whole(behind, step, 1) or _whole(b"<" + behind, step, 1):
            return found
    return None


def _shifted(data: bytes) -> Candidate | None:
    """A form or XML to each byte of which the same was added, so that all lie as near as printable ones."""
    if len(data) > SHORT:
        return None
    for shift in range(max(data) - LAST, min(data) - FIRST + 1):
        if shift and (found := _whole(bytes((byte - shift) % 256 for byte in data), f"minus {shift % 256}")):
            return found
    return None


def _whole(data: bytes, step: str, begin: int = 0) -> Candidate | None:
    return Candidate(step, data.decode("utf-8").strip("\0"), begin) if is_document_text(data) else None


def _of_two(data: bytes) -> Candidate | None:
    """XOR with two bytes in turn: a beginning tells both, the next few whether the rest is looked at."""
    for start in STARTS[:2]:
        key = bytes((data[0] ^ start[0], data[1] ^ start[1]))
        if any(key) and READABLE.fullmatch(xored(data[:LOOKED_AT], key)):
            return _solved(xored(data, key), f"xor {key[0]:#04x} {key[1]:#04x}")
    return None


def candidate_in_text(text: str, keys: Keys = None) -> Candidate | None:
    """The same for text of one byte a character, and the rotations that keep text printable."""
    if not SHORTEST <= len(text) <= LONGEST:
        return None
    if text.startswith("LQ") and is_json(plain := text.translate(ROT47)):
        return Candidate("rot47", plain)
    if _may_be_reversed(text):
        return Candidate("reversed", text[::-1]) if is_json(text[::-1]) else None
    if REVERSED_BASE64.fullmatch(text):
        return Candidate("reversed", text[::-1])
    if ROT13_BASE64.fullmatch(text):
        return Candidate("rot13", codecs.encode(text, "rot13"))
    return candidate(text.encode("latin-1"), keys) if text.isascii() else None


def _solved(data: bytes, step: str) -> Candidate | None:
    try:
        text = data.decode("utf-8").strip("\0")
    except ValueError:
        return None
    return Candidate(step, text) if is_json(text) else None


XORED = frozenset(start[0] ^ start[1] for start in STARTS)
ROTATED = ("LQ", "rlW")
