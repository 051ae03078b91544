"""What a bundle records of the program that made it."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from analyzer.bundle import environment

ROOT = Path(__file__).parents[2]


def test_every_library_that_the_package_depends_on_is_recorded() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked_for = {re.match(r"[A-Za-z0-9._-]+", one)[0] for one in project["dependencies"]}  # type: ignore[index]
    assert set(environment.LIBRARIES) == asked_for


def test_the_sum_of_the_code_is_the_same_with_and_without_compiled_kernels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bundle").mkdir()
    copied = shutil.copy(environment.__file__, tmp_path / "bundle")
    monkeypatch.setattr(environment, "__file__", copied)
    code_sha256 = environment.code_sha256.__wrapped__  # without what it remembers
    before = code_sha256()
    (tmp_path / "compiled_kernels.cpython-311.so").write_bytes(b"machine code")
    assert code_sha256() == before
    (tmp_path / "kernels.py").write_text("source")
    assert code_sha256() != before
