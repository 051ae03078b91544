"""Several encoded values side by side: lines of forms or of base64, tokens with dots, bars or colons between.

A signed cookie (`<base64>.<time>.<signature>`) and an amplitude cookie are such texts. A token of JSON
Web Encryption has nothing in it that opens but its header.
"""

from __future__ import annotations

import re

from analyzer.codecs.base64 import decode_base64
from analyzer.codecs.form import FORM
from analyzer.codecs.hexadecimal import decode_hexadecimal
from analyzer.codecs.jwt import decode_jwt
from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, PlainPart

ENCODED = r"[A-Za-z0-9+/_\-]{12,}={0,2}"
BASE64_LINES = re.compile(rf"(?:{ENCODED}\r?\n)+{ENCODED}\s*")
TOKEN = re.compile(r"[A-Za-z0-9+/_\-=%]*(?:[.|:;,~$*!][A-Za-z0-9+/_\-=%]*)+")
SEPARATORS = ".|:;,~$*!"
SEPARATOR = re.compile(f"[{SEPARATORS}]")
SEPARATOR_OR_SPACE = re.compile(f"[{SEPARATORS} ]")

# Padding ends a text of base64; what follows it is another one.
BORDER = re.compile(r"(?<==)(?=[A-Za-z0-9+/_\-])")
PADDED = re.compile(r"[A-Za-z0-9+/_\-]{2,}+=*+")
# Pieces of one length between the same separators, but for the last: one text, cut for transport.
CUT = "|".join(
    [
        r"(?:[A-Za-z0-9+/_\-]{8,128}+[.|:;,~$*! ]){2}",
        *(rf"(?:[A-Za-z0-9+/_\-]{{{width}}}[.|:;,~$*! ]){{4}}" for width in range(4, 8)),
        *(rf"(?:[A-Za-z0-9+/]{{{width}}}-){{3}}" for width in range(4, 77, 4)),
    ]
)
CUTS = re.compile(CUT)
FEWEST_CUT = 3
LONG = re.compile(r"[A-Za-z0-9+/_\-]{14}")
LONGEST = 1 << 16  # characters
MOST_JOINED = 1 << 20  # characters
MOST = 64  # pieces that are tried


def decode_lines(part: MessagePart, budget: Budget) -> list[PlainPart]:
    """Each line of a text whose lines are forms, or texts of base64 that end in padding."""
    text = part.value
    if not isinstance(text, str) or "\n" not in text.strip():
        return []
    first = text.lstrip().partition("\n")[0].rstrip()
    if "&" not in first and not first.endswith("="):
        return []
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return []
    forms = all("&" in line and FORM.fullmatch(line) for line in lines)
    if not forms and not BASE64_LINES.fullmatch(text):
        return []
    return _numbered(part, lines, "lines", budget) if budget.take_bytes(len(text)) else []


def decode_segments(part: MessagePart, budget: Budget) -> list[PlainPart]:
    """The segments of a token, one of which at least is encoded text; nothing otherwise."""
    text = part.value
    if not isinstance(text, str) or not 14 <= len(text) <= LONGEST:
        return []
    if any(mark in text for mark in SEPARATORS) and TOKEN.fullmatch(text):
        pieces = [piece for piece in SEPARATOR.split(text) if piece]
    elif "=" in text.rstrip("="):
        pieces = BORDER.split(text)
        if not all(map(PADDED.fullmatch, pieces[:MOST])):
            return []
    else:
        return []
    if (
        len(pieces) < 2
        or not LONG.search(text)
        or not any(_opens(part, piece, budget) for piece in pieces[:MOST])
    ):
        return []
    return _numbered(part, pieces, "segments", budget) if budget.take_bytes(len(text)) else []


def decode_joined(part: MessagePart, budget: Budget) -> list[PlainPart]:
    """The encoded text that was cut into pieces of one length; nothing where the whole does not open."""
    text = part.value
    if not isinstance(text, str) or not CUTS.match(text) or len(text) > MOST_JOINED:
        return []
    text = text.strip()
    mark = SEPARATOR_OR_SPACE.search(text)
    pieces = text.split(mark[0]) if mark else text.split("-")
    widths = set(map(len, pieces[:-1]))
    if len(pieces) < FEWEST_CUT or len(widths) != 1 or len(pieces[-1]) > widths.pop():
        return []
    joined = "".join(pieces)
    if not budget.take_bytes(len(text)) or not _opens(part, joined, budget):
        return []
    return [(part.name, joined, (*part.path, "joined"), part.beside)]


def _opens(part: MessagePart, piece: str, budget: Budget) -> bool:
    alone = MessagePart(part.name, piece, part.path)
    return bool(
        decode_base64(alone, budget) or decode_hexadecimal(alone, budget) or decode_jwt(alone, budget)
    )


def _numbered(part: MessagePart, pieces: list[str], step: str, budget: Budget) -> list[PlainPart]:
    kept = pieces[: budget.fields_left + 1]
    return [(part.name, piece, (*part.path, step, f"[{i}]"), part.beside) for i, piece in enumerate(kept)]
