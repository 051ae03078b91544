"""Runs over many captures that lack something: nothing finished is lost, a resumed run gives the same."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.corpus.captures import archive
from tests.program import ROOT

duckdb = pytest.importorskip("duckdb")

WORDS = ("scan", "many", "-q", "--results", "r")
# A clock that leaps an hour back or forward each time that it is asked.
LEAPING = (
    "import time; real = time.time; n = [0];"
    " time.time = lambda: (n.append(0), real() + 3600 * (-1) ** len(n))[1];"
)
# No shared memory, and with it no semaphores: as in a container without /dev/shm.
NO_SHARED_MEMORY = (
    "import _multiprocessing;"
    " refuse = lambda *_: (_ for _ in ()).throw(OSError(38, 'Function not implemented'));"
    " _multiprocessing.SemLock = type('SemLock', (), {'__init__': refuse, 'SEM_VALUE_MAX': 1});"
)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an archive, and the results of a run that lacked nothing."""
    folder = tmp_path_factory.mktemp("whole")
    archive(folder / "many")
    assert begun(folder, "--jobs", "1").wait() == 3
    return folder


@pytest.fixture
def place(many: Path, tmp_path: Path) -> Path:
    """A folder in which the archive is, without results."""
    (tmp_path / "many").symlink_to(many / "many")
    return tmp_path


def begun(
    folder: Path, *more: str, before: str = "", bound: Callable[[], None] | None = None
) -> subprocess.Popen[str]:
    """A run in that folder; `before` is run by its interpreter first, `bound` in its process."""
    start = f"{before}from analyzer.cli import command; command()"
    return subprocess.Popen(
        [sys.executable, "-P", "-c", start, *WORDS, *more], cwd=folder, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=bound,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip


def rows(folder: Path) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    """What the results tell of messages, findings and packets, whichever run wrote it."""
    questions = {
        "messages": "select protocol, method, host, count(*) from {} group by all order by all",
        "findings": "select kind, value, count(*) from {} group by all order by all",
        "destinations": "select address, protocol, port, sum(packets_up), sum(octets_up) from {}"
        " group by all order by all",
    }
    for table, question in questions.items():
        files = f"read_parquet('{folder / 'r' / table}/*.parquet')"
        yield table, duckdb.sql(question.format(files)).fetchall()


def limited(kind: int, most: int) -> Callable[[], None]:
    """What bounds a resource of a process."""
    return lambda: resource.setrlimit(kind, (most, most))


LACKS: dict[str, tuple[str, Callable[[], None] | None]] = {
    "20 file descriptors": ("", limited(resource.RLIMIT_NOFILE, 20)),
    "64 file descriptors": ("", limited(resource.RLIMIT_NOFILE, 64)),
    "700 MB of address space": ("", limited(resource.RLIMIT_AS, 700 << 20)),
    "2 GB of address space": ("", limited(resource.RLIMIT_AS, 2 << 30)),
    "files of 4 kB": ("", limited(resource.RLIMIT_FSIZE, 4096)),
    "a steady clock": (LEAPING, None),
    "shared memory": (NO_SHARED_MEMORY, None),
    "a home": ("import os; os.environ.update(HOME='/dev/null', XDG_CACHE_HOME='/dev/null/x');", None),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("lack", LACKS)
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_run_that_lacks_something_ends_in_a_sentence_and_is_resumed(
    lack: str, jobs: str, many: Path, place: Path
) -> None:
    before, bound = LACKS[lack]
    run = begun(place, "--jobs", jobs, before=before, bound=bound)
    _, said = run.communicate(timeout=120)
    assert run.returncode in (2, 3)
    assert "Traceback" not in said
    assert said.startswith("phonehome: ") or (run.returncode == 3 and not said)
    resumed = begun(place, "--jobs", "1")
    assert resumed.wait() == 3
    assert dict(rows(place)) == dict(rows(many))


@pytest.mark.sampled(2)
@pytest.mark.parametrize("after", [0.5, 1.0, 2.0])
def test_a_run_that_is_killed_is_resumed(after: float, many: Path, place: Path) -> None:
    run = begun(place, "--jobs", "2")
    time.sleep(after)
    run.send_signal(signal.SIGKILL)
    run.communicate(timeout=60)  # its processes end with it, and leave standard error
    resumed = begun(place, "--jobs", "1")
    assert resumed.wait() == 3
    assert dict(rows(place)) == dict(rows(many))


def test_two_runs_on_one_folder_of_results_give_what_one_gives(many: Path, place: Path) -> None:
    both = [begun(place, "--jobs", "1") for _ in range(2)]
    said = [run.communicate(timeout=120)[1] for run in both]
    assert all(run.returncode in (2, 3) for run in both)
    assert "Traceback" not in "".join(said)
    assert begun(place, "--jobs", "1").wait() == 3
    assert dict(rows(place)) == dict(rows(many))
