"""Report → a Parquet file for each table, typed: times as UTC nanoseconds, lists as lists."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.export.plain import clean
from analyzer.export.table_schema import Column, tables
from analyzer.model import Report

_MOST = 2**63


def write(report: Report) -> dict[str, bytes]:
    """`flows.parquet`, `destinations.parquet` …; where the report is a reconstruction, each one says so."""
    notices = {
        "phonehome.version": report.version,
        "phonehome.reconstruction": report.reconstruction,
        "phonehome.redaction": report.redaction.says if report.redaction else None,
    }
    said = {name: clean(text) for name, text in notices.items() if text}
    return {f"{name}.parquet": _file(columns, said) for name, columns in tables(report).items()}


def _file(columns: Sequence[Column], said: Mapping[str, str]) -> bytes:
    from pyarrow import parquet

    out = io.BytesIO()
    parquet.write_table(arrow_table(columns, said), out)
    return out.getvalue()


def arrow_table(columns: Sequence[Column], said: Mapping[str, str]) -> Any:
    """Return columns as a table of Arrow with its types, and `said` as its metadata."""
    import pyarrow as pa

    types = {
        "text": pa.string(), "texts": pa.list_(pa.string()), "int": pa.int64(), "ints": pa.list_(pa.int64()),
        "float": pa.float64(), "bool": pa.bool_(), "time": pa.timestamp("ns", tz="UTC"),
    }  # fmt: skip
    schema = pa.schema([(column.name, types[column.type]) for column in columns], metadata=dict(said))
    values = [pa.array([_value(v) for v in column.values], types[column.type]) for column in columns]
    return pa.Table.from_arrays(values, schema=schema)


def _value(value: Any) -> Any:
    """Text without half characters; a number beyond 64 bits, such as a time of no calendar, is unknown."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_value(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return value if -_MOST <= value < _MOST else None
    return value
