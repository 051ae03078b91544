"""Bytes → text, where they are text."""

from __future__ import annotations

import codecs
import re

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16-LE, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What no readable text holds: control characters, and what replaced broken bytes.
UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]")
JSON_START = re.compile(r'\s*(?:\{\s*["}]|\[\s*["{\[\]])')
CONTROLS = bytes((*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F))  # those of UNREADABLE in ASCII
SURROGATES = re.compile("[\ud800-\udfff]")


def text_or_bytes(data: bytes, charset: str = "utf-8") -> str | bytes:
    """The text that `data` are in `charset` (or by their byte order mark); themselves otherwise."""
    for mark, name in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            data, charset = data[len(mark) :], name
            break
    try:
        return data.decode(charset)
    except (LookupError, ValueError):  # UnicodeError is a ValueError
        return data


def without_lone_surrogates(text: str) -> str:
    """`text` with U+FFFD for each lone surrogate, which no encoding can carry (Unicode, D92)."""
    if not SURROGATES.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def is_unreadable(text: str) -> bool:
    """Whether a text holds characters that no readable text holds."""
    if text.isascii():
        data = text.encode("ascii")
        return len(data.translate(None, CONTROLS)) < len(data)
    return UNREADABLE.search(text) is not None


def readable_text(data: bytes, shortest: int) -> str:
    """The text, where it is so readable that it can't have come out by chance; empty otherwise.

    `shortest` is the least number of characters that is enough, unless the text begins as JSON does.
    """
    if data.isascii():
        text = data.decode("ascii")
        readable = len(text) >= shortest or JSON_START.match(text)
    else:
        text = data.decode("utf-8", "replace").rstrip("\ufffd")  # a cut may split the last character
        readable = JSON_START.match(text)
    return text if readable and not is_unreadable(text) else ""
