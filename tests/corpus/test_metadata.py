"""What a researcher knows of each capture, joined to what was found; problems as a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.corpus.capture_metadata import MetadataCell, read_metadata
from analyzer.corpus.summary import summary_of
from tests.cli.conftest import Run, run
from tests.corpus.captures import archive
from tests.corpus.test_summary import scan, sheet

__all__ = ["run"]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("metadata")
    archive(top / "captures")
    scan(top / "captures", top / "results")
    return top / "results"


def table(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_what_was_found_is_counted_by_model_and_firmware(results: Path, tmp_path: Path) -> None:
    path = table(
        tmp_path / "known.csv",
        "capture,model,firmware\none.dat,A,1\ntwo,A,2\nthree.pcapng,B,\nrotated-1.pcap,C,9\nnobody.pcap,Z,1\n",
    )
    found = summary_of(str(results), metadata=read_metadata(path))
    assert found.sheets[0].name == "conditions"
    rows = {(row["heading"], row["value"]): row for row in sheet(found, "conditions")}
    assert set(rows) == {("model", m) for m in "ABC"} | {("firmware", f) for f in "129"}
    a, c = rows["model", "A"], rows["model", "C"]
    assert (a["sessions"], a["sessions_with_identifiers"], a["identifiers"]) == (2, 2, 2)
    assert (c["sessions"], c["sessions_with_identifiers"], c["identifiers"]) == (1, 0, 0)
    assert found.described == 4
    assert found.undescribed == ("nobody.pcap",)


def test_a_capture_is_known_by_its_content_too(results: Path) -> None:
    import pyarrow.parquet as pq

    captures = pq.read_table(results / "captures").to_pylist()
    cells = [MetadataCell(row["sha256"], "condition", "switched on") for row in captures]
    (row,) = sheet(summary_of(str(results), metadata=cells), "conditions")
    assert row["sessions"] == 5
    cells = [MetadataCell(captures[0]["path"], "condition", "locked")]
    assert summary_of(str(results), metadata=cells).described == 1


def test_without_a_file_there_is_no_such_sheet(results: Path) -> None:
    found = summary_of(str(results))
    assert found.described is None
    assert "conditions" not in [s.name for s in found.sheets]


def test_problems_are_a_table_with_a_capture_to_look_at(results: Path) -> None:
    (row,) = [r for r in sheet(summary_of(str(results)), "problems") if r["code"] == "cut-record"]
    assert (row["sessions"], row["times"]) == (1, 1)
    assert str(row["capture"]).endswith("cut.pcap")
    assert "cut" in str(row["example"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: needs a heading"),
        ("name,model\nx,y\n", "line 1: needs a heading"),
        ("capture\nx\n", "line 1: needs a heading"),
        ("capture,model,Model\nx,y,z\n", "line 1: each column needs a heading of its own"),
        ("capture,model\nx\n", "line 2: has 1 cells, the heading has 2"),
        ("capture,model\nx,a\n\nx,b\n", "line 4: 'x' stands in line 2 already"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_with_its_line(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"known\.csv, ") as raised:
        read_metadata(table(tmp_path / "known.csv", text))
    assert says in str(raised.value)


def test_the_command_joins_it_and_says_what_is_wrong(results: Path, run: Run, tmp_path: Path) -> None:
    table(tmp_path / "known.csv", "capture,model\none.dat,TA-1046\nx\x1b[2J,B\n")
    done = run("summary", results, "--metadata", "known.csv", "--csv", "out")
    assert done.returncode == 0, done.stderr
    shown = " ".join(done.stdout.decode().split())
    assert "your file describes 1 of the 6 captures" in shown
    assert "\x1b[2J" not in done.stdout.decode()
    assert "model,TA-1046,1," in (tmp_path / "out" / "conditions.csv").read_text("utf-8")
    assert "cut-record" in (tmp_path / "out" / "problems.csv").read_text("utf-8")
    for name, says in (
        ("missing.csv", "--metadata missing.csv: can't be read"),
        ("bad.csv", "bad.csv, line 1"),
    ):
        table(tmp_path / "bad.csv", "a,b\n")
        done = run("summary", results, "--metadata", name)
        assert done.returncode == 2
        assert says in done.stderr.decode()
