"""The SQLite database: what sqlite3 and Datasette find in it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from analyzer.export.column_notes import TABLES
from analyzer.export.sqlite import write
from analyzer.export.sqlite_views import VIEWS
from analyzer.export.tidy_schema import tidy_tables
from analyzer.model import Report
from analyzer.report import json as writer
from tests.cli.conftest import Run
from tests.examples import examples
from tests.report.builders import sample_report
from tests.report.strategies import reports


def opened(data: bytes) -> sqlite3.Connection:
    base = sqlite3.connect(":memory:")
    base.deserialize(data)
    return base


@pytest.fixture(scope="module")
def data(scanned: Report) -> bytes:
    return write(scanned)


@pytest.fixture
def base(data: bytes) -> Iterator[sqlite3.Connection]:
    connection = opened(data)
    yield connection
    connection.close()


def names(base: sqlite3.Connection, kind: str) -> set[str]:
    return {row[0] for row in base.execute("select name from sqlite_master where type = ?", [kind])}


def test_every_table_is_there_with_its_rows(base: sqlite3.Connection, scanned: Report) -> None:
    assert set(TABLES) - set(VIEWS) <= names(base, "table")
    assert set(VIEWS) == names(base, "view")
    for name, table in tidy_tables(scanned).items():
        assert base.execute(f"select count(*) from {name}").fetchone() == (len(table),), name


def test_foreign_keys_lead_somewhere_and_are_indexed(base: sqlite3.Connection) -> None:
    assert base.execute("pragma foreign_key_check").fetchall() == []
    assert len(base.execute("pragma foreign_key_list(findings)").fetchall()) == 5
    plan = str(base.execute("explain query plan select * from findings where message = 3").fetchall())
    assert "USING INDEX findings_message" in plan


def test_the_view_of_requests_has_what_the_table_of_requests_has(
    base: sqlite3.Connection, scanned: Report
) -> None:
    table = tidy_tables(scanned)["requests"]
    found = base.execute("select * from requests order by message")
    assert [column[0] for column in found.description] == [column.name for column in table.columns]
    at = next(i for i, column in enumerate(table.columns) if column.type == "time")
    assert [(*r[:at], *r[at + 1 :]) for r in found] == [(*r[:at], *r[at + 1 :]) for r in table.rows()]


def test_views_answer_the_usual_questions(base: sqlite3.Connection) -> None:
    left = base.execute(
        "select kind, times, host from what_left_which_device where device_name = 'Nokia-7-plus' "
        "and class = 'identifier'"
    ).fetchall()
    assert sorted(left) == [
        (kind, 7, "zzhc.vnet.cn") for kind in ("iccid", "imei", "imei", "imsi", "mac", "meid")
    ]
    hosts = base.execute("select claim, name from hosts_by_country where country = 'CN'").fetchall()
    assert hosts == [(c, "zzhc.vnet.cn") for c in ("located", "operated", "registered", "second")]
    assert base.execute("select sum(packets) from packets_by_region").fetchone() == (38,)
    assert base.execute("select status, times from pings_by_sender").fetchall() == [("answered", 7)]
    shares = dict(base.execute("select state, percent_of_bytes from how_much_was_searched"))
    assert shares["encrypted"] > 90


def test_readable_messages_are_searched_by_their_words(base: sqlite3.Connection, scanned: Report) -> None:
    found = base.execute("select rowid from message_search where message_search match 'zzhc'").fetchall()
    pinged = {ping.message for ping in scanned.pings}
    assert pinged <= {row[0] for row in found}


def test_notices_and_licences_stand_in_it(base: sqlite3.Connection, scanned: Report) -> None:
    about = dict(base.execute("select key, value from about"))
    assert "no phone was recorded" in about["reconstruction"]
    licences = {row[0] for row in base.execute("select licence from geo_sources")}
    assert licences == {source.licence for source in scanned.geo_sources}
    document = json.loads(base.execute("select document from datasette_metadata").fetchone()[0])
    assert "no phone was recorded" in document["description"]
    assert all(licence in document["license"] for licence in licences)


def test_hostile_text_is_text(hostile: Report) -> None:
    base = opened(write(hostile))
    found = {row[0] for row in base.execute("select value from findings")}
    assert found == {finding.value.replace("\ud800", "\ufffd") for finding in hostile.findings}


def test_a_report_that_repeats_a_key_loses_nothing() -> None:
    plain = sample_report()
    base = opened(write(replace(plain, messages=(*plain.messages, plain.messages[0]))))
    assert base.execute("select count(*) from messages").fetchone() == (len(plain.messages) + 1,)


@settings(max_examples=examples(5), phases=(Phase.explicit, Phase.generate))  # shrinking takes minutes
@given(reports())
def test_any_report_makes_a_database(report: Report) -> None:
    base = opened(write(report))
    assert base.execute("pragma integrity_check").fetchone() == ("ok",)
    for view in VIEWS:
        base.execute(f"select * from {view}").fetchall()
    base.close()


def test_the_command_writes_it_and_redacts_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "saved.json").write_text(writer.write(sample_report()), "utf-8")
    assert run("report", "-q", "saved.json", "--redact", "--sqlite", "report.db").returncode == 0
    base = sqlite3.connect(tmp_path / "report.db")
    values = {row[0] for row in base.execute("select value from findings where kind = 'imei'")}
    assert values
    assert "490154203237518" not in values
    assert b"490154203237518" not in (tmp_path / "report.db").read_bytes()
    assert "pseudonyms" in dict(base.execute("select key, value from about"))["redaction"]
    base.close()


def test_datasette_shows_tables_views_search_and_notes(data: bytes, tmp_path: Path) -> None:
    pytest.importorskip("datasette", reason="Datasette is not installed")
    from datasette.app import Datasette

    path = tmp_path / "report.db"
    path.write_bytes(data)
    base = sqlite3.connect(path)
    document = json.loads(base.execute("select document from datasette_metadata").fetchone()[0])
    base.close()
    served = Datasette([str(path)], metadata=document)

    async def asked(address: str) -> Any:
        answer = await served.client.get(address)
        assert answer.status_code == 200, answer.text
        return answer

    async def questions() -> None:
        view = await asked("/report/hosts_by_country.json?country=CN&_shape=array")
        assert {row["name"] for row in view.json()} == {"zzhc.vnet.cn"}
        searched = (await asked("/report/message_texts.json?_search=zzhc&_shape=array")).json()
        assert 0 < len(searched) < 34
        assert all("zzhc" in str(row) for row in searched)
        page = (await asked("/report/pings")).text
        assert "a row for each activation or registration message" in page
        assert "devices.id of the device" in page
        assert "/report/devices/" in page  # the foreign key is a link

    asyncio.run(questions())
