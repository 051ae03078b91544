"""A summary and labels of reviewers → the summary with a column `label`, and a sheet of the labels.

A label changes no count: a false alarm is still listed, with its label.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from analyzer.corpus.reviewed_labels import COLUMNS, LabelIndex, ReviewLabel
from analyzer.corpus.summary import Cell, LabelCount, Sheet, Summary
from analyzer.corpus.summary_questions import OF_NEWS, QUESTIONS
from analyzer.report.language import mark

Row = Mapping[str, Cell]
Things = list[tuple[str, str]]  # kind and value


def _of_kind(row: Row) -> Things:
    return [(str(row["kind"]), str(row["value"]))]


def _of_destination(row: Row) -> Things:
    names = str(row["names"] or "").split(", ")
    return [("host", name) for name in (str(row["address"]), *names) if name]


def _of_column(kind: str, column: str) -> Callable[[Row], Things]:
    return lambda row: [(kind, str(row[column]))]


# What the rows of a sheet are of: the first that has a label counts.
THINGS: dict[str, Callable[[Row], Things]] = {
    "captures": _of_column("capture", "sha256"),
    "hosts": _of_column("host", "host"),
    "messages": _of_column("message", "message"),
    "phones": _of_kind,
    "identifiers": _of_kind,
    "devices": _of_column("device", "device"),
    "destinations": _of_destination,
}


def questions_for(labels: LabelIndex | None) -> Sequence[tuple[str, str, str]]:
    """The questions of a summary, with the captures where some of them have labels."""
    of_captures = labels is not None and any(label.kind == "capture" for label in labels.labels.values())
    return (*(q for q in OF_NEWS if q[0] == "captures" and of_captures), *QUESTIONS)


def labelled(summary: Summary, labels: LabelIndex) -> Summary:
    """The summary with the labels of what it lists."""
    fit: set[tuple[str, str]] = set()
    sheets = tuple(_joined(sheet, labels, fit) for sheet in summary.sheets)
    rows = tuple(
        (label.kind, label.value, label.label, label.by, label.when.isoformat(), label.note, label.key in fit)
        for label in labels.labels.values()
    )
    listed = Sheet("labels", mark("Labels of reviewers"), (*COLUMNS, "listed"), rows)
    count = LabelCount(len(rows), len(fit), labels.unopened)
    return replace(summary, sheets=(*sheets, listed), labels=count)


def _joined(sheet: Sheet, labels: LabelIndex, fit: set[tuple[str, str]]) -> Sheet:
    things = THINGS.get(sheet.name)
    if things is None:
        return sheet
    rows = []
    for row in sheet.rows:
        found = _label(things(dict(zip(sheet.columns, row, strict=True))), labels)
        if found is not None:
            fit.add(found.key)
        rows.append((*row, found and found.label))
    return replace(sheet, columns=(*sheet.columns, "label"), rows=tuple(rows))


def _label(things: Things, labels: LabelIndex) -> ReviewLabel | None:
    return next((found for thing in things if (found := labels.of(*thing)) is not None), None)
