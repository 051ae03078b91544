"""A CSV file of labels that people gave to what was found → labels to look up; and a label → the file.

The columns are kind, value, label, by, when and note, in any order. A kind is that of an identifier or fact
(imei, model), or host, device, message or capture (by its SHA-256). In place of a value may stand its keyed
hash.
"""

from __future__ import annotations

import csv
import difflib
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from analyzer.identifiers.owner_values import FORMS, SEPARATORS
from analyzer.redaction.commitment import value_mark
from analyzer.report.language import mark

CHOICES = (mark("confirmed"), mark("false alarm"))
COLUMNS = ("kind", "value", "label", "by", "when", "note")
MAY_BE_EMPTY = frozenset(("note",))
MOST_LABELS = 1_000_000
# Begins a value that is hidden: HMAC-SHA-256 under a redaction key, in hexadecimal.
HIDDEN = "hmac-sha256:"
# A spreadsheet takes a cell that begins so for a formula; a quotation mark before it is no part of the value.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ReviewLabel(NamedTuple):
    """What one person said of one thing."""

    kind: str
    value: str
    label: str  # of CHOICES
    by: str
    when: date
    note: str = ""

    @property
    def is_hidden(self) -> bool:
        """Whether the value is a keyed hash."""
        return self.value.startswith(HIDDEN)

    @property
    def key(self) -> tuple[str, str]:
        """By what two labels are of the same thing."""
        return self.kind, self.value if self.is_hidden else plain(self.kind, self.value)


def plain(kind: str, value: str) -> str:
    """The value without what differs between spellings: separators of numbers, case of hosts and hex."""
    if kind in FORMS:
        return SEPARATORS.sub("", value).casefold()
    return value.casefold().rstrip(".") if kind in ("host", "device", "capture") else value


def hidden(key: bytes, kind: str, value: str) -> str:
    """The keyed hash that stands for a value."""
    return HIDDEN + value_mark(key, kind, plain(kind, value))


class LabelIndex:
    """Labels by what they are of; `key` opens those whose values are keyed hashes.

    Of two labels of the same thing, one of them hidden, the later one counts.
    """

    def __init__(self, labels: Iterable[ReviewLabel], key: bytes | None = None) -> None:
        by_day = sorted(labels, key=lambda label: label.when)
        self.labels = {_thing(label, key): label for label in by_day}
        self._key = key

    @property
    def unopened(self) -> int:
        """Labels that can't be told without a key."""
        return sum(label.is_hidden for label in self.labels.values()) if self._key is None else 0

    def of(self, kind: str, value: str) -> ReviewLabel | None:
        """The label of a thing."""
        if self._key is not None:
            return self.labels.get((kind, hidden(self._key, kind, value)))
        return self.labels.get((kind, plain(kind, value)))


def with_labels(
    labels: Iterable[ReviewLabel], new: Iterable[ReviewLabel], key: bytes | None = None
) -> tuple[list[ReviewLabel], list[ReviewLabel]]:
    """(all labels, those that were replaced): of two of the same thing the new one counts.

    With the key, a keyed hash and its value are the same thing.
    """
    kept: dict[tuple[str, str], ReviewLabel] = {}
    replaced = []
    for label in (*labels, *new):
        if (before := kept.pop(_thing(label, key), None)) is not None:
            replaced.append(before)
        kept[_thing(label, key)] = label
    return list(kept.values()), replaced


def _thing(label: ReviewLabel, key: bytes | None) -> tuple[str, str]:
    """What a label is of: with a key, always by the keyed hash."""
    return label.key if key is None or label.is_hidden else (label.kind, hidden(key, label.kind, label.value))


# ── the file ────────────────────────────────────────────────────────────────


def read_labels(path: str | os.PathLike[str]) -> list[ReviewLabel]:
    """Return the labels of a file.

    Raises OSError, and ValueError with file, line and what was seen where it is no such table.
    """
    where = os.fspath(path)
    with open(where, encoding="utf-8-sig", newline="") as file:
        try:
            rows = csv.reader(file)
            headings = _headings(where, next(rows, []))
            return list(_labels(where, headings, rows))
        except (UnicodeDecodeError, csv.Error) as error:
            raise ValueError(f"{where}: is no CSV file in UTF-8 ({error})") from None


def text_of(labels: Iterable[ReviewLabel]) -> bytes:
    """The file of these labels."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for label in labels:
        writer.writerow([_quoted(cell if isinstance(cell, str) else cell.isoformat()) for cell in label])
    return text.getvalue().encode("utf-8", "backslashreplace")


def _headings(where: str, row: Sequence[str]) -> list[str]:
    named = [heading.strip().lower() for heading in row]
    if sorted(named) != sorted(COLUMNS):
        raise ValueError(f"{where}, line 1: the headings have to be {','.join(COLUMNS)}, in any order")
    return named


def _labels(where: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[ReviewLabel]:
    seen: dict[tuple[str, str], int] = {}
    for line, row in enumerate(rows, 2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(headings):
            raise ValueError(f"{where}, line {line}: has {len(row)} cells, the heading has {len(headings)}")
        if len(seen) == MOST_LABELS:
            raise ValueError(f"{where}: more than {MOST_LABELS:,} labels")
        cells = {name: _unquoted(cell.strip()) for name, cell in zip(headings, row, strict=True)}
        try:
            label = label_of(cells)
        except ValueError as error:
            raise ValueError(f"{where}, line {line}: {error}") from None
        if label.key in seen:
            raise ValueError(f"{where}, line {line}: is of the same thing as line {seen[label.key]}")
        seen[label.key] = line
        yield label


def label_of(cells: Mapping[str, str]) -> ReviewLabel:
    """A label of its cells. Raises ValueError with what is wrong."""
    empty = [name for name in COLUMNS if not cells[name] and name not in MAY_BE_EMPTY]
    if empty:
        raise ValueError(f"{empty[0]} is empty")
    said = " ".join(cells["label"].lower().split())
    if said not in CHOICES:
        near = difflib.get_close_matches(said, CHOICES, n=1)
        meant = f" (did you mean {near[0]}?)" if near else ""
        raise ValueError(f"{said[:40]!r} is not a label; labels are {' and '.join(CHOICES)}{meant}")
    try:
        when = date.fromisoformat(cells["when"])
    except ValueError:
        raise ValueError(f"{cells['when'][:40]!r} is not a day such as 2019-02-20") from None
    return ReviewLabel(cells["kind"].lower(), cells["value"], said, cells["by"], when, cells["note"])


def _quoted(text: str) -> str:
    return f"'{text}" if text.lstrip("'").startswith(FORMULA) else text


def _unquoted(text: str) -> str:
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(FORMULA) else text
