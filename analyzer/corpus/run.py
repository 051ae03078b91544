"""Captures → outcomes and a report: read here, over all cores, or by an existing cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from typing import Protocol, TypeVar

from analyzer.conclusions.steps import concluded
from analyzer.corpus.grouping import CaptureUnit, portions, units_of
from analyzer.corpus.results_folder import ResultsFolder, reports_of
from analyzer.corpus.task import TaskResult
from analyzer.model import Report
from analyzer.pipeline import Progress
from analyzer.session.options import Options

T = TypeVar("T")
R = TypeVar("R")


class Workers(Protocol):
    """Whoever reads captures."""

    def apply(self, function: Callable[[T], R], items: Sequence[T], /) -> Iterable[R]:
        """The function of each item, in their order."""

    def outcomes(
        self,
        portions: Sequence[tuple[CaptureUnit, ...]],
        options: Options,
        place: ResultsFolder | None,
        handed_back: bool,
    ) -> Iterator[TaskResult]:
        """What came of each unit, as it comes; with their reports, if that takes less than reading these."""


@dataclass
class Follower:
    """Is told what happens; does nothing with it."""

    planned: Callable[[Sequence[CaptureUnit]], None] = field(default=lambda _: None)
    heard: Callable[[Progress], None] | None = None
    finished: Callable[[TaskResult], None] = field(default=lambda _: None)


@contextmanager
def workers(jobs: int, dask: str | None, follower: Follower) -> Iterator[Workers]:
    """The cores of this machine, or a cluster: the address of its scheduler, or "local" for one made here."""
    if dask is not None:
        from analyzer.corpus.dask import Cluster

        with Cluster(dask, jobs) as cluster:
            yield cluster
        return
    from analyzer.corpus.pool import Pool

    with Pool(jobs, follower.heard) as pool:
        yield pool


def run(
    paths: Sequence[str],
    options: Options,
    place: ResultsFolder | None,
    by: Workers,
    follower: Follower,
    most_whole: float = inf,
) -> list[TaskResult]:
    """What came of each session of captures, in the order in which one pass would read them.

    Of more sessions than `most_whole` no reports are wanted.
    """
    units = units_of(paths, by.apply)
    follower.planned(units)
    found: list[TaskResult] = []
    for outcome in by.outcomes(portions(units), options, place, len(units) <= most_whole):
        found.append(outcome)
        follower.finished(outcome)
    return sorted(found, key=lambda outcome: outcome.unit)


def report_of(
    outcomes: Sequence[TaskResult],
    place: ResultsFolder | None,
    device: str | None = None,
    tac: str | None = None,
) -> Report:
    """One report of all, the same that one pass makes, whoever read which capture when."""
    ordered = sorted(outcomes, key=lambda outcome: outcome.unit)
    keys = [outcome.key for outcome in ordered if outcome.report is None and outcome.key]
    kept = dict(zip(keys, reports_of(place, keys), strict=True)) if place else {}
    reports = [o.report if o.report is not None else kept[o.key or ""] for o in ordered]
    return concluded(reports, device, tac)
