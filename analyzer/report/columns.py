"""Tables ⇄ columns of a document, times in ISO 8601."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from analyzer.model import Table
from analyzer.report.codecs import SCALARS, TIME, Codec, Json, expect, value_at
from analyzer.report.names import COLUMNS

_COLUMNS_BACK = {written: name for name, written in COLUMNS.items()}


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
    return Table(dict(_load_columns(columns, times, rows, f"{where}.columns")))


def _times(value: Json, where: str) -> tuple[str, ...]:
    return tuple(expect(name, str, where) for name in expect(value, list, where))


def _load_columns(
    columns: Json, times: tuple[str, ...], rows: int, where: str
) -> Iterator[tuple[str, list[Any]]]:
    for name, column in columns.items():
        values = expect(column, list, f"{where}.{name}")
        if len(values) != rows:
            raise ValueError(f"{where}.{name}: expected {rows} values, found {len(values)}")
        if name in times:
            values = [None if v is None else TIME.load(v, f"{where}.{name}") for v in values]
        elif not all(isinstance(v, SCALARS) for v in values):
            raise ValueError(f"{where}.{name}: expected numbers, texts or nulls alone")
        yield _COLUMNS_BACK.get(name, name), values


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
