"""Rows under a row of names, with tabs, commas, semicolons or bars between (RFC 4180) → a part a cell."""

from __future__ import annotations

import csv
import re

from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, PlainPart, neighbours

NAME = re.compile(r"\s*+\"?[A-Za-z_#$][\w .\-/()\[\]#]{0,63}+\"?\s*+", re.ASCII)
SEPARATORS = ("\t", ",", ";", "|")
FEWEST = 2  # columns
LONGEST_HEAD = 4096  # characters
# A name is a word; a cell that is none shows that the first row names the others.
NO_NAME = re.compile(r"[\d:@]")


def decode_table(part: MessagePart, budget: Budget) -> list[PlainPart]:
    """One part a cell, named by the first row; nothing where that holds no names or rows differ in length."""
    text = part.value
    if not isinstance(text, str):
        return []
    text = text.lstrip("\ufeff\r\n")
    return _table(part, text, budget) or _table(part, text.partition("\n")[2], budget)


def _table(part: MessagePart, text: str, budget: Budget) -> list[PlainPart]:
    """The cells under the first line; the line before that may say what program wrote the table."""
    head, _, rest = text.partition("\n")
    if len(head) > LONGEST_HEAD or not rest.strip():
        return []
    mark = next((mark for mark in SEPARATORS if mark in head), "")
    names = [name.strip().strip('"') for name in head.split(mark)] if mark else []
    if len(names) < FEWEST or len(set(names)) < len(names) or not all(map(NAME.fullmatch, names)):
        return []
    first = rest.lstrip("\r\n").partition("\n")[0]
    if first.count(mark) < len(names) - 1 or not NO_NAME.search(first):
        return []
    rows = _rows(rest, mark, len(names))
    if not rows or not budget.take_bytes(len(text)):
        return []
    around = neighbours(names)
    path = (*part.path, "table")
    cells = (
        (name, cell, (*path, f"[{number}]", name), around - {name})
        for number, row in enumerate(rows)
        for name, cell in zip(names, row, strict=True)
    )
    return [cell for cell, _ in zip(cells, range(budget.fields_left + 1), strict=False)]


def _rows(text: str, mark: str, width: int) -> list[list[str]]:
    """The rows; none where one has another number of cells (the last may be cut)."""
    try:
        rows = [row for row in csv.reader(text.splitlines(), delimiter=mark) if any(map(str.strip, row))]
    except csv.Error:
        return []
    if len(rows) > 1 and len(rows[-1]) < width:
        rows.pop()
    return rows if all(len(row) == width for row in rows) else []
