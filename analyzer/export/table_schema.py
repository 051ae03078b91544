"""Report → its tables as named, typed columns of plain values: what CSV, Parquet and `tidy_schema` take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analyzer.model import Evidence, Message, Report
from analyzer.model.community_id import community_ids
from analyzer.report.units import tally
from analyzer.report.wording import place_line

Type = Literal["text", "int", "float", "bool", "time", "texts", "ints"]
Get = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """`values` are all of one type or None; times are UTC nanoseconds since the epoch."""

    name: str
    type: Type
    values: Sequence[Any]


def tables(report: Report) -> dict[str, list[Column]]:
    """Each table of the report under its name, also where it has no row."""
    made = {name: _columns(entries(report), spec) for name, (entries, spec) in _ENTRIES.items()}
    flows = [
        *_table(report.flows.columns, _FLOWS),
        Column("community_id", "text", community_ids(report.flows.rows())),
    ]
    return {"flows": flows, **made, "region_packets": _table(report.region_packets.columns, _REGION)}


def _columns(entries: Iterable[Any], spec: Mapping[str, tuple[Type, Get]]) -> list[Column]:
    rows = list(entries)
    return [Column(name, kind, [get(row) for row in rows]) for name, (kind, get) in spec.items()]


def _table(columns: Mapping[str, Sequence[Any]], types: Mapping[str, Type]) -> list[Column]:
    rows = max((len(values) for values in columns.values()), default=0)
    nothing = [None] * rows
    return [
        Column(name.removesuffix("_ns"), kind, _listed(columns.get(name, nothing)))
        for name, kind in types.items()
    ]


def _listed(values: Any) -> list[Any]:
    listed: list[Any] = values.tolist() if hasattr(values, "tolist") else list(values)
    return listed


def _of(path: str, kind: Type = "text") -> tuple[Type, Get]:
    """A column that is an attribute, or an attribute of one, None where there is none."""
    steps = path.split(".")

    def get(entry: Any) -> Any:
        for step in steps:
            entry = getattr(entry, step, None)
        return entry

    return kind, get


def _frames(evidence: Evidence | None) -> list[int]:
    return list(evidence.frames) if evidence else []


def _code(claim: Any) -> Get:
    return lambda row: row.place.code(claim) if row.place else None


def _content_type(message: Message) -> str | None:
    return message.header("content-type")


def _counted(name: str) -> tuple[Type, Get]:
    return "text", lambda row: tally(getattr(row, name))


_EVIDENCE: dict[str, tuple[Type, Get]] = {
    "capture": _of("evidence.capture", "int"),
    "frames": ("ints", lambda entry: _frames(entry.evidence)),
    "flow": _of("evidence.flow", "int"),
    "path": ("text", lambda entry: str(entry.evidence)),
}
_ENDS: dict[str, tuple[Type, Get]] = {
    "source": _of("source.address"),
    "source_port": _of("source.port", "int"),
    "destination": _of("destination.address"),
    "destination_port": _of("destination.port", "int"),
}
_DESTINATIONS: dict[str, tuple[Type, Get]] = {
    "device": _of("device"),
    "address": _of("address"),
    "protocol": _of("protocol"),
    "port": _of("port", "int"),
    "names": ("texts", lambda row: [name.name for name in row.names]),
    "names_known_by": ("texts", lambda row: [name.how for name in row.names]),
    "located": ("text", _code("located")),
    "second": ("text", _code("second")),
    "registered": ("text", _code("registered")),
    "operated": ("text", _code("operated")),
    "asn": _of("place.asn", "int"),
    "as_name": _of("place.as_name"),
    "verdict": _of("place.verdict"),
    "special": _of("place.special"),
    "place": ("text", lambda row: place_line(row.place) if row.place else None),
    "in_scope": _of("in_scope", "bool"),
    "scope_claims": ("texts", lambda row: list(row.scope_claims)),
    **{
        name: _of(name, "int")
        for name in (
            "flows", "packets_up", "packets_down", "bytes_up", "bytes_down", "payload_up", "payload_down",
            "payload_readable", "min_rtt_us",
        )
    },
    "first": _of("first_ns", "time"),
    "last": _of("last_ns", "time"),
    "kinds": _counted("kinds"),
    "ended": _counted("ended"),
    "versions": _counted("versions"),
    "hides": ("texts", lambda row: list(row.hides)),
}  # fmt: skip
_MESSAGES: dict[str, tuple[Type, Get]] = {
    "number": _of("number", "int"),
    "protocol": _of("protocol"),
    "role": _of("role"),
    "time": _of("time_ns", "time"),
    "end": _of("end_ns", "time"),
    **_ENDS,
    **_EVIDENCE,
    "method": _of("method"),
    "host": _of("host"),
    "target": _of("target"),
    "status": _of("status", "int"),
    "content_type": ("text", _content_type),
    "body_octets": _of("body.length", "int"),
    "body_sha256": _of("body.sha256"),
    "replaced": ("texts", lambda message: list(message.replaced)),
    "complete": _of("complete", "bool"),
    "missing": ("texts", lambda message: list(message.missing)),
    "peer": _of("peer", "int"),
    "delivered": _of("delivered", "bool"),
}
_FINDINGS: dict[str, tuple[Type, Get]] = {
    "kind": _of("kind"),
    "value": _of("value"),
    "name": _of("name"),
    "confidence": _of("confidence"),
    "class": _of("certainty"),
    "owner": _of("owner"),
    "known": _of("known", "bool"),
    "reasons": ("texts", lambda finding: list(finding.reasons)),
    "message": _of("message", "int"),
    "time": _of("time_ns", "time"),
    **_EVIDENCE,
}
_PINGS: dict[str, tuple[Type, Get]] = {
    "dossier": _of("dossier"),
    "title": _of("title"),
    "status": _of("status"),
    "confidence": _of("confidence"),
    "time": _of("time_ns", "time"),
    "device": _of("device"),
    **_ENDS,
    "host": _of("host"),
    "message": _of("message", "int"),
    "encoding": _of("encoding"),
    "client": _of("client"),
    "reasons": ("texts", lambda ping: list(ping.reasons)),
    "status_reasons": ("texts", lambda ping: list(ping.status_reasons)),
    **_EVIDENCE,
}
_IDENTIFIERS: dict[str, tuple[Type, Get]] = {
    "kind": _of("kind"),
    "value": _of("value"),
    "confidence": _of("confidence"),
    "times": _of("times", "int"),
    "first": _of("first_ns", "time"),
    "last": _of("last_ns", "time"),
    "destinations": ("texts", lambda found: list(found.destinations)),
    "devices": ("texts", lambda found: list(found.devices)),
    "belongs_to": _of("belongs_to"),
    "known": _of("known", "bool"),
}
_DEVICES: dict[str, tuple[Type, Get]] = {
    "id": _of("id"),
    "mac": _of("mac"),
    "addresses": ("texts", lambda device: list(device.addresses)),
    "names": ("texts", lambda device: [name.name for name in device.names]),
    "vendor": _of("vendor"),
    "packets": _of("packets", "int"),
    "bytes": _of("bytes", "int"),
}
_CAPTURES: dict[str, tuple[Type, Get]] = {
    "path": _of("path"),
    "size": _of("size", "int"),
    "sha256": _of("sha256"),
    "format": _of("format"),
    "frames": _of("frames", "int"),
    "first": _of("first_ns", "time"),
    "last": _of("last_ns", "time"),
    "complete": _of("complete", "bool"),
}
_PROBLEMS: dict[str, tuple[Type, Get]] = {
    "code": _of("code"),
    "what": _of("what"),
    "capture": _of("capture", "int"),
    "frame": _of("frame", "int"),
    "count": _of("count", "int"),
}
_COVERAGE: dict[str, tuple[Type, Get]] = {
    "capture": _of("capture", "int"),
    "state": _of("state"),
    "what": _of("what"),
    "packets": _of("packets", "int"),
    "bytes": _of("bytes", "int"),
}
_SOURCES: dict[str, tuple[Type, Get]] = {
    name: _of(name) for name in ("name", "date", "licence", "attribution", "used_for", "sha256")
}


_ENTRIES: Mapping[str, tuple[Callable[[Report], Iterable[Any]], Mapping[str, tuple[Type, Get]]]] = {
    "destinations": (lambda report: report.destinations, _DESTINATIONS),
    "messages": (lambda report: report.messages, _MESSAGES),
    "findings": (lambda report: report.findings, _FINDINGS),
    "identifiers": (lambda report: report.identifiers, _IDENTIFIERS),
    "pings": (lambda report: report.pings, _PINGS),
    "devices": (lambda report: report.devices, _DEVICES),
    "captures": (lambda report: report.captures, _CAPTURES),
    "problems": (lambda report: report.problems, _PROBLEMS),
    "coverage": (lambda report: report.coverage, _COVERAGE),
    "geo_sources": (lambda report: report.geo_sources, _SOURCES),
}
_FLOWS: Mapping[str, Type] = {
    "capture": "int", "flow": "int", "device": "text", "source": "text", "source_port": "int",
    "destination": "text", "destination_port": "int", "protocol": "text", "kind": "text", "name": "text",
    "packets_up": "int", "packets_down": "int", "bytes_up": "int", "bytes_down": "int", "first_ns": "time",
    "last_ns": "time", "ended": "text", "inside": "text", "payload": "int", "readable": "int",
    "version": "text", "alpn": "text", "ja4": "text", "ech": "bool", "entropy": "float", "flows": "int",
}  # fmt: skip
_REGION: Mapping[str, Type] = {
    "capture": "int", "frame": "int", "time_ns": "time", "device": "text", "source": "text",
    "destination": "text", "protocol": "text", "destination_port": "int", "length": "int", "claim": "text",
}  # fmt: skip
