"""A watch of many days in which everything is new: what it holds stops growing, and nothing goes uncounted.

Here with bounds so low that they are met within a day of some thousand packets; `tests/bench/soak.py` does
the same with those that hold, in a process whose memory is read from outside.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzer.live.feeds import Feed
from analyzer.live.session import Watching
from analyzer.live.stopping import Stop
from analyzer.protocols.weighing import held
from analyzer.scan.scanning import Step
from analyzer.scan.settings import Settings

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))
from days import days

PACKETS, DAYS = 3000, 14
LOW = {
    "analyzer.capture.batch.LIVE_OCTETS": 1 << 17,
    "analyzer.live.session.SHARE": 0.02,
    "analyzer.live.noticing.MOST_ADDRESSES": 100,
    "analyzer.live.noticing.MOST_PAIRS": 200,
    "analyzer.live.noticing.MOST_NAMES": 100,
    "analyzer.live.noticing.MOST_REQUESTS": 50,
    "analyzer.live.noticing.MOST_VALUES": 50,
    "analyzer.live.session.MOST_VALUES": 50,
    "analyzer.protocols.local.MOST_SAID": 1000,
    "analyzer.protocols.datagrams.MOST_CLIENTS": 10,
    "analyzer.flows.entropy.MOST_FLOWS": 20,
    "analyzer.flows.fragments.MOST_LISTED": 1000,
    "analyzer.scan.region.MOST_ROWS": 5000,
    "analyzer.scan.shelf.MOST_TOLD": 2000,
    "analyzer.triggers.watch.MOST": 100,
}
# What leads back to the session, or to what all sessions share.
PASSED_OVER = {
    "_idle",
    "_say",
    "_reading",
    "_heed",
    "_locator",
    "_tracker",
    "_settings",
    "_dossiers",
    "_known",
}


class Made(Feed):
    """Octets that are made when they are asked for; the pipe is there to be waited at."""

    def __init__(self, pieces: Iterator[tuple[bytes, float]], stop: Stop) -> None:
        reading, writing = os.pipe()
        os.write(writing, b"!")
        os.close(writing)
        super().__init__("made", reading, stop)
        self._pieces, self._left = pieces, b""

    def readinto(self, view: memoryview) -> int:
        octets = self._left or next(self._pieces, (b"", 0.0))[0]
        count = min(len(octets), len(view))
        view[:count], self._left = octets[:count], octets[count:]
        return count


class Weighed(Watching):
    """Notes at the end of each day what it holds: octets of its tables, and objects of the process."""

    def __init__(self, stop: Stop) -> None:
        super().__init__(Settings(), stop)
        self.octets: list[int] = []
        self.objects: list[int] = []

    def _take(self, step: Step) -> None:
        super()._take(step)
        if self.counts.frames >= PACKETS * (len(self.octets) + 1):
            gc.collect()
            self.octets.append(sum(held(part) for part in self._parts()))
            self.objects.append(len(gc.get_objects()))

    def _parts(self) -> Iterator[Any]:
        reading = self.reading
        own = (reading.scan, reading._extractor, reading._region()[1], reading._watch, reading._search)
        for thing in (*own, self._noticing, self):
            yield [
                value for name, value in vars(thing).items() if name not in {*PASSED_OVER, *vars(Watching)}
            ]


@pytest.fixture(scope="module")
def watched() -> Iterator[tuple[Weighed, Any]]:
    with pytest.MonkeyPatch.context() as patch:
        for name, low in LOW.items():
            patch.setattr(name, low)
        stop = Stop()
        gc.collect()
        gc.freeze()  # what other tests left is not counted
        session = Weighed(stop)
        session.run(lambda: Made(days(PACKETS, DAYS, pings_a_day=20), stop))
        gc.unfreeze()
        session.end()
        yield session, session.report()
        stop.close()


@pytest.mark.parametrize(("measure", "more"), [("octets", 1.1), ("objects", 1.02)])
def test_what_a_watch_holds_stops_growing(watched: tuple[Weighed, Any], measure: str, more: float) -> None:
    """Tables that are made smaller from time to time hold now more, now less; their heights stay the same."""
    sizes = getattr(watched[0], measure)
    assert len(sizes) == DAYS
    middle, last = sizes[4:9], sizes[-5:]
    assert sizes[0] < 0.95 * max(middle)  # what grows is seen here
    assert max(last) < more * max(middle), sizes


def test_what_gave_way_is_counted_and_said(watched: tuple[Weighed, Any]) -> None:
    session, report = watched
    frames = report.captures[0].frames
    assert frames == session.counts.frames >= PACKETS * DAYS
    assert sum(row.packets_up + row.packets_down for row in report.destinations) == frames
    said = {problem.code: problem.count for problem in report.problems}
    assert said["flows-together"] > 1000
    assert said["names-left-out"] > 1000
    assert said["events-left-out"] > 500
    listed = {m.number for m in report.messages if m.role == "request"}
    assert len(listed) + said["exchanges-unlisted"] + said.get("evidence-unlisted", 0) > 900
    assert session.counts.pings["all"] == 20 * DAYS
