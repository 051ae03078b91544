"""What a report says in English is said in Norwegian, word for word as the layers below write it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from analyzer import analyze
from analyzer.model import Report
from analyzer.redaction.redaction import HOW, SAYS
from analyzer.report.language import language
from analyzer.report.reverse_translation import TEMPLATES, spoken

CAPTURES = Path(__file__).parent.parent.parent / "captures"
NAMES = ("nokia7plus-reconstruction", "nokia7plus-reconstruction-unanswered")


@cache
def report(name: str) -> Report:
    return analyze(str(CAPTURES / f"{name}.pcap"))


def sentences(found: Report) -> Iterator[str]:
    """Everything that a page shows through `spoken` and that is more than a name."""
    notice = found.reconstruction or ""
    yield from (notice[:1].upper() + notice[1:], SAYS, *HOW)
    yield from found.blind_spots
    for ping in found.pings:
        yield from (*ping.reasons, *(ping.status_reasons if ping.message else ()))
    for finding in found.findings:
        yield from finding.reasons
    for rhythm in found.rhythms:
        yield f"{rhythm.regularity}; {rhythm.retry}" if rhythm.retry else rhythm.regularity
    yield from (entry.statement for entry in found.associations)
    for row in found.destinations:
        yield from (*row.guesses, *row.hides, *row.ended)
        yield row.place.verdict if row.place and not row.place.special else ""


SAME = {"", "port: 80", "anycast/unknown"}  # nothing in them is of one language


@pytest.mark.parametrize("name", NAMES)
def test_every_sentence_of_a_sample_is_said_in_norwegian(name: str) -> None:
    said = set(sentences(report(name))) - SAME
    with language("nb"):
        left = sorted(text for text in said if spoken(text) == text)
    assert len(said) > 40
    assert left == []


@pytest.mark.parametrize("name", NAMES)
def test_in_english_nothing_is_changed(name: str) -> None:
    assert all(spoken(text) == text for text in sentences(report(name)))


def test_values_are_kept_and_numbers_are_written_as_one_writes_them_there() -> None:
    with language("nb"):
        assert spoken("the field is named IMEI1") == "feltet heter IMEI1"
        rest = "of the bytes exchanged with outside addresses were of kinds that are counted and not read."
        assert spoken(f"Less than 0.1 % {rest}").startswith("Mindre enn 0,1 % av bytene")
        assert spoken("documented: every 3,600 s; seen: 1 of 2 intervals fit this").startswith(
            "dokumentert: hvert 3 600. sekund"
        )


@pytest.mark.parametrize(
    "hostile", ["{w_found}", "{0.__class__}", "%s", "a; b {n_all}", "x" * 5_000, "; " * 900]
)
def test_a_value_is_never_taken_for_a_template(hostile: str) -> None:
    with language("nb"):
        assert spoken(f"the field is named {hostile[:60]}") == f"feltet heter {hostile[:60]}"
        assert spoken(hostile) == hostile


def test_templates_are_told_apart() -> None:
    assert len(set(TEMPLATES)) == len(TEMPLATES)
