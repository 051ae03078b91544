"""A published report is held against its captures again; what changed is in the note."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.bundle.making import IMEI, call, capture
from tests.bundle.test_tampering import with_value

Told = pytest.CaptureFixture[str]
OTHER_IMEI = "356938035643817"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recheck")
    path = capture(folder, "plain JSON in many segments")
    assert call("scan", path, "-q", "--from", "NO", "--json", folder / "report.json") == 0
    return folder / "report.json"


def changed(published: Path, target: Path, **values: Any) -> Path:
    document = json.loads(published.read_text())
    for path, value in values.items():
        document = with_value(document, path.replace("__", "."), value)
    target.write_text(json.dumps(document))
    return target


def test_the_same_version_says_the_same(published: Path, capsys: Told) -> None:
    assert call("recheck", published) == 0
    assert "Nothing to correct" in capsys.readouterr().out


def test_a_claim_that_does_not_follow_is_named_in_the_note(
    published: Path, tmp_path: Path, capsys: Told
) -> None:
    report = changed(published, tmp_path / "r.json", findings__0__value=OTHER_IMEI)
    note = tmp_path / "note.txt"
    assert call("recheck", report, published.parent / "phone.pcap", "-o", note) == 1
    assert "A correction is needed: 1 " in capsys.readouterr().out
    text = note.read_text()
    assert "TO BE CORRECTED" in text
    assert f"imei {OTHER_IMEI} in frame" in text
    assert f"imei {IMEI} in frame" in text.partition("TO BE ADDED")[2]


def test_a_count_of_a_capture_that_does_not_follow_is_named(
    published: Path, tmp_path: Path, capsys: Told
) -> None:
    frames = json.loads(published.read_text())["captures"][0]["frames"]
    report = changed(published, tmp_path / "r.json", captures__0__frames=frames + 1)
    assert call("recheck", report, published.parent / "phone.pcap") == 1
    assert "A correction is needed" in capsys.readouterr().out


def test_what_another_version_judges_differently_needs_no_correction(
    published: Path, tmp_path: Path, capsys: Told
) -> None:
    values = {"tool__version": "0.0.9", "findings__0__confidence": "low", "blind_spots": ["None."]}
    report = changed(published, tmp_path / "r.json", **values)
    assert call("recheck", report, published.parent / "phone.pcap") == 0
    out = capsys.readouterr().out
    assert "was made by phonehome 0.0.9" in out
    assert "confidence: low → high" in out
    assert "blind spots: None. →" in out
    assert "No stable claim is lost" in out


def test_a_capture_that_is_another_is_refused(published: Path, tmp_path: Path, capsys: Told) -> None:
    report = changed(published, tmp_path / "r.json", captures__0__file__path="elsewhere.pcap")
    assert call("recheck", report) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_scope_says_what_a_scan_was_given(published: Path, tmp_path: Path, capsys: Told) -> None:
    path = published.parent / "phone.pcap"
    (tmp_path / "log.csv").write_text("2019-02-20T16:01:00Z,switched on\n")
    made = tmp_path / "r.json"
    assert call("scan", path, "-q", "--events", tmp_path / "log.csv", "--json", made) == 0
    scope = json.loads(made.read_text())["scope"]
    assert [each["option"] for each in scope["inputs"]] == ["--events"]
    assert json.loads(published.read_text())["scope"]["origin"] == "NO"
    capsys.readouterr()
    assert call("recheck", made) == 0
    assert "the scan was given --events" in capsys.readouterr().out
    assert call("recheck", made, "--events", tmp_path / "log.csv") == 0
    assert "Nothing to correct" in capsys.readouterr().out


def test_a_report_of_known_values_names_none_of_their_sums(published: Path, tmp_path: Path) -> None:
    made = tmp_path / "r.json"
    call("scan", published.parent / "phone.pcap", "-q", "--known", f"imei={IMEI}", "--json", made)
    scope = json.loads(made.read_text())["scope"]
    assert scope["inputs"] == [{"option": "--known", "name": ""}]
