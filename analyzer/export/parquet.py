"""Report → a Parquet file for each table, typed: times as UTC nanoseconds, lists as lists."""

from __future__ import annotations

import io
from collections.abc import Sequence
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


def _file(columns: Sequence[Column], said: dict[str, str]) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    types = {
        "text": pa.string(), "texts": pa.list_(pa.string()), "int": pa.int64(), "ints": pa.list_(pa.int64()),
        "float": pa.float64(), "bool": pa.bool_(), "time": pa.timestamp("ns", tz="UTC"),
    }  # fmt: skip
    schema = pa.schema([(column.name, types[column.type]) for column in columns], metadata=said)
    values = [pa.array([_value(v) for v in column.values], types[column.type]) for column in columns]
    out = io.BytesIO()
    parquet.write_table(pa.Table.from_arrays(values, schema=schema), out)
    return out.getvalue()


def _value(value: Any) -> Any:
    """Text without half characters; a number beyond 64 bits, such as a time of no calendar, is unknown."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_value(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return value if -_MOST <= value < _MOST else None
    return value
