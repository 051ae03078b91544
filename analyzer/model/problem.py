"""Damage and limits: what could not be read, and what could not be seen."""

from __future__ import annotations

from dataclasses import dataclass


class CaptureError(Exception):
    """The input can't be read at all: one sentence saying what, where and what was seen."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Damage, loss or a limit that was met: what could not be seen, said beside the results."""

    code: str  # "cut-record", "gap", "body-limit": stable, for programs
    what: str  # one clear sentence, for people
    frame: int | None = None  # the first frame concerned
    count: int = 1  # how many times the same thing happened
    capture: int = 0  # which of Report.captures it concerns
    flow: int | None = None  # the first flow concerned
