"""A portion of captures → what came of each: the one task that every way of running it runs."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from analyzer.conclusions.frame_refs import SENTENCES
from analyzer.conclusions.merge import failed
from analyzer.conclusions.steps import concluded
from analyzer.conclusions.transform import rebuilt
from analyzer.corpus.grouping import CaptureUnit, digest_of
from analyzer.corpus.results_folder import Results, ResultsFolder
from analyzer.corpus.storage import StorageError, fetched
from analyzer.corpus.summary_row import Brief, brief_of
from analyzer.model import CaptureError, Report
from analyzer.pipeline import Progress, Unreadable, read_chain
from analyzer.session.options import Options
from analyzer.system.containment import contained

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What came of a unit. `report` is None where it is kept in the results and nobody asked for it."""

    unit: int
    paths: tuple[str, ...]
    size: int
    brief: Brief
    key: str | None = None
    report: Report | None = None
    error: str | None = None  # why nothing of it could be read
    was_done: bool = False
    said: tuple[str, ...] = ()  # what went otherwise than meant, and changes nothing


def work(
    portion: Sequence[CaptureUnit],
    options: Options,
    place: ResultsFolder | None,
    progress: OnProgress | None = None,
    handed_back: bool = False,
) -> list[TaskResult]:
    """Read what is not done yet; one capture that can't be read never stops the others.

    With `handed_back`, outcomes have their reports although these are kept in the results.
    """
    results = Results(place) if place else None
    outcomes = [_one(unit, options, results, progress) for unit in portion]
    if results is None:
        return outcomes
    _put_away(outcomes, results)
    return outcomes if handed_back else [_without_report(outcome) for outcome in outcomes]


def given_up(unit: CaptureUnit, why: str) -> TaskResult:
    """The outcome of a unit of which nothing could be read."""
    report = failed(unit.paths[0], why)
    return TaskResult(unit.number, unit.paths, unit.size, brief_of(report), report=report, error=why)


def key_of(unit: CaptureUnit, digests: Sequence[str], fingerprint: str) -> str:
    """By what a result is known: contents, names, and what it was read with.

    A name is part of it, since a report prints it; of a single capture the folder is not.
    """
    names = unit.paths if len(unit.paths) > 1 else [os.path.basename(path) for path in unit.paths]
    said = json.dumps([list(digests), list(names), fingerprint])
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _one(
    unit: CaptureUnit,
    options: Options,
    results: Results | None,
    progress: OnProgress | None,
) -> TaskResult:
    said: list[str] = []
    try:
        if results is not None and (kept := _kept(unit, results)):
            return kept
        wanted = replace(options, jobs=unit.helpers + 1, notify=said.append)
        report, error = _read(unit, wanted, progress)
        key = None
        if results is not None and error is None:
            key = key_of(unit, [info.sha256 or "" for info in report.captures], results.place.fingerprint)
            report = concluded([report], tac=options.tac)
        brief = brief_of(report)
    except (OSError, StorageError) as problem:
        return given_up(unit, f"{unit.paths[0]}: can't be read ({problem})")
    except MemoryError:
        return given_up(unit, f"{unit.paths[0]}: reading it takes more memory than there is")
    except Exception as problem:  # a mistake of ours, which must not cost the other captures theirs
        why = contained(problem, "file", "captures").error
        return given_up(unit, f"{unit.paths[0]}: reading it failed ({why})")
    return TaskResult(unit.number, unit.paths, unit.size, brief, key, report, error, said=tuple(said))


def _put_away(outcomes: Sequence[TaskResult], results: Results) -> None:
    new = {o.key: o.report for o in outcomes if o.key and o.report and not o.was_done}
    try:
        if new:
            results.keep(new)
    except OSError as problem:
        raise StorageError(f"{results.place.url}: the results can't be written ({problem})") from None


def _without_report(outcome: TaskResult) -> TaskResult:
    return outcome if outcome.key is None else replace(outcome, report=None)


def _kept(unit: CaptureUnit, results: Results) -> TaskResult | None:
    """What an earlier run has made of the same captures."""
    if not results.place.has_some:
        return None
    key = key_of(unit, [digest_of(path) for path in unit.paths], results.place.fingerprint)
    report = results.report(key)
    if report is None:
        return None
    return TaskResult(unit.number, unit.paths, unit.size, brief_of(report), key, report, was_done=True)


def _read(unit: CaptureUnit, options: Options, progress: OnProgress | None) -> tuple[Report, str | None]:
    with fetched(unit.paths) as local:
        looks = [replace(entry, path=path) for entry, path in zip(unit.looks, local, strict=True)]
        found = list(read_chain(looks, options, progress))
    reports = [one.report if isinstance(one, Unreadable) else one for one in found]
    errors = [str(one.error) for one in found if isinstance(one, Unreadable)]
    named = dict(zip(local, unit.paths, strict=True))
    if len(reports) != 1:
        raise CaptureError(f"{unit.paths[0]}: the files changed while they were read")
    report = _called(reports[0], named)
    return report, _with_paths(errors[0], named) if errors else None


def _called(report: Report, named: dict[str, str]) -> Report:
    """The report with the captures' own paths, where copies of them were read."""
    if all(local == path for local, path in named.items()):
        return report
    moved: Report = rebuilt(report, frozenset(SENTENCES), lambda part: _said(part, named))
    infos = tuple(replace(info, path=named.get(info.path, info.path)) for info in report.captures)
    problems = tuple(replace(p, what=_with_paths(p.what, named)) for p in report.problems)
    spots = tuple(_with_paths(spot, named) for spot in report.blind_spots)
    return replace(moved, captures=infos, problems=problems, blind_spots=spots)


def _said(part: object, named: dict[str, str]) -> dict[str, object]:
    """The sentences of a part that may name a file, with its own path."""
    changed: dict[str, object] = {}
    for name in SENTENCES:
        said = getattr(part, name, None)
        if said:
            whole = isinstance(said, str)
            changed[name] = _with_paths(said, named) if whole else tuple(_with_paths(s, named) for s in said)
    return changed


def _with_paths(text: str, named: dict[str, str]) -> str:
    for local, path in named.items():
        text = text.replace(local, path)
    return text
