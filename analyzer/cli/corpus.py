"""Many captures, or a large one → outcomes: how `scan` runs over all cores, on a cluster, and resumes."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from math import inf
from typing import TYPE_CHECKING, Any

from analyzer.cli.console import DAMAGED, DONE, UNUSABLE, complain, say, width, write
from analyzer.cli.documents import Outputs
from analyzer.cli.extras import missing
from analyzer.cli.fail_on import gated
from analyzer.cli.file_roles import FileOption, Role, declare
from analyzer.cli.output import UnusableError
from analyzer.cli.signals import words_and_code

if TYPE_CHECKING:
    from analyzer.conclusions.timing import LogEntry
    from analyzer.corpus.grouping import CaptureUnit
    from analyzer.corpus.results_folder import ResultsFolder
    from analyzer.corpus.run import Follower, Workers
    from analyzer.corpus.task import TaskResult
    from analyzer.identifiers.owner_values import KnownValues
    from analyzer.pipeline import Progress
    from analyzer.session.options import Options

# Bytes of several captures from which starting further processes is worth it.
WORTH_PROCESSES = 24 << 20
# Bytes of one capture from which several processes examine what is readable in it, where there is much.
LARGE = 64 << 20
# Sessions of captures of which a terminal shows the whole report.
MOST_WHOLE = 12


def add_many_choices(scan: argparse.ArgumentParser) -> None:
    """The options of many captures."""
    scan.add_argument(
        "--jobs", type=_jobs, metavar="N", help="read with so many processes (default: as many as cores)"
    )
    scan.add_argument(
        "--results",
        metavar="DIR|URL",
        help="keep each report, and tables of all as Parquet, there; what is there is not read again",
    )
    scan.add_argument(
        "--dask",
        metavar="ADDRESS|local",
        help="read on a Dask cluster: the address of its scheduler, or one made on this machine",
    )
    declare(scan, FileOption("results", "--results", Role.RESULTS))


def is_for_many(paths: Sequence[str], options: argparse.Namespace) -> bool:
    """Whether processes, results or a cluster are asked for, or the captures are worth processes."""
    if len(paths) == 1 and os.path.isfile(paths[0]) and not (options.results or options.dask):
        return False
    if options.jobs == 1 and not (options.results or options.dask):
        return any(map(_stands_for_several, paths))
    if options.jobs or options.results or options.dask or any(map(_stands_for_several, paths)):
        return True
    if options.bodies or "-" in paths or len(paths) < 2:
        return False
    return sum(os.path.getsize(path) for path in paths if os.path.isfile(path)) >= WORTH_PROCESSES


def jobs_for_one(paths: Sequence[str], options: argparse.Namespace) -> int:
    """Processes for captures that are read one after the other."""
    if options.jobs:
        return int(options.jobs)
    size = sum(os.path.getsize(path) for path in paths if os.path.isfile(path))
    return len(os.sched_getaffinity(0)) if size >= LARGE and hasattr(os, "sched_getaffinity") else 1


def run_many(
    paths: Sequence[str], known: KnownValues | None, log: tuple[LogEntry, ...], options: argparse.Namespace
) -> int:
    """Scan, write the documents that were asked for, and print the report or an overview."""
    from analyzer.corpus.discovery import captures_in
    from analyzer.corpus.pool import cores
    from analyzer.corpus.run import report_of, run, workers
    from analyzer.corpus.storage import StorageError, is_remote
    from analyzer.model import CaptureError

    if options.results:
        try:
            from analyzer.corpus.results_repair import finish
        except ModuleNotFoundError as error:
            raise UnusableError(missing("--results", error.name, "summary")) from None

    if options.bodies:
        raise UnusableError("--bodies takes captures by name, and neither --jobs, --results nor --dask")
    if options.results and options.redact:
        raise UnusableError("--results keeps what was found as it was found: --redact what is made of it")
    if "-" in paths:
        raise UnusableError("standard input can't be read by several processes")
    asked = _asked(known, log, options)
    follower, line = _follower(options)
    try:
        found = captures_in(paths, [options.results] if options.results else [])
        for path in found:
            if not is_remote(path):
                options.claims.reads("CAPTURE", path)
        with Outputs(options) as outputs:
            place = _place(options, asked, found) if options.results else None
            with _started(workers(options.jobs or cores(), options.dask, follower)) as by:
                wants_all = outputs.has_documents or options.fail_on
                outcomes = run(found, asked, place, by, follower, inf if wants_all else MOST_WHOLE)
            if line:
                line.clear()
            if place is not None:
                finish(place, found)
            if all(outcome.error is not None for outcome in outcomes):
                raise UnusableError("; ".join(str(outcome.error) for outcome in outcomes))
            is_whole = len(outcomes) <= MOST_WHOLE
            report = None
            if is_whole or wants_all:
                report = report_of(outcomes, place, options.device, options.tac)
            if report and (is_whole or outputs.has_documents):
                outputs.write(report, options, is_whole)
            if outputs.prints and not is_whole:
                _print_overview(outcomes, options)
    except (CaptureError, StorageError, PermissionError, FileNotFoundError) as error:
        raise UnusableError(str(error)) from None
    except KeyboardInterrupt as error:
        words, code = words_and_code(error)
        further = "; the same command goes on with what is left" if options.results else ""
        complain(f"{words}{further}")
        return code
    finally:
        if line:
            line.clear()
    for sentence in (said for outcome in outcomes for said in outcome.said if not options.quiet):
        complain(sentence)
    code = _exit_code(outcomes)
    return gated(report, options.fail_on, code) if report else code


def _place(options: argparse.Namespace, asked: Options, captures: Sequence[str]) -> ResultsFolder:
    """Where results are kept, with what was cut there made again, and marked until this run has ended."""
    from analyzer.corpus.results_folder import prepared
    from analyzer.corpus.results_repair import begin, repaired

    place = prepared(options.results, asked)
    for sentence in repaired(place):
        complain(sentence)
    begin(place, captures)
    return place


@contextmanager
def _started(workers: AbstractContextManager[Workers]) -> Iterator[Workers]:
    """The processes that read; UnusableError where the system refuses what they need."""
    with ExitStack() as stack:
        try:
            by = stack.enter_context(workers)
        except (OSError, ImportError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise UnusableError(
                f"several processes can't be started here ({why}): they need shared memory (/dev/shm) and "
                "open files; --jobs 1 reads captures that are named one by one without further processes"
            ) from None
        yield by


def _stands_for_several(path: str) -> bool:
    """As `archive.finding.is_many`, without an import for the scan of one file."""
    return (
        path != "-"
        and not os.path.isfile(path)
        and (
            os.path.isdir(path)
            or "://" in path
            or (any(c in path for c in "*?[") and not os.path.exists(path))
        )
    )


def _asked(known: KnownValues | None, log: tuple[LogEntry, ...], options: argparse.Namespace) -> Options:
    from analyzer.session.options import Options

    return Options.of(
        regions=options.region,
        known=known,
        wifi=options.wifi,
        origin=options.origin,
        geo=[os.path.abspath(path) for path in options.geo],
        geo_date=options.geo_date,
        dossiers=[os.path.abspath(path) for path in options.dossiers],
        log=log,
        tac=options.tac,
    )


def _exit_code(outcomes: Sequence[TaskResult]) -> int:
    unreadable = [outcome.error for outcome in outcomes if outcome.error is not None]
    for sentence in unreadable:
        complain(sentence)
    if unreadable:
        return UNUSABLE
    return DONE if all(outcome.brief.complete for outcome in outcomes) else DAMAGED


def _print_overview(outcomes: Sequence[TaskResult], options: argparse.Namespace) -> None:
    from analyzer.corpus.overview import render

    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    write(render(outcomes, width=width(), colour=colour, verbose=options.verbose))


def _follower(options: argparse.Namespace) -> tuple[Follower, CaptureLine | None]:
    from analyzer.corpus.run import Follower

    if options.quiet or not sys.stderr.isatty():
        return Follower(), None
    line = CaptureLine()
    return Follower(line.planned, line.heard, line.finished), line


class CaptureLine:
    """One line on a terminal that is written over and over."""

    def __init__(self) -> None:
        self._captures = self._done = self._data = self._size = 0
        self._now: dict[str, tuple[int, int]] = {}  # path → bytes read, of how many
        self._since = self._last = time.monotonic()

    def planned(self, units: Sequence[CaptureUnit]) -> None:
        self._captures, self._size = sum(len(u.looks) for u in units), sum(u.size for u in units)
        self._since = time.monotonic()

    def heard(self, progress: Progress) -> None:
        self._now[progress.path] = progress.done, progress.size or 0
        self._say()

    def finished(self, outcome: TaskResult) -> None:
        self._done += len(outcome.paths)
        self._data += outcome.size
        for path in outcome.paths:
            self._now.pop(path, None)
        self._say()

    def clear(self) -> None:
        say("\r\x1b[K")

    def _say(self) -> None:
        from analyzer.corpus.overview import progress_line

        now = time.monotonic()
        if now - self._last < 0.1:
            return
        self._last = now
        read = self._data + sum(min(done, size or done) for done, size in self._now.values())
        reading = [
            f"{os.path.basename(path)} {100 * done // size} %"
            for path, (done, size) in list(self._now.items())[-2:]
            if size and done <= size
        ]
        line = progress_line(self._done, self._captures, read, self._size, now - self._since, reading)
        say(f"\r{line[: width() - 1]}\x1b[K")


def _jobs(text: str) -> Any:
    if not text.isdecimal() or not 1 <= int(text) <= 1024:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes from 1 to 1,024")
    return int(text)
