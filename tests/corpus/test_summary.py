"""Tables of results as other programs read them, and what is asked across them."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from analyzer import analyze
from analyzer.corpus.capture_metadata import MetadataCell
from analyzer.corpus.corpus_tables import TABLES, schema_of
from analyzer.corpus.discovery import captures_in
from analyzer.corpus.label_join import labelled
from analyzer.corpus.results_folder import prepared
from analyzer.corpus.reviewed_labels import LabelIndex
from analyzer.corpus.run import Follower, run
from analyzer.corpus.storage import StorageError
from analyzer.corpus.summary import Summary, summary_of, veiled
from analyzer.corpus.summary_csv import write_csv
from analyzer.corpus.summary_page import page
from analyzer.corpus.summary_questions import OF_NEWS, QUESTIONS
from analyzer.corpus.summary_words import HEADINGS, cells, said, title
from analyzer.report.language import _, language
from analyzer.session.options import Options
from tests.builders import START_NS, http_request, http_response
from tests.cli.conftest import Run
from tests.corpus.captures import archive, capture
from tests.corpus.test_archive import Here
from tests.pipeline.captures import CHINA, web

HOSTILE = "<script>alert(1)</script>\x1b[31m"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of the archive, and the folder of its captures beside them."""
    top = tmp_path_factory.mktemp("summary")
    archive(top / "captures")
    scan(top / "captures", top / "results")
    return top


def scan(folder: Path, results: Path, options: Options | None = None) -> None:
    options = options or Options()
    given = prepared(str(results), options)
    run(captures_in([str(folder)]), options, given, Here(size=2), Follower())


def sheet(summary: Summary, name: str) -> list[dict[str, object]]:
    found = next(s for s in summary.sheets if s.name == name)
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


@pytest.mark.parametrize("name", ["messages", "findings", "destinations", "flows"])
def test_pandas_and_duckdb_read_the_same_rows_as_the_reports_have(place: Path, name: str) -> None:
    folder = place / "results" / name
    frame = pd.read_parquet(folder)
    asked = duckdb.sql(f"select count(*) from '{folder}/*.parquet'").fetchall()[0]
    paths = captures_in([str(place / "captures")])
    report = analyze(*paths)
    per_session = [analyze(path) for path in paths if "rotated" not in path]
    per_session.append(analyze(*[path for path in paths if "rotated" in path]))
    expected = sum(len(getattr(one, name)) for one in per_session)
    assert len(frame) == asked[0] == expected > 0
    assert len(report.messages) == len(pd.read_parquet(place / "results" / "messages"))


@pytest.mark.parametrize("name", TABLES)
def test_columns_are_of_types_that_spark_reads(place: Path, name: str) -> None:
    """Strings, 64-bit integers, booleans, lists of strings, and microseconds; the same in every part."""
    for part in (place / "results" / name).glob("*.parquet"):
        assert pq.read_schema(part).equals(schema_of(name))
        kinds = {str(column.type) for column in schema_of(name)}
        assert kinds <= {"string", "int64", "bool", "list<item: string>", "timestamp[us, tz=UTC]"}


def test_what_recurs_is_counted_with_its_first_and_last_time(place: Path) -> None:
    found = summary_of(str(place / "results"))
    (imei,) = [row for row in sheet(found, "identifiers") if row["kind"] == "imei"]
    assert (imei["value"], imei["times"], imei["sessions"]) == ("490154203237518", 4, 4)
    assert imei["hosts"] == "a.example"
    assert imei["last"] - imei["first"] >= pd.Timedelta(days=4)  # type: ignore[operator]
    models = [row for row in sheet(found, "phones") if row["kind"] == "model"]
    assert [(row["value"], row["sessions"]) for row in models] == [("TA-1046", 4)]
    assert (found.captures, found.sessions, found.damaged) == (6, 5, 1)
    china = sheet(found, "destinations")[0]
    assert (china["address"], china["located"], china["in_scope"]) == (CHINA, "CN", True)


def test_what_is_new_since_a_day_was_not_there_before(place: Path) -> None:
    day = datetime.fromtimestamp(START_NS / 1e9, UTC).date()
    later = summary_of(str(place / "results"), date(day.year, day.month, day.day + 1))
    assert not sheet(later, "identifiers")  # seen on the first day already
    assert [row["names"] for row in sheet(later, "destinations")] == ["b.example"]


def test_a_capture_read_again_with_other_settings_counts_once(place: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    scan(place / "captures", results)
    scan(place / "captures", results, Options(regions=("NO",)))
    found = summary_of(str(results))
    assert (found.captures, found.sessions) == (6, 5)
    (imei,) = [row for row in sheet(found, "identifiers") if row["kind"] == "imei"]
    assert imei["times"] == 4
    in_scope = {row["address"] for row in sheet(found, "destinations") if row["in_scope"]}
    assert CHINA not in in_scope  # the last run asked for Norway


def test_rows_that_a_broken_run_left_are_passed_over(place: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    scan(place / "captures" / "a", results)
    (part,) = (results / "findings").glob("*.parquet")
    part.with_name("0" * 32 + ".parquet").write_bytes(
        _as_other_part(part, "0" * 32)  # of the same session, without a row in captures
    )
    (imei,) = [row for row in sheet(summary_of(str(results)), "identifiers") if row["kind"] == "imei"]
    assert imei["times"] == 2


def _as_other_part(path: Path, name: str) -> bytes:
    from analyzer.corpus.corpus_tables import as_parquet

    table = pq.read_table(path)
    at = table.schema.get_field_index("part")
    return as_parquet(table.set_column(at, "part", [[name] * len(table)]))


def test_hostile_text_is_harmless_in_the_page_and_in_csv(tmp_path: Path) -> None:
    body = b"imei=490154203237518&model=" + b"=HYPERLINK(1)"
    sent = http_request("POST", "/", HOSTILE, body, Content_Type="application/x-www-form-urlencoded")
    (tmp_path / "captures").mkdir()
    (tmp_path / "captures" / "x").write_bytes(capture(web(CHINA, sent, http_response(200, b"ok"))))
    scan(tmp_path / "captures", tmp_path / "results")
    found = summary_of(str(tmp_path / "results"))
    html = page(found)
    tags: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, _: tags.append(tag)  # type: ignore[method-assign,assignment]
    parser.feed(html)
    assert "script" not in tags
    assert "alert(1)" in html
    assert "\x1b" not in html
    write_csv(found, tmp_path / "csv")
    rows = list(csv.DictReader((tmp_path / "csv" / "phones.csv").open(encoding="utf-8")))
    assert "'=HYPERLINK(1)" in [row["value"] for row in rows]


def test_a_page_for_readers_has_numbers_in_place_of_identifiers(place: Path, program: Run) -> None:
    for more, shown in (([], False), (["--show-identifiers"], True)):
        done = program("summary", place / "results", "--html", "-", *more)
        assert done.returncode == 0, done.stderr
        for value in (b"490154203237518", b"00:00:5e:00:53:a7"):
            assert (value in done.stdout) == shown
        assert (b"imei 1" in done.stdout) != shown
    assert b"IMEI" in program("summary", place / "results").stdout


def test_a_redacted_summary_holds_no_identifier_anywhere(place: Path, program: Run, tmp_path: Path) -> None:
    more = ("--csv", tmp_path / "tables", "--html", tmp_path / "page.html")
    done = program("summary", place / "results", "-v", "--redact", *more)
    assert done.returncode == 0, done.stderr
    written = [done.stdout, *(path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file())]
    assert len(written) > 5
    for value in (b"490154203237518", b"00:00:5e:00:53:a7"):
        assert not any(value in each for each in written)
    done = program("summary", place / "results", "--redact", "--show-identifiers")
    assert done.returncode == 2
    assert b"contradict each other" in done.stderr


def test_where_no_results_are_one_sentence_says_so(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no results are there"):
        summary_of(str(tmp_path))


def test_broken_results_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "captures").mkdir()
    (tmp_path / "captures" / "a.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(StorageError, match="can't be read"):
        summary_of(str(tmp_path))


def test_the_page_and_what_is_said_are_norwegian(place: Path) -> None:
    found = replace(summary_of(str(place / "results")), damaged=1, unfinished=2, unrecorded=3, described=1)
    english = [*said(found), *map(title, found.sheets), *HEADINGS.values()]
    with language("nb"):
        norwegian = [*said(found), *map(title, found.sheets), *map(_, HEADINGS.values())]
        made = page(found)
        rows = {s.name: [cells(s, row, to_the_day=True) for row in s.rows] for s in veiled(found).sheets}
    alike = {one for one, other in zip(english, norwegian, strict=True) if one == other}
    assert alike <= {"status", "SHA-256"}
    assert '<html lang="nb">' in made
    assert "På tvers av opptak" in made
    assert "captures" not in made.replace(str(place), "").replace("/captures/", "")
    assert "1 opptaksfil er skadet: Den er talt med frem til skaden" in norwegian
    assert rows["devices"][0][0] == "enhet 1"
    assert {row[0] for row in rows["coverage"]} <= {"gjennomsøkt", "svar", "uten innhold", "ikke gjennomsøkt"}


def test_every_column_of_a_sheet_has_a_heading(place: Path) -> None:
    metadata, questions = [MetadataCell("x.pcap", "model", "y")], (*OF_NEWS, *QUESTIONS)
    found = labelled(summary_of(str(place / "results"), None, metadata, questions), LabelIndex([]))
    columns = {column for sheet in found.sheets for column in sheet.columns}
    assert columns == set(HEADINGS)


def test_the_command_prints_the_language_asked_for(program: Run, place: Path) -> None:
    assert "PÅ TVERS AV OPPTAK".encode() in program("summary", place / "results", "--lang", "no").stdout
    assert b"ACROSS CAPTURES" in program("summary", place / "results").stdout
