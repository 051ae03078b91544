"""A CSV file that says of each capture what it is of (model, firmware, condition) → cells to join.

The first column names the capture: its path as it was scanned, its file name, or its SHA-256. The header line
names the others; what they are called is free.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

FIRST = ("capture", "path", "file", "sha256")
MOST_ROWS = 1_000_000


class MetadataCell(NamedTuple):
    """What the file says of one capture under one heading."""

    capture: str
    heading: str
    value: str


def read_metadata(path: str | os.PathLike[str]) -> list[MetadataCell]:
    """Return each cell that is not empty.

    Raises OSError, and ValueError with file, line and what was seen where it is no such table.
    """
    where = os.fspath(path)
    with open(where, encoding="utf-8-sig", newline="") as file:
        try:
            rows = csv.reader(file)
            return list(_cells(where, _headings(where, next(rows, [])), rows))
        except (UnicodeDecodeError, csv.Error) as error:
            raise ValueError(f"{where}: is no CSV file in UTF-8 ({error})") from None


def _headings(where: str, row: Sequence[str]) -> list[str]:
    named = [heading.strip() for heading in row]
    if len(named) < 2 or named[0].lower() not in FIRST:
        raise ValueError(
            f"{where}, line 1: needs a heading, first {' or '.join(FIRST)}, then what you know of a capture: "
            "capture,model,firmware"
        )
    if "" in named or len({name.lower() for name in named}) < len(named):
        raise ValueError(f"{where}, line 1: each column needs a heading of its own")
    return named


def _cells(where: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[MetadataCell]:
    seen: dict[str, int] = {}
    for line, row in enumerate(rows, 2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(headings):
            raise ValueError(f"{where}, line {line}: has {len(row)} cells, the heading has {len(headings)}")
        if len(seen) == MOST_ROWS:
            raise ValueError(f"{where}: more than {MOST_ROWS:,} captures")
        capture = row[0].strip()
        if capture in seen:
            raise ValueError(f"{where}, line {line}: {capture[:80]!r} stands in line {seen[capture]} already")
        seen[capture] = line
        for heading, value in zip(headings[1:], row[1:], strict=True):
            if value.strip():
                yield MetadataCell(capture, heading, value.strip())
