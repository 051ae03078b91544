"""Base32 (RFC 4648 §6, §7) and Ascii85 → text, or data in a format that can be read."""

from __future__ import annotations

import base64
import re

from analyzer.codecs.binary_formats import sense_of
from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, inside
from analyzer.codecs.plain_text import readable_text

BASE32 = re.compile(r"\s*([A-Z2-7]{20,}+)={0,6}+\s*")
# Names of DNS are of no case, and what is sent in them is in lower case mostly; a word has no digit in it.
IN_LOWER_CASE = re.compile(r"\s*((?=[a-z]*[2-7])[a-z2-7]{20,}+)={0,6}+\s*")
BASE32HEX = re.compile(r"\s*([0-9A-V]{20,}+)={0,6}+\s*")
SHORTEST_TEXT = 12
# Adobe's frame; without it Ascii85 and base85 count only where JSON comes out, whose first two
# characters leave the encodings two characters to begin with.
FRAMED = re.compile(r"\s*<~([!-uz\s]+)~>\s*")
UNFRAMED = re.compile(r"(?:HQ|dm)\S{18,}")


def decode_base32(part: MessagePart, budget: Budget) -> list[MessagePart]:
    """The text or data inside; nothing where decoding would not make more sense of it."""
    value = part.value
    if not isinstance(value, str):
        return []
    if found := BASE32.fullmatch(value):
        return _made(part, _data(base64.b32decode, found[1]), "base32", budget)
    if found := IN_LOWER_CASE.fullmatch(value):
        return _made(part, _data(base64.b32decode, found[1].upper()), "base32", budget)
    if found := BASE32HEX.fullmatch(value):
        return _made(part, _data(base64.b32hexdecode, found[1]), "base32hex", budget)
    return []


def decode_ascii85(part: MessagePart, budget: Budget) -> list[MessagePart]:
    """The text or data inside a frame, or the JSON without one."""
    value = part.value
    if not isinstance(value, str):
        return []
    if framed := FRAMED.fullmatch(value):
        return _made(part, _decoded(base64.a85decode, framed[1]), "ascii85", budget)
    if not UNFRAMED.fullmatch(value):
        return []
    for step, decode in (("ascii85", base64.a85decode), ("base85", base64.b85decode)):
        data = _decoded(decode, value)
        if data.startswith(b'{"') and readable_text(data, SHORTEST_TEXT):
            return _made(part, data, step, budget)
    return []


def _made(part: MessagePart, data: bytes, step: str, budget: Budget) -> list[MessagePart]:
    plain = sense_of(data, SHORTEST_TEXT)
    return [inside(part, plain, step)] if plain and budget.take_bytes(len(data)) else []


def _data(decode: base64._Decoder, text: str) -> bytes:  # type: ignore[name-defined]
    # Of a cut text the last characters may not make up a byte: 1, 3 and 6 are not possible.
    whole = len(text) - (len(text) % 8 in (1, 3, 6))
    return _decoded(decode, text[:whole] + "=" * (-whole % 8))


def _decoded(decode: base64._Decoder, text: str) -> bytes:  # type: ignore[name-defined]
    try:
        return bytes(decode(text))
    except ValueError:  # binascii.Error is one
        return b""
