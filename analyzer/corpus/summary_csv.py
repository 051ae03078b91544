"""A summary → CSV files, one a sheet, for programs and spreadsheets."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from analyzer.corpus.summary import Cell, Sheet, Summary
from analyzer.report.text import visible
from analyzer.system.files import replace_all


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
