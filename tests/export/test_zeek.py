"""Zeek's logs, read by a reader of Zeek's logs that isn't ours."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given

from analyzer.export import zeek
from analyzer.model import Report
from analyzer.model.community_id import community_ids
from tests.report.strategies import reports


def read_by_pandas(data: bytes) -> pd.DataFrame:
    fields = next(line for line in data.decode().splitlines() if line.startswith("#fields"))
    return pd.read_csv(
        io.BytesIO(data), sep="\t", comment="#", names=fields.split("\t")[1:], na_values="-", quoting=3
    )


def test_pandas_reads_as_many_lines_and_the_same_sums(scanned: Report) -> None:
    logs = zeek.write(scanned)
    connections, requests = read_by_pandas(logs["conn.log"]), read_by_pandas(logs["http.log"])
    assert connections["orig_pkts"].sum() == sum(row.packets_up for row in scanned.destinations)
    assert connections["resp_pkts"].sum() == sum(row.packets_down for row in scanned.destinations)
    assert len(requests) == sum(message.role == "request" for message in scanned.messages)
    assert set(requests["uid"]) <= set(connections["uid"])
    assert connections["uid"].is_unique
    assert (connections["ts"] > 1.5e9).all()


def read(report: Report, name: str, folder: Path) -> list[dict[str, object]]:
    reader = pytest.importorskip("zat.zeek_log_reader", reason="zat is not installed")
    path = folder / name
    path.write_bytes(zeek.write(report)[name])
    return list(reader.ZeekLogReader(str(path)).readrows())


def test_connections_come_back_with_their_ends_and_counts(scanned: Report, tmp_path: Path) -> None:
    rows, flows = read(scanned, "conn.log", tmp_path), scanned.flows.rows()
    assert len(rows) == len(flows) == 144
    for row, flow, community in zip(rows, flows, community_ids(scanned.flows.rows()), strict=True):
        assert (row["id.orig_h"], row["id.resp_h"]) == (flow["source"], flow["destination"])
        assert (row["id.orig_p"], row["id.resp_p"]) == (flow["source_port"], flow["destination_port"])
        assert (row["orig_pkts"], row["resp_pkts"]) == (flow["packets_up"], flow["packets_down"])
        assert row["community_id"] == (community or "-")
        assert row["ts"].year == 2019  # type: ignore[attr-defined]


def test_requests_come_back_with_their_answers_and_connections(scanned: Report, tmp_path: Path) -> None:
    rows = read(scanned, "http.log", tmp_path)
    posts = [row for row in rows if row["method"] == "POST"]
    assert len(posts) == 7
    assert {(row["host"], row["uri"], row["status_code"]) for row in posts} == {("zzhc.vnet.cn", "/", 200)}
    connections = {row["uid"]: row for row in read(scanned, "conn.log", tmp_path)}
    assert {connections[row["uid"]]["id.resp_h"] for row in posts} == {"202.96.192.0"}
    assert {connections[row["uid"]]["service"] for row in posts} == {"http"}


def test_hostile_text_makes_no_field_and_no_line(hostile: Report) -> None:
    logs = zeek.write(hostile)
    assert b"\x1b" not in logs.pop("README.txt", b"")
    for name, data in logs.items():
        lines = data.decode("ascii").splitlines()
        fields = next(line for line in lines if line.startswith("#fields")).split("\t")[1:]
        rows = [line for line in lines if not line.startswith("#")]
        assert all(len(row.split("\t")) == len(fields) for row in rows), name
        assert all(row.replace("\t", "").isprintable() for row in rows)
    assert len(rows) == sum(message.role == "request" for message in hostile.messages)


@pytest.mark.parametrize(
    ("value", "cell"),
    [(None, "-"), ("", "(empty)"), ("-", "\\x2d"), ("(empty)", "\\x28empty)"), ("a\tb", "a\\x09b"),
     ("\\x09", "\\\\x09"), ("#close", "\\x23close"), ("é", "\\xc3\\xa9"), (7, "7")],
)  # fmt: skip
def test_a_value_is_never_taken_for_another(value: object, cell: str) -> None:
    assert zeek._cell(value) == cell


@given(reports())
def test_any_report_makes_logs(report: Report) -> None:
    logs = zeek.write(report)
    assert ("README.txt" in logs) == bool(
        report.reconstruction or (report.redaction and report.redaction.says)
    )
    assert all(logs[name].startswith(b"#separator \\x09\n") for name in ("conn.log", "http.log"))
