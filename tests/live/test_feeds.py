"""Where live bytes come from: at an end nothing sent is lost, and a wish to stop always gets through."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from analyzer.live.shutdown import Stop
from analyzer.live.sources import Feed, GrowingFile, Program
from analyzer.live.watch_session import WatchSession
from analyzer.model import CaptureError, Report
from analyzer.report.json import read
from analyzer.session.options import Options
from tests import builders
from tests.live.running import HEADER, ROOT, Watch, ping, records


def data(feed: Feed) -> bytes:
    """All that a feed gives until its end."""
    room, found = memoryview(bytearray(1 << 16)), b""
    while count := feed.readinto(room):
        found += bytes(room[:count])
    return found


SIGNALS = """
import faulthandler, random, signal
from analyzer.live.shutdown import Stop
faulthandler.dump_traceback_later(40, exit=True)
stop = Stop()
signal.signal(signal.SIGALRM, lambda *_: stop.set())
for _ in range(8000):
    stop.close()
    stop = Stop()
    signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 4e-4))
    while not stop.is_set():
        stop.wait(1e-5)
print("always")
"""


def test_a_signal_gets_through_wherever_the_waiting_stands() -> None:
    """With a lock that waiting takes for a moment, one of some thousand signals waited for it for ever."""
    done = subprocess.run(
        [sys.executable, "-c", SIGNALS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "always\n", done.stderr


LATE_WORDS = """
import os, sys, time
sys.stdout.buffer.write(open("sent", "rb").read())
sys.stdout.flush()
os.close(1)
time.sleep(0.5)
sys.exit("17 packets dropped by kernel")
"""


def test_what_a_program_says_behind_its_last_packet_is_heard(tmp_path: Path) -> None:
    """As ssh does: the far program's standard output ends before its last words arrive."""
    (tmp_path / "sent").write_bytes(HEADER + records(ping()))
    command = ["--json", "report.json", "--", sys.executable, "-c", LATE_WORDS]
    with Watch(*command, stdin=subprocess.DEVNULL, cwd=tmp_path) as watch:
        assert watch.end() == 0
    report = read((tmp_path / "report.json").read_text())
    assert {p.code: p.count for p in report.problems}["lost-live"] == 17
    assert any("exit code 1: 17 packets dropped" in event["message"] for event in watch.events)


HOLDS_BACK = """
import signal, sys, time
def end(*_):
    time.sleep(0.6)
    sys.stdout.buffer.write(b"held back")
    sys.stdout.flush()
    sys.exit()
signal.signal(signal.SIGTERM, end)
sys.stdout.buffer.write(b"at once, ")
sys.stdout.flush()
time.sleep(60)
"""


def test_what_a_program_holds_when_it_is_told_to_end_is_read() -> None:
    stop = Stop()
    feed = Program([sys.executable, "-c", HOLDS_BACK], stop)
    room = memoryview(bytearray(100))
    assert bytes(room[: feed.readinto(room)]) == b"at once, "
    stop.set()
    assert data(feed) == b"held back"
    feed.close()
    assert feed.ending() == ""
    stop.close()


def test_what_a_file_got_right_before_it_was_replaced_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written and replaced between two looks: the first look finds another file in its place."""
    path, stop = tmp_path / "growing", Stop()
    path.write_bytes(b"first ")
    looks = iter([False])

    def look(self: GrowingFile) -> bool:
        if next(looks, True):
            return GrowingFile.looked(self)  # type: ignore[attr-defined, no-any-return]
        with path.open("ab") as file:
            file.write(b"and last")
        (tmp_path / "next").write_bytes(b"another")
        os.replace(tmp_path / "next", path)
        return GrowingFile.looked(self)  # type: ignore[attr-defined, no-any-return]

    monkeypatch.setattr(GrowingFile, "looked", GrowingFile._was_replaced, raising=False)
    monkeypatch.setattr(GrowingFile, "_was_replaced", look)
    feed = GrowingFile(str(path), stop)
    assert data(feed) == b"first and last"
    assert feed.is_replaced
    feed.close()
    stop.close()


def test_connections_without_end_are_bounded_and_the_end_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.live.watch_session.FIRST_PAUSE", 0.0)
    monkeypatch.setattr("analyzer.live.watch_session.MOST_CONNECTIONS", 5)
    stop, opened = Stop(), []

    def opens() -> Feed:
        reading, writing = os.pipe()
        os.write(writing, HEADER + records(ping(2000 + len(opened)), len(opened) * 100))
        os.close(writing)
        opened.append(reading)
        return Feed("again", reading, stop)

    session = WatchSession(Options(), stop)
    session.run(opens, again=True)
    session.end()
    report = session.report()
    assert len(opened) == len(report.captures) == len(report.pings) == 5
    assert [p.what for p in report.problems if p.code == "connections-live"] == [
        "5 connections were read, as many as one report tells of: the watch ends; what came later is not in "
        "this report"
    ]
    stop.close()


def test_a_file_that_is_gone_for_a_while_is_waited_for_and_said_once(tmp_path: Path) -> None:
    """Between two files of a rotation there may be none."""
    path, stop, said = tmp_path / "growing", Stop(), []
    path.write_bytes(HEADER + records(ping(2000)))

    def opens() -> Feed:
        if not said:
            said.append("opened")
            feed = GrowingFile(str(path), stop)
            (tmp_path / "next").touch()
            os.replace(tmp_path / "next", path)
            return feed
        said.append("missing")
        if len(said) == 4:
            stop.set()
        raise CaptureError("growing: can't be opened (No such file or directory)")

    session = WatchSession(Options(), stop)
    session.run(opens)
    sentences = [event.says for event in session.shown if "can't be opened" in event.says]
    assert said == ["opened", "missing", "missing", "missing"]
    assert len(sentences) == 1
    stop.close()


def watched(*pieces: bytes) -> tuple[Report, list[str]]:
    """Return the report of a pipe that gives these pieces, and the messages about its source."""
    stop = Stop()
    reading, writing = os.pipe()

    def give() -> None:
        for piece in pieces:
            os.write(writing, piece)
        os.close(writing)

    threading.Thread(target=give, daemon=True).start()
    session = WatchSession(Options(), stop)
    session.run(lambda: Feed("a loop", reading, stop))
    session.end()
    stop.close()
    return session.report(), [event.says for event in session.shown if event.kind == "source"]


@pytest.mark.parametrize("left", [0, 3, 20, 200])
def test_streams_that_are_joined_within_a_record_go_on(left: int) -> None:
    """A loop around ssh: each connection breaks off where it likes, and the next one begins with a header."""
    whole, broken = records(ping(40001)), records([ping(40002)[3]], 50)[: -left or None]
    further = [HEADER + records(ping(40003 + n), 100 * (n + 1)) for n in range(3)]
    report, said = watched(HEADER + whole + broken + b"".join(further))
    assert [p.source.port for p in report.pings if p.source.port != 40002] == [40001, 40003, 40004, 40005]
    assert len([sentence for sentence in said if "a second capture file begins" in sentence]) == 3
    assert [f"within record {len(ping(40001)) + 1}:" in " ".join(said)] == [left > 0]
    frames = len(ping(40001)) + 3 * len(ping(40003)) + (left == 0)
    assert report.captures[0].frames == frames


def test_a_record_that_carries_a_capture_is_whole() -> None:
    """A user downloads a capture: its header is content."""
    inside = HEADER + records(ping(40009))
    frames = builders.conversation(
        (True, builders.http_request("GET", "/a.pcap", "example.com")),
        (False, builders.http_response(200, inside)),
    )
    sent = HEADER + records(frames) + records(ping(40001), 100)
    cut = len(HEADER + records(frames[:-3]))
    report, said = watched(sent[:cut], sent[cut : cut + 10], sent[cut + 10 :])
    assert report.captures[0].frames == len(frames) + len(ping(40001))
    assert not any("begins" in sentence for sentence in said)
    assert report.captures[0].complete
