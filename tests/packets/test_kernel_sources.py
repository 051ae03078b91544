"""Machine code that is kept is made anew when a kernel changes: its source is among those looked at."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import analyzer
from analyzer.core.compilation import KERNEL_SOURCES

PACKAGE = Path(analyzer.__file__).parent
# Functions that take a kernel as an argument.
RUNNERS = {"run_kernel", "run_walk", "_run"}


def kernels() -> Iterator[Callable[..., Any]]:
    """Every function of a module that is run as a kernel, or that one calls."""
    for path in sorted(PACKAGE.rglob("*.py")):
        calls = [node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call)]
        given = [call.args for call in calls if ast.unparse(call.func).split(".")[-1] in RUNNERS]
        if not given:
            continue
        module = importlib.import_module(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts))
        for argument in (one for arguments in given for one in arguments):
            found = known(module, argument)
            for one in found if isinstance(found, tuple) else [found]:
                if inspect.isfunction(one):
                    yield one


def known(module: Any, argument: ast.expr) -> Any:
    """What an argument names in its module, None for what is known inside functions alone."""
    try:
        return eval(ast.unparse(argument), vars(module))
    except (NameError, AttributeError, TypeError, SyntaxError):
        return None


def test_every_kernel_stands_in_a_source_that_is_looked_at() -> None:
    found = {Path(inspect.getsourcefile(one) or "").relative_to(PACKAGE).as_posix() for one in kernels()}
    assert {
        "capture/record_walk.py",
        "packets/kernel.py",
        "packets/wifi/kernel.py",
        "flows/kernel.py",
    } <= found
    assert found <= set(KERNEL_SOURCES)
