"""A watch of many days in which everything is new: what it holds stops growing, and nothing goes uncounted.

Here with bounds so low that they are met within a day of some thousand packets; `tests/bench/soak.py` does
the same with those that hold, in a process whose memory is read from outside.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from analyzer.dissectors.memory_estimate import held
from analyzer.live.shutdown import Stop
from analyzer.live.sources import Feed
from analyzer.live.watch_session import WatchSession
from analyzer.session.options import Options
from analyzer.session.packet_reader import Step

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))
from days import days

PACKETS, DAYS = 3000, 14
LOW = {
    "analyzer.capture.batch.LIVE_BYTES": 1 << 17,
    "analyzer.live.watch_session.SHARE": 0.02,
    "analyzer.live.alerts.MOST_ADDRESSES": 100,
    "analyzer.live.alerts.MOST_PAIRS": 200,
    "analyzer.live.alerts.MOST_NAMES": 100,
    "analyzer.live.alerts.MOST_REQUESTS": 50,
    "analyzer.live.alerts.MOST_VALUES": 50,
    "analyzer.live.watch_session.MOST_VALUES": 50,
    "analyzer.dissectors.local_discovery.MOST_SAID": 1000,
    "analyzer.dissectors.datagrams.MOST_CLIENTS": 10,
    "analyzer.flows.entropy.MOST_FLOWS": 20,
    "analyzer.flows.fragments.MOST_LISTED": 1000,
    "analyzer.session.region_packets.MOST_ROWS": 5000,
    "analyzer.session.exchange_budget.MOST_TOLD": 2000,
    "analyzer.session.event_watch.MOST": 100,
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
    """Bytes that are made when they are asked for; the pipe is there to be waited at."""

    def __init__(self, pieces: Iterator[tuple[bytes, float]], stop: Stop) -> None:
        reading, writing = os.pipe()
        os.write(writing, b"!")
        os.close(writing)
        super().__init__("made", reading, stop)
        self._pieces, self._left = pieces, b""

    def readinto(self, view: memoryview) -> int:
        data = self._left or next(self._pieces, (b"", 0.0))[0]
        count = min(len(data), len(view))
        view[:count], self._left = data[:count], data[count:]
        return count


class Weighed(WatchSession):
    """Notes at the end of each day what it holds: bytes of its tables, and objects of the process."""

    def __init__(self, stop: Stop) -> None:
        super().__init__(Options(), stop)
        self.data: list[int] = []
        self.objects: list[int] = []

    def _take(self, step: Step) -> None:
        super()._take(step)
        if self.counts.frames >= PACKETS * (len(self.data) + 1):
            gc.collect()
            self.data.append(sum(held(part) for part in self._parts()))
            self.objects.append(len(gc.get_objects()))

    def _parts(self) -> Iterator[Any]:
        reading = self.reading
        own = (reading.scan, reading._extractor, reading._region()[1], reading._watch, reading._search)
        for thing in (*own, self._noticing, self):
            yield [
                value
                for name, value in vars(thing).items()
                if name not in {*PASSED_OVER, *vars(WatchSession)}
            ]


class Watched(NamedTuple):
    """What a watch held at the end of each day, what its report says at last, and what it counted itself."""

    size: list[int]
    objects: list[int]
    frames: int
    packets: int
    listed: int
    said: dict[str, int]
    counted: int
    pings: int


def watch_of_days() -> Watched:
    """A watch with low bounds, in a process that has done nothing before."""
    with pytest.MonkeyPatch.context() as patch:
        for name, low in LOW.items():
            patch.setattr(name, low)
        stop = Stop()
        session = Weighed(stop)
        session.run(lambda: Made(days(PACKETS, DAYS, pings_a_day=20), stop))
        session.end()
        report = session.report()
        stop.close()
    return Watched(
        session.data,
        session.objects,
        report.captures[0].frames,
        sum(row.packets_up + row.packets_down for row in report.destinations),
        len({message.number for message in report.messages if message.role == "request"}),
        {problem.code: problem.count for problem in report.problems},
        session.counts.frames,
        session.counts.pings["all"],
    )


@pytest.fixture(scope="module")
def watched() -> Watched:
    # Objects of a process are counted; what other tests left or still run is no watch's.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
        return alone.submit(watch_of_days).result()


@pytest.mark.parametrize(("measure", "more"), [("size", 1.1), ("objects", 1.04)])
def test_what_a_watch_holds_stops_growing(watched: Watched, measure: str, more: float) -> None:
    """Tables that are made smaller from time to time hold now more, now less; their heights stay the same."""
    sizes = getattr(watched, measure)
    assert len(sizes) == DAYS
    middle, last = sizes[4:9], sizes[-5:]
    assert sizes[0] < 0.95 * max(middle)  # what grows is seen here
    assert max(last) < more * max(middle), sizes


def test_what_gave_way_is_counted_and_said(watched: Watched) -> None:
    said = watched.said
    assert watched.frames == watched.counted >= PACKETS * DAYS
    assert watched.packets == watched.frames
    assert said["flows-together"] > 1000
    assert said["names-left-out"] > 1000
    assert said["events-left-out"] > 500
    assert watched.listed + said["exchanges-unlisted"] + said.get("evidence-unlisted", 0) > 900
    assert watched.pings == 20 * DAYS
