"""Readable requests as a reader sees them: decoded, marked, masked, alike ones together."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from analyzer.model import Body, Evidence, Finding, Message, Report
from analyzer.report.local_time import local_time, moment
from analyzer.report.requests import request_groups, shown
from analyzer.report.terminal import render
from tests.report.builders import IMEI, START, imei, request, sample_report


def sent(*messages: Message, findings: tuple[Finding, ...] = ()) -> Report:
    return replace(sample_report(), messages=messages, findings=findings, pings=(), reconstruction=None)


def posted(number: int, target: str, content: bytes, **given: object) -> Message:
    body = Body(length=len(content), content=content)
    made = replace(request(number, 1), method="POST", target=target, body=body, peer=None, headers=())
    return replace(made, **given)  # type: ignore[arg-type]


def test_a_body_is_decoded_by_the_way_to_what_was_found_and_the_value_is_marked() -> None:
    report = sample_report()
    message = next(m for m in report.messages if m.role == "request")
    one = shown(report, message)
    assert one.steps == ("base64", "json")
    assert [(field.name, field.kind) for field in one.fields if field.kind] == [("IMEI1", "IMEI")]


def test_json_without_a_finding_is_shown_by_the_names_that_lead_to_its_values() -> None:
    content = json.dumps({"device": {"model": "X", "slots": [1, None]}, "empty": {}}).encode()
    one = shown(sent(), posted(1, "/a", content))
    assert [(f.name, "".join(p.text for p in f.value.pieces)) for f in one.fields] == [
        ("device.model", "X"), ("device.slots[0]", "1"), ("device.slots[1]", "null"), ("empty", "{}"),
    ]  # fmt: skip


@pytest.mark.parametrize("kept", ["geheim", "********"])
def test_a_password_is_masked_whatever_a_report_holds(kept: str) -> None:
    message = posted(1, f"/login?user=u1&password={kept}", b"")
    path = Evidence((41,), path=("target", "query", "password"))
    finding = replace(
        imei(1, 1), kind="password", name="password", raw="not shown", value="not shown", evidence=path
    )
    text = render(sent(message, findings=(finding,)), width=120)
    assert "Log-in" in text
    assert "password = ***" in text
    assert "geheim" not in text
    assert "POST /login?… " in text


@pytest.mark.parametrize(
    ("target", "called"),
    [
        ("/ota/checkupdate?imei=", "Update check"),
        ("/v1/events?imei=", "Telemetry"),
        ("/device/register?imei=", "Registration"),
        ("/x?imei=", "Request"),
    ],
)
def test_a_request_is_called_what_it_is(target: str, called: str) -> None:
    path = Evidence((41,), path=("target", "query", "imei"))
    report = sent(posted(1, target + IMEI, b""), findings=(replace(imei(1, 1), name="imei", evidence=path),))
    assert f"\n  {called}" in render(report)
    assert f"imei = {IMEI} [IMEI]" in render(report)


def known(number: int, *path: str) -> Finding:
    """An IMEI that a message held."""
    return replace(imei(number, number), evidence=Evidence((41,), path=path))


def test_alike_requests_are_one_group_and_those_that_tell_most_are_first() -> None:
    dull = [posted(n, "/dull", b"") for n in range(10, 40)]
    telling = [posted(n, "/telling", f"imei={IMEI}&a=1".encode()) for n in (1, 2)]
    findings = tuple(
        replace(imei(n, n), evidence=Evidence((41,), path=("body", "form", "imei"))) for n in (1, 2)
    )
    groups = request_groups(sent(*dull, *telling, findings=findings))
    assert [len(group.messages) for group in groups] == [2, 30]
    assert groups[0].rank < groups[1].rank


def test_the_short_report_shows_the_first_of_each_and_verbose_all() -> None:
    messages = [posted(n, "/t", json.dumps({"imei": IMEI, "n": n}).encode()) for n in range(1, 6)]
    found = tuple(
        replace(imei(n, n), evidence=Evidence((41,), path=("body", "json", "imei"))) for n in range(1, 6)
    )
    report = sent(*messages, findings=found)
    assert render(report).count(f"imei = {IMEI} [IMEI]") == 1
    assert "5 times, the first is shown" in render(report)
    assert render(report, verbose=True).count(f"imei = {IMEI} [IMEI]") == 5
    assert "n = 5" in render(report, verbose=True, sections=("requests",))


def test_what_is_long_is_cut_with_a_way_to_open_it() -> None:
    message = posted(1, "/t", json.dumps({"imei": IMEI, **{f"k{i}": "x" * 900 for i in range(90)}}).encode())
    found = replace(imei(1, 1), evidence=Evidence((41,), path=("body", "json", "imei")))
    report = sent(message, findings=(found,))
    assert "90 more fields: --section requests" in render(report)
    part = render(report, sections=("requests",))
    assert "(500 more characters)" in " ".join(part.split())
    assert "31 more fields: -v" in part
    assert "k89 =" in render(report, verbose=True)


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\x00", b"[" * 100_000, b'{"a":' * 50_000, b"&&==&", b'{"\\u001b[31m": 1}', b"\x1b[31m"],
)
def test_hostile_bodies_are_shown_harmless(content: bytes) -> None:
    text = render(sent(posted(1, "/t?%ff=\x1b[31m", content)), sections=("requests",))
    assert text.replace("\n", "").isprintable()
    assert len(text) < 20_000


# ── times ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        (None, "2019-02-14 06:00:00 UTC"),
        (UTC, "2019-02-14 06:00:00 UTC"),
        (ZoneInfo("Europe/Oslo"), "2019-02-14 06:00:00 UTC (07:00:00 CET)"),
        (ZoneInfo("America/Los_Angeles"), "2019-02-14 06:00:00 UTC (2019-02-13 22:00:00 PST)"),
        (timezone(timedelta(hours=5, minutes=30)), "2019-02-14 06:00:00 UTC (11:30:00 UTC+05:30)"),
    ],
)
def test_the_zone_of_the_reader_stands_beside_utc(zone: object, said: str) -> None:
    with local_time(zone):  # type: ignore[arg-type]
        assert moment(START) == said


def test_a_time_that_no_calendar_has_is_said_as_it_is() -> None:
    with local_time(ZoneInfo("Europe/Oslo")):
        assert "outside the years" in moment(2**63 * 100)
        assert moment(-62_135_596_800 * 10**9).startswith("0001-01-01")
