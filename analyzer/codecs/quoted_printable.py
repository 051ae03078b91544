"""Quoted-Printable (RFC 2045 §6.7), as mail and some multipart parts have it → the text."""

from __future__ import annotations

import quopri
import re

from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, inside
from analyzer.codecs.plain_text import text_or_bytes

# Every equals sign begins an escape or ends a line; a sign written as `=3D`, or such a line end, is the mark.
QUOTED = re.compile(r"(?:[^=]++|=[0-9A-F]{2}|=[ \t]*+\r?\n)*+")
MARK = re.compile(r"=(?:3D|\r?\n)")


def decode_quoted_printable(part: MessagePart, budget: Budget) -> list[MessagePart]:
    """The text with its escapes undone; nothing where an equals sign stands for itself."""
    text = part.value
    if not isinstance(text, str) or not MARK.search(text) or not text.isascii():
        return []
    if not QUOTED.fullmatch(text):
        return []
    plain = text_or_bytes(quopri.decodestring(text.encode("ascii")))
    if isinstance(plain, bytes) or not budget.take_bytes(len(plain)):
        return []
    return [inside(part, plain, "quoted-printable")]
