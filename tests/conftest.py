"""Shared by all tests."""

from __future__ import annotations

import atexit
import importlib.util
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from analyzer.core import build_hook
from tests.examples import are_many, examples, spread

# On a build machine the same examples each time, so that a change is judged by what it changed; at a
# desk new ones each time, which is what finds things. How many: `tests/examples.py`.
# A busy machine is no failure: no example has a deadline, and making them may take long.
BUSY = {
    "deadline": None,
    "max_examples": examples(100),
    "suppress_health_check": [HealthCheck.too_slow],
}
settings.register_profile("desk", **BUSY)
settings.register_profile("ci", derandomize=True, **BUSY)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

ROOT = Path(__file__).parent.parent

# What is printed has the language and the time zone of the system where none is asked for.
os.environ |= {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
time.tzset()

# A shell that runs the tests in the background has them, and what they start, ignore interrupts, and nohup
# has them ignore SIGHUP. Some tests send these.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


LONG_IN_A_NAME = 40  # bytes


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a test with long bytes by its argument.

    Compressed bytes may hold the time at which they were made. Then the workers of pytest-xdist, which each
    collect the tests, see different names and end.
    """
    return argname if isinstance(val, bytes) and len(val) > LONG_IN_A_NAME else None


def keep_bytecode() -> None:
    """Keep the bytecode of modules until the run ends, where the environment forbids to keep it at all.

    Several hundred tests start an interpreter, which would compile all modules anew: half a second each.
    """
    if not sys.dont_write_bytecode or sys.pycache_prefix:
        return
    folder = tempfile.mkdtemp(prefix="phonehome-bytecode-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = folder
    sys.dont_write_bytecode = False


def compile_kernels() -> None:
    """Compile the kernels of this working copy, where they changed and the tools for it are there."""
    if not build_hook.wants_to_compile() or importlib.util.find_spec("Cython") is None:
        return
    if failure := build_hook.refresh():
        print(f"the kernels were not compiled: {failure}", file=sys.stderr)


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the working copy, and declare the mark of a test whose cases are many and slow."""
    if not hasattr(config, "workerinput"):  # once, before pytest-xdist starts its workers
        keep_bytecode()
        compile_kernels()
    config.addinivalue_line("markers", "sampled(few): at a desk so many of its cases run, in .ci/run all")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, at a desk, cases of tests that are marked `sampled`, spread over their list."""
    if are_many():
        return
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("sampled"):
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    left_out = set()
    for those in cases.values():
        mark = those[0].get_closest_marker("sampled")
        kept = spread(len(those), mark.args[0] if mark else len(those))
        left_out |= {item for place, item in enumerate(those) if place not in kept}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session", autouse=True)
def _no_imported_databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Location databases that the person running the tests has imported stay out of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The directory of captures that others made, with its `truth/` and `manifest.json`."""
    place = Path(os.environ.get("PHONEHOME_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not (place / "manifest.json").exists():
        pytest.skip("no corpus: set PHONEHOME_CORPUS to a directory with captures/ and truth/")
    return place


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium. A module's own: Playwright keeps an event loop, and others want theirs later."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium is installed")
    with sync_api.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()
