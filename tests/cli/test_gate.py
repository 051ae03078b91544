"""`--fail-on`: exit code 1 and one sentence; what damage and unreadable captures make of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import CAPTURE, Run

HEADER = 24  # bytes of a pcap file header


def records(data: bytes) -> list[int]:
    """Where each record of a little-endian pcap ends."""
    ends, at = [], HEADER
    while at < len(data):
        at += 16 + int.from_bytes(data[at + 8 : at + 12], "little")
        ends.append(at)
    return ends


def damaged(tmp_path: Path, frames: int) -> Path:
    """The sample capture, cut in the middle of the record after so many."""
    data = CAPTURE.read_bytes()
    path = tmp_path / f"first-{frames}.pcap"
    path.write_bytes(data[: records(data)[frames - 1] + 20])
    return path


def test_a_threshold_that_is_met_is_one_sentence_and_exit_code_1(run: Run) -> None:
    done = run("scan", CAPTURE, "--fail-on", "ping,Region, identifier")
    assert done.returncode == 1
    assert done.stderr.decode().startswith(
        "phonehome: --fail-on ping: 7 activation pings, first in frame 268;"
    )
    assert done.stderr.count(b"\n") == 1
    assert b"THE ANSWER" in done.stdout


def test_quiet_keeps_the_sentence(run: Run) -> None:
    done = run("scan", CAPTURE, "-q", "--fail-on", "ping")
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)


def test_the_documents_are_written_whatever_the_gate_says(run: Run) -> None:
    done = run("scan", CAPTURE, "--fail-on", "region", "--json", "saved.json")
    again = run("report", "saved.json", "--fail-on", "region")
    assert (done.returncode, done.stderr) == (again.returncode, again.stderr)
    assert again.returncode == 1


def test_the_control_phone_passes_and_what_was_not_searched_is_said(run: Run) -> None:
    asked = ("scan", CAPTURE, "--device", "00:00:5e:00:53:b2", "--fail-on")
    done = run(*asked, "ping,identifier,region")
    assert (done.returncode, done.stderr.count(b"\n")) == (0, 1)
    assert b"none in what was searched; the rest could not be judged" in done.stderr
    done = run(*asked, "ping,identifier,region,unread")
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
    assert done.stderr.startswith(b"phonehome: --fail-on unread: ")


def test_without_the_gate_findings_leave_with_0(run: Run) -> None:
    assert run("scan", CAPTURE).returncode == 0


def test_a_threshold_met_before_the_damage_is_met(run: Run, tmp_path: Path) -> None:
    done = run("scan", damaged(tmp_path, 300), "--fail-on", "ping")
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
    assert b"1 activation ping, first in frame 268" in done.stderr


def test_damage_never_passes_a_gate(run: Run, tmp_path: Path) -> None:
    path = damaged(tmp_path, 200)
    done = run("scan", path, "--fail-on", "ping", "--json", "saved.json")
    assert done.returncode == 3
    assert done.stderr.decode().count("\n") == 1
    assert "a capture is damaged, so this is no proof" in done.stderr.decode()
    assert run("report", "saved.json", "--fail-on", "ping").returncode == 3
    assert run("report", "saved.json").returncode == 0


@pytest.mark.parametrize(("word", "code"), [("ping", 1), ("known", 2)])
def test_what_is_met_goes_before_a_capture_that_cannot_be_read(
    run: Run, tmp_path: Path, word: str, code: int
) -> None:
    (tmp_path / "odd.pcap").write_bytes(b"no capture at all")
    done = run("scan", CAPTURE, "odd.pcap", "--fail-on", word, "--known", "imei=356938035643809")
    assert done.returncode == code
    assert b"odd.pcap" in done.stderr


def test_known_counts_what_the_owner_gave(run: Run) -> None:
    done = run("scan", CAPTURE, "--known", "imei=490154203237518", "--fail-on", "known")
    assert done.returncode == 1
    assert b"490154203237518" not in done.stderr
    absent = run("scan", CAPTURE, "--known", "imei=356938035643809", "--fail-on", "known")
    assert absent.returncode == 0
    assert absent.stderr.startswith(b"phonehome: --fail-on known: none in what was searched; ")


def test_known_without_a_known_identifier_is_a_wrong_question(run: Run) -> None:
    done = run("scan", CAPTURE, "--fail-on", "ping,known", "--json", "out.json")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.count(b"\n") == 1
    assert b"--known" in done.stderr


@pytest.mark.parametrize("word", ["pings", "", "ping,", "ping,\x1b[2J"])
def test_an_unknown_word_is_answered_with_the_known_ones(run: Run, word: str) -> None:
    done = run("scan", CAPTURE, "--fail-on", word)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"known are ping, identifier, region, known" in done.stderr
    assert b"\x1b" not in done.stderr


def test_help_says_which_code_goes_before_which(run: Run) -> None:
    text = " ".join(run("--help").stdout.decode().split())
    assert "1 goes before 3, and before 2" in text


def test_a_folder_of_captures_goes_through_the_same_gate(run: Run, tmp_path: Path) -> None:
    damaged(tmp_path, 200)
    damaged(tmp_path, 300)
    done = run("scan", tmp_path, "--jobs", "1", "--fail-on", "ping")
    assert done.returncode == 1
    assert b"first in frame 268 of capture" in done.stderr
