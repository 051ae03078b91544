"""The options of a run → the scope that its report states, by which the run can be repeated.

Files are named by their SHA-256. The owner's identifiers and Wi-Fi keys are named alone: who has the sum
of a number of fifteen digits can try them all.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from analyzer.model import ScanInput, Scope
from analyzer.session.options import Options


def scope_of(options: Options) -> Scope:
    """Return what a run was asked for."""
    day = None if options.geo_date is None else options.geo_date.isoformat()
    return Scope(options.regions, None, options.origin, day, tuple(scan_inputs(options)) or None)


def scan_inputs(options: Options) -> Iterator[ScanInput]:
    """Yield the inputs of a run other than its captures."""
    yield from (_of_file("--geo", path) for path in options.geo)
    yield from (_of_file("--dossiers", path) for path in options.dossiers)
    if options.tac:
        yield _of_file("--tac", options.tac)
    if options.log:
        yield ScanInput("--events", sha256=_sha256_of_lines([repr(tuple(entry)) for entry in options.log]))
    if options.known:
        yield ScanInput("--known")
    if options.wifi:
        yield ScanInput("--wifi")


def _of_file(option: str, path: str) -> ScanInput:
    """Return a file or folder with its SHA-256, None where it can't be read any more."""
    name = os.path.basename(os.path.abspath(path))
    try:
        if not os.path.isdir(path):
            return ScanInput(option, name, _sha256(path))
        files = sorted(Path(path).rglob("*.toml"))
        lines = [f"{_sha256(file)}  {file.relative_to(path).as_posix()}" for file in files]
        return ScanInput(option, name, _sha256_of_lines(lines))
    except OSError:
        return ScanInput(option, name)


def _sha256(path: str | os.PathLike[str]) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sha256_of_lines(lines: Sequence[str]) -> str:
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
