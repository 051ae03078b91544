"""A short form of the days that `tests/bench/soak.py` replays: memory is bounded, nothing is lost.

Its memory still fills; that it is flat afterwards takes the long form to show.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc here")


def test_hours_of_traffic_leave_memory_bounded_and_all_packets_counted() -> None:
    sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))
    from soak import soak

    measured = soak(hours=6, rate=5000, seconds=8)
    assert measured["exit"] == 0
    assert measured["packets"] == measured["in_ledger"] >= 40_000
    assert measured["pings"] == 36
    assert max(measured["memory"]) < 400
    assert measured["evidence_mb"] < 70
