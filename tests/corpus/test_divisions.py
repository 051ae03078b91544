"""Whoever reads which captures when, in whatever portions: the report is that of one pass, to the byte."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer import analyze
from analyzer.corpus.grouping import units_of
from analyzer.corpus.run import report_of
from analyzer.corpus.task import work
from analyzer.session.options import Options
from tests.builders import START_NS, http_request, http_response, udp
from tests.corpus.captures import BODY, bytes_of, capture
from tests.examples import examples
from tests.pipeline.captures import CHINA, NORWAY, web

MINUTE = 60 * 10**9
REQUESTS = (
    http_request("POST", "/r", "a.example", BODY, Content_Type="application/x-www-form-urlencoded"),
    http_request("GET", "/?mac=00:00:5e:00:53:a7", "b.example"),
    http_request("GET", "/nothing", "c.example"),
)

connections = st.builds(
    lambda server, sent, port: web(server, sent, http_response(200, b"ok"), port=port),
    st.sampled_from((CHINA, NORWAY)), st.sampled_from(REQUESTS), st.integers(40000, 40003),
)  # fmt: skip
datagrams = st.builds(lambda data: [udp(data)], st.binary(min_size=1, max_size=40))
# Frames, the minute in which they begin, and after how many a file ends and the next goes on.
recordings = st.tuples(
    st.lists(connections | datagrams, min_size=1, max_size=4), st.integers(0, 3), st.integers(0, 12)
)


def write(recording: tuple[list[list[bytes]], int, int], number: int, folder: Path) -> list[str]:
    parts, minute, cut = recording
    frames = [frame for part in parts for frame in part]
    begin, paths = START_NS + minute * MINUTE, []
    for place, (first, last) in enumerate(((0, cut), (cut, len(frames)))):
        if frames[first:last]:
            path = folder / f"{chr(97 + number)}-{place}.pcap"
            path.write_bytes(capture(frames[first:last], begin + first * 1_000_000))
            paths.append(str(path))
    return paths


def divided(paths: Sequence[str], chance: random.Random) -> str:
    """The report of captures that are read in random portions, in a random order."""
    units = units_of(paths, lambda function, items: [function(item) for item in items])
    chance.shuffle(units)
    outcomes = []
    while units:
        size = chance.randint(1, len(units))
        portion, units = units[:size], units[size:]
        outcomes += work(portion, Options(), None)
    chance.shuffle(outcomes)
    return bytes_of(report_of(outcomes, None))


@given(
    made=st.lists(recordings, min_size=1, max_size=5),
    chance=st.randoms(use_true_random=False),
)
@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_division_of_any_captures_gives_the_report_of_one_pass(
    made: list[tuple[list[list[bytes]], int, int]], chance: random.Random
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = [p for number, one in enumerate(made) for p in write(one, number, Path(folder))]
        chance.shuffle(paths)
        assert divided(paths, chance) == bytes_of(analyze(*paths))


def test_any_division_of_captures_of_others_gives_the_report_of_one_pass(corpus: Path) -> None:
    found = [path for path in sorted((corpus / "captures").rglob("*")) if path.is_file()]
    chance = random.Random(8)
    for _ in range(3):
        chosen = chance.sample([str(p) for p in found if p.stat().st_size < 50_000], 25)
        assert divided(chosen, chance) == bytes_of(analyze(*chosen))
