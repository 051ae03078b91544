"""Fields whose names say nothing are read as a dossier documents them, for that sender alone."""

from __future__ import annotations

import json

import pytest

from analyzer.dossiers import load
from analyzer.dossiers.schema import parse
from analyzer.identifiers.owner_values import KnownValues
from analyzer.inspection.inspect import examined
from analyzer.model import Finding
from tests.codecs.messages import request

OWN = """
id = "example-sender"
title = "An example"
operator = "Example"
kind = "telemetry"
summary = "An example."
hosts = ["stats.example.net"]
paths = ["/up"]
encoding = "as JSON"

[client]
name = "Example"
confidence = "C"

[[recognise]]
needs = ["host", "path"]
confidence = "high"

[fields.ui]
means = "the IMEI"
kind = "imei"

[fields.qx]
means = "the Android ID"
kind = "android_id"

[fields.a1]
means = "a latitude"
kind = "latitude"

[fields.a2]
means = "a longitude"
kind = "longitude"

[[sources]]
title = "A source"
confidence = "C"
says = "all of it"
"""
DOSSIERS = (*load(), parse(OWN, "own"))
BODY = {"ui": "490154203237518", "qx": "8d0d866b16519537", "a1": "59.91273", "a2": "10.74609", "n": "1"}


def found(host: str, target: str, body: dict[str, str]) -> list[Finding]:
    content = json.dumps(body).encode()
    message = request(content, target, [("Content-Type", "application/json")], host=host)
    return list(examined((message, None), KnownValues.none(), DOSSIERS).findings)


def test_a_documented_field_is_found_under_the_name_that_the_sender_gave_it() -> None:
    findings = found("stats.example.net", "/up", BODY)
    assert {(f.kind, f.name, f.certainty) for f in findings} >= {
        ("imei", "ui", "identifier"), ("android_id", "qx", "identifier"),
    }  # fmt: skip
    assert "location" in {f.kind for f in findings}
    assert all("documented for An example" in f.reasons[0] for f in findings if f.name in ("ui", "qx"))
    assert all(f.evidence.path[-1] == f.name for f in findings if f.name in ("ui", "qx"))


@pytest.mark.parametrize(("host", "target"), [("other.example.net", "/up"), ("stats.example.net", "/other")])
def test_the_same_fields_of_another_sender_are_not(host: str, target: str) -> None:
    assert not {f.kind for f in found(host, target, BODY) if f.certainty == "identifier"}


def test_a_value_that_is_none_of_the_kind_is_not_taken() -> None:
    assert not found("stats.example.net", "/up", {"ui": "none", "qx": "12", "a1": "x", "a2": "y"})


def test_what_was_found_anyway_is_not_found_twice() -> None:
    findings = found("stats.example.net", "/up", {"ui": "490154203237518", "imei": "490154203237518"})
    places = [(f.kind, f.value, f.evidence.path) for f in findings]
    assert len(places) == len(set(places)) == 2
