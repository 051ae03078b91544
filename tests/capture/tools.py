"""The Wireshark tools as witnesses: what they write, and what they read."""

from __future__ import annotations

import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="no tshark here")
needs_editcap = pytest.mark.skipif(
    shutil.which("tshark") is None or shutil.which("editcap") is None, reason="no tshark and editcap here"
)

Seen = tuple[int, int, int]


def editcap(path: Path, to: Path, *options: str) -> None:
    """Write `path` anew with these options; a format that this version can't write skips the test."""
    ran = subprocess.run(["editcap", *options, path, to], capture_output=True, text=True, timeout=60)
    if ran.returncode:
        pytest.skip(f"editcap {' '.join(options)}: {ran.stderr.strip().splitlines()[-1]}")


def fields(path: Path, *names: str) -> list[list[str]]:
    """These fields of each frame, as tshark prints them."""
    asked = [part for name in names for part in ("-e", name)]
    command = ["tshark", "-n", "-r", path, "-T", "fields", *asked]
    ran = subprocess.run(command, capture_output=True, timeout=120)
    return [line.split("\t") for line in ran.stdout.decode("utf-8", "replace").splitlines()]


def seen_by_tshark(path: Path) -> list[Seen]:
    """(time in ns, bytes on the wire, bytes in the file) of each frame."""
    found = fields(path, "frame.time_epoch", "frame.len", "frame.cap_len")
    return [(int(Decimal(time or 0) * 10**9), int(wire), int(captured)) for time, wire, captured in found]
