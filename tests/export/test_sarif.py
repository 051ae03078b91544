"""SARIF: the document as the models of another library read it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given

from analyzer.export import sarif
from analyzer.model import Report
from tests.report.strategies import reports


def run_of(report: Report) -> dict[str, Any]:
    document = json.loads(sarif.write(report))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    return dict(run)


def test_another_library_s_models_take_it(scanned: Report) -> None:
    models = pytest.importorskip("sarif_pydantic", reason="sarif-pydantic is not installed")
    document = models.Sarif.model_validate_json(sarif.write(scanned))
    assert len(document.runs[0].results) == len(scanned.pings) + len(scanned.findings)


def test_each_result_has_a_rule_a_capture_and_frames(scanned: Report) -> None:
    run = run_of(scanned)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        (place,) = result["locations"]
        assert place["physicalLocation"]["artifactLocation"]["index"] < len(run["artifacts"])
        assert all(named["name"].startswith("frame ") for named in place["logicalLocations"])
    assert Counter(r["ruleId"] for r in run["results"])["ping/china-telecom-registration"] == 7


def test_the_capture_is_told_by_its_hash_and_nothing_is_called_an_error(scanned: Report) -> None:
    run = run_of(scanned)
    assert [a["hashes"]["sha-256"] for a in run["artifacts"]] == [info.sha256 for info in scanned.captures]
    assert {result["level"] for result in run["results"]} <= {"warning", "note"}
    assert "no phone was recorded" in " ".join(run["properties"]["notices"])


def test_fingerprints_say_the_same_of_the_same(scanned: Report, unanswered: Report) -> None:
    ours, others = (
        {r["partialFingerprints"]["phonehome/v1"] for r in run_of(report)["results"]}
        for report in (scanned, unanswered)
    )
    assert ours == others  # both captures tell the same identifiers to the same host


def test_hostile_text_stays_text(hostile: Report) -> None:
    text = sarif.write(hostile)
    assert text.isascii()
    assert all(line.isprintable() for line in text.splitlines())


@given(reports())
def test_any_report_has_a_document(report: Report) -> None:
    assert len(run_of(report)["results"]) == len(report.pings) + len(report.findings)
