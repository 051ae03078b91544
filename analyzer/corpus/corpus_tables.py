"""A report → tables of plain columns for pandas, DuckDB and Spark, written as Parquet.

Every row has `session`, the key of the result that it is of, and `part`, the file that it was written to.
Times are UTC, microseconds (Spark reads no nanoseconds); lists are lists; text is as the report has it, so it
may hold anything a capture holds.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from analyzer.model import Destination, Report

TIME = pa.timestamp("us", tz="UTC")
TEXT, WHOLE, YES_NO = pa.string(), pa.int64(), pa.bool_()
TEXTS = pa.list_(pa.string())

# In the metadata of each Parquet file: the version of the tables below. It rises when a column is removed, or
# changes its type or meaning; further columns leave it as it is.
SCHEMA, SCHEMA_VERSION = "phonehome.schema", 1

Row = Mapping[str, Any]

TABLES: dict[str, dict[str, pa.DataType]] = {
    "captures": {
        "path": TEXT, "sha256": TEXT, "octets": WHOLE, "format": TEXT, "frames": WHOLE, "first": TIME,
        "last": TIME, "complete": YES_NO, "made": TIME, "version": TEXT, "settings": TEXT,
        "reconstruction": YES_NO,
    },
    "devices": {
        "device": TEXT, "mac": TEXT, "addresses": TEXTS, "names": TEXTS, "clues": TEXTS, "packets": WHOLE,
        "octets": WHOLE, "payload": WHOLE, "payload_readable": WHOLE,
    },
    "messages": {
        "capture": WHOLE, "number": WHOLE, "protocol": TEXT, "role": TEXT, "flow": WHOLE, "device": TEXT,
        "source": TEXT, "source_port": WHOLE, "destination": TEXT, "destination_port": WHOLE, "time": TIME,
        "method": TEXT, "target": TEXT, "host": TEXT, "status": WHOLE, "content_type": TEXT,
        "body_octets": WHOLE, "body_sha256": TEXT, "complete": YES_NO, "delivered": YES_NO, "frame": WHOLE,
    },
    "findings": {
        "capture": WHOLE, "message": WHOLE, "kind": TEXT, "value": TEXT, "name": TEXT, "confidence": TEXT,
        "known": YES_NO, "time": TIME, "device": TEXT, "host": TEXT, "destination": TEXT,
        "destination_port": WHOLE, "frame": WHOLE, "path": TEXT, "phone": TEXT,
    },
    "pings": {
        "capture": WHOLE, "message": WHOLE, "dossier": TEXT, "title": TEXT, "status": TEXT,
        "confidence": TEXT, "time": TIME, "device": TEXT, "host": TEXT, "destination": TEXT,
        "destination_port": WHOLE, "encoding": TEXT, "client": TEXT, "frame": WHOLE,
    },
    "destinations": {
        "device": TEXT, "address": TEXT, "protocol": TEXT, "port": WHOLE, "flows": WHOLE,
        "packets_up": WHOLE, "packets_down": WHOLE, "octets_up": WHOLE, "octets_down": WHOLE, "first": TIME,
        "last": TIME, "names": TEXTS, "kinds": TEXTS, "located": TEXT, "second": TEXT, "registered": TEXT,
        "operated": TEXT, "special": TEXT, "verdict": TEXT, "asn": WHOLE, "network": TEXT, "in_scope": YES_NO,
        "scope_claims": TEXTS,
    },
    "flows": {
        "capture": WHOLE, "flow": WHOLE, "device": TEXT, "source": TEXT, "source_port": WHOLE,
        "destination": TEXT, "destination_port": WHOLE, "protocol": TEXT, "kind": TEXT, "name": TEXT,
        "packets_up": WHOLE, "packets_down": WHOLE, "octets_up": WHOLE, "octets_down": WHOLE, "first": TIME,
        "last": TIME, "ended": TEXT, "payload": WHOLE, "readable": WHOLE, "flows": WHOLE,
    },
    "coverage": {"capture": WHOLE, "state": TEXT, "what": TEXT, "packets": WHOLE, "octets": WHOLE},
    "problems": {"capture": WHOLE, "code": TEXT, "what": TEXT, "frame": WHOLE, "times": WHOLE},
}  # fmt: skip


def tables_of(reports: Mapping[str, Report], part: str, settings: str | None) -> dict[str, pa.Table]:
    """All tables of reports, which come by their keys."""
    listed: dict[str, list[Row]] = {name: [] for name in TABLES}
    for session, report in reports.items():
        context, own = TableContext(report, settings), {"session": session, "part": part}
        for name, rows in _ROWS.items():
            listed[name] += [own | dict(row) for row in rows(context)]
    return {name: pa.Table.from_pylist(rows, schema=schema_of(name)) for name, rows in listed.items()}


def as_parquet(table: pa.Table) -> bytes:
    """The table as a Parquet file that says the version of its columns."""
    sink = io.BytesIO()
    stamped = {**(table.schema.metadata or {}), SCHEMA.encode(): str(SCHEMA_VERSION).encode()}
    pq.write_table(table.replace_schema_metadata(stamped), sink, compression="zstd")
    return sink.getvalue()


def schema_of(name: str) -> pa.Schema:
    """The columns of a table."""
    return pa.schema([("session", TEXT), ("part", TEXT), *TABLES[name].items()])


class TableContext:
    """A report, and what rows of its tables look up in it."""

    def __init__(self, report: Report, settings: str | None) -> None:
        self.report, self.settings = report, settings
        self.messages = {message.number: message for message in report.messages}
        columns = report.flows.columns
        self.devices = dict(zip(columns.get("flow", ()), columns.get("device", ()), strict=True))


def _captures(of: TableContext) -> Iterable[Row]:
    report = of.report
    for info in report.captures:
        yield {
            "path": _text(info.path), "sha256": info.sha256, "octets": info.size, "format": info.format,
            "frames": info.frames, "first": _us(info.first_ns), "last": _us(info.last_ns),
            "complete": info.complete, "made": _us(report.created_ns), "version": report.version,
            "settings": of.settings, "reconstruction": report.reconstruction is not None,
        }  # fmt: skip


def _devices(of: TableContext) -> Iterable[Row]:
    for device in of.report.devices:
        yield {
            "device": device.id, "mac": device.mac, "addresses": list(device.addresses),
            "names": [_text(name.name) for name in device.names],
            "clues": [_text(f"{clue.kind}: {clue.value}") for clue in device.clues],
            "packets": device.packets, "octets": device.bytes, "payload": device.payload,
            "payload_readable": device.payload_readable,
        }  # fmt: skip


def _messages(of: TableContext) -> Iterable[Row]:
    for m in of.report.messages:
        yield {
            "capture": m.evidence.capture, "number": m.number, "protocol": m.protocol, "role": m.role,
            "flow": m.flow, "device": of.devices.get(m.flow), "source": m.source.address,
            "source_port": m.source.port, "destination": m.destination.address,
            "destination_port": m.destination.port, "time": _us(m.time_ns), "method": _text(m.method),
            "target": _text(m.target), "host": _text(m.host), "status": m.status,
            "content_type": _text(m.header("content-type")), "body_octets": m.body.length,
            "body_sha256": m.body.sha256, "complete": m.complete, "delivered": m.delivered,
            "frame": _frame(m.evidence.frames),
        }  # fmt: skip


def _findings(of: TableContext) -> Iterable[Row]:
    for found in of.report.findings:
        sent = of.messages.get(found.message)
        flow = sent.flow if sent else found.evidence.flow
        yield {
            "capture": found.evidence.capture, "message": found.message or None, "kind": found.kind,
            "value": _text(found.value), "name": _text(found.name), "confidence": found.confidence,
            "known": found.known, "time": _us(found.time_ns),
            "device": None if flow is None else of.devices.get(flow),
            "host": _text(sent.host) if sent else None,
            "destination": sent.destination.address if sent else None,
            "destination_port": sent.destination.port if sent else None,
            "frame": _frame(found.evidence.frames), "path": _text(str(found.evidence)),
            "phone": _text(found.details.get("phone")),
        }  # fmt: skip


def _pings(of: TableContext) -> Iterable[Row]:
    for ping in of.report.pings:
        yield {
            "capture": ping.evidence.capture, "message": ping.message, "dossier": ping.dossier,
            "title": ping.title, "status": ping.status, "confidence": ping.confidence,
            "time": _us(ping.time_ns), "device": ping.device, "host": _text(ping.host),
            "destination": ping.destination.address, "destination_port": ping.destination.port,
            "encoding": ping.encoding, "client": ping.client, "frame": _frame(ping.evidence.frames),
        }  # fmt: skip


def _destinations(of: TableContext) -> Iterable[Row]:
    for row in of.report.destinations:
        yield {
            "device": row.device, "address": row.address, "protocol": row.protocol, "port": row.port,
            "flows": row.flows, "packets_up": row.packets_up, "packets_down": row.packets_down,
            "octets_up": row.bytes_up, "octets_down": row.bytes_down, "first": _us(row.first_ns),
            "last": _us(row.last_ns), "names": [_text(name.name) for name in row.names],
            "kinds": list(row.kinds), "in_scope": row.in_scope, "scope_claims": list(row.scope_claims),
            **_place(row),
        }  # fmt: skip


def _place(row: Destination) -> Row:
    place = row.place
    if place is None:
        return {}
    return {
        "located": place.code("located"), "second": place.code("second"),
        "registered": place.code("registered"), "operated": place.code("operated"),
        "special": place.special, "verdict": place.verdict, "asn": place.asn, "network": place.as_name,
    }  # fmt: skip


def _flows(of: TableContext) -> Iterable[Row]:
    kept = TABLES["flows"]
    renamed = {"bytes_up": "octets_up", "bytes_down": "octets_down", "first_ns": "first", "last_ns": "last"}
    for row in of.report.flows.rows():
        named = {renamed.get(name, name): value for name, value in row.items()}
        named |= {name: _us(named[name]) for name in ("first", "last")}
        yield {name: _text(v) if isinstance(v, str) else v for name, v in named.items() if name in kept}


def _coverage(of: TableContext) -> Iterable[Row]:
    for row in of.report.coverage:
        yield {
            "capture": row.capture, "state": row.state, "what": _text(row.what), "packets": row.packets,
            "octets": row.bytes,
        }  # fmt: skip


def _problems(of: TableContext) -> Iterable[Row]:
    for problem in of.report.problems:
        yield {
            "capture": problem.capture, "code": problem.code, "what": _text(problem.what),
            "frame": problem.frame, "times": problem.count,
        }  # fmt: skip


_ROWS: dict[str, Callable[[TableContext], Iterable[Row]]] = {
    "captures": _captures,
    "devices": _devices,
    "messages": _messages,
    "findings": _findings,
    "pings": _pings,
    "destinations": _destinations,
    "flows": _flows,
    "coverage": _coverage,
    "problems": _problems,
}


def _us(time_ns: int | None) -> int | None:
    return None if time_ns is None else time_ns // 1000


def _frame(frames: tuple[int, ...]) -> int | None:
    return frames[0] if frames else None


def _text(text: str | None) -> str | None:
    """Text that UTF-8 can hold: a lone surrogate, as names of files may have, becomes an escape."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()
