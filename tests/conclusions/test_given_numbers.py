"""Numbers that a server gives at a registration and a device repeats; those of a session are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.model import Report
from tests import builders
from tests.pipeline.captures import report_of, web

NUMBER = "8f14e45fceea167a5a36dedd4bea2543"


def capture(tmp_path: Path, place: str, answer: dict[str, str], later: str, times: int = 4) -> Report:
    sent = [(builders.http_request("POST", place, body=b'{"model":"x"}'), json.dumps(answer).encode())]
    sent += [(builders.http_request("GET", f"{later}&n={n}"), b"{}") for n in range(times)]
    packets = [
        packet
        for number, (asked, said) in enumerate(sent)
        for packet in web("203.0.113.9", asked, builders.http_response(body=said), port=40_000 + number)
    ]
    return report_of(packets, tmp_path / "a.pcap")


def given(report: Report) -> list[tuple[str, str, str, int]]:
    return [(i.kind, i.value, i.owner, i.times) for i in report.identifiers if i.kind == "device_id"]


def test_a_number_from_a_registration_that_every_later_request_repeats_is_the_device_s(
    tmp_path: Path,
) -> None:
    report = capture(tmp_path, "/v1/register", {"unit": NUMBER}, f"/poll?unit={NUMBER}")
    assert given(report) == [("device_id", NUMBER, "own device", 4)]
    assert all("the server gave this number" in f.reasons[0] for f in report.findings)


@pytest.mark.parametrize(
    ("place", "name", "later", "times"),
    [
        ("/v1/register", "session", f"/poll?s={NUMBER}", 4),  # of a session by its name
        ("/v1/register", "unit", f"/poll?token={NUMBER}", 4),
        ("/v1/news", "unit", f"/poll?unit={NUMBER}", 4),  # no registration
        ("/v1/register", "unit", "/poll?unit=other", 4),  # not repeated
        ("/v1/register", "unit", f"/poll?unit={NUMBER}", 2),  # hardly repeated
    ],
)
def test_others_are_not(tmp_path: Path, place: str, name: str, later: str, times: int) -> None:
    assert given(capture(tmp_path, place, {name: NUMBER}, later, times)) == []
