"""Paths of captures → what is read as one (`capture.sessions` decides), and in which portions.

Whether a file goes on where another ends shows once that one has been read. Files that may belong together
are therefore surveyed first, record by record and without decoding, so that sessions can be read at the same
time.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, TypeVar

from analyzer.capture import Capture
from analyzer.capture.rotated_files import Look, chains_of, follows, look
from analyzer.corpus.storage import StorageError, beginning, fetched, is_remote, reached, storage
from analyzer.model import CaptureError

T = TypeVar("T")
R = TypeVar("R")

# Bytes from which a capture may be read by several processes.
LARGE = 64 << 20
# Bytes of a remote capture that show its beginning.
BEGINNING = 1 << 20
# Bytes, and captures, that go to a worker at once: so that the way there costs little beside the work.
PORTION, MOST_IN_PORTION = 4 << 20, 64


@dataclass(frozen=True, slots=True)
class CaptureUnit:
    """Captures that are read as one, in the order of time; `size` is that of the files on disk, in bytes."""

    number: int  # its place among all, which does not depend on who reads it when
    looks: tuple[Look, ...]
    size: int
    helpers: int = 0  # further processes that read it, where it would keep the others waiting

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(entry.path for entry in self.looks)


class CaptureStart(NamedTuple):
    """A capture's beginning, and how large it is."""

    look: Look
    size: int


class ParallelMap(Protocol):
    """Applies a function to each item, in any number of processes, and keeps their order."""

    def __call__(self, function: Callable[[T], R], items: Sequence[T], /) -> Iterable[R]: ...


def units_of(paths: Sequence[str], apply: ParallelMap) -> list[CaptureUnit]:
    """Each path in exactly one unit, in the order in which one pass would read them."""
    seen = dict(zip(paths, apply(seen_of, paths), strict=True))
    chains = chains_of([entry.look for entry in seen.values()])
    wanted = [entry.path for chain in chains if len(chain) > 1 for entry in chain]
    last = dict(zip(wanted, apply(last_of, wanted), strict=True))
    sessions = [session for chain in chains for session in _sessions(chain, last)]
    sizes = {path: entry.size for path, entry in seen.items()}
    return [
        CaptureUnit(number, session, sum(sizes[entry.path] for entry in session))
        for number, session in enumerate(sessions)
    ]


def seen_of(path: str) -> CaptureStart:
    """The beginning of a capture; what can't be read is told when it is read."""
    try:
        if not is_remote(path):
            return CaptureStart(look(path), os.path.getsize(path) if os.path.isfile(path) else 0)
        files, at = storage(path)
        with reached(path):
            size = int(files.size(at) or 0)
        with beginning(path, BEGINNING) as local:
            return CaptureStart(replace(look(local), path=path), size)
    except (OSError, StorageError):
        return CaptureStart(Look(path), 0)


def last_of(path: str) -> int | None:
    """The time of a capture's last frame, as far as it can be read."""
    last: int | None = None
    try:
        with fetched([path]) as (local,):
            for batch in Capture(local):
                if len(batch.records):
                    latest = int(batch.records.time_ns.max())
                    last = latest if last is None else max(last, latest)
    except (CaptureError, OSError, StorageError):
        pass
    return last


def digest_of(path: str) -> str:
    """SHA-256 of a file as it lies there."""
    with fetched([path]) as (local,), open(local, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def with_helpers(units: Sequence[CaptureUnit], jobs: int) -> list[CaptureUnit]:
    """The units, with helpers for those that would still be read when all others are done."""
    total = sum(unit.size for unit in units)
    return [
        replace(unit, helpers=jobs - 1) if unit.size >= max(LARGE, total // jobs) else unit for unit in units
    ]


def portions(units: Sequence[CaptureUnit]) -> list[tuple[CaptureUnit, ...]]:
    """What goes to a worker at once: the largest first, small ones together."""
    ordered = sorted(units, key=lambda unit: (-unit.size, unit.number))
    found: list[tuple[CaptureUnit, ...]] = []
    waiting: list[CaptureUnit] = []
    for unit in ordered:
        if unit.size >= PORTION:
            found.append((unit,))
            continue
        waiting.append(unit)
        if len(waiting) >= MOST_IN_PORTION or sum(w.size for w in waiting) >= PORTION:
            found.append(tuple(waiting))
            waiting = []
    return [*found, *([tuple(waiting)] if waiting else [])]


def _sessions(chain: Sequence[Look], last: dict[str, int | None]) -> list[tuple[Look, ...]]:
    """A chain in the pieces that do follow each other."""
    pieces: list[list[Look]] = []
    latest: int | None = None
    for entry in chain:
        if pieces and follows(pieces[-1][-1], latest, entry):
            pieces[-1].append(entry)
        else:
            pieces.append([entry])
        latest = last.get(entry.path)
    return [tuple(piece) for piece in pieces]
