"""An operator's log, CSV `time,event` → entries: what was done to the phone while the capture ran."""

from __future__ import annotations

import csv
import datetime
import os

from analyzer.triggers.events import LogEntry

MOST_ENTRIES = 100_000
HEADINGS = frozenset(("time", "timestamp", "date", "when"))


def read_log(path: str | os.PathLike[str]) -> tuple[LogEntry, ...]:
    """The entries in the order of time; OSError, or ValueError with line and reason, where it can't be read.

    A time is ISO 8601 with its offset or Z, or seconds since 1970 (UTC); a time without offset is
    refused, since nobody could tell later which clock it was of.
    """
    entries: list[LogEntry] = []
    with open(path, encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.reader(file), start=1):
            if not row or not row[0].strip() or row[0].lstrip().startswith("#"):
                continue
            if number == 1 and row[0].strip().lower() in HEADINGS:
                continue
            if len(row) < 2 or not row[1].strip():
                raise ValueError(f"{path}, line {number}: needs a time and an event, with a comma between")
            if len(entries) == MOST_ENTRIES:
                raise ValueError(f"{path}: more than {MOST_ENTRIES:,} events")
            entries.append(LogEntry(_time_ns(row[0].strip(), f"{path}, line {number}"), row[1].strip()[:80]))
    return tuple(sorted(entries))


def _time_ns(text: str, where: str) -> int:
    whole, _, fraction = text.partition(".")
    if whole.isascii() and whole.isdigit() and (not fraction or fraction.isdigit()):
        return int(whole) * 1_000_000_000 + int(fraction[:9].ljust(9, "0"))
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{where}: {text[:40]!r} is no time (write 2019-02-20T16:01:00Z)") from None
    if moment.tzinfo is None:
        raise ValueError(f"{where}: {text[:40]!r} has no offset from UTC (write 2019-02-20T16:01:00Z)")
    since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000
