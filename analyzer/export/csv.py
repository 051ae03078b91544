"""Report → a CSV file for each table, safe in spreadsheets and terminals (RFC 4180, UTF-8)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from analyzer.export.plain import time
from analyzer.export.table_schema import Column, Type, tables
from analyzer.model import Report
from analyzer.report.text import visible

# What spreadsheets take for the beginning of a formula, full-width forms included.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_ABOUT = """\
Tables of a phonehome report, one CSV file each: RFC 4180 (comma, double quotes, CRLF), UTF-8, a header line.

- An empty cell is what is not known. Times are ISO 8601 in UTC. Several values in a cell have "; " between.
- A text that a spreadsheet could take for a formula (it begins with = + - @ or their full-width forms, blanks
  before them included) has an apostrophe before it. Numbers have none.
- Characters that don't show as themselves (control characters, line ends, terminal escapes, bidirectional
  overrides, invisible ones) are written as \\n, \\x1b, \\u202e; a backslash of the capture is doubled.
- Identifiers may begin with zeros: import their columns as text, or the spreadsheet drops the zeros.
- Frame numbers begin at 1, as in Wireshark. `capture` counts the rows of captures.csv from 0.
- `source` of a flow is the local device, whichever side began. community_id is version 1, seed 0.
- located, second, registered and operated are four claims on an address; a database may err in each.
"""


def write(report: Report) -> dict[str, bytes]:
    """`flows.csv`, `destinations.csv` …, and `README.txt` that says how to read them."""
    files = {f"{name}.csv": table(columns) for name, columns in tables(report).items()}
    notices = (report.reconstruction, report.redaction.says if report.redaction else None)
    about = _ABOUT + "".join(f"\n{visible(notice)}\n" for notice in notices if notice)
    return {"README.txt": about.encode(), **files}


def cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula and no terminal obeys.

    >>> cell("=1+1")
    "'=1+1"
    """
    shown = visible(text)
    return f"'{shown}" if shown.lstrip().startswith(FORMULA) else shown


def table(columns: Sequence[Column]) -> bytes:
    """One file: a header line, then the rows."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(column.name for column in columns)
    rows.writerows(zip(*([_cell(column.type, v) for v in column.values] for column in columns), strict=True))
    return out.getvalue().encode("utf-8")


def _cell(kind: Type, value: Any) -> str:
    return "" if value is None else _WRITERS[kind](value)


_WRITERS: Mapping[Type, Callable[[Any], str]] = {
    "text": lambda value: cell(str(value)),
    "texts": lambda value: cell("; ".join(map(str, value))),
    "int": str,
    "ints": lambda value: "; ".join(map(str, value)),
    "float": str,
    "bool": lambda value: "true" if value else "false",
    "time": time,
}
