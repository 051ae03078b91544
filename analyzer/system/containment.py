"""Unexpected failures of a part → counted problems, so that the rest of a capture is read and reported.

A mistake of ours in one reader must not cost what other readers, flows and files show. The boundaries are
few: a flow's reader, a datagram, a message, whoever looks at batches, a file, a session. Each catches
`Exception`, hands it to `contained`, and goes on without the part. What was lost is a Problem of the report.

With PHONEHOME_RAISE in the environment nothing is contained, so that tests and fuzzers see each mistake.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from analyzer.model import CaptureError, Problem, Report

T = TypeVar("T")

RAISE = "PHONEHOME_RAISE"
# Kinds of failure that are told apart; beyond that a failure counts with the last one of its unit.
MOST_KINDS = 100


class MeantError(Exception):
    """An exception that a caller above waits for: it is never contained."""


# What says something of the machine, of the input or of the command, not of a mistake in a reader.
PASSED_ON = (MeantError, CaptureError, MemoryError, OSError)


class Unit(NamedTuple):
    """What may fail: the code of its Problem, its names for one and for several, and what became of it."""

    code: str
    one: str
    several: str
    lost: str


UNITS = {
    "flow": Unit("flow-unread", "flow", "flows", "could not be read"),
    "datagram": Unit("datagram-unread", "datagram", "datagrams", "could not be read"),
    "exchange": Unit("message-unread", "message", "messages", "could not be listed"),
    "message": Unit("message-unsearched", "message", "messages", "could not be searched"),
    "batch": Unit("packets-unread", "batch of packets", "batches of packets", "could not be read"),
    "file": Unit("file-unread", "file", "files", "could not be read to the end"),
    "conclusion": Unit("conclusion-missing", "conclusion", "conclusions", "could not be drawn"),
}  # fmt: skip
CODES = frozenset(unit.code for unit in UNITS.values())


class Failed(NamedTuple):
    """One unexpected failure: what of the capture, which reader, and the exception's type and place."""

    unit: str  # a key of UNITS
    reader: str  # "HTTP"
    error: str  # "KeyError at http1.py:88"
    flow: int | None = None
    frame: int | None = None


def contained(
    error: Exception, unit: str, reader: str, flow: int | None = None, frame: int | None = None
) -> Failed:
    """Return what is said of a failure. Raise it again where it is meant for others, or for a test."""
    if isinstance(error, PASSED_ON) or os.environ.get(RAISE):
        raise error
    return Failed(unit, reader, said_of(error), flow, frame)


def said_of(error: Exception) -> str:
    """Return an exception's type and the line of ours that raised it: what a report of the mistake needs."""
    at, place = error.__traceback__, ""
    while at is not None:
        code = at.tb_frame.f_code
        if f"{os.sep}analyzer{os.sep}" in code.co_filename or not place:
            place = f"{os.path.basename(code.co_filename)}:{at.tb_lineno}"
        at = at.tb_next
    return f"{type(error).__name__} at {place}" if place else type(error).__name__


@dataclass(slots=True)
class _Counted:
    """Failures of one kind: the first of them and how many there are."""

    first: Failed
    count: int = 0


class Failures:
    """The failures of a scan, counted by unit, reader and exception."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str, str], _Counted] = {}
        self.flows: dict[tuple[int, str], int] = {}  # (flow, reader) → its payload before the failure

    def add(self, failed: Failed, before: int = 0) -> None:
        """Count a failure; `before` is the payload of its flow, in bytes, that the reader had taken."""
        key = (failed.unit, failed.reader, failed.error)
        if key not in self._kinds and len(self._kinds) >= MOST_KINDS:
            key = (failed.unit, failed.reader, "further exceptions")
        self._kinds.setdefault(key, _Counted(failed)).count += 1
        if failed.unit == "flow" and failed.flow is not None:
            self.flows.setdefault((failed.flow, failed.reader), before)

    def attempt(
        self, unit: str, reader: str, frame: int | None, call: Callable[..., Any], *given: Any
    ) -> Any:
        """Return what `call(*given)` gives; None where it fails, which is counted."""
        try:
            return call(*given)
        except Exception as error:
            self.add(contained(error, unit, reader, frame=frame))
            return None

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Within, a failure ends the block and is not counted: it follows from one that was."""
        try:
            yield
        except Exception as error:
            contained(error, "flow", "")

    def guarded(self, items: Iterable[T], unit: str, reader: str, frame: int | None = None) -> Iterator[T]:
        """The same items until their making fails, which is counted."""
        try:
            yield from items
        except Exception as error:
            self.add(contained(error, unit, reader, frame=frame))

    def renumber(self, row: Callable[[int], int]) -> None:
        """Go on with new numbers of flows; `row` gives the new one, -1 where there is none."""
        moved = {(row(flow), reader): before for (flow, reader), before in self.flows.items()}
        self.flows = {key: before for key, before in moved.items() if key[0] >= 0}
        for counted in self._kinds.values():
            if counted.first.flow is not None:
                new = row(counted.first.flow)
                counted.first = counted.first._replace(flow=new if new >= 0 else None)

    def count(self, unit: str) -> int:
        """Return how many of a unit failed."""
        return sum(each.count for (of, _, _), each in self._kinds.items() if of == unit)

    def problems(self) -> list[Problem]:
        """Return one Problem for each kind of failure, in the order in which they were met."""
        return [
            problem_of(each.first._replace(error=error), each.count)
            for (_, _, error), each in self._kinds.items()
        ]


def problem_of(failed: Failed, count: int = 1) -> Problem:
    """Return the Problem that says so."""
    unit = UNITS[failed.unit]
    what = f"{count:,} {unit.one if count == 1 else unit.several} {unit.lost}"
    return Problem(
        unit.code,
        f"{what}: the part for {failed.reader} failed ({failed.error}), which is an error of phonehome and "
        "not of the capture",
        failed.frame,
        count,
        flow=failed.flow,
    )


# Problems of a capture that was read on as far as it was sure.
DOUBTED = frozenset({"unknown-interface", "joined-files"})


def is_whole(report: Report) -> bool:
    """Return whether all of the captures was read: neither damage nor a failure took something away."""
    unread = any(problem.code in CODES or problem.code in DOUBTED for problem in report.problems)
    return not unread and all(info.complete for info in report.captures)


def unread(problems: Iterable[Problem]) -> list[Problem]:
    """Return those problems that stand for failures."""
    return [problem for problem in problems if problem.code in CODES]
