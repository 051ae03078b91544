"""Results of many captures → what recurs across them, asked of their Parquet with DuckDB.

A capture counts once however often it was read: of several results with the same content the one made last.
Times are those of the captures, never of the reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from analyzer.corpus.capture_metadata import MetadataCell
from analyzer.corpus.corpus_tables import TABLES, schema_of
from analyzer.corpus.results_repair import unfinished
from analyzer.corpus.storage import StorageError, is_remote, reached, storage
from analyzer.report.coverage import UNREAD
from analyzer.report.language import mark
from analyzer.report.text import visible
from analyzer.system.files import replace_all

Cell = str | int | datetime | None

# Sheets with a column of identifiers.
VEILED = {"identifiers": "value", "devices": "device"}

# The names of a cell that shows several things hold at most so many of them.
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Sheet:
    """One answer: a table with its columns, the rows that matter most first."""

    name: str  # "identifiers"
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


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


# Rows of superseded results, and those a run left that broke off, are passed over.
COUNTED = """
create temp table counted as
with newest as (
    select sha256, arg_max(session, (made, session)) as session from captures group by sha256
), whole as (
    select session, arg_max(part, (made, part)) as part, bool_and(session in (select session from newest)) as
    counts from captures group by session
)
select session, part from whole where counts
"""

# Name, title and question of each sheet. Each has columns `first` and `last`; {named} makes a short list.
QUESTIONS: tuple[tuple[str, str, str], ...] = (
    ("messages", mark("Known messages: what recurs, by dossier"), """
        select title as message, status, count(*) as times, count(distinct device) as devices,
               count(distinct session) as sessions, {host} as hosts, min(time) as first, max(time) as last
        from counted_pings group by title, status order by times desc, message, status
    """),
    ("phones", mark(
        "Phones: by model, build and operator, as they said of themselves beside an identifier"
    ), """
        with facts as (
            select session, device, kind, value, time from counted_findings
            where kind in ('model', 'build', 'operator')
            union all
            select session, device, 'phone by its TAC', phone, time from counted_findings where phone is not
            null
        )
        select facts.kind, facts.value, count(distinct facts.device) as devices,
               count(distinct facts.session) as sessions, {dossier} as known_messages,
               min(facts.time) as first, max(facts.time) as last
        from facts left join counted_pings p on p.session = facts.session and p.device = facts.device
        group by facts.kind, facts.value order by facts.kind, devices desc, facts.value
    """),
    ("identifiers", mark("Identifiers that left readable"), """
        select kind, value, max(confidence = 'high') as sure, count(*) as times,
               count(distinct device) as devices, count(distinct session) as sessions, {host_or} as hosts,
               min(time) as first, max(time) as last
        from counted_findings where kind not in ('model', 'build', 'operator', 'local_ip')
        group by kind, value order by sessions desc, times desc, kind, value
    """),
    ("devices", mark(
        "Devices, by MAC or local address: an address of two recordings need not be one device"
    ), """
        with told as (
            select session, device, count(*) as found, min(time) as first, max(time) as last
            from counted_findings where device is not null group by session, device
        ), span as (
            select session, device, min(first) as first, max(last) as last from counted_destinations
            group by session, device
        )
        select d.device, count(distinct d.session) as sessions, sum(d.octets) as octets,
               sum(d.payload_readable) as octets_readable, coalesce(sum(told.found), 0) as findings,
               min(span.first) as first, max(span.last) as last
        from counted_devices d left join told using (session, device) left join span using (session, device)
        group by d.device order by findings desc, octets desc, d.device
    """),
    ("destinations", mark("Destinations outside the local network"), """
        select address, {name} as names, max(located) as located, max(registered) as registered,
               max(operated) as operated, bool_or(in_scope) as in_scope, count(distinct device) as devices,
               count(distinct session) as sessions, sum(packets_up) as packets, sum(octets_up) as octets,
               min(first) as first, max(last) as last
        from counted_destinations where special is null
        group by address order by in_scope desc, devices desc, packets desc, address
    """),
    ("coverage", mark("How much was searched for identifiers, and why the rest was not"), """
        with span as (
            select session, min(first) as first, max(last) as last from counted_captures group by session
        )
        select c.state, c.what, sum(c.packets)::bigint as packets, sum(c.octets)::bigint as bytes,
               count(distinct c.session) as sessions, min(span.first) as first, max(span.last) as last
        from counted_coverage c join span using (session)
        group by c.state, c.what order by bytes desc, packets desc, c.state, c.what
    """),
    ("problems", mark("What could not be read, and why"), """
        with span as (
            select session, min(path) as path, min(first) as first, max(last) as last from counted_captures
            group by session
        )
        select p.code, min(p.what) as example, sum(p.times)::bigint as times,
               count(distinct p.session) as sessions, min(span.path) as capture, min(span.first) as first,
               max(span.last) as last
        from counted_problems p join span using (session)
        group by p.code order by sessions desc, times desc, p.code
    """),
)  # fmt: skip
# Asked where the user's own file describes captures. A recording of several files has what any of them has.
OF_METADATA = ("conditions", mark("By what your file says of the captures"), """
    with told as (
        select distinct c.session, m.heading, m.value from metadata m join counted_captures c
        on m.capture in (c.path, c.sha256, parse_filename(c.path))
    ), span as (
        select session, min(first) as first, max(last) as last from counted_captures group by session
    ), sure as (
        select told.heading, told.value, count(distinct f.session) as sessions,
               count(distinct (f.kind, f.value)) as identifiers
        from told join counted_findings f using (session)
        where f.confidence <> 'low' and f.kind not in ('model', 'build', 'operator', 'local_ip')
        group by told.heading, told.value
    ), pinged as (
        select session, count(*) as pings from counted_pings group by session
    )
    select told.heading, told.value, count(*) as sessions,
           count(pinged.session) as sessions_with_known_messages,
           coalesce(sum(pinged.pings), 0)::bigint as known_messages,
           coalesce(any_value(sure.sessions), 0) as sessions_with_identifiers,
           coalesce(any_value(sure.identifiers), 0) as identifiers,
           min(span.first) as first, max(span.last) as last
    from told join span using (session) left join pinged using (session)
    left join sure on sure.heading = told.heading and sure.value = told.value
    group by told.heading, told.value order by told.heading, sessions desc, told.value
""")  # fmt: skip
_METADATA = "create temp table metadata (capture text, heading text, value text)"

_LIST = "array_to_string(list_sort(list(distinct {})  filter (where {} is not null))[1:{}], ', ')"
NAMED = {
    "host": "host",
    "dossier": "p.dossier",
    "host_or": "coalesce(host, destination)",
    "name": "names[1]",
}


def summary_of(
    url: str, since: date | None = None, metadata: Sequence[MetadataCell] | None = None
) -> Summary:
    """What recurs across the results at `url`; since a day, what is first seen on it or later.

    `metadata` is what the user's own file says of captures; a sheet counts what was found by it.
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
            _views(base, files, root, url)
            found = replace(_asked(base, since), unfinished=unfinished(files, root))
            return found if metadata is None else _with_metadata(base, found, metadata)
        except (duckdb.Error, OSError) as error:
            raise StorageError(
                f"{url}: the results can't be read ({_first_line(error)}); where a table is cut, "
                "scan with --results makes it again"
            ) from None


def _views(base: Any, files: Any, root: str, url: str) -> None:
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
            base.read_parquet(listed, union_by_name=True).create_view(name)
        else:
            base.register(name, schema_of(name).empty_table())
    base.execute(COUNTED)
    for name in TABLES:
        base.execute(
            f"create temp view counted_{name} as select * from {name} semi join counted using (session, part)"
        )


def _asked(base: Any, since: date | None) -> Summary:
    (captures, sessions, made, damaged, first, last) = base.execute(
        "select count(*), count(distinct session), count(distinct session) filter (where reconstruction), "
        "count(*) filter (where not complete), min(first), max(last) from counted_captures"
    ).fetchone()
    sheets = tuple(_sheets(base, since))
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


def _sheets(base: Any, since: date | None) -> Iterator[Sheet]:
    for name, title, question in QUESTIONS:
        yield _sheet(base, since, name, title, question)


def _sheet(base: Any, since: date | None, name: str, title: str, question: str) -> Sheet:
    lists = {key: _LIST.format(value, value, MOST_NAMED) for key, value in NAMED.items()}
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
    base.execute(_METADATA)
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
    """The summary with a number for each identifier and device, as a page for readers shows them."""
    return replace(summary, sheets=tuple(_veiled(s) if s.name in VEILED else s for s in summary.sheets))


def _veiled(sheet: Sheet) -> Sheet:
    at = sheet.columns.index(VEILED[sheet.name])
    rows = (
        (*row[:at], f"{row[0] if at else 'device'} {number}", *row[at + 1 :])
        for number, row in enumerate(sheet.rows, 1)
    )
    return replace(sheet, rows=tuple(rows))


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
