"""The owner's own identifiers: read from `imei=…,mac=…`, looked for in any bytes, never shown.

"imei=…,iccid=…" → Known → search(bytes) → Hits → summary → KnownKind (seen or not, no values)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from analyzer.identifiers.encodings import SHORTEST, variants
from analyzer.model import KnownKind


class Hit(NamedTuple):
    """A known identifier in some bytes, from `start` up to, not including, `end`."""

    kind: str
    encoding: str
    start: int
    end: int


class IdentifierForm(NamedTuple):
    """How an identifier of one kind looks when separators are dropped."""

    pattern: re.Pattern[str]
    described: str


FORMS = {
    "imei": IdentifierForm(re.compile(r"\d{14,16}"), "14 to 16 digits"),
    "imeisv": IdentifierForm(re.compile(r"\d{16}"), "16 digits"),
    "meid": IdentifierForm(re.compile(r"[0-9A-Fa-f]{14}"), "14 hexadecimal digits"),
    "iccid": IdentifierForm(re.compile(r"\d{18,20}"), "18 to 20 digits"),
    "imsi": IdentifierForm(re.compile(r"\d{14,15}"), "14 or 15 digits"),
    "mac": IdentifierForm(re.compile(r"[0-9A-Fa-f]{12}"), "6 bytes in hexadecimal"),
    "phone": IdentifierForm(re.compile(r"\d{8,15}"), "8 to 15 digits with country code"),
    "serial": IdentifierForm(re.compile(r"[0-9A-Za-z]{6,40}"), "6 to 40 letters and digits"),
    "android_id": IdentifierForm(re.compile(r"[0-9A-Fa-f]{15,16}"), "16 hexadecimal digits"),
}
ALIASES = {"msisdn": "phone", "tel": "phone", "sim": "iccid", "wifi": "mac", "bluetooth": "mac"}
SEPARATORS = re.compile(r"[\s:.\-/()+]")
SPELLING: dict[str, Callable[[str], str]] = {
    "meid": str.upper,
    "android_id": str.lower,
    "mac": lambda digits: ":".join(digits[i : i + 2] for i in range(0, 12, 2)).lower(),
}
MOST_VALUES = 1000  # of all phones of a household, or of a newsroom
# The last digits of these are a check digit or a version that a sender may leave out.
SIGNIFICANT = {"imei": 14, "imeisv": 14, "iccid": 18}
# Kinds that hold the number of another kind: to know one is to know the other.
SAME_NUMBER = {"imeisv": "imei"}


@dataclass(frozen=True)
class KnownValues:
    """The identifiers that the owner gave, normalised; printing it shows kinds and counts only."""

    values: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @classmethod
    def none(cls) -> KnownValues:
        """Nothing given."""
        return cls()

    @classmethod
    def parse(cls, text: str) -> KnownValues:
        """From `kind=value,kind=value`; ValueError, without the value, where that can't be read."""
        entries = (_entry(entry) for entry in text.split(",") if entry.strip())
        values = tuple(islice(dict.fromkeys(entries), MOST_VALUES + 1))
        if len(values) > MOST_VALUES:
            raise ValueError(
                f"more than {MOST_VALUES:,} identifiers are given; each is looked for in 400 ways"
            )
        return cls(values)

    @classmethod
    def from_file(cls, path: str | Path) -> KnownValues:
        """From a file of `kind=value` lines; blank lines and lines that begin with # are left out."""
        return cls.of_lines(path, Path(path).read_text("utf-8-sig"))

    @classmethod
    def of_lines(cls, path: str | Path, text: str) -> KnownValues:
        """From the text of such a file; `path` is named in errors."""
        lines = text.splitlines()
        entries = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
        try:
            return cls.parse(",".join(entries))
        except ValueError as problem:
            raise ValueError(f"{path}: {problem}") from None

    def __bool__(self) -> bool:
        return bool(self.values)

    def __repr__(self) -> str:
        counts = {kind: sum(k == kind for k, _ in self.values) for kind in self.kinds}
        return f"Known({', '.join(f'{kind}: {count}' for kind, count in counts.items()) or 'nothing'})"

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that were given, in their order."""
        return tuple(dict.fromkeys(kind for kind, _ in self.values))

    def equals(self, kind: str, value: str) -> bool | None:
        """Whether a normalised value is one of the owner's; None when none of that kind was given."""
        given = [known for of, known in self.values if same_number(of) == same_number(kind)]
        if not given:
            return None
        digits = SIGNIFICANT.get(kind)
        return any(known[:digits] == value[:digits] for known in given)

    def search(self, data: bytes) -> list[Hit]:
        """Where known identifiers stand in `data`, in any encoding; of overlapping ones the longest."""
        if not self.values or not data:
            return []
        matches = self._automaton.find_matches_as_indexes(data, overlapping=True)
        of = self._variants
        found = (Hit(of[number][0], of[number][1], start, end) for number, start, end in matches)
        return list(_longest(sorted(found, key=lambda hit: (hit.start, -hit.end))))

    def summary(self, hits: Iterable[Hit | tuple[str, str, int, int]]) -> tuple[KnownKind, ...]:
        """For each kind given: whether it was seen, how often and in which encodings; no values."""
        all_hits = [Hit(*hit) for hit in hits]
        return tuple(
            _seen(kind, [hit for hit in all_hits if self._given_as(hit) == kind]) for kind in self.kinds
        )

    def _given_as(self, hit: Hit) -> str:
        """The kind as which the owner gave what was hit: an IMEISV that was seen tells of the IMEI given."""
        if hit.kind in self.kinds:
            return hit.kind
        return next((kind for kind in self.kinds if same_number(kind) == same_number(hit.kind)), hit.kind)

    @cached_property
    def longest(self) -> int:
        """Bytes of the longest encoding that is looked for."""
        return max(map(len, self._words), default=0)

    @cached_property
    def _words(self) -> dict[bytes, tuple[str, str]]:
        """Each byte string to look for, with its kind and encoding, the plainest reading of it first."""
        words: dict[bytes, tuple[str, str]] = {}
        for kind, value in self.values:
            for data, encoding in variants(kind, value):
                if len(data) >= SHORTEST:
                    words.setdefault(data, (kind, encoding))
        return words

    @cached_property
    def _variants(self) -> list[tuple[str, str]]:
        return list(self._words.values())

    @cached_property
    def _automaton(self) -> Any:
        from ahocorasick_rs import BytesAhoCorasick

        return BytesAhoCorasick(list(self._words))


def same_number(kind: str) -> str:
    """The kind whose number a kind holds: that of an IMEISV is an IMEI's."""
    return SAME_NUMBER.get(kind, kind)


def _entry(entry: str) -> tuple[str, str]:
    name, equals, value = entry.partition("=")
    name = name.strip().lower()
    kind = name.rstrip("0123456789")  # imei1 and imei2 of a phone with two SIM cards
    kind = ALIASES.get(kind, kind)
    if not equals or kind not in FORMS:
        shown = f'"{name[:20]}"' if equals and re.fullmatch(r"[a-z_]{1,20}\d?", name) else "an entry"
        raise ValueError(f"{shown} is no known identifier: write kind=value, kind one of {', '.join(FORMS)}")
    bare = SEPARATORS.sub("", value)
    if not FORMS[kind].pattern.fullmatch(bare) or not bare.isascii():
        raise ValueError(f"the {name} given is not {FORMS[kind].described}")
    return kind, SPELLING.get(kind, str)(bare)


def _longest(hits: Iterable[Hit]) -> Iterator[Hit]:
    """Of hits of one kind that overlap, the first and longest."""
    ends: dict[str, int] = {}
    for hit in hits:
        if hit.start >= ends.get(hit.kind, 0):
            ends[hit.kind] = hit.end
            yield hit


def _seen(kind: str, hits: list[Hit]) -> KnownKind:
    encodings = tuple(sorted({hit.encoding for hit in hits}))
    return KnownKind(kind, bool(hits), len(hits), encodings)
