"""The program ends at once and loses nothing: what it wrote, its exit code, what others do at its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

CAPTURE = ROOT / "captures" / "nokia7plus-reconstruction.pcap"
AT_ONCE, TAKEN_APART = "command()", "main()"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def run(end: str, *arguments: str | Path, before: str = "pass") -> subprocess.CompletedProcess[bytes]:
    code = f"import sys; from analyzer.cli import command, main; {before}; sys.exit({end})"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], env=ENVIRONMENT, capture_output=True, check=False
    )


def cut(tmp_path: Path) -> Path:
    path = tmp_path / "cut.pcap"
    path.write_bytes(CAPTURE.read_bytes()[:-7])
    return path


@pytest.mark.sampled(2)
@pytest.mark.parametrize("arguments", [("scan", CAPTURE), ("scan", "absent.pcap"), ("scan", "--wrong"), ()])
def test_output_and_exit_code_are_those_of_an_end_in_good_time(arguments: tuple[str | Path, ...]) -> None:
    at_once, in_time = run(AT_ONCE, *arguments), run(TAKEN_APART, *arguments)
    assert at_once.returncode == in_time.returncode
    assert at_once.stderr == in_time.stderr
    assert len(at_once.stdout.splitlines()) == len(in_time.stdout.splitlines())


def test_damage_is_still_told_by_the_exit_code(tmp_path: Path) -> None:
    assert run(AT_ONCE, "scan", "-q", cut(tmp_path)).returncode == 3


def test_a_document_on_a_pipe_is_whole() -> None:
    report = json.loads(run(AT_ONCE, "scan", CAPTURE, "--json", "-").stdout)
    assert report["messages"]


def test_what_others_do_at_the_end_is_done(tmp_path: Path) -> None:
    note = tmp_path / "note"
    doing = f"import atexit, pathlib; atexit.register(pathlib.Path({str(note)!r}).touch)"
    during = f"import analyzer.cli as cli; cli.main = lambda: exec({doing!r}) or main()"
    assert run(AT_ONCE, "scan", "-q", CAPTURE, before=during).returncode == 0
    assert note.exists()
