"""Pairs of original and pseudonym → one search that puts the one in place of the other, in any bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

from analyzer.identifiers.encodings import SHORTEST
from analyzer.redaction.spellings import pairs

# Shorter ones count only where no letter or digit stands beside them.
SURE = 12
# Values whose hashes are looked for; findings come first, then devices.
MOST_HASHED = 100
# … and those of which all other encodings are: each has some 250, which take 60 kB. Further ones are looked
# for as text. Only a capture of more devices than any network has gets there.
MOST_ENCODED = 1000
# These are written with digits that a longer one may begin with, whatever their length.
ALWAYS_BOUNDED = frozenset(("address",))
# Kinds whose raw bytes may all be letters, between letters: in a DUID (RFC 8415 §11.2) behind a time.
RAW = frozenset(("mac", "bssid"))
PRINTABLE = frozenset(range(0x20, 0x7F))
WORD = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


class Replacement(NamedTuple):
    """What stands for some bytes, and whether they count only as a word of their own."""

    data: bytes
    bounded: bool


class Replacer:
    """Replaces every original in every way of writing it; of overlapping ones the first and longest."""

    def __init__(self, known: Mapping[tuple[str, str], str]) -> None:
        # The longer of two that share a beginning says what becomes of the shorter.
        table: dict[bytes, Replacement] = {}
        hashed, encoded = set(islice(known, MOST_HASHED)), set(islice(known, MOST_ENCODED))
        for at, pseudonym in sorted(known.items(), key=lambda item: -len(item[0][1])):
            found = pairs(*at, pseudonym, at in hashed, at in encoded)
            raw = _raw(at[1]) if at[0] in RAW else None
            _add(table, found, at[0] in ALWAYS_BOUNDED, raw)
        self._searches = [_Search(table)]

    def add(self, found: Iterable[tuple[bytes, bytes]]) -> None:
        """Further pairs."""
        table: dict[bytes, Replacement] = {}
        _add(table, found, False)
        self._searches.append(_Search(table))

    def found(self, data: bytes) -> bool:
        """Whether an original stands in the bytes."""
        return next(self._hits(data), None) is not None

    def data(self, data: bytes) -> bytes:
        """The bytes with pseudonyms."""
        made, at = bytearray(), 0
        for start, end, new in self._hits(data):
            made += data[at:start] + new
            at = end
        return bytes(made + data[at:]) if at else data

    def text(self, text: str) -> str:
        """The text with pseudonyms."""
        data = text.encode("utf-8", "surrogatepass")
        made = self.data(data)
        return text if made is data else made.decode("utf-8", "replace")

    def _hits(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        if len(data) < SHORTEST:
            return
        upto = 0
        matches = [match for search in self._searches for match in search.matches(data)]
        for start, end, (new, bounded) in sorted(matches, key=lambda match: (match[0], -match[1])):
            if start >= upto and not (bounded and _is_inside_a_word(data, start, end)):
                yield start, end, new
                upto = end


class _Search:
    """One table of originals, looked for in one pass."""

    def __init__(self, table: Mapping[bytes, Replacement]) -> None:
        self._table = table

    def matches(self, data: bytes) -> Iterator[tuple[int, int, Replacement]]:
        """All of them, overlapping ones too."""
        if not self._table:
            return
        for number, start, end in self._automaton.find_matches_as_indexes(data, overlapping=True):
            yield start, end, self._rows[number]

    @cached_property
    def _rows(self) -> list[Replacement]:
        return list(self._table.values())

    @cached_property
    def _automaton(self) -> Any:
        from ahocorasick_rs import BytesAhoCorasick

        return BytesAhoCorasick(list(self._table))


def _add(
    table: dict[bytes, Replacement],
    found: Iterable[tuple[bytes, bytes]],
    always: bool,
    raw: bytes | None = None,
) -> None:
    """Add pairs; only what can be read as text has to be a word of its own, and never the bytes `raw`."""
    for old, new in found:
        if len(old) >= SHORTEST and old != new:
            is_text = old != raw and PRINTABLE.issuperset(old)
            table.setdefault(old, Replacement(new, always or (is_text and len(old) < SURE)))


def _raw(mac: str) -> bytes | None:
    try:
        return bytes.fromhex(mac.replace(":", ""))
    except ValueError:
        return None


def _is_inside_a_word(data: bytes, start: int, end: int) -> bool:
    before = start > 0 and data[start] in WORD and data[start - 1] in WORD
    after = end < len(data) and data[end - 1] in WORD and data[end] in WORD
    return before or after
