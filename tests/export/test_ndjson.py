"""Events in names of the Elastic Common Schema, a line each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given

from analyzer.export import ndjson
from analyzer.model import Report
from tests.export.conftest import HOSTILE
from tests.report.strategies import reports

# Names and types of the Elastic Common Schema 9.3, from its index templates.
ECS = {
    "@timestamp": "date", "message": "text", "tags": "keyword", "ecs.version": "keyword",
    "event.kind": "keyword", "event.category": "keyword", "event.type": "keyword", "event.module": "keyword",
    "event.dataset": "keyword", "event.start": "date", "event.end": "date",
    "observer.product": "keyword", "observer.type": "keyword", "observer.version": "keyword",
    "source.ip": "ip", "source.address": "keyword", "source.port": "long", "source.bytes": "long",
    "source.packets": "long", "destination.ip": "ip", "destination.address": "keyword",
    "destination.port": "long", "destination.bytes": "long", "destination.packets": "long",
    "destination.domain": "keyword", "destination.geo.country_iso_code": "keyword",
    "destination.as.number": "long", "destination.as.organization.name": "keyword",
    "network.transport": "keyword", "network.protocol": "keyword", "network.community_id": "keyword",
    "network.bytes": "long", "network.packets": "long", "network.type": "keyword",
    "http.version": "keyword", "http.request.method": "keyword", "http.request.body.bytes": "long",
    "http.request.body.content": "keyword", "http.response.body.bytes": "long",
    "http.response.body.content": "keyword", "http.response.status_code": "long",
    "url.full": "keyword", "url.original": "keyword", "url.domain": "keyword",
    "user_agent.original": "keyword", "rule.id": "keyword", "rule.name": "keyword",
    "rule.category": "keyword", "log.file.path": "keyword",
}  # fmt: skip
TYPES = {"date": str, "text": str, "keyword": str, "ip": str, "long": int}


def leaves(document: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{before}{key}.")
        else:
            yield before + key, value


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_every_name_is_one_of_the_schema_or_under_our_own(scanned: Report) -> None:
    met = set()
    for event in events(ndjson.write(scanned)):
        for name, value in leaves(event):
            if not name.startswith("phonehome."):
                met.add(name)
                for each in value if isinstance(value, list) else [value]:
                    assert isinstance(each, TYPES[ECS[name]])
    assert {"source.ip", "network.community_id", "http.request.body.content", "rule.id"} <= met


def test_events_count_what_the_report_holds(scanned: Report) -> None:
    kinds = [event["event"]["dataset"] for event in events(ndjson.write(scanned))]
    assert kinds.count("phonehome.report") == 1
    assert kinds.count("phonehome.flow") == len(scanned.flows)
    assert kinds.count("phonehome.message") == len(scanned.messages)
    assert kinds.count("phonehome.identifier") == len(scanned.findings)
    assert kinds.count("phonehome.ping") == len(scanned.pings) == 7


def test_times_are_iso_8601_and_every_event_says_it_is_of_a_reconstruction(scanned: Report) -> None:
    for event in events(ndjson.write(scanned)):
        assert datetime.fromisoformat(event["@timestamp"]).year == 2019
        assert "synthetic-reconstruction" in event["tags"]


def test_a_ping_and_its_flow_share_an_identifier(scanned: Report) -> None:
    all_events = events(ndjson.write(scanned))
    ping = next(e for e in all_events if e["event"]["dataset"] == "phonehome.ping")
    wanted = ping["network"]["community_id"]
    flows = [e for e in all_events if e["event"]["dataset"] == "phonehome.flow"]
    same = [e for e in flows if e["network"].get("community_id") == wanted]
    assert [(e["destination"]["ip"], e["destination"]["port"]) for e in same] == [("202.96.192.0", 80)]


def test_hostile_text_makes_no_line_no_escape_and_no_half_character(hostile: Report) -> None:
    text = ndjson.write(hostile)
    assert text.isascii()
    assert all(char.isprintable() for char in text.replace("\n", ""))
    assert len(text.splitlines()) == 1 + len(hostile.flows) + len(hostile.messages) + len(
        hostile.findings
    ) + len(hostile.pings)
    found = next(e for e in events(text) if e["event"]["dataset"] == "phonehome.identifier")
    assert found["phonehome"]["identifier"]["value"] == HOSTILE.replace("\ud800", "\ufffd")


@given(reports())
def test_any_report_makes_lines_of_json(report: Report) -> None:
    for event in events(ndjson.write(report)):
        assert event["@timestamp"]


@pytest.mark.parametrize("redundant", [None, "", [], {}])
def test_what_is_unknown_is_left_out(redundant: object) -> None:
    from analyzer.export.plain import without_empty

    assert without_empty({"a": {"b": redundant}, "c": 0, "d": False}) == {"c": 0, "d": False}
