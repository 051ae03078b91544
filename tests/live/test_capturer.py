"""What capturing programs say: why they could not, what to do; what is known of losses and the interface."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analyzer.live import link_state
from analyzer.live.capturer import CapturedInterface, right_to_capture
from analyzer.live.link_state import LinkState
from analyzer.live.shutdown import Stop
from analyzer.live.sources import Program, cause_in, lost_in
from analyzer.report.json import read
from tests.live.running import HEADER, PATIENCE, ROOT, Watch, ping, records

DUMPCAP_DENIED = """\
Capturing on 'Loopback: lo'
dumpcap: You do not have permission to capture on device "lo".
(socket: Operation not permitted)
Please check to make sure you have sufficient permissions.

and then restarting Wireshark."""
DUMPCAP_FILTER = """\
Capturing on 'Loopback: lo'
dumpcap: Invalid capture filter "foo bar" for interface 'lo'.

That string isn't a valid capture filter (can't parse filter expression: syntax error).
See the User's Guide for a description of the capture filter syntax."""
TCPDUMP_DENIED = """\
tcpdump: lo: You don't have permission to perform this capture on that device
(socket: Operation not permitted)"""
SSH = """\
Warning: Permanently added 'router' (ED25519) to the list of known hosts.
root@router: Permission denied (publickey)."""


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (
            DUMPCAP_DENIED,
            'You do not have permission to capture on device "lo" (socket: Operation not permitted)',
        ),
        (DUMPCAP_FILTER, "Invalid capture filter \"foo bar\" for interface 'lo'"),
        (
            TCPDUMP_DENIED,
            "lo: You don't have permission to perform this capture on that device (socket: Operation not "
            "permitted)",
        ),
        (SSH, "root@router: Permission denied (publickey)"),
        ("tcpdump: listening on lan0, link-type EN10MB\n3 packets captured", "3 packets captured"),
        ("Capturing on 'lo'\nFile: -", ""),
        ("", ""),
    ],
)
def test_the_first_cause_is_what_is_said(said: str, cause: str) -> None:
    assert cause_in([line.strip() for line in said.splitlines() if line.strip()]) == cause


def test_a_count_of_none_lost_is_a_count() -> None:
    assert lost_in("0 packets dropped by kernel") == 0
    assert lost_in("Packets received/dropped on interface 'lan0': 11/4 (pcap:4/dumpcap:0)") == 4
    assert lost_in("11 packets captured") is None


def ended(said: str, kind: type[Program] = Program) -> str:
    """How a program ended that said this and gave no packet."""
    stop = Stop()
    command = [sys.executable, "-c", f"import sys; sys.stderr.write({said!r}); sys.exit(1)"]
    feed = CapturedInterface("lo", command, stop) if kind is CapturedInterface else Program(command, stop)
    assert feed.readinto(memoryview(bytearray(100))) == 0
    feed.close()
    stop.close()
    return feed.ending()


def test_what_to_do_follows_the_cause() -> None:
    denied = ended(DUMPCAP_DENIED, CapturedInterface)
    assert denied.startswith("ended with exit code 1: You do not have permission to capture on device")
    assert "setcap cap_net_raw,cap_net_admin=ep" in denied
    assert "sudo" in denied
    assert "pcap-filter(7)" in ended(DUMPCAP_FILTER, CapturedInterface)
    assert "there are" in ended('dumpcap: There is no device named "lo7".', CapturedInterface)
    assert ended(SSH).endswith("exit code 1: root@router: Permission denied (publickey)")


def test_the_right_to_capture_names_the_program_and_its_words() -> None:
    said = right_to_capture(["/usr/sbin/tcpdump", "-i", "lan0", "-w", "-", "not port 22"])
    assert "phonehome watch -- sudo tcpdump -i lan0 -w - 'not port 22'" in said


def test_a_program_that_ends_is_an_event_whatever_its_code(tmp_path: Path) -> None:
    (tmp_path / "sent").write_bytes(HEADER + records(ping()))
    send = "import os; os.write(1, open('sent', 'rb').read())"
    with Watch("--json", "report.json", "--", sys.executable, "-c", send, stdin=-3, cwd=tmp_path) as watch:
        assert watch.end() == 0
    said = [e for e in watch.events if e["event"]["action"] == "source" and "exit code 0" in e["message"]]
    assert [e["event"]["kind"] for e in said] == ["alert"]
    report = read((tmp_path / "report.json").read_text())
    assert any("are counted by nobody" in spot for spot in report.blind_spots)


def test_the_state_of_an_interface_is_said_once_when_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    states = iter(["up", "down", "down", "up", "gone", "up"])
    monkeypatch.setattr(link_state, "state_of", lambda _: next(states))
    monkeypatch.setattr(link_state, "LOOK_EVERY", 0)
    link = LinkState("lan0")
    said = [link.look() for _ in range(5)]
    assert said[0] == "lan0 is down: no packet comes until it is up"
    assert said[1] == ""
    assert said[2].startswith("lan0 is up again, after ")
    assert said[3] == "lan0 is gone: there is no such interface any more"
    assert said[4].startswith("lan0 is up again, after ")


@pytest.mark.parametrize("arguments", [[], ["--json", "asked.json"]])
def test_a_closed_window_leaves_the_report(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "sent").write_bytes(HEADER + records(ping()))
    send = "import os, time; os.write(1, open('sent', 'rb').read()); time.sleep(60)"
    program = ["--", sys.executable, "-c", send]
    leader, follower = pty.openpty()
    watch = subprocess.Popen(
        [sys.executable, "-m", "analyzer", "watch", "--ndjson", "events", *arguments, *program],
        stdin=follower, stdout=follower, stderr=follower, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"}, start_new_session=True,
    )  # fmt: skip
    os.close(follower)
    try:
        until = time.monotonic() + PATIENCE
        while not _holds(tmp_path / "events", b'"ping"'):
            assert time.monotonic() < until
            if select.select([leader], [], [], 0.05)[0]:
                os.read(leader, 65536)
        os.close(leader)
        watch.send_signal(signal.SIGHUP)  # as the system does to what runs in a window
        assert watch.wait(PATIENCE) == 0
    finally:
        watch.kill()
    (kept,) = tmp_path.glob("asked.json" if "--json" in arguments else "phonehome-watch-*.json")
    assert len(read(kept.read_text()).pings) == 1
    assert kept.stat().st_mode & 0o777 == 0o600
    assert b"SIGHUP" in (tmp_path / "events").read_bytes()


def _holds(path: Path, what: bytes) -> bool:
    return path.exists() and what in path.read_bytes()
