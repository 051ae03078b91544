"""Results of many captures → what recurs across them, asked of their Parquet with DuckDB.

A capture counts once however often it was read: of several results with the same content the one made last.
Times are those of the captures, never of the reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from analyzer.corpus.capture_metadata import MetadataCell
from analyzer.corpus.corpus_tables import SCHEMA, SCHEMA_VERSION, TABLES, schema_of
from analyzer.corpus.results_repair import unfinished
from analyzer.corpus.storage import StorageError, is_remote, reached, storage
from analyzer.corpus.summary_questions import (
    COUNTED,
    LIST,
    METADATA_TABLE,
    MOST_NAMED,
    NAMED,
    OF_METADATA,
    QUESTIONS,
)
from analyzer.report.coverage import UNREAD

Cell = str | int | datetime | None

# Sheets with a column of identifiers.
VEILED = {"identifiers": "value", "devices": "device"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One answer: a table with its columns, the rows that matter most first."""

    name: str  # "identifiers"
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    is_new: bool = False  # without what earlier results have


@dataclass(frozen=True, slots=True)
class EarlierResults:
    """What a summary of news leaves out: how a sentence names it, and what it is made of."""

    said: str
    captures: int
    sessions: int
    unread_sessions: int
    unfinished: int


@dataclass(frozen=True, slots=True)
class LabelCount:
    """Labels of reviewers: how many there are, fit a row of the summary, and need a key to be told."""

    given: int
    listed: int
    unopened: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What is known across results; `sessions` counts recordings, `captures` their files."""

    captures: int
    sessions: int
    reconstructions: int
    damaged: int
    first: datetime | None
    last: datetime | None
    since: date | None
    sheets: tuple[Sheet, ...]
    packets: int  # in the captures, and of them those that could have been searched and were not
    unread_packets: int
    bytes: int
    unread_bytes: int
    unread_sessions: int  # recordings with such packets
    unrecorded: int  # recordings read by a version that did not count this
    unfinished: int = 0  # runs that have not read all their captures
    described: int | None = None  # captures of which the user's own file says something; None without one
    undescribed: tuple[str, ...] = ()  # what that file names and the results do not hold
    earlier: EarlierResults | None = None  # set where the sheets show only what these do not have
    labels: LabelCount | None = None  # None without a file of labels


def summary_of(
    url: str,
    since: date | None = None,
    metadata: Sequence[MetadataCell] | None = None,
    questions: Sequence[tuple[str, str, str]] = QUESTIONS,
    made_before: datetime | None = None,
) -> Summary:
    """What recurs across the results at `url`; since a day, what is first seen on it or later.

    `metadata` is what the user's own file says of captures; a sheet counts what was found by it. With
    `made_before`, what a summary would have shown at that time.
    StorageError where there are no results, or they can't be read.
    """
    try:
        import duckdb
    except ImportError:
        raise StorageError("summary needs DuckDB: pip install '.[summary]'") from None
    files, root = storage(url)
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as base:
        try:
            if is_remote(url):
                with reached(url):
                    files.ls(root)  # says why, where DuckDB would not
            _views(base, files, root, url, made_before)
            found = replace(_asked(base, since, questions), unfinished=unfinished(files, root))
            return found if metadata is None else _with_metadata(base, found, metadata)
        except (duckdb.Error, OSError) as error:
            raise StorageError(
                f"{url}: the results can't be read ({_first_line(error)}); where a table is cut, "
                "scan with --results makes it again"
            ) from None


def _views(base: Any, files: Any, root: str, url: str, made_before: datetime | None) -> None:
    """The tables of results under their names, and under counted_NAME the rows that count."""
    local = "file" in (files.protocol if isinstance(files.protocol, tuple) else (files.protocol,))
    if not local:
        base.register_filesystem(files)
    base.execute("set timezone = 'UTC'")
    for name in TABLES:
        parts = files.glob(f"{root}/{name}/*.parquet")
        if name == "captures" and not parts:
            raise StorageError(f"{url}: no results are there")
        if parts:
            listed = [part if local else files.unstrip_protocol(part) for part in parts]
            if name == "captures":
                _refuse_later(base, listed, url)
            base.read_parquet(listed, union_by_name=True).create_view(name)
        else:
            base.register(name, schema_of(name).empty_table())
    made = (
        "true" if made_before is None else f"made < timestamptz '{made_before.astimezone(UTC).isoformat()}'"
    )
    base.execute(COUNTED.format(made=made))
    for name in TABLES:
        base.execute(
            f"create temp view counted_{name} as select * from {name} semi join counted using (session, part)"
        )


def _refuse_later(base: Any, parts: Sequence[str], url: str) -> None:
    """StorageError where a part has columns of a later version; parts without a version are of the first."""
    ((latest,),) = base.execute(
        "select coalesce(max(try_cast(decode(value) as integer)), 1) from parquet_kv_metadata(?) "
        "where key = ?",
        [parts, SCHEMA],
    ).fetchall()
    if latest > SCHEMA_VERSION:
        raise StorageError(
            f"{url}: the tables have version {latest}, and this phonehome reads up to {SCHEMA_VERSION}: "
            "use the phonehome that made them, or a later one"
        )


def _asked(base: Any, since: date | None, questions: Sequence[tuple[str, str, str]]) -> Summary:
    (captures, sessions, made, damaged, first, last) = base.execute(
        "select count(*), count(distinct session), count(distinct session) filter (where reconstruction), "
        "count(*) filter (where not complete), min(first), max(last) from counted_captures"
    ).fetchone()
    sheets = tuple(_sheet(base, since, *question) for question in questions)
    states = ", ".join(f"'{state}'" for state in UNREAD)
    counts = base.execute(
        "select coalesce(sum(packets), 0)::bigint, "
        f"coalesce(sum(packets) filter (where state in ({states})), 0)::bigint, "
        "coalesce(sum(octets), 0)::bigint, "
        f"coalesce(sum(octets) filter (where state in ({states})), 0)::bigint, "
        f"count(distinct session) filter (where state in ({states})), "
        "(select count(distinct session) from counted_captures "
        "where frames > 0 and session not in (select session from counted_coverage)) from counted_coverage"
    ).fetchone()
    return Summary(captures, sessions, made, damaged, first, last, since, sheets, *counts)


def _sheet(base: Any, since: date | None, name: str, title: str, question: str) -> Sheet:
    lists = {key: LIST.format(value, value, MOST_NAMED) for key, value in NAMED.items()}
    asked = f"select * from ({question.format(**lists)})"
    if since is not None:
        start = datetime(since.year, since.month, since.day, tzinfo=UTC)
        found = base.execute(f"{asked} where first >= ?", [start])
    else:
        found = base.execute(asked)
    columns = tuple(column[0] for column in found.description)
    return Sheet(name, title, columns, tuple(found.fetchall()))


def _with_metadata(base: Any, summary: Summary, metadata: Sequence[MetadataCell]) -> Summary:
    """The summary with a sheet by what the user's own file says, and how much of that file fits."""
    base.execute(METADATA_TABLE)
    if metadata:
        base.executemany("insert into metadata values (?, ?, ?)", [list(cell) for cell in metadata])
    fits = "m.capture in (c.path, c.sha256, parse_filename(c.path))"
    (described,) = base.execute(
        f"select count(*) from counted_captures c where exists (select 1 from metadata m where {fits})"
    ).fetchone()
    missing = base.execute(
        "select distinct m.capture from metadata m where not exists "
        f"(select 1 from counted_captures c where {fits}) order by 1"
    ).fetchall()
    sheets = (_sheet(base, summary.since, *OF_METADATA), *summary.sheets)
    return replace(summary, sheets=sheets, described=described, undescribed=tuple(row[0] for row in missing))


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]


def veiled(summary: Summary) -> Summary:
    """The summary with a number for each identifier and device, as a page for readers shows them.

    The sheet of labels is left out: its notes are free text.
    """
    shown = (sheet for sheet in summary.sheets if sheet.name != "labels")
    return replace(summary, sheets=tuple(_veiled(s) if s.name in VEILED else s for s in shown))


def _veiled(sheet: Sheet) -> Sheet:
    at = sheet.columns.index(VEILED[sheet.name])
    rows = (
        (*row[:at], f"{row[0] if at else 'device'} {number}", *row[at + 1 :])
        for number, row in enumerate(sheet.rows, 1)
    )
    return replace(sheet, rows=tuple(rows))
