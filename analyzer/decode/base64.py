"""Base64 (RFC 4648 §4, §5) → text or compressed data; words that only look like base64 stay as they are."""

from __future__ import annotations

import base64
import re

from analyzer.decode.compressed import is_compressed
from analyzer.decode.json import JSON_START
from analyzer.decode.limits import Budget
from analyzer.decode.text import inside
from analyzer.model import Field

# Lines as MIME and Android's encoder wrap them; a space is a `+` that a form decoder took for one.
BASE64 = re.compile(r"[A-Za-z0-9+/_\-\s]{11,}+(?:=|%3D|%3d){0,2}+[\s\0]*+")
URL_SAFE = str.maketrans("-_", "+/")
# Shorter text is readable by chance too often: of random octets 3 in 8 are printable ASCII.
SHORTEST_TEXT = 10
UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]")


def decode_base64(field: Field, budget: Budget) -> list[Field]:
    """The text or compressed data inside; nothing where decoding would not make more sense of it."""
    value = field.value
    if not isinstance(value, str) or len(value) < 11 or not BASE64.fullmatch(value):
        return []
    octets = _octets(value)
    if is_compressed(octets):
        plain: str | bytes = octets
    else:
        plain = _meaningful_text(octets.rstrip(b"\0"))
    return [inside(field, plain, "base64")] if plain and budget.take_octets(len(octets)) else []


def _meaningful_text(octets: bytes) -> str:
    """The text, where it is so readable that it can't have come out by chance; empty otherwise."""
    if octets.isascii():
        text = octets.decode("ascii")
        readable = len(text) >= SHORTEST_TEXT or JSON_START.match(text)
    else:
        text = octets.decode("utf-8", "replace").rstrip("\ufffd")  # a cut may split the last character
        readable = JSON_START.match(text)
    return text if readable and not UNREADABLE.search(text) else ""


def _octets(value: str) -> bytes:
    """The octets, whether wrapped, unpadded, URL-safe or cut at the end."""
    text = value.strip("\0 \t\r\n").replace("%3D", "=").replace("%3d", "=").rstrip("=").translate(URL_SAFE)
    text = "".join(text.split()) if "\n" in text else text.replace(" ", "+")
    whole = len(text) - (len(text) % 4 == 1)
    try:
        return base64.b64decode(text[:whole] + "=" * (-whole % 4))
    except ValueError:
        return b""
