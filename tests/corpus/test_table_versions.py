"""Tables of results say the version of their columns, and are read straight from a bucket."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from analyzer.corpus.corpus_tables import SCHEMA, TABLES
from analyzer.corpus.storage import StorageError
from analyzer.corpus.summary import summary_of
from tests.builders import START_NS, http_request, http_response
from tests.corpus.buckets import buckets
from tests.corpus.captures import DAY, POST, capture
from tests.corpus.test_summary import scan
from tests.pipeline.captures import CHINA, NORWAY, web

OTHER = http_request(
    "POST",
    "/register",
    "c.example",
    b"imei=356938035643809",
    Content_Type="application/x-www-form-urlencoded",
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results `before` of one capture, and `after` of this one and of another phone's."""
    top = tmp_path_factory.mktemp("versions")
    (top / "captures").mkdir()
    first = capture(web(CHINA, POST, http_response(200, b"ok")), START_NS)
    (top / "captures" / "first.pcap").write_bytes(first)
    scan(top / "captures", top / "before")
    older = capture(web(NORWAY, OTHER, http_response(200, b"ok"), port=40_100), START_NS - DAY)
    (top / "captures" / "older.pcap").write_bytes(older)
    scan(top / "captures", top / "after")
    return top


@pytest.mark.parametrize("name", TABLES)
def test_each_table_says_the_version_of_its_columns(name: str, runs: Path) -> None:
    for part in (runs / "after" / name).glob("*.parquet"):
        assert pq.read_schema(part).metadata[SCHEMA.encode()] == b"1"


def test_tables_of_a_later_version_are_refused(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "captures").mkdir()
    (part, *_) = (runs / "before" / "captures").glob("*.parquet")
    table = pq.read_table(part)
    later = table.replace_schema_metadata({SCHEMA.encode(): b"2"})
    pq.write_table(later, tmp_path / "captures" / part.name)
    with pytest.raises(StorageError, match="have version 2, and this phonehome reads up to 1"):
        summary_of(str(tmp_path))
    pq.write_table(table.replace_schema_metadata(None), tmp_path / "captures" / part.name)
    assert summary_of(str(tmp_path)).captures == 1  # made before tables had a version


def test_duckdb_reads_the_tables_straight_from_a_bucket(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed")
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed")
    with buckets() as url:
        for name, value in (
            ("AWS_ENDPOINT_URL", url), ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_DEFAULT_REGION", "us-east-1"),
        ):  # fmt: skip
            monkeypatch.setenv(name, value)
        files = s3fs.S3FileSystem(skip_instance_cache=True)
        files.mkdir("results")
        for part in (runs / "after" / "findings").glob("*.parquet"):
            files.put_file(str(part), f"results/findings/{part.name}")
        with duckdb.connect(config={"autoinstall_known_extensions": False}) as base:
            base.register_filesystem(files)
            parts = [f"s3://{path}" for path in files.glob("results/findings/*.parquet")]
            found = base.read_parquet(parts).filter("kind = 'imei'").project("value, host").fetchall()
    assert sorted(set(found)) == [("356938035643809", "c.example"), ("490154203237518", "a.example")]
