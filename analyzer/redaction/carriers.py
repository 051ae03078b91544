"""Texts of a report → how identifiers stand in them otherwise than a search for their spellings finds.

Digits with marks between them, in another script, or split over fields and labels; tokens inside longer text
in which an encoding hides one; and whatever has the form of a hash, since no one can tell what it is of. Each
is given as it stands, with what takes its place, so that reports, packets and tables are changed alike.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import accumulate, chain
from typing import Any, NamedTuple

from analyzer.redaction.pseudonyms import coarse
from analyzer.redaction.spellings import PLAIN, WRITTEN, Pair, Writing

Hides = Callable[[bytes], bool]

LEAST = 7  # letters and digits of a value that is looked for with marks between them
SURE = 12  # … and of one that may stand beside other letters and digits
LONGEST = 256  # characters from its first to its last
LEAST_PIECE = 6  # characters of a piece that is replaced wherever it is a word of its own
LEAST_TOKEN = 16  # characters of a token that may be an encoding
ALNUM, DIGITS = re.compile("[0-9A-Za-z]+"), re.compile("[0-9]+")
WORD = re.compile(r"[A-Za-z0-9]{16,65536}={0,6}")  # behind a prefix, as in the name of a header
TOKEN = re.compile(r"[A-Za-z0-9+/_\-]{16,65536}={0,2}")
# Hexadecimal digits of hashes of 64 to 512 bits, and the same hashes in base64 with their padding.
_BITS = (512, 384, 256, 224, 192, 160, 128, 64)
_BASE64 = {22: "==", 27: "=", 38: "==", 43: "=", 86: "=="}  # characters, and their padding
DIGEST = re.compile(
    "(?<![0-9A-Za-z])(?:(?=[0-9:-]*[A-Fa-f])(?=[A-Fa-f:-]*[0-9])(?:"
    + "|".join(f"[0-9{letters}]{{{bits // 4}}}" for bits in _BITS for letters in ("a-f", "A-F"))
    + "|(?:[0-9A-Fa-f]{2}[:-]){15,63}[0-9A-Fa-f]{2}"  # … in pairs
    + ")(?![0-9A-Za-z])|(?<![+/_\\-])(?:"
    + "|".join(f"[A-Za-z0-9+/_\\-]{{{count}}}{end}" for count, end in _BASE64.items())
    + ")(?![0-9A-Za-z+/_=\\-]))"
)
# How compressed data begins: gzip, zlib, zstd, LZ4, bzip2, xz (each by its own specification).
COMPRESSED = (b"\x1f\x8b", b"\x78", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"BZh", b"\xfd7zXZ")
HOST = re.compile(r"(?:[A-Za-z0-9_\-]{1,63}\.){2,}[A-Za-z0-9_\-]{1,63}")


class Needle(NamedTuple):
    """A value without its marks, and as long a text that stands for it."""

    old: str
    new: str


class _Folded(dict[int, str]):
    """Characters → the ASCII letter or digit that they are a form of (Unicode, NFKC), or a blank."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        plain = unicodedata.normalize("NFKC", char)
        digit = unicodedata.decimal(char, None)
        made = str(digit) if digit is not None else plain
        self[code] = made if len(made) == 1 and made.isascii() and made.isalnum() else " "
        return self[code]


_FOLDED = _Folded()


class Squeezed:
    """The words of a text, one behind the other, with the way back to where each character stood."""

    def __init__(self, text: str, words: re.Pattern[str]) -> None:
        plain = text if text.isascii() else text.translate(_FOLDED)
        self.text, self.found = text, list(words.finditer(plain))
        self.data = "".join(found[0] for found in self.found).lower()
        self.starts = [0, *accumulate(len(found[0]) for found in self.found)]

    def word(self, at: int) -> int:
        """The number of the word that holds a character."""
        return bisect_right(self.starts, at) - 1

    def place(self, at: int) -> int:
        """Where in the text a character stands."""
        number = self.word(at)
        return self.found[number].start() + at - self.starts[number]

    def between(self, start: int, end: int) -> str:
        """The text from one character to another, with the marks."""
        return self.text[self.place(start) : self.place(end - 1) + 1]

    def is_bounded(self, start: int, end: int) -> bool:
        """Whether a span begins and ends where words do."""
        return start == self.starts[self.word(start)] and end == self.starts[self.word(end - 1) + 1]

    def pieces(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The parts of a span that each lie in one word."""
        for number in range(self.word(start), self.word(end - 1) + 1):
            yield max(start, self.starts[number]), min(end, self.starts[number + 1])


class Carriers:
    """Finds carriers of known values.

    `hides` tells whether bytes hold a value in whatever encoding, `is_known` whether a text is replaced
    without this, and `secret` gives what takes the place of a token.
    """

    def __init__(
        self,
        known: Mapping[tuple[str, str], str],
        hides: Hides,
        is_known: Hides,
        secret: Callable[[str], str],
    ) -> None:
        self._hides, self._is_known, self._secret = hides, is_known, secret
        needles = dict(_needles(known))
        self._any = list(needles.items())
        self._digits = [(old, new) for old, new in self._any if old.isdigit() and len(old) >= SURE]
        self._beginnings: dict[str, list[Needle]] = defaultdict(list)
        for old, new in self._any:
            if len(old) >= SURE:
                for length in range(LEAST_PIECE, len(old) - LEAST_PIECE + 1):
                    self._beginnings[old[:length]].append(Needle(old, new))
        self._tried: dict[str, bool] = {}

    def in_message(self, texts: Iterable[str]) -> Iterator[Pair]:
        """What stands in the texts of one message; of words of our own no hash is one."""
        words: set[str] = set()
        for text in texts:
            yield from self.in_text(text)
            for found in DIGEST.finditer(text):
                yield from self._pair(found[0], not self._is_known(found[0].encode()))
            words.update(each.lower() for each in ALNUM.findall(text) if LEAST_PIECE <= len(each) <= LONGEST)
        yield from self._split(words)

    def in_text(self, text: str) -> Iterator[Pair]:
        """What stands in one text, whoever wrote it."""
        if self._any and len(text) >= LEAST:
            yield from self._marked(text)
            yield from self._opaque(text)

    # ── with marks between ──────────────────────────────────────────────

    def _marked(self, text: str) -> Iterator[Pair]:
        for words, needles in ((ALNUM, self._any), (DIGITS, self._digits)):
            if not needles:
                continue
            search = self._digit_search if words is DIGITS else self._alnum_search
            squeezed = Squeezed(text, words)
            for number, start, end in search.find_matches_as_indexes(squeezed.data, overlapping=True):
                old, new = needles[number]
                is_whole = len(old) >= SURE or squeezed.is_bounded(start, end)
                if is_whole and not self._is_known(squeezed.between(start, end).encode("utf-8", "replace")):
                    yield from _spelled(squeezed, start, end, new)

    @cached_property
    def _alnum_search(self) -> Any:
        return _automaton(self._any)

    @cached_property
    def _digit_search(self) -> Any:
        return _automaton(self._digits)

    def _split(self, words: set[str]) -> Iterator[Pair]:
        """Values of which all pieces stand somewhere, in whatever order and with whatever between."""
        for word in words & self._beginnings.keys():
            for needle in self._beginnings[word]:
                for start, end in _cover(needle.old, words):
                    yield from _word_pair(needle.old[start:end], needle.new[start:end])

    # ── tokens ──────────────────────────────────────────────────────────

    def _opaque(self, text: str) -> Iterator[Pair]:
        for found in chain(TOKEN.finditer(text), WORD.finditer(text)):
            yield from self._pair(found[0], False)
        if len(text) <= LONGEST and HOST.fullmatch(text):
            yield from self._labels(text.split("."))

    def _pair(self, token: str, is_told: bool) -> Iterator[Pair]:
        """A token and what takes its place, where it is a carrier or is told to be replaced."""
        if is_told or self._is_carrier(token):
            yield token.encode(), self._secret(token).encode()

    def _is_carrier(self, token: str) -> bool:
        if token not in self._tried:
            is_known = self._is_known(token.encode())
            self._tried[token] = not is_known and any(map(self._hides, _decoded(token)))
        return self._tried[token]

    def _labels(self, labels: list[str]) -> Iterator[Pair]:
        """An encoding that was cut into labels of a host's name (RFC 1035 §2.3.4 allows 63 characters)."""
        for count in range(2, len(labels)):
            joined = "".join(labels[:count])
            if len(joined) >= LEAST_TOKEN and self._is_carrier(joined):
                yield from (pair for label in labels[:count] for pair in self._pair(label, True))
                return


def _spelled(squeezed: Squeezed, start: int, end: int, new: str) -> Iterator[Pair]:
    """A value as it stands, what takes its place, and each long piece of it as a word of its own."""
    first, before = squeezed.place(start), squeezed.between(start, end)
    if len(before) > LONGEST:
        return
    made = list(before)
    for at in range(start, end):
        char = new[at - start]
        place = squeezed.place(at) - first
        made[place] = char.upper() if made[place].isupper() else char
    after = "".join(made)
    yield before.encode("utf-8", "surrogatepass"), after.encode("utf-8", "surrogatepass")
    pieces = list(squeezed.pieces(start, end))
    for at, upto in pieces if len(pieces) > 1 else ():
        yield from _word_pair(squeezed.data[at:upto], new[at - start : upto - start])
    if set(re.sub("[0-9A-Za-z]", "", before)) == {"."}:
        yield _in_wire(before), _in_wire(after)


def _in_wire(name: str) -> bytes:
    """Labels of a name as DNS writes them (RFC 1035 §3.1), without the length before the first."""
    first, *others = name.encode("utf-8", "surrogatepass").split(b".")
    return first + b"".join(bytes((len(label),)) + label for label in others)


def _word_pair(old: str, new: str) -> Iterator[Pair]:
    if len(old) >= LEAST_PIECE and old != new:
        yield from ((write(old).encode(), write(new).encode()) for write in PLAIN)


def _cover(value: str, words: set[str]) -> list[tuple[int, int]]:
    """The pieces, each one of the words, of which a value is made; none where it is not."""
    reached: dict[int, tuple[int, int] | None] = {0: None}
    for end in range(LEAST_PIECE, len(value) + 1):
        for start in range(end - LEAST_PIECE + 1):
            if start in reached and value[start:end] in words and (start, end) != (0, len(value)):
                reached[end] = (start, end)
                break
    found, at = [], len(value)
    while piece := reached.get(at):
        found.append(piece)
        at = piece[0]
    return found if at == 0 and found else []


def _decoded(token: str) -> Iterator[bytes]:
    """What a token may stand for: base64, base32 and hexadecimal digits, where they can be read."""
    bare = token.rstrip("=")
    decoders: tuple[tuple[Callable[[str], bytes], str], ...] = (
        (_from_base64, bare.translate(str.maketrans("-_", "+/")) + "=" * (-len(bare) % 4)),
        (_from_base32, bare.upper() + "=" * (-len(bare) % 8)),
        (bytes.fromhex, bare),
    )
    for decode, text in decoders:
        try:
            yield decode(text)
        except (ValueError, binascii.Error):
            continue


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text)


def _from_base32(text: str) -> bytes:
    return base64.b32decode(text)


def is_worth_opening(data: bytes) -> bool:
    """Whether bytes look like text or compressed data, so that the ladder may find something inside."""
    head = data[:64]
    return data.startswith(COMPRESSED) or sum(0x20 <= byte < 0x7F for byte in head) * 10 >= 9 * len(head)


def _needles(known: Mapping[tuple[str, str], str]) -> Iterator[tuple[str, str]]:
    """Each way to write a value whose pseudonym is as long, without marks."""
    for (kind, value), pseudonym in known.items():
        if kind == "location" and not _is_number(value):
            continue
        longer = _padded(value) if kind == "location" else pseudonym
        for write in (PLAIN[0], *WRITTEN.get(kind, ()), *MARKED.get(kind, ALWAYS)):
            old, new = _bare(write(value)), _bare(write(longer))
            if LEAST <= len(old) == len(new) and old != new and any(char.isdigit() for char in old):
                yield old, new


def _padded(degrees: str) -> str:
    """Coordinates cut as `coarse` cuts them, with zeros for what was cut off."""
    kept = coarse(degrees)
    return kept + "0" * (len(degrees) - len(kept))


def _bare(text: str) -> str:
    return "".join(ALNUM.findall(text)).lower()


def _backwards(text: str) -> str:
    return _bare(text)[::-1]


def _in_hexadecimal(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").hex()


def _bytes_backwards(mac: str) -> str:
    return ":".join(reversed(mac.split(":")))


def _decimals(count: int) -> Writing:
    """Degrees with so many decimals, as whole numbers in millionths and their kin have them."""
    return lambda degrees: f"{float(degrees):.{count}f}" if _is_number(degrees) else ""


def _minutes(wide: int, decimals: int) -> Writing:
    """Degrees and minutes, as receivers write them (NMEA 0183, GGA)."""

    def write(degrees: str) -> str:
        if not _is_number(degrees):
            return ""
        whole, rest = divmod(abs(float(degrees)), 1)
        return f"{int(whole):0{wide}d}{rest * 60:0{decimals + 3}.{decimals}f}"

    return write


def _seconds(degrees: str) -> str:
    """Degrees, minutes and seconds, with two decimals."""
    if not _is_number(degrees):
        return ""
    hundredths = round(abs(float(degrees)) * 360_000)
    return f"{hundredths // 360_000}:{hundredths // 6000 % 60:02d}:{hundredths % 6000:04d}"


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d{1,3}\.\d+", text, re.ASCII) is not None


ALWAYS: tuple[Writing, ...] = (_backwards, _in_hexadecimal)
MARKED: dict[str, tuple[Writing, ...]] = {
    **dict.fromkeys(("mac", "bssid"), (*ALWAYS, _bytes_backwards)),
    "location": (
        *map(_decimals, (5, 6, 7)),
        *(_minutes(wide, decimals) for wide in (2, 3) for decimals in (3, 4, 5)),
        _seconds,
    ),
}


def _automaton(needles: list[tuple[str, str]]) -> Any:
    from ahocorasick_rs import AhoCorasick

    return AhoCorasick([old for old, _ in needles])
