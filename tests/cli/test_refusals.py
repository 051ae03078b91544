"""What a newcomer meets first: nothing asked for, a slip of the pen, a full disk, a missing package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.cli import main
from tests.cli.conftest import Run

CAPTURE = Path(__file__).parent.parent.parent / "captures" / "nokia7plus-reconstruction.pcap"
FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved report of the sample capture."""
    path = tmp_path_factory.mktemp("saved") / "report.json"
    assert main(["scan", "-q", str(CAPTURE), "--json", str(path)]) == 0
    return path


def into(stdout: str, *words: object) -> subprocess.CompletedProcess[bytes]:
    """The command with its standard output redirected by a shell."""
    command = ["sh", "-c", f'exec "$@" {stdout}', "sh", sys.executable, "-m", "analyzer", *map(str, words)]
    return subprocess.run(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False, timeout=120)


@pytest.mark.sampled(3)
@needs_full
@pytest.mark.parametrize(
    "words",
    [
        ["--version"], ["geo"], ["dossiers"], ["report", "SAVED"], ["report", "SAVED", "--json", "-"],
        ["diff", "SAVED", "SAVED"], ["report", "SAVED", "--fail-on", "ping"],
        ["watch", CAPTURE, "--ndjson", "-"],
    ],
    ids=lambda words: " ".join(map(str, words[:1] + words[2:])),
)  # fmt: skip
def test_a_full_disk_is_one_sentence_and_exit_code_2_not_that_of_a_finding(
    words: list[object], saved: Path
) -> None:
    done = into("> /dev/full", *[saved if word == "SAVED" else word for word in words])
    said = done.stderr.splitlines()
    assert (done.returncode, b"Traceback" in done.stderr) == (2, False)
    assert said[-1] == b"phonehome: standard output can't be written (No space left on device)"
    assert len(said) == 1 or words[0] == "watch"


def test_a_standard_output_that_is_closed_is_no_error(saved: Path) -> None:
    done = into(">&-", "report", saved)
    assert (done.returncode, done.stderr) == (0, b"")


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    done = run()
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"scan      read captures and print the report" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["scan", "--htlm", "x.html", "a.pcap"], "unrecognized arguments: --htlm (did you mean --html?)"),
        (["report", "--redcat", "a.json"], "(did you mean --redact?)"),
        (["scan", "--device", "phone", "a.pcap"], "'phone' is neither a MAC nor an IP address"),
        (["report", "--lang", "de", "a.json"], "there is no language 'de'"),
        (["report", "--zone", "Oslo", "a.json"], "no time zone such as Europe/Oslo"),
        (["report", "--section", "imei", "a.json"], "there is no section 'imei'; there are answer, "),
    ],
)
def test_a_slip_of_the_pen_is_one_line_that_names_the_help(run: Run, words: list[str], said: str) -> None:
    done = run(*words)
    text = done.stderr.decode()
    assert (done.returncode, done.stdout, text.count("\n")) == (2, b"", 1)
    assert said in text
    assert text.endswith(f"; phonehome {words[0]} --help says what there is\n")


def test_a_key_that_nothing_would_use_is_refused_before_it_is_made(
    run: Run, saved: Path, tmp_path: Path
) -> None:
    done = run("report", saved, "--redact-key", tmp_path / "desk.key")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"--redact-key needs --redact" in done.stderr
    assert not (tmp_path / "desk.key").exists()
    assert run("report", saved, "--redact-key", tmp_path / "desk.key", "--redact").returncode == 0


def test_what_is_no_saved_report_is_told_how_one_is_made(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<!doctype html>")
    done = run("report", tmp_path / "page.html")
    assert done.returncode == 2
    assert b"scan CAPTURE --json FILE makes one" in done.stderr


def test_a_file_where_a_folder_is_needed_is_said_so(run: Run, saved: Path) -> None:
    done = run("report", saved, "--csv", saved)
    assert done.returncode == 2
    assert b"is a file; --csv needs an empty folder, or a new one" in done.stderr


@pytest.mark.parametrize("words", [["summary", "kept"], ["scan", str(CAPTURE), "--results", "kept"]])
def test_a_package_that_is_missing_is_named_with_the_extra_that_brings_it(
    words: list[str], tmp_path: Path
) -> None:
    absent = "for name in ('pyarrow', 'fsspec', 'duckdb'): sys.modules[name] = None"
    code = f"import sys\n{absent}\nfrom analyzer.cli import main\nsys.exit(main({words!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=False, timeout=120,
        env={"PYTHONPATH": str(CAPTURE.parent.parent), "HOME": str(tmp_path), "PATH": ""},
    )  # fmt: skip
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert b"pip install '.[summary]'" in done.stderr


def test_a_report_of_standard_input_asks_for_the_file_of_its_capture(run: Run, tmp_path: Path) -> None:
    piped = run("scan", "-q", "-", "--json", tmp_path / "piped.json", input=CAPTURE.read_bytes())
    assert piped.returncode == 0
    done = run("evidence", tmp_path / "piped.json", "-o", tmp_path / "bundle", input=b"")
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert b"name the file that holds it with --capture FILE" in done.stderr
    again = run("evidence", tmp_path / "piped.json", "-o", tmp_path / "bundle", "--capture", CAPTURE)
    assert again.returncode == 0
    assert b"real identifiers: not for print" in again.stdout
    assert b"verify" in again.stdout
