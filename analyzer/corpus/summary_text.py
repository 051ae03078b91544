"""A summary → sentences, cells as text, and CSV files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from analyzer.corpus.summary import Cell, EarlierResults, LabelCount, Sheet, Summary
from analyzer.corpus.summary_questions import MOST_NAMED
from analyzer.report.text import visible
from analyzer.report.units import counted, percent
from analyzer.system.files import replace_all

# In place of a sheet without rows: of a whole summary, and of one of what is new.
NOTHING = "Nothing was found in what was searched."
NOTHING_NEW = "Nothing new was found in what was searched."


def nothing(summary: Summary) -> str:
    """What stands in place of a sheet without rows."""
    return NOTHING if summary.earlier is None else NOTHING_NEW


def words(cell: Cell, to_the_day: bool = False) -> str:
    """A cell for people: times in UTC to the second or the day, numbers with separators."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).strftime("%Y-%m-%d" if to_the_day else "%Y-%m-%d %H:%M:%S")
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def headings(sheet: Sheet) -> list[str]:
    return [column.replace("_", " ") for column in sheet.columns]


def said(summary: Summary) -> list[str]:
    """What the whole is made of, in sentences."""
    found = [f"{summary.captures:,} captures in {summary.sessions:,} recordings, each counted once"]
    if summary.first and summary.last:
        found.append(f"from {words(summary.first)} to {words(summary.last)} UTC, as the captures are stamped")
    if summary.since:
        found.append(f"only what was first seen on {summary.since.isoformat()} or later")
    if summary.earlier is not None:
        found += _said_of_earlier(summary.earlier)
    if summary.reconstructions:
        found.append(
            f"{summary.reconstructions:,} recordings are RECONSTRUCTIONS, not of a real phone; "
            "they are counted here too"
        )
    if summary.damaged:
        found.append(f"{summary.damaged:,} captures are damaged: they are counted up to the damage")
    if summary.unread_sessions:
        share = percent(summary.unread_bytes, summary.bytes)
        found.append(
            f"{summary.unread_packets:,} of {summary.packets:,} packets ({share} of the bytes), in "
            f"{summary.unread_sessions:,} recordings, were not searched for identifiers or not opened: that "
            "none was found there says nothing"
        )
    if summary.unrecorded:
        found.append(f"of {summary.unrecorded:,} recordings it is not known how much was searched")
    if summary.described is not None:
        found.append(
            f"your file describes {summary.described:,} of the {summary.captures:,} captures; a capture "
            "counts under each of its headings"
        )
    if summary.undescribed:
        shown = ", ".join(map(visible, summary.undescribed[:MOST_NAMED]))
        left = len(summary.undescribed) - MOST_NAMED
        more = f" and {left:,} more" if left > 0 else ""
        found.append(f"your file names captures that are not among the results: {shown}{more}")
    if summary.labels is not None:
        found += _said_of_labels(summary.labels)
    if summary.unfinished:
        found.append(
            f"{summary.unfinished:,} runs of scan --results have not come to their end: what they have "
            "not read is missing here"
        )
    found.append("what looks like an identifier is listed as one; how sure it is stands in each report")
    return found


def _said_of_earlier(earlier: EarlierResults) -> list[str]:
    found = [
        f"the tables show only what is new beside {earlier.said}: {counted(earlier.captures, 'capture')} in "
        f"{counted(earlier.sessions, 'recording')}"
    ]
    if earlier.unread_sessions:
        found.append(
            f"in {counted(earlier.unread_sessions, 'earlier recording')} not all packets were searched: what "
            "is listed as new may have been there"
        )
    if earlier.unfinished:
        found.append(
            f"the earlier results lack the end of {counted(earlier.unfinished, 'run')} of scan --results: "
            "what is missing there may be listed as new"
        )
    return found


def _said_of_labels(labels: LabelCount) -> list[str]:
    found = [
        f"{counted(labels.given, 'label')} of reviewers, {labels.listed:,} of them for something that is "
        "listed here; a label changes no count, and a false alarm stays listed"
    ]
    if labels.unopened:
        found.append(
            f"{counted(labels.unopened, 'label')} with a keyed hash in place of a value: --redact-key FILE "
            "tells what that is"
        )
    return found


def write_csv(summary: Summary, folder: Path) -> None:
    """One file a sheet; older ones are replaced, all or none. No cell is a formula. Raises OSError."""
    replace_all(folder, {f"{sheet.name}.csv": _csv(sheet) for sheet in summary.sheets})


def _csv(sheet: Sheet) -> bytes:
    import csv
    import io

    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(sheet.columns)
    writer.writerows([_plain(cell) for cell in row] for row in sheet.rows)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _plain(cell: Cell) -> str | int | None:
    """A cell for programs: ISO 8601 in UTC; text that a spreadsheet would take for a formula is quoted."""
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(cell, str):
        text = visible(cell)
        return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
    return int(cell) if isinstance(cell, bool) else cell


def rows_of(sheet: Sheet, most: int | None) -> Sequence[tuple[Cell, ...]]:
    """The rows that are shown."""
    return sheet.rows if most is None else sheet.rows[:most]
