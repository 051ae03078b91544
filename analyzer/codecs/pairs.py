"""Lines of `name: value`, `name=value`, `name<TAB>value`, INI, shell exports, `a=1;b=2`, `a:1|b:2`.

A text of pairs counts where all of it is pairs, comments and section heads; of many lines half may be
something else, which stays to be read as it is.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from analyzer.codecs.form import parts_of_pairs
from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, PlainPart

# A plain word for a name; what begins with two slashes after a colon is the rest of a URL.
SIGN = r"(?:=>?|:(?!//))"
PAIR = re.compile(
    rf"\s*+([\"']?[A-Za-z_$][\w.\-\[\]$]{{0,63}}+[\"']?)[ \t]*+{SIGN}[ \t]*+([^\r\n]*+)\s*+", re.ASCII
)
# In lines a name may have several words, a mark of a list or `export` before it, quotes around it.
LINE = re.compile(
    r"[ \t]*+(?:- |\* |export |set |declare -x |SET )?[ \t]*+"
    r"([\"']?[A-Za-z_$][\w.\-\[\]$/()]*+(?: [\w.\-/()#]++){0,4}[\"']?)"
    rf"(?:[ \t]*+{SIGN}[ \t]*+| *+\t[\t ]*+)([^\r\n]*+)",
    re.ASCII,
)
SECTION = re.compile(r"\s*+\[([^\]\r\n]{1,80})\]\s*+")
COMMENT = re.compile(r"\s*+(?:[#;!]|//|--|={3}|\*{2})[^\r\n]*+")
# `Device{imei='35…', mac=…}`, `{imei=35…, mac=…}`, `(imei=…, mac=…)` as toString and repr write it.
WRAPPED = re.compile(r"\s*+(?:[A-Za-z_][\w.$@]{0,63}+\s?)?(?:\{(.*)\}|\((.*)\)|\[(.*)\])\s*+;?", re.DOTALL)
# A scheme before the parameters of a header: `Digest username="…", realm="…"` (RFC 9110 §11.4).
SCHEME = re.compile(r"\s*+[A-Za-z][\w\-]{0,31}+[ \t]++(?=[A-Za-z_][\w.\-]{0,63}+[ \t]*+=)", re.ASCII)
# Pieces between separators, quoted text kept whole.
PIECES = {
    mark: re.compile(
        rf"""((?:[^{re.escape(mark)}"']++|"[^"\r\n]*+"|'[^'\r\n]*+'|["'])*+)(?:{re.escape(mark)}|\Z)"""
    )
    for mark in (";", "|", ",", " ", "#", "^", "~", "*")
}
BETWEEN = (";", "|", ",", "#", "^", "~", "*", " ")
NESTING = "{<"
FEWEST = 2
FEWEST_AMONG_OTHERS = 3
MOST_OF_OTHERS = 1 / 2
LOOKED_AT = 8  # lines from which it shows whether the text is made of pairs
OTHER_STARTS = frozenset("[#;!/-=*")  # of sections and comments
CLOSING = frozenset("})];")
QUOTES = ('"', "'")


class PairLine(NamedTuple):
    """A pair, or a text that is none (its name is empty then)."""

    name: str
    value: str


def decode_pairs(part: MessagePart, budget: Budget) -> list[PlainPart]:
    """One part a pair; nothing where the text is not made of pairs."""
    text = part.value
    if not isinstance(text, str) or not text.strip():
        return []
    is_one_line = "\n" not in text.strip()
    pairs = [] if is_one_line and "\t" not in text else _lines(text)
    if not pairs and (is_one_line or text.rstrip()[-1] in CLOSING):
        pairs = _between(text)
    if not pairs or not budget.take_bytes(len(text)):
        return []
    found = pairs[: budget.fields_left + 1]
    path = (*part.path, "pairs")
    named = parts_of_pairs([(pair.name, pair.value) for pair in found if pair.name], path)
    others = [(part.name, pair.value, path, part.beside) for pair in found if not pair.name]
    return named + others


def _lines(text: str) -> list[PairLine]:
    """The lines as pairs; nothing where too few are."""
    first = [line for line in text.split("\n", LOOKED_AT)[:LOOKED_AT] if line.strip()]
    if not any(map(_is_of_pairs, first[:3])) or sum(map(_is_of_pairs, first)) * 2 < len(first):
        return []
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < FEWEST:
        return []
    strict = any(mark in text for mark in NESTING)
    found: list[PairLine] = []
    others, most = 0, len(lines) * MOST_OF_OTHERS if len(lines) > FEWEST_AMONG_OTHERS else 0
    for line in lines:
        pair = LINE.fullmatch(line)
        if pair:
            found.append(PairLine(_bare(pair[1]), _bare(pair[2].rstrip("; \t,"))))
            continue
        if section := SECTION.fullmatch(line):
            found.append(PairLine("", section[1]))
            continue
        found.append(PairLine("", line.strip()))
        if not COMMENT.fullmatch(line):
            others += 1
            if strict or others > most:
                return []
    count = sum(1 for line in found if line.name)
    return found if count >= FEWEST else []


def _is_of_pairs(line: str) -> bool:
    line = line.rstrip("\r")
    if ("=" in line or ":" in line or "\t" in line) and LINE.fullmatch(line):
        return True
    return line.lstrip()[:1] in OTHER_STARTS and any(form.fullmatch(line) for form in (SECTION, COMMENT))


def _between(text: str) -> list[PairLine]:
    """The pairs of one line, whatever stands between them."""
    if "&" in text:
        return []
    wrapped = WRAPPED.fullmatch(text)
    inner = next(filter(None, wrapped.groups()), "") if wrapped else text
    scheme = SCHEME.match(inner)
    if scheme and not wrapped:
        inner = inner[scheme.end() :]
    if not PAIR.match(inner) or (wrapped and inner.lstrip()[:1] == '"'):  # the latter is damaged JSON
        return []
    for mark in BETWEEN:
        if mark in inner and (found := _pairs(inner, mark)):
            return found
    if wrapped and (only := PAIR.fullmatch(inner)):
        return [PairLine(_bare(only[1]), _bare(only[2]))]
    return []


def _pairs(text: str, mark: str) -> list[PairLine]:
    found: list[PairLine] = []
    for piece in _pieces(text, mark):
        pair = PAIR.fullmatch(piece)
        if pair:
            found.append(PairLine(_bare(pair[1]), _bare(pair[2])))
        elif piece.strip():
            return []
    return found if len(found) >= FEWEST else []


def _pieces(text: str, mark: str) -> list[str]:
    if '"' in text or "'" in text:
        return [piece for piece in PIECES[mark].findall(text) if piece]
    return text.split(mark)


def _bare(text: str) -> str:
    """The text without blanks and quotes around it, and without a separator that ends a line."""
    text = text.strip()
    if text[:1] in QUOTES:
        text = text.rstrip(";,").rstrip()
        if len(text) > 1 and text[0] == text[-1]:
            return text[1:-1]
    return text
