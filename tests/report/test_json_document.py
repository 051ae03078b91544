"""The JSON document loses nothing, fits its schema and can't be abused."""

from __future__ import annotations

import json as standard
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from analyzer.model import Body, Report, Rhythm, Table
from analyzer.report import json
from tests.examples import examples
from tests.report.builders import PHONE, START, quiet_report, request, sample_report
from tests.report.strategies import reports

SLOW = settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
SHIPPED = standard.loads(files("analyzer.report").joinpath("schema.json").read_text("utf-8"))


def document(report: Report) -> Any:
    return standard.loads(json.write(report))


@SLOW
@given(reports())
def test_any_report_is_read_back_as_it_was(report: Report) -> None:
    assert json.read(json.write(report)) == report


@SLOW
@given(reports())
def test_any_document_fits_the_shipped_schema(report: Report) -> None:
    Draft202012Validator(SHIPPED).validate(document(report))


@SLOW
@given(reports())
def test_any_document_is_printable_ascii_and_newlines(report: Report) -> None:
    text = json.write(report)
    assert text.isascii()
    assert text.replace("\n", "").isprintable()


def test_the_shipped_schema_is_the_one_the_code_describes() -> None:
    Draft202012Validator.check_schema(SHIPPED)
    assert json.schema() == SHIPPED


def closed(schema: Any) -> Any:
    """The schema without room for keys that it does not describe."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {key: closed(part) for key, part in schema.items()}
    return {"additionalProperties": False, **shut} if schema.get("properties") else shut


@pytest.mark.parametrize("report", [sample_report(), quiet_report()], ids=["sample", "quiet"])
def test_every_key_that_is_written_stands_in_the_schema(report: Report) -> None:
    Draft202012Validator(closed(SHIPPED)).validate(document(report))


@pytest.mark.parametrize("key", sorted(SHIPPED["required"]))
def test_a_document_without_a_required_key_fails_the_schema_and_the_reader(key: str) -> None:
    broken = {name: value for name, value in document(sample_report()).items() if name != key}
    assert not Draft202012Validator(SHIPPED).is_valid(broken)
    with pytest.raises(ValueError, match="missing"):
        json.read(standard.dumps(broken))


def test_names_are_those_of_the_elastic_common_schema() -> None:
    written = document(sample_report())
    message, destination = written["messages"][0], written["destinations"][0]
    assert message["source"] == {"ip": "10.0.0.7", "port": 41000}
    assert message["url"] == {
        "original": "/",
        "domain": "register.example",
        "full": "http://register.example/",
    }
    assert message["http"]["request"]["method"] == "POST"
    assert message["http"]["request"]["body"]["content"].startswith("eyJSRUdWRVI")
    assert written["messages"][1]["http"]["response"]["status_code"] == 200
    assert destination["destination"]["geo"]["country_iso_code"] == "CN"
    assert destination["destination"]["as"] == {"number": 64500, "organization": {"name": "Example Network"}}
    assert destination["source"]["packets"] == 12
    assert written["flows"]["columns"]["event.start"][0] == "2019-02-14T06:00:00.000000000Z"
    assert written["region_packets"]["columns"]["destination.ip"] == ["192.0.2.15", "192.0.2.15"]


@pytest.mark.parametrize(
    ("content", "kept", "as_"),
    [
        (b"plain\r\n\ttext", "plain\r\n\ttext", "text"),
        ("blåbær".encode(), "blåbær", "text"),
        (b"\x1b[2J", "G1sySg==", "base64"),
        (b"\xff\x00", "/wA=", "base64"),
    ],
)
def test_a_body_is_text_where_it_is_text_and_base64_elsewhere(content: bytes, kept: str, as_: str) -> None:
    message = replace(request(1, 1), body=Body(len(content), None, content))
    report = replace(sample_report(), messages=(message,))
    body = document(report)["messages"][0]["http"]["request"]["body"]
    assert (body["content"], body["content_as"]) == (kept, as_)
    assert json.read(json.write(report)) == report


def test_one_entry_stands_on_one_line() -> None:
    lines = json.write(sample_report()).splitlines()
    assert sum(line.startswith('{"number":') for line in lines) == 6
    assert sum(line.startswith('"destination.ip": ') for line in lines) == 2


def test_columns_of_numpy_are_written_as_plain_numbers() -> None:
    import numpy as np

    plain = {**sample_report().flows.columns, "flow": [0, 1], "first_ns": [START, START + 1]}
    arrays = {"flow": np.arange(2), "first_ns": np.array([START, START + 1], dtype=np.int64)}
    report = replace(sample_report(), flows=Table({**plain, **arrays}))
    assert json.read(json.write(report)).flows == Table(plain)


def test_keys_of_a_later_version_are_passed_over() -> None:
    later = document(sample_report())
    later["weather"] = "rain"
    later["devices"][0]["weather"] = ["rain"]
    assert json.read(standard.dumps(later)) == sample_report()


def changed(path: str, value: object) -> str:
    """The sample's document with one value replaced."""
    whole = document(sample_report())
    *steps, last = [int(step) if step.isdecimal() else step for step in path.split("/")]
    inner = whole
    for step in steps:
        inner = inner[step]
    inner[last] = value
    return standard.dumps(whole)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a saved report"),
        ("{", "not a saved report"),
        ("[" * 100_000, "not a saved report"),
        ("[]", "schema is missing"),
        ('{"schema": 1}', "schema is missing"),
        ('{"schema": "phonehome-report/2"}', "this version reads phonehome-report/1"),
        ('{"schema": NaN}', "NaN is no JSON value"),
        ('{"schema": 1' + "0" * 5_000 + "}", "not a saved report"),
        ('{"schema": "phonehome-report/1"}', "the key tool.version is missing"),
        (changed("created", "yesterday"), r"report\.created: not a time"),
        (changed("created", True), r"report\.created: expected a whole number, found True"),
        (changed("devices", {}), r"report\.devices: expected a list, found an object"),
        (
            changed("devices/0/packets", "9"),
            r"report\.devices\[0\]\.packets: expected a whole number, found '9'",
        ),
        (changed("devices/0/id", None), r"report\.devices\[0\]\.id: expected text, found None"),
        (changed("pings/0/status", "wished"), r"report\.pings\[0\]\.status: expected one of attempted"),
        (changed("messages/0/role", ["request"]), r"report\.messages\[0\]\.role: expected one of"),
        (
            changed("messages/0/http/request/body/content_as", "rot13"),
            "content_as: expected one of text, base64",
        ),
        (changed("messages/0/http/request/headers/0", ["Host"]), "expected 2 items, found 1"),
        (changed("flows/rows", 7), "expected 7 values, found 2"),
        (changed("flows/columns/flow", [[], {}]), "expected numbers, texts or nulls alone"),
        (changed("flows/columns/flow", ["1", "2"]), r"columns\.flow: expected whole numbers or nulls alone"),
        (changed("flows/columns/flow", [True, 1]), "expected whole numbers or nulls alone"),
        (changed("flows/columns/device", [1, 2]), r"columns\.device: expected texts or nulls alone"),
        (changed("messages/0/role", []), r"report\.messages\[0\]\.role: expected one of"),
        (changed("messages/0/role", None), r"report\.messages\[0\]\.role: expected one of"),
        (changed("flows/columns", []), r"report\.flows\.columns: expected an object"),
        (changed("flows/times", [["event.start"]]), r"report\.flows\.times"),
    ],
)
def test_what_is_no_saved_report_is_refused_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refusal:
        json.read(text)
    assert "\n" not in str(refusal.value)


def test_base64_that_is_none_is_refused() -> None:
    broken = document(sample_report())
    broken["messages"][0]["http"]["request"]["body"].update(content="!", content_as="base64")
    with pytest.raises(ValueError, match="not base64 as content_as says"):
        json.read(standard.dumps(broken))


def test_the_device_of_a_flow_survives_as_a_column() -> None:
    assert json.read(json.write(sample_report())).flows.columns["device"] == [PHONE, PHONE]


def test_durations_are_numbers_and_no_days_of_1970() -> None:
    rhythm = Rhythm("a", "b", 3, 60 * 10**9, 61 * 10**9, 62 * 10**9, "")
    report = replace(sample_report(), rhythms=(rhythm,))
    written = json.write(report)
    assert '"least_ns":60000000000,"median_ns":61000000000' in written
    assert json.read(written).rhythms == (rhythm,)
