"""A value with identifiers in it, however encoded → the same value with pseudonyms, encoded again likewise.

The ladder of `decode` tells what is inside; each change is carried outwards again, step by step. What was
written is then read with the same ladder: where an original still stands on any step, the value is withheld.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from analyzer.codecs.limits import Budget, DecodeLimits
from analyzer.codecs.part import MessagePart
from analyzer.inspection.recursion import opened_once
from analyzer.redaction.containers import put_back
from analyzer.redaction.encoders import WRAPPINGS, rewrapped
from analyzer.redaction.replacement import Replacer

Value = str | bytes
Path = tuple[str, ...]
Short = Mapping[Path, Sequence[tuple[str, str]]]
"""Values too short to be looked for everywhere, by the path at which a finding says they stand."""

LIMITS = DecodeLimits()
NONE: Short = {}
WITHHELD = "(withheld: an encoding in it hides an identifier that could not be replaced)"
LEAST_OF_A_PIECE = 9  # characters of an identifier that a cut left


class Rewriter:
    """Rewrites values by the pairs of a Replacer."""

    def __init__(self, replacer: Replacer) -> None:
        self.replacer = replacer
        self.withheld = 0
        self.text = lru_cache(maxsize=1 << 16)(self._text)

    def _text(self, text: str) -> str:
        """A text of the report with pseudonyms, or the sentence that it is withheld."""
        made = self.value(text)
        if self.hides(made):
            self.withheld += 1
            return WITHHELD
        return made if isinstance(made, str) else made.decode("utf-8", "replace")

    def value(self, value: Value, path: Path = (), short: Short = NONE, depth: int = 0) -> Value:
        """The value with pseudonyms, as far as it can be written; see `hides`."""
        changes: dict[Value, Value] = {}
        step = ""
        for part in _inside(value, path, depth):
            step = part.path[len(path)]
            made = self.value(part.value, part.path, short, depth + 1)
            if made != part.value:
                changes[part.value] = made
        if changes:
            value = self._with(step, value, changes)
        for old, new in short.get(path, ()):
            value = _word(value, old, new)
        return self._replaced(value)

    def hides(self, value: Value, depth: int = 0) -> bool:
        """Whether an original stands in the value, on whichever step of the ladder."""
        data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
        if self.replacer.found(data):
            return True
        return any(
            self._names_original(part.name) or self.hides(part.value, depth + 1)
            for part in _inside(value, (), depth)
        )

    def _names_original(self, name: str) -> bool:
        return self.replacer.found(name.encode("utf-8", "surrogatepass"))

    def _with(self, step: str, value: Value, changes: Mapping[Value, Value]) -> Value:
        if step in WRAPPINGS or step.startswith(("xor ", "minus ", "XOR key ")):
            wrapped = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
            made = rewrapped(step, wrapped, lambda data: _changed(data, changes))
            if made is None:
                return value
            return made.decode("utf-8", "surrogatepass") if isinstance(value, str) else made
        made_back = put_back(step, value, changes)
        if step == "jwt" and isinstance(made_back, str):
            # Of a signature over the original anyone who knows the signer's key could confirm a guess.
            made_back = re.sub(r"\.[A-Za-z0-9_\-]*\s*\Z", ".", made_back)
        return made_back

    def _replaced(self, value: Value) -> Value:
        return self.replacer.data(value) if isinstance(value, bytes) else self.replacer.text(value)


def _inside(value: Value, path: Path, depth: int) -> list[MessagePart]:
    """What the ladder finds inside, one step further."""
    if depth > LIMITS.depth:
        return []
    found = opened_once(MessagePart("", value, path), Budget(LIMITS))
    return [MessagePart(*part) for part in found]


def _changed(data: bytes, changes: Mapping[Value, Value]) -> bytes:
    """The bytes with the text that the ladder read in them, or all of them, changed."""
    for old, new in changes.items():
        before = old if isinstance(old, bytes) else old.encode("utf-8", "surrogatepass")
        after = new if isinstance(new, bytes) else new.encode("utf-8", "surrogatepass")
        if before not in data:
            raise ValueError("the text stands otherwise in the bytes")
        data = data.replace(before, after)
    return data


def _word(value: Value, old: str, new: str) -> Value:
    """The value with a word of it changed."""
    if isinstance(value, bytes):
        return value.replace(old.encode(), new.encode()) if len(old.encode()) == len(new.encode()) else value
    return re.sub(rf"(?<![0-9A-Za-z]){re.escape(old)}(?![0-9A-Za-z])", lambda _: new, value)
