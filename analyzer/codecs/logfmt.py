"""`words name=value other="two words"`, as logfmt and many logs have it → pairs and what is around them."""

from __future__ import annotations

import re

from analyzer.codecs.form import parts_of_pairs
from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, PlainPart

WORD = re.compile(
    r"(?<!\S)([A-Za-z_][\w.\-]{0,63}+)=(\"(?:[^\"\\\n]|\\.){0,1024}+\"|[^\s\"=&]{1,512}+)(?=[\s,;]|\Z)",
    re.ASCII,
)
FEWEST = 2
LONGEST = 1 << 14
MOST = 256


def decode_logfmt(part: MessagePart, budget: Budget) -> list[PlainPart]:
    """One part a pair, and the text that is left; nothing where fewer than two pairs stand in a line."""
    text = part.value
    if not isinstance(text, str) or len(text) > LONGEST or text.count("=") < FEWEST or "\n" in text.strip():
        return []
    found = list(WORD.finditer(text))[:MOST]
    if len(found) < FEWEST or not budget.take_bytes(len(text)):
        return []
    pairs: list[tuple[str, str | bytes]] = [(word[1], _plain(word[2])) for word in found]
    path = (*part.path, "logfmt")
    rest = " ".join(WORD.sub(" ", text).split())
    left: list[PlainPart] = [(part.name, rest, (*path, "text"), part.beside)] if rest else []
    return left + parts_of_pairs(pairs, path)


def _plain(value: str) -> str:
    return value[1:-1].replace('\\"', '"') if value[:1] == '"' else value.rstrip(",;")
