"""Whatever the environment lacks: the report with its usual code, or 2 and a sentence; never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analyzer.cli import failures, main
from tests import builders
from tests.conftest import ROOT

CAPTURE = builders.pcap(
    builders.conversation((True, builders.http_request()), (False, builders.http_response()))
)
PROGRAM = [sys.executable, "-m", "analyzer"]
# Errors that what is meant by "something of ours breaks" may be, and what is said of each.
SAID: list[tuple[BaseException, int, str]] = [
    (KeyError("490154203237518"), 2, "this is a fault of phonehome, not of what it was given: KeyError at "),
    (RecursionError(), 2, "this is a fault of phonehome"),
    (MemoryError(), 2, "there is too little memory"),
    (OSError(24, "Too many open files"), 2, "this process may have no more files open; ulimit -n"),
    (OSError(28, "No space left on device"), 2, "there is no room left on a disk"),
    (
        OSError(30, "Read-only file system", "/dev/shm/x"),
        2,
        "/dev/shm/x: the system refused what phonehome needs",
    ),
    (RuntimeError("can't start new thread"), 2, "the system refused what phonehome needs"),
    (ImportError("cut", name="numpy"), 2, "numpy can't be loaded"),
    (SystemExit(1), 2, "this is a fault of phonehome"),
    (KeyboardInterrupt(), 130, "interrupted"),
]


@pytest.fixture
def capture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "in.pcap"
    path.write_bytes(CAPTURE)
    return path


def ran(words: str, shell: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """The program, started by a shell with something before, such as a limit, or a redirection after."""
    before, _, after = shell.partition("|")
    return subprocess.run(
        ["sh", "-c", f'{before}\nexec "$@" {after}', "sh", *PROGRAM, *words.split()],
        capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
    )  # fmt: skip


# ── what goes wrong within ──────────────────────────────────────────────────


@pytest.mark.parametrize(("error", "code", "said"), SAID, ids=lambda value: type(value).__name__)
def test_an_error_that_nobody_expected_is_a_sentence(
    error: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def breaks(*_: object, **__: object) -> str:
        raise error

    monkeypatch.setattr("analyzer.cli.dossier_pages.dossiers", breaks)
    assert main(["dossiers"]) == code
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert told.err.startswith(f"phonehome: {said}")
    assert "490154203237518" not in told.err


def test_a_fault_names_the_line_and_shows_more_where_that_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr("analyzer.geo.databases.layers", lambda: 1 // 0)
    assert main(["geo"]) == 2
    short = capsys.readouterr().err
    assert "ZeroDivisionError at analyzer.cli.geo_tables:" in short
    monkeypatch.setenv(failures.DEBUG, "1")
    assert main(["geo"]) == 2
    assert "Traceback" in capsys.readouterr().err


# ── what the environment lacks ──────────────────────────────────────────────

REFUSED = {
    "few descriptors": ("scan in.pcap -q --fail-on ping", "ulimit -n 20", "ulimit -n with a larger number"),
    "little memory": ("scan in.pcap -q --fail-on ping", "ulimit -v 100000", "too little memory"),
    "no memory to load": ("report in.pcap --fail-on ping", "ulimit -v 60000", "too little memory"),
    "full disk": ("scan in.pcap -q --csv new", "ulimit -f 0", "--csv new: can't be written"),
    "closed input": ("scan - -q", "|<&-", "standard input is closed"),
    "closed input, live": ("watch - -q", "|<&-", "standard input is closed"),
    "closed input, saved": ("report -", "|<&-", "standard input is closed"),
    "output for reading": ("scan in.pcap -q", "|1</dev/null", "standard output can't be written"),
    "endless log": ("scan in.pcap --events /dev/zero", "", "is a device"),
    "endless identifiers": ("scan in.pcap --known /dev/zero", "", "is a device"),
}


@pytest.mark.sampled(4)
@pytest.mark.skipif(os.name != "posix", reason="limits as on Unix")
@pytest.mark.parametrize(("words", "shell", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_lacking_is_one_sentence_and_2(words: str, shell: str, said: str, capture: Path) -> None:
    if "-v" in shell and not sys.platform.startswith("linux"):
        pytest.skip("no limit of address space here")
    done = ran(words, shell)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert said in done.stderr
    assert os.listdir(capture.parent) == [capture.name]


GIVEN = {
    "closed error": ("scan in.pcap", "|2>&-", {}),
    "full error": ("scan in.pcap", "|2>/dev/full", {}),
    "wide": ("scan in.pcap -q", "", {"COLUMNS": "99999999999999999999"}),
    "narrow": ("scan in.pcap -q", "", {"COLUMNS": "1"}),
    "no home": ("scan in.pcap -q", "unset HOME", {}),
    "no folder to keep anything in": (
        "scan in.pcap -q", "", {"XDG_CACHE_HOME": "/dev/null", "TMPDIR": "/nonexistent", "HOME": "/dev/null"},
    ),
}  # fmt: skip


@pytest.mark.sampled(2)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(("words", "shell", "env"), GIVEN.values(), ids=GIVEN)
def test_a_report_that_can_be_given_is_given(
    words: str, shell: str, env: dict[str, str], capture: Path
) -> None:
    done = ran(words, shell, **env)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 packet" in done.stdout or "packets" in done.stdout
    assert os.listdir(capture.parent) == [capture.name]


@pytest.mark.usefixtures("capture")
def test_all_streams_closed_the_documents_are_whole() -> None:
    assert ran("scan in.pcap --json j --csv d", "|<&- >&- 2>&-").returncode == 0
    assert Path("j").read_text().endswith("}\n")
    assert not [name for name in os.listdir("d") if "INCOMPLETE" in name]


@pytest.mark.parametrize("columns", ["0", "-1", "1", "39", "100000", "9" * 30, "9" * 5000, "abc", ""])
def test_any_number_of_columns_has_a_page(columns: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert main(["geo", "192.0.2.1"]) == 0
    assert main(["dossiers"]) == 0
    with pytest.raises(SystemExit) as ended:
        main(["scan", "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out


YEARS = ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1600-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
         "9999-12-31T23:59:59-14:00", "9" * 23, "9" * 6000, "9223372037"]  # fmt: skip


@pytest.mark.usefixtures("capture")
def test_a_time_that_no_packet_can_have_is_named_with_its_line(capsys: Any) -> None:
    for year in YEARS:
        Path("ev").write_text(f"time,event\n{year},on\n")
        assert main(["scan", "in.pcap", "-q", "--events", "ev"]) == 2
        assert "ev, line 2: " in capsys.readouterr().err
    for year in ("1678-01-01T00:00:00Z", "2262-01-01T00:00:00Z"):
        Path("ev").write_text(f"time,event\n{year},on\n")
        assert main(["scan", "in.pcap", "-q", "--events", "ev", "--json", "j"]) == 0
    for text in (b"\xff\xfe", b'"' + b"0" * 200_000 + b'",a'):
        Path("ev").write_bytes(text)
        assert main(["scan", "in.pcap", "-q", "--events", "ev"]) == 2
        assert "ev: is no" in capsys.readouterr().err


@pytest.mark.usefixtures("capture")
def test_shared_memory_that_is_refused_is_said(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("analyzer.corpus.pool.Pool.__init__", refused)
    assert main(["scan", ".", "--jobs", "2", "-q", "--fail-on", "ping"]) == 2
    assert "several processes can't be started here (Read-only file system)" in capsys.readouterr().err


# ── ends from outside ───────────────────────────────────────────────────────


def waiting(*words: str) -> subprocess.Popen[bytes]:
    """A scan that waits for the rest of its capture."""
    process = subprocess.Popen(
        [*PROGRAM, "scan", "-", *words], stdin=subprocess.PIPE, stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(CAPTURE[:100])
    process.stdin.flush()
    return process


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda how: how.name)
@pytest.mark.usefixtures("capture")
def test_a_scan_that_is_ended_leaves_older_files_and_no_empty_ones(
    how: signal.Signals,
) -> None:
    Path("older.json").write_text("older")
    with waiting("--json", "older.json", "--html", "new.html", "--csv", "d", "--bodies", "b") as process:
        until(lambda: Path("b", "INCOMPLETE-phonehome.txt").exists())
        time.sleep(0.3)  # it reads by now, or is about to
        process.send_signal(how)
        _, said = process.communicate(timeout=60)
    assert Path("older.json").read_text() == "older"
    left = sorted(str(path) for path in Path().rglob("*"))
    if how is signal.SIGKILL:
        assert process.returncode == -how
        marks = [f"{folder}/INCOMPLETE-phonehome.txt" for folder in "bd"]
        assert left == sorted(["b", "d", "in.pcap", "older.json", *marks])
        assert main(["scan", "in.pcap", "-q", "--csv", "d"]) == 2  # and nothing takes it for whole
    else:
        assert (process.returncode, said) == (128 + how, f"phonehome: ended by {how.name}\n".encode())
        assert left == ["in.pcap", "older.json"]


@pytest.mark.usefixtures("capture")
def test_an_incomplete_bundle_is_not_verified(capsys: Any) -> None:
    assert main(["scan", "in.pcap", "-q", "--json", "s.json"]) == 0
    Path("bundle").mkdir()
    Path("bundle", "INCOMPLETE-phonehome.txt").touch()
    capsys.readouterr()
    assert main(["verify", "bundle"]) == 2
    assert "is incomplete" in capsys.readouterr().err


@pytest.mark.usefixtures("capture")
def test_an_output_that_a_full_disk_refuses_leaves_the_older_one() -> None:
    assert main(["scan", "in.pcap", "-q", "--json", "older.json"]) == 0
    before = Path("older.json").read_bytes()
    done = ran("scan in.pcap -q --json older.json --html new.html", "ulimit -f 8")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert Path("older.json").read_bytes() == before
    assert "new.html" not in os.listdir()
    assert not [name for name in os.listdir() if name.startswith(".")]
