"""The content of a body to the charset in which it is text, and how that is known.

What the bytes prove comes first, then what the sender says, where the bytes bear it out. A guess is
called one: without it a text in a national charset would be bytes that nobody reads on.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
MARK_STARTS = frozenset(mark[0] for mark, _ in BYTE_ORDER_MARKS)
NAMED = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:\-]{1,40})""", re.IGNORECASE)
# In the first bytes of HTML (meta) and XML (declaration), CSS and its like.
DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?([A-Za-z0-9._:\-]{1,40})""", re.IGNORECASE)
LOOKED_AT = 1024
# Python codecs that name no charset of text; some take time that grows with the square of the input.
NOT_CHARSETS = frozenset(("idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7"))
# What no text holds in a charset that has ASCII.
CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
# ASCII, and GB 2312 in two bytes each (GB/T 2312-1980: rows 1 to 9, 16 to 87).
ASCII = bytes(range(128))
GB2312 = re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xa9\xb0-\xf7][\xa1-\xfe])*+\Z")
# Bytes above ASCII that such text has at least: two of them may be chance.
LEAST_HIGH = 4
# The longest content whose charset is guessed.
LONGEST_GUESS = 1 << 20


class Charset(NamedTuple):
    """A charset by its Python name, None where the content is no text; and how it was chosen."""

    name: str | None
    how: str


NO_TEXT = Charset(None, "")


def charset_of(content: bytes, content_type: str | None) -> Charset:
    """The charset in which all of the content is text."""
    if not content:
        return NO_TEXT
    if content[0] in MARK_STARTS:
        for mark, marked in BYTE_ORDER_MARKS:
            if content.startswith(mark):
                return Charset(marked, "byte order mark") if _is_text(content, marked) else NO_TEXT
    named = NAMED.search(content_type) if content_type and "=" in content_type else None
    if named and (name := known(named[1])) and _is_text(content, name):
        return Charset(name, "Content-Type")
    wrong = "; Content-Type says otherwise" if named else ""
    if not _is_plain_line(content) and CONTROLS.search(content):
        return NO_TEXT
    if _is_text(content, "utf-8"):
        return Charset("utf-8", f"the bytes are valid UTF-8{wrong}")
    declared = DECLARED.search(content[:LOOKED_AT])
    if declared and (name := known(declared[1].decode())) and _is_text(content, name):
        return Charset(name, f"declared in the content{wrong}")
    return _guess(content, wrong)


def known(label: str) -> str | None:
    """The name of a charset that can be read, None for all else."""
    try:
        name = codecs.lookup(label).name
        b"a".decode(name, "replace")  # LookupError where the codec is not one of text, such as base64
    except (LookupError, ValueError):
        return None
    return None if name in NOT_CHARSETS else name


def _guess(content: bytes, wrong: str) -> Charset:
    """For text without a label that is not UTF-8."""
    if len(content) > LONGEST_GUESS:
        return NO_TEXT
    high = len(content.translate(None, ASCII))
    if high >= LEAST_HIGH and GB2312.match(content):
        return Charset("gb18030", f"guess: no UTF-8, all of it in the form of GB 2312 (or of EUC-KR){wrong}")
    if 2 * high < len(content):
        return Charset("latin-1", f"guess: no UTF-8, and mostly ASCII{wrong}")
    return NO_TEXT


def _is_plain_line(content: bytes) -> bool:
    """Whether all is printable ASCII: a look that is quicker than the search."""
    return content.isascii() and content.decode("ascii").isprintable()


def _is_text(content: bytes, name: str) -> bool:
    if name in ("utf-8", "ascii") and content.isascii():
        return True
    try:
        content.decode(name)
    except (UnicodeError, LookupError, ValueError):
        return False
    return True
