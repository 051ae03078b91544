"""What results have that earlier ones have not: by the last run, by day, beside another folder."""

from __future__ import annotations

import csv
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("duckdb")

from analyzer.cli import main
from analyzer.corpus.news import KEYS, news_of
from analyzer.corpus.results_repair import LAST_RUN
from analyzer.corpus.storage import StorageError
from analyzer.corpus.summary import Summary
from analyzer.corpus.summary_page import page
from analyzer.corpus.summary_questions import OF_METADATA, OF_NEWS, QUESTIONS
from tests.builders import http_request, http_response
from tests.cli.conftest import Run, run
from tests.corpus.captures import POST, capture
from tests.corpus.test_summary import sheet
from tests.pipeline.captures import CHINA, NORWAY, web

__all__ = ["run"]

FORM = {"Content_Type": "application/x-www-form-urlencoded"}
# A further IMEI, a kind that was not there, and a host that was not there.
OTHER = http_request("POST", "/x", "new.example", b"imei=356938035643809&imsi=242010123456789", **FORM)


def write(path: Path, sent: bytes, to: str, port: int) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(capture(web(to, sent, http_response(200, b"ok"), port=port)))


def scan(folder: Path, results: Path) -> None:
    assert main(["scan", str(folder), "-q", "--jobs", "1", "--results", str(results)]) == 0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`old`: results of one run; `new`: the same with a second run over one capture more."""
    top = tmp_path_factory.mktemp("news")
    write(top / "captures" / "one.pcap", POST, CHINA, 40_000)
    scan(top / "captures", top / "new")
    shutil.copytree(top / "new", top / "old")
    write(top / "captures" / "two.pcap", OTHER, NORWAY, 40_001)
    scan(top / "captures", top / "new")
    return top


def values(found: Summary, name: str, column: str) -> set[object]:
    return {row[column] for row in sheet(found, name)}


def assert_is_of_the_second_capture(found: Summary) -> None:
    assert {Path(str(path)).name for path in values(found, "captures", "path")} == {"two.pcap"}
    assert values(found, "kinds", "kind") == {"imsi"}
    assert values(found, "identifiers", "value") == {"356938035643809", "242010123456789"}
    assert values(found, "hosts", "host") == {"new.example"}
    assert values(found, "destinations", "address") == {NORWAY}
    assert found.earlier is not None
    assert (found.earlier.captures, found.captures) == (1, 2)


def test_what_the_last_run_added_is_new(made: Path) -> None:
    assert_is_of_the_second_capture(news_of(str(made / "new")))


def test_what_other_results_lack_is_new(made: Path) -> None:
    assert_is_of_the_second_capture(news_of(str(made / "new"), str(made / "old")))


def test_beside_results_that_have_more_nothing_is_new(made: Path) -> None:
    found = news_of(str(made / "old"), str(made / "new"))
    assert [each.name for each in found.sheets if each.rows] == []
    assert "Nothing new was found in what was searched." in page(found)


def test_a_day_divides_by_when_results_were_made(made: Path) -> None:
    today = datetime.now(UTC).date()
    assert len(sheet(news_of(str(made / "new"), today - timedelta(days=2)), "captures")) == 2
    assert sheet(news_of(str(made / "new"), today + timedelta(days=2)), "captures") == []


def test_a_run_that_read_nothing_adds_nothing(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "new", tmp_path / "new")
    scan(made / "captures", tmp_path / "new")
    assert [each.name for each in news_of(str(tmp_path / "new")).sheets if each.rows] == []


def test_a_broken_run_and_the_one_that_ends_it_are_one(made: Path, tmp_path: Path) -> None:
    from analyzer.corpus.discovery import captures_in
    from analyzer.corpus.results_folder import prepared
    from analyzer.corpus.results_repair import begin
    from analyzer.session.options import Options

    shutil.copytree(made / "new", tmp_path / "new")
    last = tmp_path / "new" / LAST_RUN
    before = last.read_bytes()
    place = prepared(str(tmp_path / "new"), Options())
    paths = captures_in([str(made / "captures")])
    begin(place, paths)  # and does not end
    noted = last.read_bytes()
    assert noted > before
    scan(made / "captures", tmp_path / "new")
    assert last.read_bytes() == noted


def test_every_sheet_has_a_key_of_its_own_columns(made: Path) -> None:
    assert {name for name, *_ in (*OF_NEWS, OF_METADATA, *QUESTIONS)} == set(KEYS)
    for each in news_of(str(made / "new")).sheets:
        assert set(KEYS[each.name]) <= set(each.columns)


def test_the_command_shows_and_writes_what_is_new(made: Path, run: Run, tmp_path: Path) -> None:
    done = run("summary", made / "new", "--new", "--earlier", made / "old", "--csv", "out", "--redact")
    assert done.returncode == 0, done.stderr
    shown = " ".join(done.stdout.decode().split())
    assert "the tables show only what is new compared with the results in" in shown
    assert "356938035643809" not in shown
    rows = list(csv.DictReader((tmp_path / "out" / "hosts.csv").open(encoding="utf-8")))
    assert [(row["host"], row["addresses"]) for row in rows] == [("new.example", NORWAY)]
    assert "new compared with what was read before the last run" in " ".join(
        run("summary", made / "new", "--new").stdout.decode().split()
    )


def test_what_can_not_be_compared_is_refused(made: Path, run: Run, tmp_path: Path) -> None:
    shutil.copytree(made / "old", tmp_path / "unnoted")
    (tmp_path / "unnoted" / LAST_RUN).unlink()
    for more, says in (
        (["--earlier", made / "old"], b"--earlier goes with --new"),
        (["--new", "--earlier", made / "new"], b"these are the same results"),
        (["--new", "--earlier", tmp_path / "none"], b"no results are there"),
        (["--new", "--earlier", "2026-02-30"], b"is not a day"),
    ):
        done = run("summary", made / "new", *more)
        assert (done.returncode, done.stdout) == (2, b"")
        assert says in done.stderr
        assert b"Traceback" not in done.stderr
    with pytest.raises(StorageError, match="not noted there; --earlier"):
        news_of(str(tmp_path / "unnoted"))
    assert len(sheet(news_of(str(tmp_path / "unnoted"), date(2020, 1, 1)), "captures")) == 1
