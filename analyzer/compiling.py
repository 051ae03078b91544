"""Kernels: plain Python functions that numba compiles when a capture is large enough.

Importing numba and loading compiled code takes some 0.4 s, and compiling for the first time
some seconds, so small captures run the very same source uncompiled.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

# Uncompiled, some 40,000 frames take a second: what loading compiled code takes at most twice
# over. Compiling anew takes as long as some 400,000 frames.
WORTH_LOADING, WORTH_COMPILING = 40_000, 400_000

# What kernels read: bytes or a memoryview uncompiled, a uint8 array compiled.
Octets = Sequence[int]

_compiled: dict[Callable[..., Any], Callable[..., Any]] = {}

# The sources whose change makes compiled code stale.
KERNEL_SOURCES = (
    "compiling.py", "capture/kernel.py", "capture/records.py", "packets/kernel.py", "packets/table.py",
    "flows/kernel.py", "flows/table.py",
)  # fmt: skip


def compiled(kernel: Callable[..., Any], callees: Sequence[Callable[..., Any]] = ()) -> Callable[..., Any]:
    """`kernel` compiled by numba, with the functions it calls; compiled code is kept on disk."""
    if kernel not in _compiled:
        from numba import config, njit
        from numba.extending import register_jitable

        for callee in callees:
            if callee not in _compiled:
                _compiled[callee] = register_jitable(callee)
        settings: Any = config  # numba fills this module at run time
        before, folder = settings.CACHE_DIR, kernel_folder()
        settings.CACHE_DIR = folder or before
        try:
            _compiled[kernel] = njit(cache=folder is not None, nogil=True)(kernel)
        finally:
            settings.CACHE_DIR = before
    return _compiled[kernel]


def run_kernel(
    kernel: Callable[..., Any], callees: Sequence[Callable[..., Any]], large: bool, *arguments: Any
) -> Any:
    """Run a kernel compiled, or as it stands with arrays as memoryviews.

    A memoryview gives plain Python integers, which are faster than numpy's and can't overflow.
    """
    if large:
        return compiled(kernel, callees)(*arguments)
    return kernel(*(memoryview(a) if hasattr(a, "dtype") else a for a in arguments))


@cache
def frames_worth_compiling() -> int:
    """How many frames a capture needs so that compiled kernels are the faster way."""
    import importlib.util

    if importlib.util.find_spec("numba") is None:  # no numba for this platform: slower, and right
        return 1 << 62
    folder = kernel_folder()
    warm = folder is not None and any(name.endswith(".nbc") for _, _, f in os.walk(folder) for name in f)
    return WORTH_LOADING if warm else WORTH_COMPILING


@cache
def kernel_folder() -> str | None:
    """Where compiled code is kept: a folder of the user's cache, one for each state of the sources.

    numba looks at the changes of one file only, while our kernels call across files; hence a folder
    named by all of them. None where it can't be written: then each run compiles anew.
    """
    digest = hashlib.sha256(f"{version('numba')} {sys.version}".encode())
    here = Path(__file__).parent
    for name in KERNEL_SOURCES:
        digest.update((here / name).read_bytes())
    root = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = os.path.join(root, "phonehome", f"kernels-{digest.hexdigest()[:16]}")
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None
