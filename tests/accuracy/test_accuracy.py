"""The detectors hold what docs/accuracy.md says of them, and the page says what is so."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.accuracy import independent
from tests.accuracy.labelled import CARRIERS, KINDS, look_alikes, positives
from tests.accuracy.measure import Score, by_carrier, errors, roughly_found_in, scores

NUMBER = re.compile(r"(\d[\d,]*(?:\.\d+)?)")
SAME = 0.002  # the share by which a number of the page may differ
POSITIVES, LOOK_ALIKES = list(positives()), list(look_alikes())


@cache
def first_scores() -> dict[str, Score]:
    return scores([*POSITIVES, *LOOK_ALIKES])


@cache
def second_scores() -> dict[str, Score]:
    return scores(SECOND, roughly_found_in)


@cache
def carrier_scores() -> dict[str, Score]:
    return by_carrier(POSITIVES)


COUNT_MOST = ("imei", "iccid", "imsi", "mac", "location")
SECOND = [*independent.payloads(), *independent.look_alikes()]


@pytest.mark.parametrize("kind", COUNT_MOST)
def test_the_kinds_that_count_most_are_found_in_a_set_made_by_another_generator(kind: str) -> None:
    assert second_scores()[kind].precision >= 0.99
    assert second_scores()[kind].recall >= 0.97


def test_look_alikes_of_other_sources_are_left_alone() -> None:
    cases = list(independent.look_alikes())
    assert len(cases) >= 150
    assert errors(cases, roughly_found_in) == []


@pytest.mark.parametrize("kind", COUNT_MOST)
def test_the_kinds_that_count_most_are_precise_and_complete(kind: str) -> None:
    assert first_scores()[kind].precision >= 0.99
    assert first_scores()[kind].recall >= 0.97


@pytest.mark.parametrize("kind", sorted({kind.kind for kind in KINDS}))
def test_every_kind_is_found_in_nearly_every_carrier(kind: str) -> None:
    assert first_scores()[kind].precision >= 0.95
    assert first_scores()[kind].recall >= 0.95


@pytest.mark.parametrize("carrier", CARRIERS)
def test_no_carrier_hides_what_it_holds(carrier: str) -> None:
    assert carrier_scores()[carrier].recall >= 0.95


def test_look_alikes_are_left_alone() -> None:
    assert errors(LOOK_ALIKES) == []


def test_the_set_is_large_and_has_every_kind_in_every_carrier() -> None:
    assert len(POSITIVES) + len(LOOK_ALIKES) >= 300
    assert len(LOOK_ALIKES) >= 100
    assert min(Counter(case.title for case in POSITIVES).values()) >= len(CARRIERS) - 2


LISTED = re.compile(r"(?m)^- .* (was found and is none|was not found)\n")


def test_the_page_is_what_the_code_gives() -> None:
    path = Path(__file__).parents[2] / "tools" / "update_accuracy.py"
    found = importlib.util.spec_from_file_location("update_accuracy", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    # Which messages are drawn, and so the list of the errors in them, changes with the numbering plans.
    pages = (LISTED.sub("", page) for page in (module.PAGE.read_text("utf-8"), module.page()))
    kept, made = (NUMBER.split(page) for page in pages)
    assert kept[::2] == made[::2]
    numbers = [[float(number.replace(",", "")) for number in parts[1::2]] for parts in (kept, made)]
    # Versions of phonenumbers and python-stdnum know different numbering plans.
    assert numbers[1] == pytest.approx(numbers[0], rel=SAME, abs=4)
