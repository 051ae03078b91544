"""Floods cost no more than their size: twice the input, about twice the work, and the report ends.

Work is counted in calls of functions, which no load of the machine changes. It is counted at two sizes, and
at further ones where a step lies between these: work that grows faster than the input does so at each size.
Times and memory of megabytes of each flood are measured by `tests/bench/floods.py`.
"""

from __future__ import annotations

import os
from cProfile import Profile
from functools import cache
from pathlib import Path

import pytest

from analyzer import analyze
from analyzer.report import json
from tests import builders
from tests.floods.catalogue import FLOODS, Flood

# Bytes of a flood; the next size is twice that.
SMALL = int(os.environ.get("PHONEHOME_FLOOD_BYTES") or 12_000)
MOST_RATIO = 2.2
DOUBLINGS = 4
ENOUGH = 2_000  # calls: of fewer the ratio says nothing


def operations(path: Path) -> int:
    """Return how many calls a scan of a file and its JSON take."""
    with Profile() as profile:
        for _piece in json.pieces(analyze(path)):
            pass
    return sum(each.callcount for each in profile.getstats())


@cache
def idle(folder: Path) -> int:
    """Return what a capture of one frame takes, once all that is made once is made."""
    path = folder / "one"
    path.write_bytes(builders.pcap([builders.tcp()]))
    operations(path)
    return operations(path)


@pytest.mark.sampled(12)
@pytest.mark.parametrize("flood", FLOODS, ids=lambda each: each.name)
def test_twice_the_input_is_at_most_about_twice_the_work(
    flood: Flood, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    nothing = idle(tmp_path_factory.getbasetemp())
    smallest = flood.write(tmp_path / "flood", SMALL)
    operations(smallest)  # what is made once is made now
    costs = [operations(smallest) - nothing]
    for times in range(1, DOUBLINGS + 1):
        twice = flood.write(tmp_path / "flood", SMALL << times)
        most = max(costs[-1], ENOUGH) * MOST_RATIO
        for _ in range(2):  # what a larger one makes for the first time is not made again
            cost = operations(twice) - nothing
            if cost <= most:
                return
        # A bound that is reached between two sizes is a step between these only.
        costs.append(cost)
    pytest.fail(f"{flood.name}: {costs} calls for sizes that double")


def test_the_catalogue_names_each_flood_once() -> None:
    assert len({each.name for each in FLOODS}) == len(FLOODS) >= 120
