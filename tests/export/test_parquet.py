"""Parquet: the tables as pyarrow reads them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings

from analyzer.export import parquet
from analyzer.export.table_schema import tables
from analyzer.model import Report
from tests.examples import examples
from tests.report.strategies import reports

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")


def read(data: bytes) -> object:
    from pyarrow import parquet as reader

    return reader.read_table(io.BytesIO(data))


def test_pyarrow_reads_types_rows_and_the_notice(scanned: Report) -> None:
    files = parquet.write(scanned)
    assert set(files) == {f"{name}.parquet" for name in tables(scanned)}
    flows = read(files["flows.parquet"])
    assert flows.num_rows == len(scanned.flows)  # type: ignore[attr-defined]
    assert flows.schema.field("first").type == pa.timestamp("ns", tz="UTC")  # type: ignore[attr-defined]
    assert flows.column("first").cast(pa.int64()).to_pylist() == [  # type: ignore[attr-defined]
        row["first_ns"] for row in scanned.flows.rows()
    ]
    assert b"no phone was recorded" in flows.schema.metadata[b"phonehome.reconstruction"]  # type: ignore[attr-defined]


def test_text_comes_back_as_it_was(hostile: Report) -> None:
    found = read(parquet.write(hostile)["findings.parquet"]).column("value").to_pylist()  # type: ignore[attr-defined]
    assert found == [f.value.replace("\ud800", "\ufffd") for f in hostile.findings]


def test_duckdb_asks_the_files_as_they_are(scanned: Report, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed: pip install '.[summary]'")
    for name, data in parquet.write(scanned).items():
        (tmp_path / name).write_bytes(data)
    asked = (
        f"select m.host, count(*) from '{tmp_path}/findings.parquet' f "
        f"join '{tmp_path}/messages.parquet' m on m.number = f.message where f.kind = 'imei' group by m.host"
    )
    assert duckdb.sql(asked).fetchall() == [("zzhc.vnet.cn", 14)]


@settings(max_examples=examples(25))
@given(reports())
def test_any_report_makes_tables(report: Report) -> None:
    assert all(data.startswith(b"PAR1") for data in parquet.write(report).values())
