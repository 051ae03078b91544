"""An operator's log, CSV `time,event` → entries: what was done to the phone while the capture ran."""

from __future__ import annotations

import csv
import datetime
import os
from collections.abc import Iterator
from io import StringIO
from typing import TextIO

from analyzer.conclusions.event_timeline import LogEntry

MOST_ENTRIES = 100_000
# What nanoseconds since 1970 in 64 bits can hold, as the times of packets are kept.
EARLIEST, LATEST = -(1 << 63), (1 << 63) - 1
HEADINGS = frozenset(("time", "timestamp", "date", "when"))


def read_log(path: str | os.PathLike[str], text: str | None = None) -> tuple[LogEntry, ...]:
    """The entries in the order of time; OSError, or ValueError with line and reason, where it can't be read.

    A time is ISO 8601 with its offset or Z, or seconds since 1970 (UTC); a time without offset is
    refused, since its clock could not be told from it later. `text` is what the file holds, where it was
    read already.
    """
    entries: list[LogEntry] = []
    with open(path, encoding="utf-8-sig", newline="") if text is None else StringIO(text) as file:
        for number, row in enumerate(_rows(file, str(path)), start=1):
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


def _rows(file: TextIO, path: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(file)
    except UnicodeDecodeError:
        raise ValueError(f"{path}: is not UTF-8 text") from None
    except csv.Error as error:
        raise ValueError(f"{path}: is no table of lines with commas ({error})") from None


def _time_ns(text: str, where: str) -> int:
    """Nanoseconds since 1970; ValueError where no packet could be of that time."""
    found = _any_time_ns(text, where)
    if not EARLIEST <= found <= LATEST:
        raise ValueError(f"{where}: {text[:40]!r} is no time that a capture can hold (years 1678 to 2262)")
    return found


def _any_time_ns(text: str, where: str) -> int:
    whole, _, fraction = text.partition(".")
    if whole.isascii() and whole.isdigit() and (not fraction or (fraction.isascii() and fraction.isdigit())):
        seconds = int(whole) if len(whole) <= 20 else 10**20
        return seconds * 1_000_000_000 + int(fraction[:9].ljust(9, "0"))
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{where}: {text[:40]!r} is no time (write 2019-02-20T16:01:00Z)") from None
    if moment.tzinfo is None:
        raise ValueError(f"{where}: {text[:40]!r} has no offset from UTC (write 2019-02-20T16:01:00Z)")
    since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000
