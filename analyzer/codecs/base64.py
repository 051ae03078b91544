"""Base64 (RFC 4648 §4, §5) → text, or data that opens further; words that only look like it stay."""

from __future__ import annotations

import binascii
import re

from analyzer.codecs.binary_formats import sense_of
from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, inside

# Lines as MIME and Android's encoder wrap them; a space is a `+` that a form decoder took for one.
BASE64 = re.compile(r"[A-Za-z0-9+/_\-\s]{11,}+(?:=|%3D|%3d){0,2}+[\s\0]*+")
# The alphabet of consoles and of some libraries, whose padding and marks need no escape in a form.
STARRED = re.compile(r"[A-Za-z0-9.\-]{2,}+\*{1,2}")
STARS = str.maketrans(".-*", "+/=")
URL_SAFE = str.maketrans("-_", "+/")
# Shorter text is readable by chance too often: of random bytes 3 in 8 are printable ASCII.
SHORTEST_TEXT = 10


def decode_base64(part: MessagePart, budget: Budget) -> list[MessagePart]:
    """The text or data inside; nothing where decoding would not make more sense of it."""
    value = part.value
    if isinstance(value, str) and value[-1:] == "*" and STARRED.fullmatch(value):
        value = value.translate(STARS)
    if not isinstance(value, str) or len(value) < 11 or not BASE64.fullmatch(value) or _is_of_one_case(value):
        return []
    data = _data(value)
    plain = sense_of(data, SHORTEST_TEXT)
    return [inside(part, plain, "base64")] if plain and budget.take_bytes(len(data)) else []


def _is_of_one_case(value: str) -> bool:
    """Whether it is surely words, a path or hexadecimal: base64 of 12 bytes is hardly ever of one case."""
    return len(value) >= 16 and (value.islower() or value.isupper())


def _data(value: str) -> bytes:
    """The bytes, whether wrapped, unpadded, URL-safe or cut at the end."""
    text = value if value.isalnum() else _bare(value)
    whole = len(text) - (len(text) % 4 == 1)
    try:
        return binascii.a2b_base64(text[:whole] + "=" * (-whole % 4))
    except ValueError:
        return b""


def _bare(value: str) -> str:
    text = value.strip("\0 \t\r\n").replace("%3D", "=").replace("%3d", "=").rstrip("=").translate(URL_SAFE)
    return "".join(text.split()) if "\n" in text else text.replace(" ", "+")
