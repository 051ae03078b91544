"""Values that a capture shows to be identifiers → wherever else they stand, in any usual encoding.

`known` looks for what the owner gave, and may report a few bytes of it. Here nobody vouches for a value, so
each way to write it has to be long enough, and stand apart from what is around it where it is short, that
chance does not make it: `MIN_DIGITS` and its like say from where on.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus

from analyzer.identifiers.encodings import base64_pieces, variants
from analyzer.identifiers.mac import is_of_one_interface
from analyzer.identifiers.placeholders import is_placeholder
from analyzer.model import Confidence

# Values that are looked for in every form, and those beyond them that are looked for as they are written.
MOST_IN_FULL, MOST = 48, 512
# Digits of a number, which has to stand apart from other digits where it has fewer than SURE_DIGITS.
MIN_DIGITS, SURE_DIGITS = 10, 14
# Characters of other text; with fewer than SURE_TEXT it has to stand apart from letters and digits.
MIN_TEXT, SURE_TEXT = 8, 16
# Bytes that are no text, and how many of them have to differ.
MIN_BYTES, MIN_DIFFERENT = 6, 4
# Characters of base64 that stand for these bytes alone.
MIN_BASE64 = 7
# Bytes that are looked through word by word, and searches for a word. Beyond either an automaton is faster,
# which has to be built.
MOST_PLAIN_BYTES, MOST_PLAIN_SEARCHES = 1 << 16, 1 << 13
# Different characters of a value.
FEWEST_DIFFERENT = 4

NUMBERS = frozenset(("imei", "imeisv", "imsi", "iccid", "phone"))
ADDRESSES = frozenset(("mac", "bssid"))
# Kinds of what a device or a person is told apart by, and the characters that such a value has at least.
TEXTS = {
    "meid": 14, "android_id": 15, "gaid": 16, "oaid": 16, "idfa": 16, "advertising_id": 16, "device_id": 12,
    "push_token": 20, "serial": 8, "email": 8, "account": 12,
}  # fmt: skip
# Encodings that are too short to be looked for unasked, or that nobody uses for one value alone.
LEFT_OUT = re.compile(r"CRC-32|xxHash|XXH3|SHA-512|SHA-\S+ cut|MD5 cut to 8 bytes|pseudo-ESN|MD5 cut.*bytes")
HASHED = ("MD5", "SHA-")
BINARY = re.compile(r"bytes|BCD|integer")
HEX = re.compile(r"[0-9a-f]{16,64}")


class SearchedValue(NamedTuple):
    """A value that is looked for."""

    kind: str
    value: str  # as findings of this kind have it
    confidence: Confidence
    because: str  # what is known of it: "the MAC address of …"
    of: str = ""  # the device that has it as its own address


class Sighting(NamedTuple):
    """A place where a sought value stands; `number` counts the values sought."""

    number: int
    encoding: str
    start: int
    end: int


class _Word(NamedTuple):
    """Bytes to look for; `apart` has those that may not stand next to them."""

    number: int
    encoding: str
    apart: frozenset[int]


NOTHING: frozenset[int] = frozenset()
DIGITS = frozenset(b"0123456789")
NO_DIGITS = bytes(set(range(256)) - DIGITS)
ALPHANUMERIC = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def is_telling(kind: str, value: str) -> bool:
    """Return whether a value of this kind is long and varied enough to be looked for elsewhere."""
    bare = re.sub(r"[^0-9A-Za-z]", "", value)
    if len(set(bare)) < FEWEST_DIFFERENT or "*" in value:
        return False
    if kind in ADDRESSES:
        return len(bare) == 12 and is_of_one_interface(value) and len(set(bytes.fromhex(bare))) >= 3
    if kind in NUMBERS:
        return bare.isdigit() and len(bare) >= MIN_DIGITS and not is_placeholder(bare)
    if len(bare) < TEXTS.get(kind, 1 << 16) or is_placeholder(bare):
        return False
    if kind in ("email", "account"):
        return "@" in value and len(value) < 255
    has_both = any(c.isdigit() for c in bare) and any(c.isalpha() for c in bare)
    return len(value) <= 512 and (has_both or len(bare) >= (SURE_DIGITS if bare.isdigit() else MIN_TEXT))


class Search:
    """Finds any of some values in bytes, in one pass."""

    def __init__(self, values: Sequence[SearchedValue]) -> None:
        """The first values are looked for in more forms than those beyond MOST_IN_FULL."""
        self.values = values[:MOST]
        self._looked_through = self._searches = 0
        self.left_out = len(values) - len(self.values)

    def sightings(self, data: bytes) -> list[Sighting]:
        """Return where the values stand in `data`, in their order; of overlapping ones the longest."""
        if not self.values or not data:
            return []
        words = self._listed
        found = []
        for at, start, end in self._matches(data):
            word = words[at]
            if not word.apart or _stands_apart(data, start, end, word.apart):
                found.append(Sighting(word.number, word.encoding, start, end))
        return list(_longest(sorted(found, key=lambda each: (each.start, -each.end))))

    @cached_property
    def _words(self) -> dict[bytes, _Word]:
        words: dict[bytes, _Word] = {}
        for number, sought in enumerate(self.values):
            for data, encoding, apart in _sought_forms(sought.kind, sought.value, number < MOST_IN_FULL):
                words.setdefault(data, _Word(number, encoding, apart))
        return words

    def _matches(self, data: bytes) -> Iterable[tuple[int, int, int]]:
        """Every (word, start, end). An automaton takes as long to make as some 60 searches for each word."""
        self._looked_through += len(data)
        self._searches += len(self._words)
        if self._looked_through > MOST_PLAIN_BYTES or self._searches > MOST_PLAIN_SEARCHES:
            return self._automaton.find_matches_as_indexes(data, overlapping=True)  # type: ignore[no-any-return]
        return _each_match(self._words, data)

    @cached_property
    def _listed(self) -> list[_Word]:
        return list(self._words.values())

    @cached_property
    def _automaton(self) -> Any:
        from ahocorasick_rs import BytesAhoCorasick

        return BytesAhoCorasick(list(self._words))


def _each_match(words: Iterable[bytes], data: bytes) -> Iterator[tuple[int, int, int]]:
    for number, word in enumerate(words):
        start = data.find(word)
        while start >= 0:
            yield number, start, start + len(word)
            start = data.find(word, start + 1)


@lru_cache(128)
def _sought_forms(kind: str, value: str, in_full: bool) -> tuple[tuple[bytes, str, frozenset[int]], ...]:
    """The forms of a value that are looked for, each with what may not stand next to it."""
    forms = (
        (data, encoding, apart_from(data, encoding, kind))
        for data, encoding in forms_of(kind, value, in_full)
    )
    return tuple((data, encoding, apart) for data, encoding, apart in forms if apart is not None)


def forms_of(kind: str, value: str, in_full: bool = True) -> Iterator[tuple[bytes, str]]:
    """Return the byte strings by which a value may be sent, each with the name of its encoding."""
    of = "mac" if kind in ADDRESSES else kind
    for data, encoding in variants(of, value):
        if LEFT_OUT.search(encoding) or (not in_full and encoding.startswith((*HASHED, "base64", "UTF-16"))):
            continue
        yield data, encoding
        if encoding == "in groups" and b" " in data:
            yield quote_plus(data).encode(), "percent-encoded, in groups"
            yield quote(data).encode(), "percent-encoded, in groups"
    if kind == "phone":
        yield from _national(value)
    elif of != "mac":
        yield from _of_hexadecimal(value)


def apart_from(data: bytes, encoding: str, kind: str) -> frozenset[int] | None:
    """Return the bytes that may not stand next to a form of a value; None where it is not looked for."""
    size = len(data)
    if encoding.startswith("base64"):
        return NOTHING if size >= MIN_BASE64 else None
    if encoding.startswith(HASHED):
        return NOTHING
    if BINARY.search(encoding):
        return NOTHING if size >= MIN_BYTES and len(set(data)) >= MIN_DIFFERENT else None
    text = data.translate(None, b"\0") if encoding.startswith("UTF-16") else data
    digits = len(text.translate(None, NO_DIGITS))
    if kind in NUMBERS or text.isdigit():
        return None if digits < MIN_DIGITS else DIGITS if digits < SURE_DIGITS else NOTHING
    if len(text) < MIN_TEXT:
        return None
    return ALPHANUMERIC if len(text) < SURE_TEXT and kind not in ADDRESSES else NOTHING


def _stands_apart(data: bytes, start: int, end: int, others: frozenset[int]) -> bool:
    return (start == 0 or data[start - 1] not in others) and (end >= len(data) or data[end] not in others)


def _longest(sightings: Sequence[Sighting]) -> Iterator[Sighting]:
    ends: dict[int, int] = {}
    for each in sightings:
        if each.start >= ends.get(each.number, 0):
            ends[each.number] = each.end
            yield each


def _national(digits: str) -> Iterator[tuple[bytes, str]]:
    """Return the number as it is dialled in its own country, where that is long enough."""
    import phonenumbers

    try:
        number = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        return
    national = phonenumbers.national_significant_number(number)
    if len(national) >= MIN_DIGITS:
        yield national.encode(), "without its country code"
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    if " " in written and len(written) >= MIN_DIGITS:
        yield written.encode(), "in groups, without its country code"


def _of_hexadecimal(value: str) -> Iterator[tuple[bytes, str]]:
    """Return the further forms of 16 hexadecimal digits or more: without hyphens, its bytes, a number."""
    bare = value.replace("-", "").lower()
    if not HEX.fullmatch(bare) or len(bare) % 2:
        return
    data = bytes.fromhex(bare)
    if bare != value.lower():
        yield bare.encode(), "without hyphens"
        yield bare.upper().encode(), "without hyphens"
        for cased in (bare, bare.upper()):
            yield from ((piece, "base64, without hyphens") for piece in base64_pieces(cased.encode()))
    if len(data) == 16:
        hyphened = str(uuid.UUID(bytes=data))
        yield hyphened.encode(), "with hyphens"
        yield hyphened.upper().encode(), "with hyphens"
        yield uuid.UUID(bytes=data).bytes_le, "bytes, as Windows orders those of a GUID"
    yield data, "bytes"
    yield data[::-1], "reversed bytes"
    yield from ((piece, "base64 of the bytes") for piece in base64_pieces(data))
    if len(data) == 8:
        yield str(int.from_bytes(data, "big")).encode(), "in decimal"
        yield str(int.from_bytes(data, "big", signed=True)).encode(), "in decimal"
