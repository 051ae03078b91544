"""Tables as CSV: what stands in a cell is no formula, no escape sequence and no line of its own."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given

from analyzer.export import csv as export
from analyzer.export.table_schema import tables
from analyzer.model import Report
from tests.cli.conftest import CAPTURE, Run
from tests.report.strategies import TEXT, reports


def test_pandas_reads_the_tables_with_as_many_rows(scanned: Report) -> None:
    files = export.write(scanned)
    read = {n: pd.read_csv(io.BytesIO(data)) for n, data in files.items() if n.endswith(".csv")}
    assert len(read["flows.csv"]) == len(scanned.flows)
    assert len(read["destinations.csv"]) == len(scanned.destinations)
    assert len(read["messages.csv"]) == len(scanned.messages)
    assert len(read["findings.csv"]) == len(scanned.findings)
    assert len(read["region_packets.csv"]) == len(scanned.region_packets) == 38
    assert read["flows.csv"]["bytes_up"].sum() == sum(d.bytes_up for d in scanned.destinations)
    assert set(read) == {f"{name}.csv" for name in tables(scanned)}


def test_lines_end_as_the_standard_has_it(scanned: Report) -> None:
    for name, data in export.write(scanned).items():
        if name.endswith(".csv"):
            assert data.endswith(b"\r\n")
            assert not re.search(rb"(?<!\r)\n", data)


def test_hostile_text_stays_in_its_cell(hostile: Report) -> None:
    for name, data in export.write(hostile).items():
        text = data.decode("utf-8")
        if not name.endswith(".csv"):
            continue
        assert all(char.isprintable() for char in text.replace("\r\n", ""))
        for row in csv.reader(io.StringIO(text, newline="")):
            assert not [cell for cell in row if cell.startswith(export.FORMULA)]
    assert b"'=HYPERLINK" in export.write(hostile)["findings.csv"]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", " =1", "\t=1", "＝1"])
def test_what_could_be_a_formula_gets_an_apostrophe(text: str) -> None:
    assert export.cell(text).startswith("'") or not export.cell(text).lstrip().startswith(export.FORMULA)
    assert export.cell("490154203237518") == "490154203237518"


@given(TEXT)
def test_no_text_begins_a_formula(text: str) -> None:
    assert not export.cell(text).lstrip().startswith(export.FORMULA)


@given(reports())
def test_any_report_makes_tables(report: Report) -> None:
    files = export.write(report)
    assert files["README.txt"]
    for columns in tables(report).values():
        assert len({len(column.values) for column in columns}) <= 1


def test_the_readme_says_that_a_capture_is_a_reconstruction(scanned: Report) -> None:
    assert b"no phone was recorded" in export.write(scanned)["README.txt"]


def test_a_folder_that_holds_something_is_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    done = run("scan", CAPTURE, "--csv", "out")
    assert done.returncode == 2
    assert done.stderr == b"phonehome: --csv out: is not empty, and nothing is written over\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_a_scan_that_fails_leaves_no_folder(run: Run, tmp_path: Path) -> None:
    assert run("scan", "nothing.pcap", "--csv", "out").returncode == 2
    assert not (tmp_path / "out").exists()


def test_a_saved_report_gives_the_same_tables_as_the_scan(run: Run, tmp_path: Path) -> None:
    assert run("scan", CAPTURE, "--json", "a.json", "--csv", "one").returncode == 0
    assert run("report", "a.json", "--csv", "two").returncode == 0
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
