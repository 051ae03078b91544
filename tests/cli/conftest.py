"""Ways to call the command: in this process with a stand-in for the analysis, or as a program."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.report import json
from tests import program
from tests.report.builders import sample_report

ROOT = Path(__file__).parent.parent.parent
CAPTURE = ROOT / "captures" / "nokia7plus-reconstruction.pcap"

Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the program in an empty directory; settings other than `input` start an interpreter of its own."""

    def call(*arguments: str | Path, **settings: object) -> subprocess.CompletedProcess[bytes]:
        env = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR")}
        given = {"cwd": tmp_path, "env": {**env, "PYTHONPATH": str(ROOT)}, **settings}
        if settings.keys() <= {"input"}:
            data = settings.get("input")
            assert data is None or isinstance(data, bytes)
            return program.call(arguments, cwd=tmp_path, env=env, given=data)
        command = [sys.executable, "-m", "analyzer", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, check=False, **given)  # type: ignore[call-overload,no-any-return]

    return call


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A saved report."""
    path = tmp_path / "saved.json"
    path.write_text(json.write(sample_report()))
    return path
