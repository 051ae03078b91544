"""Hostile text → text that is safe to print: nothing from a capture reaches a terminal unescaped.

Control characters, terminal escapes, bidirectional overrides and invisible characters become
visible backslash escapes as in Python and C (`\\x1b`, `\\u202e`); a backslash is doubled, so the
escapes can't be forged and the original can be read back.
"""

from __future__ import annotations

import re

# Printable by Unicode's categories, yet invisible: Default_Ignorable_Code_Point of
# DerivedCoreProperties.txt outside Cf and Cn, and U+2800, a braille pattern without dots.
_INVISIBLE = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
)
# A mark is drawn over what stands before it: our own text at the start, the lines above when stacked.
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_SUSPECT = re.compile(rf"[\\{_INVISIBLE}]|(?:^|(?<=[{_MARKS}]{{2}}))[{_MARKS}]")
_SHORT = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    """`text` on one line, with every character that would not show as itself escaped.

    >>> visible("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    text = _SUSPECT.sub(lambda found: _escape(found[0]), text)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def clip(text: str, limit: int) -> str:
    """The first `limit` characters; what is left out is counted, never dropped in silence."""
    left = len(text) - limit
    return text if left <= 0 else f"{text[:limit]}… ({left:,} more characters)"


def _escape(char: str) -> str:
    code = ord(char)
    width, letter = (2, "x") if code < 0x100 else (4, "u") if code < 0x10000 else (8, "U")
    return _SHORT.get(char) or f"\\{letter}{code:0{width}x}"
