"""Tables ⇄ columns of a document, times in ISO 8601."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analyzer.model import Table
from analyzer.report.codecs import SCALARS, TIME, Codec, Json, expect, value_at
from analyzer.report.field_names import COLUMNS

_COLUMNS_BACK = {written: name for name, written in COLUMNS.items()}
_KINDS = (
    (
        (int,),
        "whole numbers",
        frozenset(
            ("capture", "flow", "source_port", "destination_port", "packets_up", "packets_down", "bytes_up",
             "bytes_down", "payload", "readable", "flows", "frame", "length")
        ),
    ),
    ((int, float), "numbers", frozenset(("entropy",))),
    (
        (str,),
        "texts",
        frozenset(
            ("device", "source", "destination", "protocol", "kind", "name", "ended", "inside", "version",
             "alpn", "ja4", "claim")
        ),
    ),
    ((bool,), "true or false", frozenset(("ech",))),
)  # fmt: skip
_TIMES = frozenset(("first_ns", "last_ns", "time_ns"))
_KNOWN = _TIMES.union(*(names for _, _, names in _KINDS))
# What not every row has; of all other columns that are known each row holds a value.
_NULLABLE = frozenset(("name", "inside", "version", "alpn", "ja4", "ech", "entropy"))
# What writers ask of every row of a table, by the end of its path in the document.
_ASKED: Mapping[str, tuple[str, ...]] = {
    "flows": (
        "flow", "device", "source", "source_port", "destination", "destination_port", "protocol", "kind",
        "packets_up", "packets_down", "bytes_up", "bytes_down", "first_ns", "last_ns", "ended",
    ),
    "region_packets": (
        "frame", "time_ns", "device", "source", "destination", "protocol", "destination_port", "length",
    ),
}  # fmt: skip


def _dump_table(table: Table) -> Json:
    times = [name for name in table.columns if name.endswith("_ns")]
    return {
        "rows": len(table),
        "times": [COLUMNS.get(name, name) for name in times],
        "columns": {COLUMNS.get(name, name): _column(name, v) for name, v in table.columns.items()},
    }


def _column(name: str, values: Sequence[Any]) -> list[Any]:
    plain = values.tolist() if hasattr(values, "tolist") else values
    if not name.endswith("_ns"):
        return list(plain)
    return [None if value is None else TIME.dump(value) for value in plain]


def _load_table(value: Json, where: str) -> Table:
    document = expect(value, dict, where)
    columns = expect(value_at(document, ("columns",), where), dict, f"{where}.columns")
    times = _times(value_at(document, ("times",), where), f"{where}.times")
    rows = expect(value_at(document, ("rows",), where), int, f"{where}.rows")
    table = Table(dict(_load_columns(columns, times, rows, f"{where}.columns")))
    for name in _ASKED.get(where.rpartition(".")[2], ()) if rows else ():
        if name not in table.columns:
            raise ValueError(f"{where}.columns: the column {COLUMNS.get(name, name)} is missing")
    return table


def _times(value: Json, where: str) -> tuple[str, ...]:
    return tuple(expect(name, str, where) for name in expect(value, list, where))


def _load_columns(
    columns: Json, times: tuple[str, ...], rows: int, where: str
) -> Iterator[tuple[str, list[Any]]]:
    for name, column in columns.items():
        values = expect(column, list, f"{where}.{name}")
        if len(values) != rows:
            raise ValueError(f"{where}.{name}: expected {rows} values, found {len(values)}")
        own = _COLUMNS_BACK.get(name, name)
        if name in times or own in _TIMES:
            values = [None if v is None else TIME.load(v, f"{where}.{name}") for v in values]
        elif not all(isinstance(v, SCALARS) for v in values):
            raise ValueError(f"{where}.{name}: expected numbers, texts or nulls alone")
        _check_kind(own, values, f"{where}.{name}")
        yield own, values


def _check_kind(name: str, values: Sequence[Any], where: str) -> None:
    """The columns that writers reckon with hold what they reckon with, or nothing."""
    if name in _KNOWN - _NULLABLE and any(value is None for value in values):
        raise ValueError(f"{where}: expected a value in each row, found null")
    for types, word, names in _KINDS:
        if name in names and not all(value is None or type(value) in types for value in values):
            raise ValueError(f"{where}: expected {word} or nulls alone")


TABLE = Codec(
    _dump_table,
    _load_table,
    {
        "type": "object",
        "description": "columns of equal length; `times` names those that hold times",
        "properties": {
            "rows": {"type": "integer", "minimum": 0},
            "times": {"type": "array", "items": {"type": "string"}},
            "columns": {
                "type": "object",
                "additionalProperties": {
                    "type": "array",
                    "items": {"type": ["string", "number", "boolean", "null"]},
                },
            },
        },
        "required": ["rows", "times", "columns"],
    },
)
