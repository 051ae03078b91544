"""analyze(): a capture in, a Report out. The whole story on one screen."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, Unpack

from analyzer.capture.rotated_files import Look, chains
from analyzer.conclusions.merge import failed
from analyzer.conclusions.steps import concluded
from analyzer.model import CaptureError, Problem, Report
from analyzer.session.capture_session import OnProgress, Progress, read_session
from analyzer.session.options import OptionFields, Options
from analyzer.system.containment import Failed, contained

__all__ = ["OnProgress", "Options", "Progress", "analyze"]

APART = "it was read apart from the files that follow it, since reading them together failed ({})"


def analyze(
    *paths: str | os.PathLike[str], progress: OnProgress | None = None, **given: Unpack[OptionFields]
) -> Report:
    """Read captures and report what left the phone readable, and where everything went.

    `paths` are capture files, or "-" for standard input; files that one recording was split into are read
    as one session, in the order of time whatever the order in which they are given. The keywords are the
    fields of `Options`. A program that gives `jobs` has to guard its main module, as `multiprocessing` says.
    Raises CaptureError where no capture can be read (when one of several can't, that is a Problem of the
    report), ValueError where a keyword names nothing that there is.
    """
    options = Options.of(**given)
    recordings = chains([os.fspath(path) for path in paths])
    read = [one for chain in recordings for one in read_chain(chain, options, progress)]
    _raise_where_nothing_was_read(read, len(paths))
    reports = [one.report if isinstance(one, Unreadable) else one for one in read]
    return concluded(reports, options.device, options.tac)


def _raise_where_nothing_was_read(read: Sequence[Report | Unreadable], count: int) -> None:
    errors = [one.error for one in read if isinstance(one, Unreadable)]
    if count == 1 and errors:
        raise errors[0]
    if len(errors) == len(read):
        raise CaptureError("; ".join(map(str, errors)) or "no capture was given")


class Unreadable(NamedTuple):
    """A capture that can't be read: the report that says so, and the error itself."""

    report: Report
    error: CaptureError


def read_chain(
    chain: Sequence[Look], options: Options, progress: OnProgress | None = None
) -> Iterator[Report | Unreadable]:
    """A report for each session of a chain of files."""
    left = list(chain)
    while left:
        try:
            report, left = read_session(left, options, progress)
            yield report
        except CaptureError as error:
            yield Unreadable(failed(left[0].path, str(error)), error)
            left = left[1:]
        except Exception as error:
            first, *left = left
            yield _alone(first, contained(error, "file", "captures"), options, progress, bool(left))


def _alone(
    first: Look, why: Failed, options: Options, progress: OnProgress | None, was_one_of_several: bool
) -> Report | Unreadable:
    """What can be had of a file whose session could not be read: it alone, where there were further ones."""
    if was_one_of_several:
        try:
            report, _ = read_session([first], options, progress)
            return replace(
                report, problems=(*report.problems, Problem("session-split", APART.format(why.error)))
            )
        except CaptureError as error:
            return Unreadable(failed(first.path, str(error)), error)
        except Exception as error:
            why = contained(error, "file", "captures")
    sentence = (
        f"{first.path}: could not be read: phonehome failed ({why.error}), which says nothing of the file"
    )
    return Unreadable(failed(first.path, sentence), CaptureError(sentence))
