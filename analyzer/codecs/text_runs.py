"""Readable text inside binary bytes → one part a run, named by a run right before it that looks like a name.

Strings of unknown formats stand behind their length, before a NUL, or between other fields: whatever the
format is, its text is searched. Two runs side by side are name and value (`imei`, `35…`), as in AMF,
Java's DataOutputStream, TLV records and Thrift.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from analyzer.codecs.doubles import double_parts
from analyzer.codecs.limits import Budget
from analyzer.codecs.packed_digits import is_imei, packed_parts
from analyzer.codecs.part import MessagePart, PlainPart, neighbours
from analyzer.codecs.raw_addresses import (
    counted_addresses,
    extended_addresses,
    heard,
    named_address,
    recorded_addresses,
    woken,
)

STEP = "text in octets"
ASCII = rb"\t\n\r\x20-\x7e"
RUN = re.compile(rb"[%s]{3,}+" % ASCII)
# 1 for what is printable, 2 for a nought, 0 for all else: runs are then found by plain searches.
CLASSES = bytes(1 if byte in b"\t\n\r" or 0x20 <= byte < 0x7F else 2 * (byte == 0) for byte in range(256))
ONES = re.compile(rb"\x01++")
WIDE_RUNS = (b"\1\2" * 6, b"\2\1" * 6)
WIDE = re.compile(rb"(?:[\t\n\r\x20-\x7e\xa0-\xff]\0){6,}+|(?:\0[\t\n\r\x20-\x7e\xa0-\xff]){6,}+")
NAME = re.compile(rb"[A-Za-z_$][A-Za-z_.\-$]{1,47}[0-9]{0,2}")
NUMBER_AND_MORE = re.compile(rb"([0-9]{14,20})[^0-9]{1,2}")  # … such as a checksum that is printable
# Fields of fixed width side by side: an IMEI and the number of a subscriber, each perhaps padded to 16, or an
# IMEI and that of a SIM card.
SIDE_BY_SIDE = re.compile(rb"[^0-9]{0,3}0?([0-9]{15})(?:0?([1-9][0-9]{14})|(89[0-9]{17,18}))[^0-9]{0,3}")
BLANKS = re.compile(rb" {3,}")  # that fill fields of fixed width
DIGIT = re.compile(rb"[0-9@:]")
LOUD = re.compile(rb"[0-9A-Za-z\x80-\xff]{2}")
LONG = 8  # bytes: of random bytes a run of so many is one in some 5,000
LONG_RUN = b"\1" * LONG
TINY = 256  # bytes: of more, short runs alone do not count
SMALL = 2_048  # bytes: of more, the short runs count only where long ones make up a share of them
SHARE = 16
MOST_BEHIND = 3  # printable bytes behind a counted text, such as the tag of the next field
NO_CHANCE = 14  # bytes: the shortest run that alone makes bytes readable
LOOKED_AT = 1 << 16
FARTHEST_NAME = 58  # bytes before a long run in which its name is looked for
LONGEST_CHARACTER = 4  # bytes of UTF-8
SHORTEST = 4
IMEI = 15  # digits
FIRST_RUNS = 4  # among which a message says who sends it
FARTHEST = 8  # bytes between a name and its value: type, length, number of the field
MOST = 2_000  # runs
LONGEST = 8 << 20  # bytes that are searched
# Pictures, sound, films, fonts, programs: chance makes some text of their bytes; only longer runs count.
MEDIA = re.compile(
    rb"\xff\xd8\xff[\xc0-\xfe]|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF....(?:WEBP|WAVE|AVI )"
    rb"|OggS\0|....ftyp|wOF[F2]|\x7fELF[\1\2]",
    re.DOTALL,
)
LONG_IN_MEDIA = 14


class Run(NamedTuple):
    """A run of text and where it stands."""

    start: int
    end: int
    text: bytes
    counted: bool  # its length stands before it
    wide: str = ""  # the encoding, where it has two bytes a character


def is_media(data: bytes) -> bool:
    """Return whether the bytes begin as a picture, sound, film, font or program does."""
    return MEDIA.match(data) is not None


def decode_text_runs(part: MessagePart, budget: Budget) -> list[PlainPart]:
    """One part a run; nothing of text, and where no run is long enough to be no chance."""
    data = part.value
    if isinstance(data, str) or len(data) < SHORTEST:
        return []
    kept = _kept(data[:LONGEST])
    packed = [] if is_media(data[:16]) else packed_parts(part)
    if kept or packed:
        packed = packed + double_parts(part)
    if kept and not budget.take_bytes(sum(len(run.text) for run, _ in kept)):
        return []
    return packed + _texts_of(part, kept[: budget.fields_left + 1]) + _addresses(part, kept, bool(packed))


def _texts_of(part: MessagePart, kept: list[tuple[Run, str]]) -> list[PlainPart]:
    names = neighbours(name for _, name in kept if name)
    path = (*part.path, STEP)
    return [
        (
            name or part.name,
            _text(run),
            (*path, name or f"[{number}]"),
            names - {name} if name else part.beside,
        )
        for number, (run, name) in enumerate(kept)
    ]


def _addresses(part: MessagePart, kept: list[tuple[Run, str]], is_packed: bool) -> list[PlainPart]:
    """One part for each MAC address in bytes: in a message of a phone, or where its form is enough."""
    found = woken(part) + named_address(part) + extended_addresses(part) + recorded_addresses(part)
    if is_packed or any(_is_number_of_phone(run.text) for run, _ in kept[:FIRST_RUNS]):
        found += heard(part) or counted_addresses(part)
    return found


def _is_number_of_phone(text: bytes) -> bool:
    """Return whether text is an IMEI."""
    return len(text) == IMEI and text.isdigit() and is_imei(text.decode("ascii"))


def text_in(data: bytes) -> str:
    """Return all runs of text in the bytes, a line each."""
    return "\n".join(_text(run) for run in _runs(data[:LONGEST]))


def is_mostly_text(data: bytes) -> bool:
    """Return whether named or long runs make up so much of binary bytes that it is no chance."""
    marks = data[:LOOKED_AT].translate(CLASSES)
    if is_media(data[:16]) or not (LONG_RUN in marks or any(run in marks for run in WIDE_RUNS)):
        return False
    kept = _kept(data[:LOOKED_AT])
    text = sum(run.end - run.start for run, _ in kept)
    if any(name and run.counted and len(run.text) > SHORTEST for run, name in kept):
        return text * 3 >= min(len(data), LOOKED_AT)
    longest = max((len(run.text) for run, _ in kept), default=0)
    return longest >= NO_CHANCE and text * 2 >= min(len(data), LOOKED_AT)


def _kept(data: bytes) -> list[tuple[Run, str]]:
    """The runs that are no chance, each with the name that stands before it."""
    runs = list(islice(_runs(data), MOST))
    naming = dict(_pairs(runs))
    names = frozenset(naming.values())
    kept: list[tuple[Run, str]] = []
    for at, run in enumerate(runs):
        name = runs[naming[at]].text.decode("ascii") if at in naming else ""
        least = SHORTEST if name or run.counted else LONG
        if at not in names and len(run.text) >= least:
            kept.append((run, name))
    return kept


def _pairs(runs: list[Run]) -> Iterator[tuple[int, int]]:
    """Values and their names, by their places: those side by side, or names in a row before values in a row.

    The latter is how Hessian 2 writes an object: the names of its class first, the values in their order.
    """
    at = 0
    while at < len(runs):
        first = at
        while at < len(runs) and _is_name(runs[at]) and (at == first or _are_near(runs, at)):
            at += 1
        values = at
        while first < values and at < len(runs) and _is_value(runs[at]) and _are_near(runs, at):
            at += 1
        if values - first > 1 and at - values > 1:
            plain = [name for name in range(first, values) if runs[name].text.count(b".") < 2]  # no class
            yield from zip(range(values, at), plain, strict=False)
        elif first < values < at:
            yield values, values - 1
        at = max(at, first + 1)


def _are_near(runs: list[Run], at: int) -> bool:
    return runs[at].start - runs[at - 1].end <= FARTHEST


def _is_name(run: Run) -> bool:
    return NAME.fullmatch(run.text) is not None


def _is_value(run: Run) -> bool:
    return DIGIT.search(run.text) is not None and not _is_name(run)


def _runs(data: bytes) -> Iterator[Run]:
    marks = data.translate(CLASSES)
    if is_media(data):
        yield from (
            Run(start, end, data[start:end], False) for start, end in _long_spans(marks, LONG_IN_MEDIA)
        )
        return
    wide = _wide_runs(data, marks)
    following = next(wide, None)
    for start, end in _spans(data, marks):
        while following and following.start < start:
            yield following
            following = next(wide, None)
        yield from _cut(data, start, end)
    if following:
        yield following
        yield from wide


def _spans(data: bytes, marks: bytes) -> Iterator[tuple[int, int]]:
    """Where text stands; of many bytes with little text only long runs and what is right before them."""
    long = list(_long_spans(marks, LONG))
    if not long and len(data) > TINY:
        return
    if len(data) > SMALL and sum(end - start for start, end in long) * SHARE < len(data):
        at = 0
        spans: list[tuple[int, int]] = []
        for start, end in long:
            spans += [found.span() for found in RUN.finditer(data, max(at, start - FARTHEST_NAME), end)]
            at = end
    else:
        spans = [found.span() for found in RUN.finditer(data)]
    yield from _joined(data, spans)


def _long_spans(marks: bytes, least: int) -> Iterator[tuple[int, int]]:
    """Where at least so many printable bytes follow each other."""
    wanted = b"\1" * least
    start = marks.find(wanted)
    for _ in range(MOST):
        if start < 0:
            return
        ones = ONES.match(marks, start)
        end = ones.end() if ones else start + least
        yield start, end
        start = marks.find(wanted, end)


def _joined(data: bytes, spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The spans; two are one where a character of UTF-8 stands between them."""
    start = end = -1
    for first, last in spans:
        if start >= 0 and 2 <= first - end <= LONGEST_CHARACTER and _is_utf_8(data[end:first]):
            end = last
            continue
        if start >= 0:
            yield start, end
        start, end = first, last
    if start >= 0:
        yield start, end


def _is_utf_8(data: bytes) -> bool:
    try:
        return data.decode("utf-8").isprintable()
    except ValueError:
        return False


def _wide_runs(data: bytes, marks: bytes) -> Iterator[Run]:
    """Runs of UTF-16 without its byte order mark."""
    at = 0
    for _ in range(MOST):
        starts = [start for start in (marks.find(run, at) for run in WIDE_RUNS) if start >= 0]
        found = WIDE.match(data, min(starts)) if starts else None
        if found is None:
            return
        encoding = "utf-16-be" if found[0][0] == 0 else "utf-16-le"
        at = found.end()
        text = found[0].decode(encoding)
        if _counts_next(data, at, text[-1]):
            text = text[:-1]
        yield Run(*found.span(), text.strip().encode(), False, encoding)


def _counts_next(data: bytes, at: int, last: str) -> bool:
    """Return whether the last character of a run is the length of the next one, in bytes or characters."""
    if data[at : at + 2] != b"\0\0" or not (following := WIDE.match(data, at + 2)):
        return False
    return any(0 <= len(following[0]) - ord(last) * unit <= 2 for unit in (1, 2))


def _cut(data: bytes, start: int, end: int) -> Iterator[Run]:
    """A run without the length or the type of a field that happens to be printable."""
    if data[start] == end - start - 1 and end - start > SHORTEST:  # its first byte counts the rest
        start += 1
    counted_end = start + 1 + data[start]
    if start and data[start - 1] == 0 and data[start] >= SHORTEST and 0 <= end - counted_end <= MOST_BEHIND:
        yield Run(start + 1, counted_end, data[start + 1 : counted_end], True)
        return
    numbers = SIDE_BY_SIDE.fullmatch(data, start, end)
    if numbers and any(is_imei(numbers[field].decode("ascii")) for field in (1, 2) if numbers[field]):
        for field in range(1, 4):
            if numbers[field]:
                yield Run(*numbers.span(field), numbers[field], True)
        return
    if blank := BLANKS.search(data, start + 1, end - 1):
        yield from _cut(data, start, blank.start())
        yield from _cut(data, blank.end(), end)
        return
    if counted := NUMBER_AND_MORE.fullmatch(data, start, end):
        yield Run(start, counted.end(1), counted[1], False)
        return
    before, length = data[start - 1] if start else -1, end - start
    if border := _border(data, start, end, before):
        yield Run(start, border, data[start:border], True)
        if end - border > MOST_BEHIND:
            yield from _cut(data, border + 1, end)
        return
    if LOUD.search(data, start, end):
        yield Run(start, end, data[start:end], before in (length, 2 * length))


def _border(data: bytes, start: int, end: int, before: int) -> int:
    """Where the text ends that `before` counts, once or twice (zigzag); what follows is counted too."""
    if before < SHORTEST - 1:
        return 0
    borders = [start + before // unit for unit in (1, 2)]
    for unit, border in enumerate(borders, start=1):
        if not before % unit and border < end and _are_counted(data, border, end, unit):
            return border
    return borders[0] if 0 < end - borders[0] <= MOST_BEHIND else 0


def _are_counted(data: bytes, at: int, end: int, unit: int) -> bool:
    """Return whether texts, each behind its length, fill what is left."""
    while at < end:
        length, rest = divmod(data[at], unit)
        if rest or not length:
            return False
        at += length + 1
    return at == end


def _text(run: Run) -> str:
    return run.text.decode("utf-8", "replace").strip("\r\n\t ")
