"""EVE: lines in the form of Suricata's log, joined by flow and Community ID."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import Any

from hypothesis import given

from analyzer.export import eve
from analyzer.model import Report
from analyzer.model.community_id import community_ids
from tests.export.conftest import HOSTILE
from tests.report.strategies import reports

# What Suricata's documentation shows in events of each type, as far as they are ours to know.
KNOWN = {
    "flow": {"pkts_toserver", "pkts_toclient", "bytes_toserver", "bytes_toclient", "start", "end", "age",
             "state", "alerted"},
    "http": {"hostname", "http_port", "url", "http_user_agent", "http_content_type", "http_refer",
             "http_method", "protocol", "status", "redirect", "length"},
    "fileinfo": {"filename", "gaps", "state", "sha256", "stored", "size", "tx_id"},
    "tls": {"sni", "version", "ja4"},
}  # fmt: skip


def events(report: Report) -> list[dict[str, Any]]:
    return [json.loads(line) for line in eve.write(report).splitlines()]


def test_packets_and_requests_are_those_of_the_report(scanned: Report) -> None:
    found = events(scanned)
    flows = [event["flow"] for event in found if event["event_type"] == "flow"]
    assert sum(flow["pkts_toserver"] for flow in flows) == sum(d.packets_up for d in scanned.destinations)
    times = Counter(event["event_type"] for event in found)
    assert times["http"] == sum(m.role == "request" for m in scanned.messages)
    assert times["phonehome"] == len(scanned.pings) + len(scanned.findings)


def test_events_have_the_fields_that_the_format_has(scanned: Report) -> None:
    for event in events(scanned):
        kind = event["event_type"]
        assert datetime.strptime(event["timestamp"], "%Y-%m-%dT%H:%M:%S.%f%z")
        assert 0 <= event["flow_id"] < 1 << 53
        assert event["proto"] in ("TCP", "UDP", "ICMP", "IPv6-ICMP")
        assert kind == "phonehome" or set(event[kind]) <= KNOWN[kind]


def test_events_of_a_flow_are_joined(scanned: Report) -> None:
    ids = set(filter(None, community_ids(scanned.flows.rows())))
    of_flow: dict[int, set[str]] = {}
    for event in events(scanned):
        of_flow.setdefault(event["flow_id"], set()).add(event.get("community_id", ""))
    assert all(len(found) == 1 for found in of_flow.values())
    assert {identity for found in of_flow.values() for identity in found if identity} == ids


def test_the_post_stands_with_its_frame_and_its_hash(scanned: Report) -> None:
    post = next(m for m in scanned.messages if m.method == "POST")
    found = [e for e in events(scanned) if e.get("pcap_cnt") == post.evidence.frames[0]]
    http = next(e["http"] for e in found if e["event_type"] == "http")
    assert (http["hostname"], http["http_method"], http["status"]) == ("zzhc.vnet.cn", "POST", 200)
    assert next(e["fileinfo"]["sha256"] for e in found if e["event_type"] == "fileinfo") == post.body.sha256


def test_hostile_text_stays_in_its_line(hostile: Report) -> None:
    lines = eve.write(hostile).splitlines()
    assert all(line.isascii() and line.isprintable() for line in lines)
    said = {event["http"]["hostname"] for event in map(json.loads, lines) if event["event_type"] == "http"}
    assert said == {HOSTILE.replace("\ud800", "\ufffd")}


@given(reports())
def test_any_report_becomes_lines_of_json(report: Report) -> None:
    assert all(event["event_type"] in {*KNOWN, "phonehome"} for event in events(report))
