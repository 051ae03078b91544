"""A folder of captures that also holds modules: none of them is run, whoever starts a process there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.corpus.pool import Pool
from tests.conftest import ROOT

CAPTURE = ROOT / "captures" / "nokia7plus-reconstruction.pcap"
# What a process of Python's own, of ours or of Dask's imports early.
NAMES = (
    "multiprocessing",
    "numpy",
    "json",
    "signal",
    "analyzer",
    "pickle",
    "dpkt",
    "distributed",
    "threading",
)
SCAN = "from analyzer.cli import main; main()"
HELP = (
    "from analyzer.session.worker_pool import WorkerPool; "
    "pool = WorkerPool(1, ()); pool.give([(None, None)]).result()"
)
STARTS = {
    "several processes": (SCAN, "scan", "captures", "--jobs", "2"),
    "helpers of one scan": (HELP,),
    "a cluster made here": (SCAN, "scan", "captures", "--dask", "local"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that a stranger has filled; the program that is run lies elsewhere."""
    place = tmp_path / "received"
    (place / "captures").mkdir(parents=True)
    for name in NAMES:
        (place / f"{name}.py").write_text(f"open({str(tmp_path / 'was-run')!r}, 'a').write('{name} ')\n")
    for name in ("one.pcap", "two.pcap"):
        shutil.copy(CAPTURE, place / "captures" / name)
    return place


@pytest.mark.parametrize("start", STARTS, ids=lambda start: start.replace(" ", "-"))
def test_modules_beside_captures_are_never_imported(folder: Path, tmp_path: Path, start: str) -> None:
    if "cluster" in start:
        pytest.importorskip("distributed")
    program, *arguments = STARTS[start]
    entry = tmp_path / "bin" / "phonehome.py"  # as an installed command: its own folder is searched first
    entry.parent.mkdir()
    entry.write_text(f"if __name__ == '__main__':\n    {program}\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONSAFEPATH", None)
    done = subprocess.run(
        [sys.executable, str(entry), *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert not (tmp_path / "was-run").exists(), (tmp_path / "was-run").read_text()
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_the_environment_is_afterwards_as_it_was() -> None:
    before = dict(os.environ)
    with Pool(1, None) as pool:
        assert list(pool.apply(abs, [-1])) == [1]
    assert dict(os.environ) == before


def test_processes_are_started_in_one_place() -> None:
    """Where Python starts one without our guard, the folder's modules would be found."""
    starting = re.compile(r"get_context\(|SpawnContext\b|SpawnProcess\b|\bset_start_method\(|sys\.executable")
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "analyzer").rglob("*.py")
        if starting.search(path.read_text())
    }
    guarded = {"analyzer/system/processes.py"}
    with_own_guard = {"analyzer/serve/jobs.py", "analyzer/core/build_hook.py"}  # PYTHONSAFEPATH, -P
    assert found == guarded | with_own_guard
