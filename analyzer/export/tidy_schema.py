"""Report → tables in normal form: one value a cell, and keys to join on. SQLite and pandas get these.

The columns are those of `table_schema`, which CSV and Parquet write. A column that holds lists becomes a
table of its own; what is asked for most (the device of a finding, the first name of a destination) is looked
up and is in the row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from analyzer.export.plain import clean, text_of
from analyzer.export.table_schema import Column, Type, tables
from analyzer.export.urls import url_of
from analyzer.model import Message, Report

_MOST = 2**63


@dataclass(frozen=True, slots=True)
class TidyTable:
    """A table whose cells hold one value each. `key` is unique in it, `joins` name the columns of others."""

    name: str
    columns: Sequence[Column]
    key: str | None
    joins: Mapping[str, tuple[str, str]]  # column → table and column that it refers to

    def __len__(self) -> int:
        return len(self.columns[0].values)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows."""
        return zip(*(column.values for column in self.columns), strict=True)


class ListTable(NamedTuple):
    """Where the lists of a column go, and the name of each value's column."""

    name: str
    value: str
    beside: str = ""  # a column whose lists run in step with it
    beside_value: str = ""


# Of each table the key; where the column is not in the schema, it counts the rows from 1 (captures from 0).
KEYS: Mapping[str, str] = {
    "captures": "capture", "devices": "id", "destinations": "destination_id", "flows": "flow",
    "messages": "number", "findings": "finding_id", "identifiers": "identifier_id", "pings": "ping_id",
    "problems": "problem_id",
}  # fmt: skip
_JOINS: Mapping[str, tuple[str, str]] = {
    "capture": ("captures", "capture"), "device": ("devices", "id"), "flow": ("flows", "flow"),
    "message": ("messages", "number"), "peer": ("messages", "number"),
    "destination_id": ("destinations", "destination_id"), "identifier_id": ("identifiers", "identifier_id"),
    "finding_id": ("findings", "finding_id"), "ping_id": ("pings", "ping_id"),
}  # fmt: skip
_LISTS: Mapping[tuple[str, str], ListTable] = {
    ("destinations", "names"): ListTable("destination_names", "name", "names_known_by", "known_by"),
    ("destinations", "scope_claims"): ListTable("destination_scope_claims", "claim"),
    ("destinations", "hides"): ListTable("destination_hides", "what"),
    ("devices", "addresses"): ListTable("device_addresses", "address"),
    ("devices", "names"): ListTable("device_names", "name"),
    ("messages", "frames"): ListTable("message_frames", "frame"),
    ("messages", "missing"): ListTable("message_missing", "what"),
    ("messages", "replaced"): ListTable("message_replaced", "part"),
    ("findings", "frames"): ListTable("finding_frames", "frame"),
    ("findings", "reasons"): ListTable("finding_reasons", "reason"),
    ("pings", "frames"): ListTable("ping_frames", "frame"),
    ("pings", "reasons"): ListTable("ping_reasons", "reason"),
    ("pings", "status_reasons"): ListTable("ping_status_reasons", "reason"),
    ("identifiers", "destinations"): ListTable("identifier_destinations", "recipient"),
    ("identifiers", "devices"): ListTable("identifier_devices", "device"),
}
# The first value of a list is in the row as well.
_FIRST: Mapping[tuple[str, str], str] = {
    ("destinations", "names"): "name",
    ("devices", "names"): "name",
    ("messages", "frames"): "frame",
    ("findings", "frames"): "frame",
    ("pings", "frames"): "frame",
}
# Counts in words; `destination_counts` has them as numbers.
_WORDS = frozenset(("kinds", "ended", "versions"))
_SINGLE: Mapping[Type, Type] = {"texts": "text", "ints": "int"}


def tidy_tables(report: Report) -> dict[str, TidyTable]:
    """Return each table under its name, also where it has no row."""
    made: dict[str, TidyTable] = {}
    for name, columns in tables(report).items():
        plain = _with_key(name, columns)
        made[name] = _table(name, [*_split_off(name, plain), *_looked_up(name, report)])
        made |= _list_tables(name, plain)
    made |= {name: _of_rows(name, spec, rows(report)) for name, (spec, rows) in _FURTHER.items()}
    return made


def _table(name: str, columns: Sequence[Column]) -> TidyTable:
    """Return the table; its joins are those of its columns."""
    cleaned = [Column(c.name, c.type, [_value(v) for v in c.values]) for c in columns]
    key = KEYS.get(name)
    joins = {c.name: _JOINS[c.name] for c in columns if c.name in _JOINS and c.name != key}
    return TidyTable(name, cleaned, key, joins)


def _with_key(name: str, columns: Sequence[Column]) -> list[Column]:
    key = KEYS.get(name)
    if key is None or any(column.name == key for column in columns):
        return list(columns)
    first = 0 if name == "captures" else 1
    return [Column(key, "int", range(first, first + len(columns[0].values))), *columns]


def _split_off(name: str, columns: Sequence[Column]) -> Iterator[Column]:
    """Yield the columns of one value a cell, with the first of a list where that is asked for most."""
    for column in columns:
        if column.type not in _SINGLE:
            if not (name == "destinations" and column.name in _WORDS):
                yield column
        elif (name, column.name) in _FIRST:
            firsts = [values[0] if values else None for values in column.values]
            yield Column(_FIRST[name, column.name], _SINGLE[column.type], firsts)


def _list_tables(name: str, columns: Sequence[Column]) -> Iterator[tuple[str, TidyTable]]:
    """Yield a table for each column of lists, with the key of the row and the position in the list."""
    by_name = {column.name: column for column in columns}
    for (of, listed), about in _LISTS.items():
        if of != name:
            continue
        key, column = by_name[KEYS[name]], by_name[listed]
        own = "device" if name == "devices" else "message" if name == "messages" else key.name
        beside = by_name[about.beside].values if about.beside else [None] * len(column.values)
        rows = [
            (of_row, at, value, further[at - 1] if further else None)
            for of_row, values, further in zip(key.values, column.values, beside, strict=True)
            for at, value in enumerate(values or (), 1)
        ]
        kinds: list[tuple[str, Type]] = [(own, key.type), ("position", "int")]
        kinds += [(about.value, _SINGLE[column.type])]
        kinds += [(about.beside_value, "text")] if about.beside else []
        yield about.name, _of_rows(about.name, kinds, rows)


def _of_rows(name: str, spec: Sequence[tuple[str, Type]], rows: Iterable[Sequence[Any]]) -> TidyTable:
    listed = list(rows)
    columns = [Column(n, kind, [row[at] for row in listed]) for at, (n, kind) in enumerate(spec)]
    return _table(name, columns)


def _value(value: Any) -> Any:
    """Text without half characters; a number beyond 64 bits is unknown."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if -_MOST <= value < _MOST else None
    return value


# ── what is looked up ───────────────────────────────────────────────────────


class _Lookup:
    """What rows of one table look up in others."""

    def __init__(self, report: Report) -> None:
        columns = report.flows.columns
        self.messages = {message.number: message for message in report.messages}
        self.device_of = dict(zip(columns.get("flow", ()), columns.get("device", ()), strict=False))
        self.identifiers = {(i.kind, i.value): at for at, i in enumerate(report.identifiers, 1)}
        self.destinations = {
            (d.device, d.address, d.protocol, d.port): at for at, d in enumerate(report.destinations, 1)
        }


def _looked_up(name: str, report: Report) -> Iterator[Column]:
    of, made = _Lookup(report), _LOOKED_UP.get(name)
    if made is not None:
        spec, rows = made
        listed = list(rows(report, of))
        for at, (column, kind) in enumerate(spec):
            yield Column(column, kind, [row[at] for row in listed])


def _of_flows(report: Report, of: _Lookup) -> Iterator[tuple[Any, ...]]:
    for row in report.flows.rows():
        ends = (row.get("device"), row.get("destination"), row.get("protocol"), row.get("destination_port"))
        yield (of.destinations.get(ends),)  # type: ignore[arg-type]


def _of_messages(report: Report, of: _Lookup) -> Iterator[tuple[Any, ...]]:
    for message in report.messages:
        yield of.device_of.get(message.flow), _url(message)


def _of_findings(report: Report, of: _Lookup) -> Iterator[tuple[Any, ...]]:
    for found in report.findings:
        sent = of.messages.get(found.message)
        flow = sent.flow if sent else found.evidence.flow
        end = sent.destination if sent else None
        host = sent.host if sent else None
        yield (
            of.identifiers.get((found.kind, found.value)), of.device_of.get(flow), host,
            end.address if end else None, end.port if end else None,
        )  # fmt: skip


_Rows = Callable[[Report, _Lookup], Iterator[tuple[Any, ...]]]
_LOOKED_UP: Mapping[str, tuple[Sequence[tuple[str, Type]], _Rows]] = {
    "flows": ([("destination_id", "int")], _of_flows),
    "messages": ([("device", "text"), ("url", "text")], _of_messages),
    "findings": (
        [
            ("identifier_id", "int"), ("device", "text"), ("host", "text"), ("destination", "text"),
            ("destination_port", "int"),
        ],
        _of_findings,
    ),
}  # fmt: skip


# ── further tables ──────────────────────────────────────────────────────────


def _requests(report: Report) -> Iterator[tuple[Any, ...]]:
    """A row a readable request, with what came back."""
    of = _Lookup(report)
    for sent in report.messages:
        if sent.role == "request":
            answer = of.messages.get(sent.peer) if sent.peer is not None else None
            yield (
                sent.number, sent.time_ns, of.device_of.get(sent.flow), sent.protocol, sent.method, sent.host,
                sent.target, _url(sent), sent.destination.address, sent.destination.port,
                sent.header("user-agent"), sent.body.length, sent.delivered, sent.peer,
                answer.status if answer else None, answer.body.length if answer else None,
                sent.evidence.capture, next(iter(sent.evidence.frames), None), sent.evidence.flow,
            )  # fmt: skip


def _headers(report: Report) -> Iterator[tuple[Any, ...]]:
    for message in report.messages:
        for position, (name, value) in enumerate(message.headers, 1):
            yield message.number, position, name, value


def _texts(report: Report) -> Iterator[tuple[Any, ...]]:
    for message in report.messages:
        lines = "\n".join(f"{name}: {value}" for name, value in message.headers)
        yield message.number, message.host, message.target, lines, text_of(message.body)


def _url(message: Message) -> str | None:
    return url_of(message) if message.protocol.startswith("http") else None


def _counts(report: Report) -> Iterator[tuple[Any, ...]]:
    for at, row in enumerate(report.destinations, 1):
        for what, counted in (("kind", row.kinds), ("ended", row.ended), ("version", row.versions)):
            for value, flows in counted.items():
                yield at, what, value, flows


def _fields(report: Report) -> Iterator[tuple[Any, ...]]:
    for at, ping in enumerate(report.pings, 1):
        for position, field in enumerate(ping.fields, 1):
            yield at, position, field.key, field.value, field.means


def _details(report: Report) -> Iterator[tuple[Any, ...]]:
    for at, found in enumerate(report.findings, 1):
        for key, value in found.details.items():
            yield at, key, value


_FURTHER: Mapping[
    str, tuple[Sequence[tuple[str, Type]], Callable[[Report], Iterator[tuple[Any, ...]]]]
] = {
    "requests": (
        [
            ("message", "int"), ("time", "time"), ("device", "text"), ("protocol", "text"),
            ("method", "text"), ("host", "text"), ("target", "text"), ("url", "text"),
            ("destination", "text"), ("destination_port", "int"), ("user_agent", "text"),
            ("body_octets", "int"), ("delivered", "bool"), ("peer", "int"), ("status", "int"),
            ("answer_octets", "int"), ("capture", "int"), ("frame", "int"), ("flow", "int"),
        ],
        _requests,
    ),
    "message_headers": (
        [("message", "int"), ("position", "int"), ("name", "text"), ("value", "text")], _headers,
    ),
    "message_texts": (
        [("message", "int"), ("host", "text"), ("target", "text"), ("headers", "text"), ("text", "text")],
        _texts,
    ),
    "destination_counts": (
        [("destination_id", "int"), ("what", "text"), ("value", "text"), ("flows", "int")], _counts,
    ),
    "ping_fields": (
        [
            ("ping_id", "int"), ("position", "int"), ("key", "text"), ("value", "text"), ("means", "text"),
        ],
        _fields,
    ),
    "finding_details": ([("finding_id", "int"), ("key", "text"), ("value", "text")], _details),
}  # fmt: skip
