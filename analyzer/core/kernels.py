"""Run kernels as C where the package was built with a compiler, elsewhere as the Python functions that they
are.

Both forms give the same. `PHONEHOME_UNCOMPILED=1` in the environment chooses the plain form.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

MODULE = "analyzer.core.compiled_kernels"

_plain = bool(os.environ.get("PHONEHOME_UNCOMPILED"))


def run_kernel(kernel: Callable[..., Any], *arguments: Any) -> Any:
    """Run a kernel on arrays and numbers; it may write into the arrays, and allocates nothing.

    Raises IndexError where a compiled kernel reached beyond an array, which none does. Uncompiled, arrays are
    handed on as memoryviews: they give plain integers, which are faster than numpy's and do not overflow.
    """
    native = None if _plain else _native()
    if native is not None:
        return getattr(native, kernel.__name__)(*arguments)
    return kernel(*(memoryview(a) if hasattr(a, "dtype") else a for a in arguments))


def is_compiled() -> bool:
    """Return whether kernels run as C."""
    return not _plain and _native() is not None


@contextmanager
def uncompiled() -> Iterator[None]:
    """Run kernels as Python functions inside this block."""
    global _plain
    before, _plain = _plain, True
    try:
        yield
    finally:
        _plain = before


@cache
def _native() -> Any:
    try:
        return importlib.import_module(MODULE)
    except ImportError:
        return None
