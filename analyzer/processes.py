"""Further processes of ours: they look for modules where this one does, and nowhere else.

Python begins such a process with `-c`, which looks in the current folder first. That may be a folder of
captures that a stranger has filled: a file `multiprocessing.py` beside them would be run.
"""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing.context import SpawnContext


def context() -> SpawnContext:
    """For processes that start anew and import what they need."""
    guard()
    return multiprocessing.get_context("spawn")


def guard() -> None:
    """Have every Python begun from here on leave the current folder out (PYTHONSAFEPATH, Python 3.11)."""
    if not os.environ.get("PYTHONSAFEPATH"):
        os.environ["PYTHONSAFEPATH"] = "1"
