"""Report → one SQLite database: the tidy tables with keys and indexes, full text, views, licences.

Datasette, DB Browser and `sqlite3` read it. The standard library writes it. Times are ISO 8601 in UTC, which
sort as text; yes and no are 1 and 0; what is unknown is NULL.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

from analyzer.export.column_notes import TABLES, note
from analyzer.export.plain import clean, time
from analyzer.export.sqlite_views import VIEWS
from analyzer.export.table_schema import Column, Type
from analyzer.export.tidy_schema import TidyTable, tidy_tables
from analyzer.model import Report

_TYPES: Mapping[Type, str] = {
    "text": "TEXT",
    "int": "INTEGER",
    "float": "REAL",
    "bool": "INTEGER",
    "time": "TEXT",
}
# Columns that questions are asked by; those that join are indexed in any case.
_ASKED = frozenset(
    ("time", "first", "host", "name", "value", "kind", "address", "destination", "located", "registered",
     "operated", "second", "status", "class", "in_scope")
)  # fmt: skip
# Datasette names a database by its file: report.db.
DATABASE = "report"
_TEXTS = "message_texts"
SEARCH = "message_search"
_SEARCHED = ("host", "target", "headers", "text")


def write(report: Report) -> bytes:
    """Return the file."""
    made = {name: table for name, table in tidy_tables(report).items() if name not in VIEWS}
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as base:
        base.execute("pragma foreign_keys = off")  # tables refer to tables that come later
        base.execute("begin")
        for table in _with_keys(made).values():
            _fill(base, table)
        _about(base, report)
        _index_text(base)
        for name, view in VIEWS.items():
            base.execute(f"create view {_quoted(name)} as {view.select}")
        base.execute("commit")
        base.execute("analyze")
        return base.serialize()


def metadata(report: Report) -> dict[str, Any]:
    """Return what Datasette shows of the database: titles, notes on columns, sources and licences."""
    sources = [
        f"{s.name} {s.date} ({s.licence}){': ' + s.attribution if s.attribution else ''}"
        for s in report.geo_sources
    ]
    tables = {
        name: {
            "description": TABLES[name],
            "columns": {column.name: note(column.name) for column in table.columns},
        }
        for name, table in tidy_tables(report).items()
        if name not in VIEWS
    }
    views = {name: {"description": view.asks} for name, view in VIEWS.items()}
    notices = [report.reconstruction or "", report.redaction.says if report.redaction else ""]
    described = [notice for notice in notices if notice]
    described += ["What databases believe of addresses is theirs: " + "; ".join(sources)] if sources else []
    return {
        "title": f"phonehome {report.version}",
        "description": "\n\n".join(described),
        "source": ", ".join(info.path for info in report.captures),
        "license": "; ".join(dict.fromkeys(s.licence for s in report.geo_sources)),
        "databases": {DATABASE: {"tables": {**tables, **views}}},
    }


def _fill(base: sqlite3.Connection, table: TidyTable) -> None:
    columns = ", ".join([*map(_column(table), table.columns), *_foreign(table)])
    base.execute(f"create table {_quoted(table.name)} ({columns})")
    places = ", ".join("?" * len(table.columns))
    values = [[_plain(column.type, v) for v in column.values] for column in table.columns]
    base.executemany(f"insert into {_quoted(table.name)} values ({places})", list(zip(*values, strict=True)))
    for column in table.columns:
        if column.name != table.key and (column.name in table.joins or column.name in _ASKED):
            name = _quoted(f"{table.name}_{column.name}")
            base.execute(f"create index {name} on {_quoted(table.name)} ({_quoted(column.name)})")


def _column(table: TidyTable) -> Any:
    def declared(column: Column) -> str:
        key = " PRIMARY KEY" if column.name == table.key else ""
        return f"{_quoted(column.name)} {_TYPES[column.type]}{key}"

    return declared


def _foreign(table: TidyTable) -> Iterator[str]:
    for column, (other, key) in table.joins.items():
        yield f"foreign key ({_quoted(column)}) references {_quoted(other)} ({_quoted(key)})"


def _with_keys(tables: Mapping[str, TidyTable]) -> dict[str, TidyTable]:
    """Return the tables; where a report that was edited repeats a key, without that key and what joins it."""
    loose = {name for name, table in tables.items() if table.key and not _is_unique(table)}
    return {
        name: replace(
            table,
            key=None if name in loose else table.key,
            joins={column: to for column, to in table.joins.items() if to[0] not in loose},
        )
        for name, table in tables.items()
    }


def _is_unique(table: TidyTable) -> bool:
    keys = next(column.values for column in table.columns if column.name == table.key)
    return len(set(keys)) == len(keys) and None not in keys


def _plain(kind: Type, value: Any) -> Any:
    if value is None:
        return None
    if kind == "time":
        return time(value)
    return int(value) if kind == "bool" else value


def _about(base: sqlite3.Connection, report: Report) -> None:
    """Write what the database is, and the document that `datasette --metadata` takes."""
    redaction = report.redaction.says if report.redaction else None
    rows: Iterable[tuple[str, str | None]] = (
        ("made by", f"phonehome {report.version}"),
        ("made at", time(report.created_ns)),
        ("regions asked for", ", ".join(report.scope.regions)),
        ("reconstruction", report.reconstruction),
        ("redaction", redaction),
        ("geography", report.geo_note),
        *(("blind spot", spot) for spot in report.blind_spots),
    )
    base.execute("create table about (key TEXT, value TEXT)")
    base.executemany("insert into about values (?, ?)", [(k, clean(v)) for k, v in rows if v])
    base.execute("create table datasette_metadata (document TEXT)")
    base.execute("insert into datasette_metadata values (?)", [json.dumps(metadata(report), indent=1)])


def _index_text(base: sqlite3.Connection) -> None:
    """Index what is text; a SQLite that was built without FTS5 leaves the table alone."""
    columns = ", ".join(_SEARCHED)
    try:
        base.execute(
            f"create virtual table {SEARCH} using fts5({columns}, content=[{_TEXTS}], content_rowid=rowid)"
        )
    except sqlite3.OperationalError:
        return
    base.execute(f"insert into {SEARCH} ({SEARCH}) values ('rebuild')")


def _quoted(name: str) -> str:
    return f'"{name}"'
