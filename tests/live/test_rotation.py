"""The evidence capture: nothing of a frame is changed, and what was found is kept longest."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from analyzer import analyze
from analyzer.capture import Capture, CaptureMetadata
from analyzer.live import drop_monitor
from analyzer.live.drop_monitor import BEHIND_NS, DropMonitor
from analyzer.live.kernel_drops import KernelDrops
from analyzer.live.rotation import Rotation
from analyzer.model import Interface
from tests import builders
from tests.capture.reading import records_of
from tests.live.running import HEADER, Watch, ping, records

NS = 1_000_000_000


def batches(tmp_path: Path, frames: list[bytes]) -> Any:
    (tmp_path / "in.pcap").write_bytes(builders.pcap(frames, unit="ns"))
    return Capture(str(tmp_path / "in.pcap"))


def test_frames_come_out_as_they_went_in(tmp_path: Path) -> None:
    frames = [bytes([n]) * (60 + n) for n in range(50)]
    said: list[str] = []
    rotation = Rotation(str(tmp_path / "kept.pcapng"), lambda what, _: said.append(what))
    for batch in batches(tmp_path, frames):
        rotation.take(batch)
    (written,) = rotation.close()
    assert [r.frame for r in records_of(Capture(str(written.path)))] == frames
    first, again = (analyze(tmp_path / "in.pcap"), analyze(written.path))
    assert (first.captures[0].first_ns, first.captures[0].last_ns) == (
        again.captures[0].first_ns,
        again.captures[0].last_ns,
    )
    assert hashlib.sha256(written.path.read_bytes()).hexdigest() == written.sha256
    assert written.path.stat().st_mode & 0o777 == 0o600
    assert said == ["written"]


@pytest.mark.skipif(shutil.which("capinfos") is None, reason="Wireshark's capinfos is not installed")
def test_wireshark_reads_it(tmp_path: Path) -> None:
    rotation = Rotation(str(tmp_path / "kept.pcapng"), lambda *_: None)
    for batch in batches(tmp_path, ping()):
        rotation.take(batch)
    (written,) = rotation.close()
    done = subprocess.run(["capinfos", "-c", "-E", "-M", written.path], capture_output=True, check=True)
    assert f"Number of packets:   {len(ping())}".encode() in done.stdout
    assert b"ether" in done.stdout


def test_files_are_bounded_and_those_with_findings_go_last(tmp_path: Path) -> None:
    gone: list[str] = []
    rotation = Rotation(
        str(tmp_path / "kept.pcapng"), lambda what, _: gone.append(what) if "removed" in what else None,
        size=1000, count=3,
    )  # fmt: skip
    place, number = None, 0
    for turn in range(12):
        (tmp_path / "in.pcap").write_bytes(builders.pcap([bytes(900)] * 2))
        for batch in Capture(str(tmp_path / "in.pcap")):
            fresh = type(batch)(batch.data, batch.array, batch.records, number + 1)
            number += 2
            rotation.take(fresh)
            if turn == 1:
                place = rotation.mark(number)
    assert place is not None
    kept = [written.path.name for written in rotation.close()]
    assert place[0] in kept
    assert len(kept) == 3
    assert sorted(path.name for path in tmp_path.glob("kept_*")) == sorted(kept)
    assert set(gone) == {"removed"}
    assert rotation.mark(1) is None


def test_where_all_hold_findings_the_oldest_goes_and_that_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    rotation = Rotation(str(tmp_path / "k.pcapng"), lambda what, _: said.append(what), size=100, count=2)
    for number in range(1, 6):
        for batch in batches(tmp_path, [bytes(200)]):
            rotation.take(type(batch)(batch.data, batch.array, batch.records, number))
            rotation.mark(number)
    assert len(rotation.close()) == 2
    assert rotation.gone_with_findings == 3
    assert said.count("removed, with what was found in it") == 3


def test_a_disk_that_refuses_ends_the_evidence_and_not_the_watch(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    rotation = Rotation(str(folder / "k.pcapng"), lambda *_: None)
    shutil.rmtree(folder)
    for batch in batches(tmp_path, ping()):
        rotation.take(batch)
    assert "can't be written" in rotation.failed
    assert rotation.close() == []


def test_an_event_names_the_file_and_the_frame_in_it(tmp_path: Path) -> None:
    with Watch("-", "-w", "kept.pcapng", cwd=tmp_path) as watch:
        watch.feed(HEADER + records(ping()))
        told = watch.action("ping")["phonehome"]
        watch.end()
    file = tmp_path / told["evidence"]["file"]
    frames = [r.frame for r in records_of(Capture(str(file)))]
    assert b"POST" in frames[told["evidence"]["frame"] - 1]
    assert len(analyze(file).pings) == 1
    written = next(e for e in watch.events if e["event"]["action"] == "evidence")
    assert written["phonehome"]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert os.listdir(tmp_path) == [file.name]


# ── losses ──────────────────────────────────────────────────────────────────


def test_packets_that_are_read_later_and_later_are_said() -> None:
    said: list[str] = []
    now = [1000 * NS]
    losses = DropMonitor(said.append, clock=lambda: now[0])
    for second in range(100):  # each second of the capture takes 1.1 seconds to be read
        now[0] = 1000 * NS + second * 1_100_000_000
        losses.packet(900 * NS + second * NS)  # a clock that is 100 s behind ours
    assert losses.most_behind_ns == 99 * NS // 10
    assert len(said) == 1
    assert "faster than they can be read" in said[0]
    assert losses.behind_ns > BEHIND_NS


def test_a_capture_that_is_replayed_is_not_behind() -> None:
    said: list[str] = []
    losses = DropMonitor(said.append, clock=lambda: 5000 * NS)
    for second in range(1000):
        losses.packet(second * NS)
    assert (said, losses.behind_ns) == ([], 0)


def test_a_clock_that_is_set_is_said_and_no_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    now, passed, said = [1000 * NS], [0], []
    monkeypatch.setattr(drop_monitor.time, "monotonic_ns", lambda: passed[0])
    losses = DropMonitor(said.append, clock=lambda: now[0])
    for step in (0, 1, 3600, 1, -7200, 1):  # what the clock shows more; a second passes each time
        now[0] += step * NS
        passed[0] += NS
        losses.packet(now[0])
    assert losses.most_behind_ns == 0
    assert [sentence.partition(":")[0] for sentence in said] == [
        "the clock of this computer was set forward by 60 min",
        "the clock of this computer was set back by 2.0 h",
    ]


def test_losses_are_said_at_once_and_then_from_time_to_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now, said = [100.0], []
    monkeypatch.setattr(drop_monitor.time, "monotonic", lambda: now[0])
    losses = DropMonitor(said.append)
    for second in range(12):
        now[0] += 1
        losses.look(second + 1, CaptureMetadata())
    assert [sentence.partition(" ")[0] for sentence in said] == ["1", "10"]
    assert losses.lost == 12


SILENT_SOCKET = """
import socket, sys
made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
made.bind(("lo", 0))
print("ready", flush=True)
sys.stdin.read()
"""


def test_the_kernel_s_count_is_read_while_a_program_runs() -> None:
    """A program that takes nothing: what the kernel drops for it is known before it ends."""
    words = [sys.executable, "-c", SILENT_SOCKET]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as silent:
        assert silent.stdout is not None
        if silent.stdout.readline() != b"ready\n":
            pytest.skip("no right to capture")
        drops = KernelDrops(silent.pid)
        first = drops.look()
        if not drops.is_counting:
            silent.kill()
            pytest.skip("no right to look into the program's sockets")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(200):
                sender.sendto(bytes(1000), ("127.0.0.1", 9))
        assert drops.look() > first + 50
        found = drops.look()
        drops.close()
        assert drops.look() >= found
        silent.kill()


def test_losses_of_connections_add_up_and_two_witnesses_of_one_do_not() -> None:
    said: list[str] = []
    losses = DropMonitor(said.append)
    account = CaptureMetadata(interfaces=[Interface(dropped=3)])
    losses.look(2, account)
    losses.look(5, account)
    losses.next_connection()
    losses.look(4, CaptureMetadata())
    assert losses.lost == 9
    losses.next_connection()  # at the latest now they are said
    assert [text.split()[0] for text in said] == ["3", "2", "4"]
