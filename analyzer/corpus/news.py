"""Results and earlier ones → a summary of what only the first have.

A row of a sheet is new where the earlier results have none with the same key: the same value of the same
kind, the same address, the same message with the same status.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from analyzer.corpus.capture_metadata import MetadataCell
from analyzer.corpus.results_repair import last_run
from analyzer.corpus.storage import StorageError, is_remote, storage
from analyzer.corpus.summary import EarlierResults, Sheet, Summary, summary_of
from analyzer.corpus.summary_questions import OF_NEWS, QUESTIONS
from analyzer.report.language import _

# The columns by which rows of a sheet are the same.
KEYS: dict[str, tuple[str, ...]] = {
    "captures": ("sha256",),
    "kinds": ("kind",),
    "hosts": ("host",),
    "conditions": ("heading", "value"),
    "messages": ("message", "status"),
    "phones": ("kind", "value"),
    "identifiers": ("kind", "value"),
    "devices": ("device",),
    "destinations": ("address",),
    "coverage": ("state", "what"),
    "problems": ("code",),
}


def news_of(
    url: str,
    earlier: str | date | None = None,
    since: date | None = None,
    metadata: Sequence[MetadataCell] | None = None,
) -> Summary:
    """What the results at `url` have and earlier ones have not.

    `earlier` is the folder or URL of other results; or a day: what is there and was made before it (UTC); or
    None: what was there before the last run of scan --results. StorageError where either can't be read.
    """
    questions = (*OF_NEWS, *QUESTIONS)
    found = summary_of(url, since, metadata, questions)
    if isinstance(earlier, str):
        _refuse_same(url, earlier)
        said, before = (
            _("the results in {place}").format(place=earlier),
            summary_of(earlier, None, metadata, questions),
        )
    else:
        said, moment = _moment(url, earlier)
        before = replace(summary_of(url, None, metadata, questions, moment), unfinished=0)
    had = {sheet.name: set(_keys(sheet)) for sheet in before.sheets}
    sheets = tuple(_without(sheet, had[sheet.name]) for sheet in found.sheets)
    counts = (before.captures, before.sessions, before.unread_sessions, before.unfinished)
    return replace(found, sheets=sheets, earlier=EarlierResults(said, *counts))


def _moment(url: str, day: date | None) -> tuple[str, datetime]:
    """How what was made before a moment is named, and the moment."""
    if day is not None:
        said = _("what was read before {day} (UTC)").format(day=day.isoformat())
        return said, datetime(day.year, day.month, day.day, tzinfo=UTC)
    moment = last_run(*storage(url))
    if moment is None:
        raise StorageError(
            f"{url}: when the last run of scan --results began is not noted there; "
            "--earlier takes earlier results, or a day"
        )
    said = _("what was read before the last run, which began at {time} UTC")
    return said.format(time=f"{moment:%Y-%m-%d %H:%M:%S}"), moment


def _refuse_same(url: str, earlier: str) -> None:
    local = not is_remote(url) and not is_remote(earlier)
    if url == earlier or (local and os.path.realpath(url) == os.path.realpath(earlier)):
        raise StorageError(f"{earlier}: these are the same results, beside which nothing is new")


def _keys(sheet: Sheet) -> list[tuple[object, ...]]:
    places = [sheet.columns.index(column) for column in KEYS[sheet.name]]
    return [tuple(row[at] for at in places) for row in sheet.rows]


def _without(sheet: Sheet, had: set[tuple[object, ...]]) -> Sheet:
    rows = tuple(row for row, key in zip(sheet.rows, _keys(sheet), strict=True) if key not in had)
    return replace(sheet, is_new=True, rows=rows)
