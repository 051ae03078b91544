"""Kernels: plain Python functions that numba compiles when a capture is large enough.

Small captures run the very same source uncompiled. What numba made is kept as machine code in the
user's cache and loaded without numba, which alone takes longer to import than many captures to read.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

# Uncompiled, some 40,000 frames take a second; loading compiled code takes a tenth of that, and
# compiling anew as long as some 400,000 frames.
WORTH_LOADING, WORTH_COMPILING = 4_000, 400_000

# What kernels read: bytes or a memoryview uncompiled, a uint8 array compiled.
Bytes = Sequence[int]
Kernel = Callable[..., Any]

_compiled: dict[tuple[Kernel, str], Kernel] = {}

# The sources whose change makes compiled code stale.
KERNEL_SOURCES = (
    "core/compilation.py", "core/native_code.py", "capture/record_walk.py",
    "capture/records.py", "packets/kernel.py",
    "packets/byte_access.py", "packets/layers.py", "packets/links.py", "packets/tunnels.py",
    "packets/batch_summary.py",
    "packets/header_forms.py", "packets/tags.py", "packets/security.py", "packets/overlay_tunnels.py",
    "packets/wrappers.py",
    "packets/packet_table.py", "packets/checksums.py", "packets/wifi/kernel.py", "flows/kernel.py",
    "flows/flow_table.py",
)  # fmt: skip


def run_kernel(kernel: Kernel, callees: Sequence[Kernel], large: bool, *arguments: Any) -> Any:
    """Run a kernel compiled, or as it stands with arrays as memoryviews.

    A memoryview gives plain Python integers, which are faster than numpy's and can't overflow.
    """
    if not large:
        return kernel(*(memoryview(a) if hasattr(a, "dtype") else a for a in arguments))
    return compiled(kernel, callees, arguments)(*arguments)


def compiled(kernel: Kernel, callees: Sequence[Kernel], arguments: Sequence[Any]) -> Kernel:
    """`kernel` as machine code for arguments such as these, with the functions it calls."""
    from analyzer.core.native_code import form_of, native

    form = form_of(arguments)
    if (kernel, form) not in _compiled:
        _compiled[kernel, form] = native(kernel, callees, form, kernel_folder())
    return _compiled[kernel, form]


@cache
def frames_worth_compiling() -> int:
    """How many frames a capture needs so that compiled kernels are the faster way."""
    if importlib.util.find_spec("numba") is None:  # no numba for this platform: slower, and right
        return 1 << 62
    folder = kernel_folder()
    warm = folder is not None and any(name.endswith(".o") for name in os.listdir(folder))
    return WORTH_LOADING if warm else WORTH_COMPILING


@cache
def kernel_folder() -> str | None:
    """Where machine code is kept: a folder of the user's cache, one for each state of the sources.

    None where it can't be written: then each run compiles anew.
    """
    digest = hashlib.sha256(f"{_state_of('numba')} {sys.version}".encode())
    here = Path(__file__).parents[1]
    for name in KERNEL_SOURCES:
        digest.update((here / name).read_bytes())
    root = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    if not os.path.isabs(root):  # no home is known, or a wrong one: nothing is kept in the current folder
        return None
    folder = os.path.join(root, "phonehome", f"kernels-{digest.hexdigest()[:16]}")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def _state_of(package: str) -> str:
    """What changes when a package is installed anew (importlib.metadata takes 40 ms to tell a version)."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        return "absent"
    state = os.stat(found.origin)
    return f"{found.origin} {state.st_size} {state.st_mtime_ns}"
