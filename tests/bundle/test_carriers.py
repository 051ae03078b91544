"""Whatever way a message carries an identifier, nothing that is made for print holds it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analyzer import analyze
from analyzer.bundle.bundle import BundleRequest, bundle
from analyzer.bundle.manifest import Making
from analyzer.compare import document
from analyzer.compare import terminal as comparison
from analyzer.compare.compare import compare
from analyzer.export import csv as tables
from analyzer.export import eve, har, ndjson, sarif
from analyzer.model import Report
from analyzer.redaction.redaction import redact
from analyzer.report import html, json
from analyzer.report.terminal import render
from tests.bundle.carriers import IMEI, Carrier, capture_of, catalogue, left

KEY = bytes(range(32))
CATALOGUE = catalogue()
MAKING = Making("phonehome evidence", {"python": "", "system": "", "code": "", "kernels": ""})


def documents(report: Report) -> dict[str, bytes]:
    """What a report becomes, of every kind that shows messages."""
    return {
        "json": json.write(report).encode(),
        "terminal": render(report, verbose=True, width=300).encode(),
        "ndjson": ndjson.write(report).encode(),
        "har": har.write(report).encode(),
        **{f"csv {name}": data for name, data in tables.write(report).items()},
    }


def test_the_catalogue_is_large_and_its_search_finds_what_is_there(tmp_path: Path) -> None:
    assert len(CATALOGUE) >= 170
    assert len({each.name for each in CATALOGUE}) == len(CATALOGUE)
    for carrier in CATALOGUE[::25]:
        path = tmp_path / "phone.pcap"
        path.write_bytes(capture_of(carrier))
        report = analyze(str(path))
        assert left(documents(report), carrier), carrier.name


@pytest.mark.sampled(70)
@pytest.mark.parametrize("carrier", CATALOGUE, ids=lambda carrier: carrier.name)
def test_no_carrier_leaks(carrier: Carrier, tmp_path: Path) -> None:
    path = tmp_path / "phone.pcap"
    path.write_bytes(capture_of(carrier))
    report = analyze(str(path))
    assert IMEI in {found.value for found in report.findings}
    assert left(documents(redact(report, KEY)), carrier) == []
    made = bundle(report, BundleRequest([str(path)], MAKING, KEY, redact=True))
    assert left(made.files, carrier) == []


def test_the_page_and_the_alerts_hold_none_either(tmp_path: Path) -> None:
    for carrier in CATALOGUE[::40]:
        path = tmp_path / "phone.pcap"
        path.write_bytes(capture_of(carrier))
        report = redact(analyze(str(path)), KEY)
        made = {"html": html.write(report), "eve": eve.write(report), "sarif": sarif.write(report)}
        assert left({name: text.encode() for name, text in made.items()}, carrier) == [], carrier.name


def test_a_comparison_of_two_reports_holds_none_either(tmp_path: Path) -> None:
    for carrier in CATALOGUE[7::40]:
        path = tmp_path / "phone.pcap"
        path.write_bytes(capture_of(carrier))
        report = analyze(str(path))
        other = replace(report, messages=report.messages[:2], findings=report.findings[:2])
        found = compare(report, other, None, None, lambda each: redact(each, KEY))
        told = {
            "json": document.write(found, "0").encode(),
            "terminal": comparison.render(found, "0", width=300, colour=False, verbose=True).encode(),
        }
        assert left(told, carrier) == [], carrier.name
