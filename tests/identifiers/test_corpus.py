"""Captures that others made hold few identifiers; each kind of finding in them was looked at by hand.

`tests/accuracy/reviewed.csv` lists every one with its verdict; docs/accuracy.md shows the list.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import analyzer
from analyzer.model import Finding

REVIEWED = Path(__file__).parents[1] / "accuracy" / "reviewed.csv"
LARGEST = 2 << 20
MOST_WRONG_OF_A_HUNDRED = 1

Key = tuple[str, str, str]  # source of the capture, kind, field


def reviewed() -> dict[Key, str]:
    """The verdict on each kind of finding."""
    with REVIEWED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {(row["source"], row["kind"], row["field"]): row["verdict"] for row in rows}


@pytest.fixture(scope="module")
def found(corpus: Path) -> dict[Path, list[Finding]]:
    """The findings of each capture that can be read."""
    paths = [path for path in sorted((corpus / "captures").rglob("*")) if path.is_file()]
    small = [path for path in paths if path.stat().st_size <= LARGEST]
    return {path.relative_to(corpus / "captures"): _findings(path) for path in small}


def test_findings_in_the_corpus_are_the_reviewed_ones(found: dict[Path, list[Finding]]) -> None:
    kinds = {(path.parts[0], f.kind, f.name) for path, findings in found.items() for f in findings}
    assert kinds == set(reviewed())


def test_hardly_a_capture_has_a_wrong_finding(found: dict[Path, list[Finding]]) -> None:
    verdicts = reviewed()
    wrong = [
        path
        for path, findings in found.items()
        if any(verdicts.get((path.parts[0], f.kind, f.name)) != "right" for f in findings)
    ]
    assert len(wrong) * 100 <= len(found) * MOST_WRONG_OF_A_HUNDRED


def _findings(path: Path) -> list[Finding]:
    try:
        return list(analyzer.analyze(path).findings)
    except analyzer.CaptureError:
        return []  # some are no captures at all, which other tests hold
