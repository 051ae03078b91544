"""STIX and MISP: valid by their own libraries, the same each time, and without a call to arms."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings

from analyzer.model import Report
from tests.report.strategies import reports

pytest.importorskip("stix2", reason="stix2 is not installed")
pymisp = pytest.importorskip("pymisp", reason="pymisp is not installed")
validator = pytest.importorskip("stix2validator", reason="stix2-validator is not installed")

from analyzer.export import misp, stix  # noqa: E402
from tests.examples import examples  # noqa: E402


@pytest.mark.parametrize("which", ["scanned", "unanswered", "hostile"])
def test_the_bundle_is_valid_stix(which: str, request: pytest.FixtureRequest) -> None:
    result = validator.validate_string(stix.write(request.getfixturevalue(which)))
    assert result.is_valid, result.errors


def test_the_bundle_holds_the_server_its_name_and_the_identifier(scanned: Report) -> None:
    objects = json.loads(stix.write(scanned))["objects"]
    kinds = {made["type"] for made in objects}
    assert kinds == {"identity", "ipv4-addr", "domain-name", "network-traffic", "observed-data", "note"}
    address = next(o for o in objects if o.get("value") == "202.96.192.0")
    traffic = [o for o in objects if o.get("dst_ref") == address["id"]]
    assert [(t["dst_port"], t["protocols"]) for t in traffic] == [(80, ["ipv4", "tcp"])]
    seen = next(o for o in objects if traffic[0]["id"] in o.get("object_refs", []))
    notes = [o["content"] for o in objects if seen["id"] in o.get("object_refs", []) and o["type"] == "note"]
    assert any("490154203237518" in note and "looks like an IMEI" in note for note in notes)
    assert any(note.startswith("located: CN") for note in notes)
    assert all("synthetic-reconstruction" in o["labels"] for o in objects if o["type"] == "note")


def test_local_addresses_are_not_shared(scanned: Report) -> None:
    for text in (stix.write(scanned), misp.write(scanned)):
        assert '"192.168.10.1"' not in text


def test_the_same_report_gives_the_same_documents(scanned: Report) -> None:
    later = replace(scanned, created_ns=scanned.created_ns + 10**12)
    assert stix.write(scanned) == stix.write(scanned)
    assert misp.write(scanned) == misp.write(scanned)
    ids = [[made["id"] for made in json.loads(stix.write(r))["objects"]] for r in (scanned, later)]
    assert ids[0] == ids[1]


@pytest.mark.parametrize("which", ["scanned", "unanswered", "hostile"])
def test_the_event_loads_back(which: str, request: pytest.FixtureRequest) -> None:
    text = misp.write(request.getfixturevalue(which))
    assert text.isascii()
    event = pymisp.MISPEvent()
    event.from_dict(**json.loads(text))
    assert event.attributes
    assert not any(attribute.to_ids for attribute in event.attributes)
    assert event.distribution == 0
    assert len({attribute.uuid for attribute in event.attributes}) == len(event.attributes)


def test_the_event_names_server_place_and_identifier(scanned: Report) -> None:
    event = pymisp.MISPEvent()
    event.from_dict(**json.loads(misp.write(scanned)))
    found = {(a.type, a.value): a.comment for a in event.attributes}
    assert "located: CN" in found["ip-dst|port", "202.96.192.0|80"]
    assert ("hostname", "zzhc.vnet.cn") in found
    assert "looks like an IMEI" in found["text", "490154203237518"]
    assert str(event.date) == "2019-02-20"


@settings(max_examples=examples(20), deadline=None)
@given(reports())
def test_any_report_makes_a_bundle_and_an_event(report: Report) -> None:
    assert json.loads(stix.write(report))["type"] == "bundle"
    assert json.loads(misp.write(report))["Event"]
