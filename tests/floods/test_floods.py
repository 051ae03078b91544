"""Floods cost no more than their size: twice the input, about twice the work, and the report ends.

Work is counted in calls of functions, which no load of the machine changes. Times and memory of megabytes of
each flood are measured by `tests/bench/floods.py`.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from analyzer import analyze
from analyzer.report import json
from tests import builders
from tests.floods.catalogue import FLOODS, Flood

# Bytes of a flood; the other size is twice that.
SMALL = int(os.environ.get("PHONEHOME_FLOOD_BYTES") or 24_000)
MOST_RATIO = 2.2
ENOUGH = 2_000  # calls: of fewer the ratio says nothing


def operations(path: Path) -> int:
    """Return how many calls a scan of a file and its JSON take."""
    calls = 0

    def count(_: Any, event: str, __: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        for _piece in json.pieces(analyze(path)):
            pass
    finally:
        sys.setprofile(None)
    return calls


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
    one, two = (flood.write(tmp_path / str(times), SMALL * times) for times in (1, 2))
    operations(one)  # what is made once is made now
    most = max(operations(one) - nothing, ENOUGH) * MOST_RATIO
    # What the larger one makes for the first time is not made again.
    assert operations(two) - nothing <= most or operations(two) - nothing <= most


def test_the_catalogue_names_each_flood_once() -> None:
    assert len({each.name for each in FLOODS}) == len(FLOODS) >= 120
