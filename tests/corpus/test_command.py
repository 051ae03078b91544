"""`phonehome scan` over folders: what it prints, writes and leaves behind."""

from __future__ import annotations

from pathlib import Path

from analyzer import analyze
from analyzer.report import json
from tests.cli.conftest import Run
from tests.corpus.captures import archive, bytes_of


def test_a_folder_gives_the_report_that_its_captures_give(program: Run, tmp_path: Path) -> None:
    archive(tmp_path / "many")
    done = program("scan", "many", "--jobs", "2", "--json", "out.json")
    assert done.returncode == 3, done.stderr  # one capture is cut
    report = json.read((tmp_path / "out.json").read_text())
    paths = [str(tmp_path / info.path) for info in report.captures]
    whole = bytes_of(analyze(*paths)).replace(str(tmp_path) + "/", "")
    assert bytes_of(report) == whole
    assert b"490154203237518" in done.stdout


def test_many_captures_are_shown_in_sum_and_each_problem_is_listed(program: Run, tmp_path: Path) -> None:
    for number in range(4):
        archive(tmp_path / "many" / str(number))
    done = program("scan", "many/**", "--results", "kept")
    shown = b" ".join(done.stdout.split()).decode()
    assert "24 captures" in shown
    assert "IMEI 1 16 16" in shown
    assert shown.count("the last record is cut") == 4
    again = program("scan", "many", "--results", "kept", "--quiet")
    assert b"20 of them had been read by an earlier run" in b" ".join(again.stdout.split())


def test_what_can_not_be_combined_is_refused_in_one_sentence(program: Run, tmp_path: Path) -> None:
    archive(tmp_path / "many")
    for more in (
        ["--bodies", "b"],
        ["--results", "r", "--redact"],
        ["--jobs", "0"],
        ["--dask", "tcp://127.0.0.1:1"],
    ):
        done = program("scan", "many", *more)
        assert done.returncode == 2
        assert b"Traceback" not in done.stderr
        assert done.stdout == b""
