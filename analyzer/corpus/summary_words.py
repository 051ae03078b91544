"""A summary → words of the language in force: sentences, titles, headings and cells.

CSV keeps the names and values that programs look for (`summary_csv`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from analyzer.corpus.summary import Cell, EarlierResults, LabelCount, Sheet, Summary
from analyzer.corpus.summary_questions import MOST_NAMED
from analyzer.report.language import _, mark, number, plural
from analyzer.report.reverse_translation import spoken
from analyzer.report.text import visible
from analyzer.report.units import percent
from analyzer.report.wording import kind_name

HEADING = mark("Across captures")
# In place of a sheet without rows: of a whole summary, and of one of what is new.
NOTHING = mark("Nothing was found in what was searched.")
NOTHING_NEW = mark("Nothing new was found in what was searched.")
NOTE = mark("Times are UTC, codes ISO 3166-1; no region is summed with another.")

# Column → its heading.
HEADINGS = {
    "address": mark("address"),
    "addresses": mark("addresses"),
    "by": mark("by"),
    "bytes": mark("bytes"),
    "capture": mark("capture"),
    "code": mark("code"),
    "complete": mark("complete"),
    "device": mark("device"),
    "devices": mark("devices"),
    "different": mark("different"),
    "example": mark("example"),
    "findings": mark("findings"),
    "first": mark("first"),
    "frames": mark("frames"),
    "heading": mark("heading"),
    "host": mark("host"),
    "hosts": mark("hosts"),
    "identifiers": mark("identifiers"),
    "in_scope": mark("in scope"),
    "kind": mark("kind"),
    "known_messages": mark("known messages"),
    "label": mark("label"),
    "last": mark("last"),
    "listed": mark("listed"),
    "located": mark("located"),
    "message": mark("message"),
    "names": mark("names"),
    "note": mark("note"),
    "octets": mark("bytes"),
    "octets_readable": mark("bytes readable"),
    "operated": mark("operated"),
    "packets": mark("packets"),
    "path": mark("path"),
    "registered": mark("registered"),
    "sessions": mark("recordings"),
    "sessions_with_identifiers": mark("recordings with identifiers"),
    "sessions_with_known_messages": mark("recordings with known messages"),
    "sha256": mark("SHA-256"),
    "state": mark("state"),
    "status": mark("status"),
    "sure": mark("sure"),
    "times": mark("times"),
    "value": mark("value"),
    "what": mark("what"),
    "when": mark("when"),
}
STATES = (
    mark("searched"),
    mark("answers"),
    mark("encrypted"),
    mark("not-searched"),
    mark("unrecognised"),
    mark("wifi-not-opened"),
    mark("tunnel-not-opened"),
    mark("not-decoded"),
    mark("not-captured"),
    mark("no-content"),
)
BY_TAC = mark("phone by its TAC")


def _kind(kind: str) -> str:
    return _(BY_TAC) if kind == BY_TAC else kind_name(kind)


# Columns whose text is ours. What a capture or the user's file says stays as it is.
_SPOKEN: dict[str, Callable[[str], str]] = {
    "device": spoken,
    "example": spoken,
    "kind": _kind,
    "label": _,
    "message": spoken,
    "state": spoken,
    "status": spoken,
    "what": spoken,
}


def nothing(summary: Summary) -> str:
    """What a sheet without rows shows."""
    return _(NOTHING if summary.earlier is None else NOTHING_NEW)


def title(sheet: Sheet) -> str:
    return _("New: {title}").format(title=_(sheet.title)) if sheet.is_new else _(sheet.title)


def headings(sheet: Sheet) -> list[str]:
    return [_(HEADINGS[column]) for column in sheet.columns]


def cells(sheet: Sheet, row: Sequence[Cell], to_the_day: bool = False) -> list[str]:
    """The cells of a row for people; `to_the_day` leaves the time of day out."""
    return [
        _SPOKEN[column](cell) if isinstance(cell, str) and column in _SPOKEN else words(cell, to_the_day)
        for column, cell in zip(sheet.columns, row, strict=True)
    ]


def words(cell: Cell, to_the_day: bool = False) -> str:
    """A cell for people: times in UTC to the second or the day, numbers with separators."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return _("yes") if cell else _("no")
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).strftime("%Y-%m-%d" if to_the_day else "%Y-%m-%d %H:%M:%S")
    return number(cell) if isinstance(cell, int) else str(cell)


def rows_of(sheet: Sheet, most: int | None) -> Sequence[tuple[Cell, ...]]:
    """The rows that are shown."""
    return sheet.rows if most is None else sheet.rows[:most]


def left_out(count: int) -> str:
    """How many rows are not shown."""
    return plural(count, "… {n} more: -v lists all", "… {n} more: -v lists all")


def said(summary: Summary) -> list[str]:
    """What the whole is made of, in sentences."""
    what_looks = _("what looks like an identifier is listed as one; how sure it is stands in each report")
    return [
        *_made_of(summary),
        *_of_earlier(summary.earlier),
        *_unread(summary),
        *_described(summary),
        *_of_labels(summary.labels),
        *_unfinished(summary),
        what_looks,
    ]


def _recordings(count: int) -> str:
    return plural(count, "{n} recording", "{n} recordings")


def _made_of(summary: Summary) -> Iterator[str]:
    captures = plural(summary.captures, "{n} capture", "{n} captures")
    yield _("{captures} in {recordings}, each counted once").format(
        captures=captures, recordings=_recordings(summary.sessions)
    )
    if summary.first and summary.last:
        yield _("from {first} to {last} UTC, as the captures are stamped").format(
            first=words(summary.first), last=words(summary.last)
        )
    if summary.since:
        yield _("only what was first seen on {day} or later").format(day=summary.since.isoformat())
    if summary.reconstructions:
        yield plural(
            summary.reconstructions,
            "{n} recording is a RECONSTRUCTION, not of a real phone; it is counted here too",
            "{n} recordings are RECONSTRUCTIONS, not of a real phone; they are counted here too",
        )
    if summary.damaged:
        yield plural(
            summary.damaged,
            "{n} capture is damaged: it is counted up to the damage",
            "{n} captures are damaged: they are counted up to the damage",
        )


def _unread(summary: Summary) -> Iterator[str]:
    if summary.unread_sessions:
        yield _(
            "{some} of {packets} packets ({share} of the bytes), in {recordings}, were not searched for "
            "identifiers or not opened: that none was found there says nothing"
        ).format(
            some=number(summary.unread_packets),
            packets=number(summary.packets),
            share=percent(summary.unread_bytes, summary.bytes),
            recordings=_recordings(summary.unread_sessions),
        )
    if summary.unrecorded:
        yield _("of {recordings} it is not known how much was searched").format(
            recordings=_recordings(summary.unrecorded)
        )


def _described(summary: Summary) -> Iterator[str]:
    if summary.described is not None:
        yield _(
            "your file describes {some} of the {captures} captures; a capture counts under each of its "
            "headings"
        ).format(some=number(summary.described), captures=number(summary.captures))
    if summary.undescribed:
        shown = ", ".join(map(visible, summary.undescribed[:MOST_NAMED]))
        if (left := len(summary.undescribed) - MOST_NAMED) > 0:
            shown = _("{some} and {n} more").format(some=shown, n=number(left))
        yield _("your file names captures that are not among the results: {captures}").format(captures=shown)


def _unfinished(summary: Summary) -> Iterator[str]:
    if summary.unfinished:
        yield plural(
            summary.unfinished,
            "{n} run of scan --results has not come to its end: what it has not read is missing here",
            "{n} runs of scan --results have not come to their end: what they have not read is missing here",
        )


def _of_earlier(earlier: EarlierResults | None) -> Iterator[str]:
    if earlier is None:
        return
    yield _("the tables show only what is new compared with {earlier}: {captures} in {recordings}").format(
        earlier=earlier.said,
        captures=plural(earlier.captures, "{n} capture", "{n} captures"),
        recordings=_recordings(earlier.sessions),
    )
    if earlier.unread_sessions:
        yield plural(
            earlier.unread_sessions,
            "in {n} earlier recording not all packets were searched: what is listed as new may have been "
            "there",
            "in {n} earlier recordings not all packets were searched: what is listed as new may have been "
            "there",
        )
    if earlier.unfinished:
        yield plural(
            earlier.unfinished,
            "the earlier results lack the end of {n} run of scan --results: what is missing there may be "
            "listed as new",
            "the earlier results lack the end of {n} runs of scan --results: what is missing there may be "
            "listed as new",
        )


def _of_labels(labels: LabelCount | None) -> Iterator[str]:
    if labels is None:
        return
    yield plural(
        labels.given,
        "{n} label of reviewers, {listed} for something that is listed here; a label changes no count, and a "
        "false alarm stays listed",
        "{n} labels of reviewers, {listed} of them for something that is listed here; a label changes no "
        "count, and a false alarm stays listed",
    ).replace("{listed}", number(labels.listed))
    if labels.unopened:
        yield plural(
            labels.unopened,
            "{n} label has a keyed hash in place of a value: --redact-key FILE tells what that is",
            "{n} labels have a keyed hash in place of a value: --redact-key FILE tells what that is",
        )
