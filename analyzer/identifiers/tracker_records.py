"""Records that trackers send in a protocol of their own: text with fixed places and no names.

Whatever the protocol is, the first thing that a device says is who it is: an IMEI near the beginning of a
message, behind a letter or two. Some write it without a separator; these are read by their grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from analyzer.identifiers.base import Context
from analyzer.identifiers.companions import is_like_imei

HEAD = 48  # characters in which a message tells who sends it
FIRST_FIELDS = 4
MOST = 100
# Where the number follows other digits or letters: the watches of ThinkRace and iWonlex (AP00), Totem, TK103.
SENTENCES = (
    (re.compile(r"(?:TRV|IW)AP00(\d{15})(?!\d)", re.ASCII), "the log-in of a watch (AP00) holds it"),
    (re.compile(r"\$\$[0-9A-F]{2}(\d{15})\|", re.ASCII), "a record of a Totem tracker begins with it"),
    (re.compile(r"\(\d{12}BP0[05](\d{15})", re.ASCII), "the log-in of a TK103 tracker (BP05) holds it"),
)
LONGITUDE_FIRST = re.compile(r"\+(?:RESP|BUFF|ACK):GT")  # Queclink
DEGREES = r"[+-]?\d{1,3}\.\d{5,8}"
PAIR = re.compile(rf"(?<![\w.-])({DEGREES})[,;|+]({DEGREES})(?![\w.])", re.ASCII)


def is_in_head(match: re.Match[str], context: Context) -> bool:
    """Return whether a number stands at the beginning of a message that no protocol with names has."""
    if not context.is_unclassified or match.start() > HEAD:
        return False
    return match.string in context.values[:FIRST_FIELDS]


def record_imeis(text: str, context: Context) -> Iterator[tuple[str, str]]:
    """Give the IMEIs that sentences of trackers hold, and what is said of each."""
    if context.is_unclassified:
        for sentence, said in SENTENCES:
            for found in islice(sentence.finditer(text), MOST):
                if is_like_imei(found[1]):
                    yield found[1], said


def record_position(text: str, context: Context) -> tuple[str, str, str] | None:
    """Return latitude, longitude and how they stood: two numbers of degrees side by side in a record."""
    if not context.is_unclassified:
        return None
    for found in islice(PAIR.finditer(text), MOST):
        first, second = found[1].lstrip("+"), found[2].lstrip("+")
        if LONGITUDE_FIRST.match(text) or abs(float(first)) > 90:
            first, second = second, first
        if abs(float(first)) <= 90 and abs(float(second)) <= 180:
            return first, second, found[0]
    return None


# Cells without names: country, network, area and cell in braces; behind the word and a count, in hexadecimal,
# all of them or area and cell; from the cell up to the country, between plus signs.
NUMBER = re.compile(r"(?<!\d)\d{15}(?!\d)", re.ASCII)
IN_BRACES = re.compile(r"[{\[](\d{3}),(\d{1,3}),(\d{1,5}),(\d{1,9})[}\]]", re.ASCII)
IN_HEXADECIMAL = re.compile(
    r"\b(?:CELL|LBS|BTS):\d{1,2},([0-9A-Fa-f]{3}),([0-9A-Fa-f]{1,3}),([0-9A-Fa-f]{1,4}),([0-9A-Fa-f]{1,7})(?=[,;])"
)
LABELLED = re.compile(
    r"\b(?:GSM|CELL|LBS|BTS):(?:\d{1,2}[,;]){0,2}(\d{3})[,;](\d{1,3})[,;]([0-9A-F]{4})[,;]([0-9A-F]{4,8})(?=[,;])",
    re.ASCII,
)
FROM_CELL = re.compile(r"\+(\d{1,9}),(\d{1,5}),(\d{1,3}),(\d{3})(?=\+)", re.ASCII)
INTERNATIONAL = re.compile(r"(?<=[,;|])\+[1-9]\d{7,14}(?=[,;|#*])", re.ASCII)


def record_cells(text: str, context: Context) -> Iterator[tuple[str, str, str, str, str]]:
    """Give country, network, area and cell of each cell in a record, and the text of it."""
    if not context.is_unclassified:
        return
    for found in islice(IN_BRACES.finditer(text), MOST):
        yield found[1], found[2], found[3], found[4], found[0]
    for found in islice(IN_HEXADECIMAL.finditer(text), MOST):
        country, network, area, cell = (str(int(part, 16)) for part in found.groups())
        yield country, network, area, cell, found[0]
    for found in islice(LABELLED.finditer(text), MOST):
        yield found[1], found[2], str(int(found[3], 16)), str(int(found[4], 16)), found[0]
    if holds_imei(text):
        for found in islice(FROM_CELL.finditer(text), MOST):
            cell, area, network, country = found.groups()
            yield country, network, area, cell, found[0]


def record_numbers(text: str, context: Context) -> Iterator[re.Match[str]]:
    """Give the numbers with a plus that stand between separators in a record with an IMEI."""
    if context.is_unclassified and holds_imei(text):
        yield from islice(INTERNATIONAL.finditer(text), MOST)


def holds_imei(text: str) -> bool:
    """Return whether a text holds a number with the checks of an IMEI."""
    return any(is_like_imei(found[0]) for found in islice(NUMBER.finditer(text), MOST))
