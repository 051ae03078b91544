"""Octets → text, where they are text, and names for what stands inside a field."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import replace

from analyzer.model import Field

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16-LE, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
SURROGATES = re.compile("[\ud800-\udfff]")
# More neighbours than this prove nothing more, and would cost the square of a hostile object's size.
MOST_NEIGHBOURS = 64


def text_or_bytes(octets: bytes, charset: str = "utf-8") -> str | bytes:
    """The text that `octets` are in `charset` (or by their byte order mark); themselves otherwise."""
    for mark, name in BYTE_ORDER_MARKS:
        if octets.startswith(mark):
            octets, charset = octets[len(mark) :], name
            break
    try:
        return octets.decode(charset)
    except (LookupError, ValueError):  # UnicodeError is a ValueError
        return octets


def without_lone_surrogates(text: str) -> str:
    """`text` with U+FFFD for each lone surrogate, which no encoding can carry (Unicode, D92)."""
    if not SURROGATES.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def inside(field: Field, value: str | bytes, *steps: str) -> Field:
    """What one decode step made of a field: same name and neighbours, one step further in."""
    return replace(field, value=value, evidence=field.evidence.step(*steps))


def neighbours(names: Iterable[str]) -> frozenset[str]:
    """The first names of an object, form or query, for `Field.beside`."""
    kept = dict.fromkeys(names)
    return frozenset(list(kept)[:MOST_NEIGHBOURS])
