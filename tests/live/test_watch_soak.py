"""The soak test of `tests/bench/watch_soak.py`, for as many seconds as PHONEHOME_SOAK says."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))
import watch_soak

SECONDS = float(os.environ.get("PHONEHOME_SOAK", "0"))
pytestmark = [
    pytest.mark.skipif(not SECONDS, reason="PHONEHOME_SOAK does not say how many seconds it may take"),
    pytest.mark.skipif(not watch_soak.can_run(), reason="no right to make network namespaces"),
]


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return watch_soak.soak(SECONDS)


@pytest.mark.parametrize("kind", watch_soak.KINDS)
def test_no_alert_is_lost_doubled_or_late(found: dict[str, Any], kind: str) -> None:
    of = found["requests"][kind]
    assert of["sent"] > 0
    assert (of["alerts"], of["doubled"], of["late"]) == (of["sent"], 0, 0)


@pytest.mark.parametrize("how", watch_soak.WEBHOOKS)
def test_each_receiver_gets_each_alert_once(found: dict[str, Any], how: str) -> None:
    of = found["receivers"][how]
    assert (of["came"], of["twice"]) == (of["wanted"], 0)


def test_each_break_is_said(found: dict[str, Any]) -> None:
    for words in ("is down", "is up again", "SIGKILL", "again, after", "watch ends"):
        assert found["said"][words] == 1
    assert found["sequence"]
    assert found["exit"] == 0
