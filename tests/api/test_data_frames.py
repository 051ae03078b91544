"""The tables of a report in pandas, Arrow and Polars: tidy, typed, and fit to be joined."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import Phase, given, settings

import analyzer
from analyzer.export.column_notes import TABLES
from analyzer.export.tidy_schema import tidy_tables
from analyzer.model import Report, Table
from tests.examples import examples
from tests.report.builders import sample_report
from tests.report.strategies import reports


def test_a_frame_has_a_row_an_entry(report: analyzer.Report) -> None:
    for name in (
        "pings",
        "identifiers",
        "findings",
        "devices",
        "messages",
        "destinations",
        "flows",
        "coverage",
    ):
        assert len(getattr(report.frames, name)) == len(getattr(report, name)) > 0
    assert len(report.frames.requests) == sum(m.role == "request" for m in report.messages)
    assert list(report.frames) == list(TABLES)


def test_every_table_and_column_is_documented(report: analyzer.Report) -> None:
    assert set(tidy_tables(report)) == set(TABLES)
    for name in report.frames:
        described = report.frames.columns(name)
        assert list(described["column"]) == list(report.frames[name].columns)
        assert all(described["note"].str.len() > 2)


def test_a_cell_has_one_value(report: analyzer.Report) -> None:
    for name in report.frames:
        frame = report.frames[name]
        for column in frame.columns:
            assert not any(isinstance(v, list | tuple | dict) for v in frame[column]), (name, column)


def test_types_are_those_that_an_analysis_needs(report: analyzer.Report) -> None:
    pings, flows = report.frames.pings, report.frames.flows
    assert str(pings["time"].dtype) == "datetime64[ns, UTC]"
    assert pings["time"][0].value == report.pings[0].time_ns
    assert str(pings["message"].dtype) == "Int64"
    assert str(flows["kind"].dtype) == "category"
    assert (report.frames.findings["confidence"] >= "medium").sum() == sum(
        f.confidence != "low" for f in report.findings
    )
    assert set(pings["status"]) <= set(pings["status"].cat.categories)


def test_keys_are_unique_and_joins_lead_somewhere(report: analyzer.Report) -> None:
    made = tidy_tables(report)
    joined = 0
    for table in made.values():
        columns = {column.name: list(column.values) for column in table.columns}
        if table.key:
            assert len(set(columns[table.key])) == len(table)
        for column, (other, key) in table.joins.items():
            there = next(c for c in made[other].columns if c.name == key).values
            assert set(columns[column]) - {None} <= set(there), (table.name, column)
            joined += len(set(columns[column]) - {None})
    assert joined > 200


def test_frames_of_a_finding_lead_to_its_destination_and_device(report: analyzer.Report) -> None:
    frames = report.frames
    imei = frames.findings[frames.findings["kind"] == "imei"]
    whole = imei.merge(frames.requests, on="message", suffixes=("", "_request"))
    assert set(whole["host_request"]) == {"zzhc.vnet.cn"}
    assert set(imei["device"]) == {"00:00:5e:00:53:a7"}
    located = frames.flows.merge(frames.destinations, on="destination_id")
    assert set(located.loc[located["address"] == "202.96.192.0", "located"]) == {"CN"}


def test_packets_of_a_region_are_those_that_a_claim_names(report: analyzer.Report) -> None:
    assert len(report.frames.packets("cn")) == len(report.frames.packets()) == 38
    with pytest.raises(ValueError, match="'HK' is not a region of this report"):
        report.frames.packets("HK")


def test_a_table_that_is_none_is_refused_with_the_nearest(report: analyzer.Report) -> None:
    with pytest.raises(ValueError, match="did you mean 'pings'"):
        report.frames["ping"]


def test_what_is_unknown_stays_apart_from_what_is_not() -> None:
    plain = sample_report()
    messages = [replace(plain.messages[0], delivered=None, time_ns=2**70), *plain.messages[1:]]
    frame = analyzer.Report.of(replace(plain, messages=tuple(messages))).frames.messages
    assert frame["delivered"].isna()[0]
    assert frame["time"].isna()[0]


@settings(max_examples=examples(15), phases=(Phase.explicit, Phase.generate))  # shrinking takes minutes
@given(reports())
def test_any_report_makes_frames(report: Report) -> None:
    frames = analyzer.Report.of(report).frames
    assert all(len(frames[name].columns) > 1 for name in frames)


def test_a_report_without_columns_of_flows_makes_frames() -> None:
    frames = analyzer.Report.of(replace(sample_report(), flows=Table({}), messages=())).frames
    assert len(frames.flows) == 0
    assert len(frames.requests) == 0


def test_arrow_has_the_same_rows_and_the_types(report: analyzer.Report) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    tables = report.to_arrow()
    assert set(tables) == set(TABLES)
    assert tables["pings"].schema.field("time").type == pa.timestamp("ns", tz="UTC")
    for name, table in tables.items():
        assert table.num_rows == len(report.frames[name])


def test_polars_takes_a_table_through_arrow(report: analyzer.Report) -> None:
    polars = pytest.importorskip("polars", reason="Polars is not installed")
    frame = polars.from_arrow(report.frames.to_arrow("requests"))
    hosts = frame.filter(polars.col("status") == 200)["host"].unique().to_list()
    assert "zzhc.vnet.cn" in hosts
