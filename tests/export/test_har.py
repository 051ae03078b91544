"""HAR: the plaintext exchanges as another library reads them."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import datetime
from typing import Any

import pytest
from haralyzer import HarParser
from hypothesis import given

from analyzer.export import har
from analyzer.model import Report
from tests.export.conftest import HOSTILE
from tests.report.strategies import reports

# What HAR 1.2 asks of each object.
REQUIRED = {
    "entry": {"startedDateTime", "time", "request", "response", "cache", "timings"},
    "request": {
        "method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize",
    },
    "response": {
        "status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL",
        "headersSize", "bodySize",
    },
    "content": {"size", "mimeType"},
    "timings": {"send", "wait", "receive"},
}  # fmt: skip


def entries(report: Report) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(har.write(report))["log"]["entries"]
    return found


def assert_is_whole(entry: dict[str, Any]) -> None:
    assert set(entry) >= REQUIRED["entry"]
    assert set(entry["request"]) >= REQUIRED["request"]
    assert set(entry["response"]) >= REQUIRED["response"]
    assert set(entry["response"]["content"]) >= REQUIRED["content"]
    assert set(entry["timings"]) >= REQUIRED["timings"]
    assert all(ms >= 0 for ms in entry["timings"].values())
    assert entry["time"] == pytest.approx(sum(entry["timings"].values()))
    assert datetime.fromisoformat(entry["startedDateTime"])


def test_another_library_reads_the_posts_and_their_answers(scanned: Report) -> None:
    parsed = HarParser(json.loads(har.write(scanned)))
    posts = [e for e in parsed.har_data["entries"] if e["request"]["method"] == "POST"]
    assert len(posts) == 7
    assert {e["request"]["url"] for e in posts} == {"http://zzhc.vnet.cn/"}
    assert {e["response"]["status"] for e in posts} == {200}
    body = json.loads(b64decode(posts[0]["request"]["postData"]["text"]))
    assert body["IMEI1"] == "490154203237518"
    assert "no phone was recorded" in parsed.har_data["comment"]


def test_every_entry_is_whole(scanned: Report, unanswered: Report) -> None:
    for entry in [*entries(scanned), *entries(unanswered)]:
        assert_is_whole(entry)


def test_a_request_without_an_answer_has_the_status_0_and_says_so(unanswered: Report) -> None:
    posts = [e for e in entries(unanswered) if e["request"]["method"] == "POST"]
    assert posts
    for entry in posts:
        assert entry["response"]["status"] == 0
        assert "no response was seen" in entry["comment"]


def test_bytes_that_are_no_text_come_back_from_base64(hostile: Report) -> None:
    assert har.write(hostile).isascii()
    for entry in entries(hostile):
        assert_is_whole(entry)
        posted = entry["request"]["postData"]
        assert posted["_encoding"] == "base64"
        assert b64decode(posted["text"]) == b"\xff\x00="
        assert entry["request"]["headers"][0]["value"] == HOSTILE.replace("\ud800", "\ufffd")


@given(reports())
def test_any_report_makes_a_document(report: Report) -> None:
    for entry in entries(report):
        assert set(entry) >= REQUIRED["entry"]
