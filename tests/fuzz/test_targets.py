"""A short run of every fuzz target, with the same inputs each time."""

from __future__ import annotations

from itertools import islice

import pytest

from tests.examples import examples
from tests.fuzz.mutate import inputs
from tests.fuzz.targets import TARGETS
from tests.fuzz.whole import SEEDS, whole


@pytest.mark.parametrize("name", TARGETS)
def test_mutated_seeds_break_no_promise(name: str) -> None:
    target = TARGETS[name]
    for data in (*target.seeds, b"", b"\0", *islice(inputs(target.seeds, 20), examples(1500))):
        target.run(data)


def test_mutated_captures_are_refused_or_reported() -> None:
    for data in (*SEEDS, *islice(inputs(SEEDS, 20), examples(25))):
        whole(data)


def test_the_same_number_gives_the_same_inputs() -> None:
    one, other = (list(islice(inputs([b"abc"], 7), 50)) for _ in range(2))
    assert one == other
    assert len(set(one)) > 30
