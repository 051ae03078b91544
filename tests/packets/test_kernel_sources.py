"""Every kernel is translated, and the translation gives what Python gives."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import analyzer
from analyzer.core import build_hook, kernel_source, kernels

PACKAGE = Path(analyzer.__file__).parent
# Functions that take a kernel as their first argument.
RUNNERS = {"run_kernel", "run_walk", "_run"}
compiled_only = pytest.mark.skipif(
    not kernels.is_compiled(), reason="the kernels of this copy are not compiled"
)


def names_of_kernels() -> Iterator[str]:
    """The name of each function that is handed to a runner."""
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "run_kernel" in text or "run_walk" in text else ():
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in RUNNERS:
                name = ast.unparse(node.args[0]).split(".")[-1]
                if name not in ("kernel", "walk", "loop"):  # a runner's own argument
                    yield name


def test_every_kernel_that_is_run_is_translated() -> None:
    entries = {name for names in kernel_source.ENTRIES.values() for name in names}
    assert set(names_of_kernels()) == entries


@compiled_only
def test_the_module_that_is_used_was_compiled_from_these_sources() -> None:
    assert build_hook.is_current(kernel_source.cython_source())


@compiled_only
def test_an_index_out_of_range_is_an_error() -> None:
    from analyzer.packets.batch_summary import outline_batch

    with pytest.raises(IndexError, match="outline_batch read or wrote outside"):
        kernels.run_kernel(outline_batch, *(memoryview(bytearray(size)).cast(form) for size, form in (
            (8, "q"), (8, "q"), (3, "B"), (8, "q"))))  # fmt: skip


def test_loops_without_checks_compare_lengths_before() -> None:
    """The few functions whose indices are not checked say so, and exist."""
    from analyzer.core.byte_access import byte_sum
    from analyzer.packets.wifi.kernel import lift

    assert {byte_sum.__name__, lift.__name__} == set(kernel_source.UNCHECKED)
    assert all("len(" in inspect.getsource(one) for one in (byte_sum, lift))


def test_the_build_needs_nothing_but_the_standard_library() -> None:
    """Hatchling loads the hook, and the hook the translation, before anything is installed."""
    for name in ("build_hook", "kernel_source"):
        path = PACKAGE / "core" / f"{name}.py"
        code = f"import sys; sys.path.insert(0, {str(path.parent)!r}); import {name}"
        done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize(
    ("compiler", "setting", "wanted"),
    [
        (True, "", {"cython", "setuptools"}),
        (False, "", {"cython", "setuptools", "ziglang"}),
        (True, "1", set()),
        (False, "1", set()),
    ],
)
def test_a_build_asks_for_what_the_machine_lacks(
    monkeypatch: pytest.MonkeyPatch, compiler: bool, setting: str, wanted: set[str]
) -> None:
    monkeypatch.setenv("CC", sys.executable if compiler else "no-such-compiler")
    monkeypatch.setenv("PHONEHOME_UNCOMPILED", setting)
    monkeypatch.setattr(build_hook.platform, "system", lambda: "Linux")
    monkeypatch.setattr(build_hook.platform, "machine", lambda: "x86_64")
    assert {one.split(">")[0] for one in build_hook.requirements()} == wanted


def test_a_platform_without_any_compiler_is_installed_uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.setattr(build_hook.platform, "machine", lambda: "riscv64")
    assert build_hook.requirements() == []
