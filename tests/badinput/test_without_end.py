"""Files without an end, and pipes without a writer or reader: one sentence, or an end."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from analyzer import analyze
from analyzer.report import json
from analyzer.system import pipes
from tests import builders
from tests.program import ROOT

START = (
    "import sys; from analyzer.system import pipes; from analyzer.live import sources;"
    " pipes.opened.__defaults__ = (0, 0.2);"
    " sources.FINISHED = 0.3; pipes.read_rest.__defaults__ = pipes.read_whole.__defaults__ = (1 << 20,);"
    " from analyzer.cli import command; command()"
)
FIFO, CAPTURE = "fifo", "capture.pcap"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a small capture and a FIFO that no other process opens."""
    (tmp_path / CAPTURE).write_bytes(builders.pcap(builders.conversation()))
    os.mkfifo(tmp_path / FIFO)
    return tmp_path


def told(folder: Path, *words: str, stdin: str = os.devnull) -> tuple[int, str]:
    """The exit code of a command, with waits of a fraction of a second, and what it says of errors."""
    with open(stdin, "rb") as given:
        done = subprocess.run(
            [sys.executable, "-P", "-c", START, *words], stdin=given, capture_output=True, text=True,
            cwd=folder, timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["scan", FIFO],
        ["scan", FIFO, FIFO],
        ["scan", CAPTURE, "--json", FIFO],
        ["scan", CAPTURE, "--redact", "--redact-key", FIFO],
        ["scan", CAPTURE, "--known", FIFO],
        ["scan", CAPTURE, "--events", FIFO],
        ["scan", CAPTURE, "--tac", FIFO],
        ["report", FIFO],
        ["scan", CAPTURE, "--redact", "--redact-key", "/dev/zero"],
        ["scan", CAPTURE, "--redact", "--redact-key", "/dev/urandom"],
        ["scan", CAPTURE, "--known", "/dev/zero"],
        ["report", "/dev/zero"],
    ],
    ids=" ".join,
)
@pytest.mark.sampled(5)
def test_what_never_comes_or_never_ends_is_said_in_one_sentence(folder: Path, words: Sequence[str]) -> None:
    code, said = told(folder, *words)
    assert code == 2
    assert said.count("\n") == 1
    assert said.startswith("phonehome: ")
    assert any(reason in said for reason in ("a pipe", "a device", "is a pipe"))


def test_a_report_without_end_is_refused(folder: Path) -> None:
    code, said = told(folder, "report", "-", stdin="/dev/zero")
    assert code == 2
    assert said.startswith("phonehome: -: not a saved report: it has more than ")
    assert said.count("\n") == 1


def test_watching_a_file_on_standard_input_ends(folder: Path) -> None:
    code, said = told(folder, "watch", "-q", "-", "--json", "report.json", stdin=str(folder / CAPTURE))
    assert (code, said) == (0, "")
    assert json.read((folder / "report.json").read_text()).captures[0].frames == len(builders.conversation())


def test_a_pipe_is_read_as_a_file_is(folder: Path) -> None:
    data = (folder / CAPTURE).read_bytes()
    writer = threading.Thread(target=(folder / FIFO).write_bytes, args=(data,))
    writer.start()
    report = analyze(folder / FIFO)
    writer.join()
    assert report.captures[0].sha256 == analyze(folder / CAPTURE).captures[0].sha256


def test_a_terabyte_that_nobody_wrote_is_left_out(folder: Path) -> None:
    path = folder / CAPTURE
    os.truncate(path, 1 << 40)
    if path.stat().st_blocks * 512 > 1 << 30:
        pytest.skip("this file system keeps no sparse files")
    report = analyze(path)
    (info,) = report.captures
    # The hole begins where the block ends in which the last byte lies; what lies between are zeros.
    assert info.frames >= len(builders.conversation())
    assert any("were never written" in problem.what for problem in report.problems)


def test_more_identifiers_than_a_household_has_are_refused(folder: Path) -> None:
    lines = "".join(f"serial=SERIAL{number:08d}\n" for number in range(100_000))
    (folder / "known").write_text(lines)
    code, said = told(folder, "scan", CAPTURE, "--known", "known")
    assert code == 2
    assert "more than" in said


def test_waiting_for_a_pipe_leaves_nothing_open(folder: Path) -> None:
    before = set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()
    with pytest.raises(TimeoutError, match="no program writes to it"):
        pipes.opened(folder / FIFO, wait_s=0.05)
    if before:
        assert len(os.listdir("/proc/self/fd")) == len(before)
