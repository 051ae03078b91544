"""Report → lines of JSON, one an event, in names of the Elastic Common Schema 9.

Datasets: `phonehome.flow`, `phonehome.message`, `phonehome.identifier`, `phonehome.ping`, and one
`phonehome.report` that says what was read and with what. What the schema has no name for stands under
`phonehome.`, as it advises for fields of one's own.
<https://www.elastic.co/docs/reference/ecs/ecs-field-reference>
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from ipaddress import ip_address
from typing import Any

from analyzer.export.plain import dumps, text_of, time, without_empty
from analyzer.export.urls import url_of
from analyzer.model import Endpoint, Evidence, Finding, Message, Ping, Place, Report
from analyzer.model.community_id import community_id
from analyzer.report.wording import looks_like

ECS = "9.3.0"
Event = dict[str, Any]


def write(report: Report) -> str:
    """The events of a report, the report itself first, then each kind in its own order."""
    context = EventContext(report)
    return "".join(f"{dumps(without_empty(event))}\n" for event in context.events())


class EventContext:
    """What events take from elsewhere in the report: places, flows, captures."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.places = {row.address: row.place for row in report.destinations if row.place}
        self.rows = report.flows.rows()
        self.ids = [community_id(row) for row in self.rows]
        self.of_flow = {row.get("flow"): found for row, found in zip(self.rows, self.ids, strict=True)}
        self.messages = {message.number: message for message in report.messages}

    def events(self) -> Iterator[Event]:
        yield self._report()
        yield from (self._flow(row, found) for row, found in zip(self.rows, self.ids, strict=True))
        yield from map(self._message, self.report.messages)
        yield from map(self._finding, self.report.findings)
        yield from map(self._ping, self.report.pings)

    def _report(self) -> Event:
        starts = [info.first_ns for info in self.report.captures if info.first_ns is not None]
        own = {
            "captures": [_capture(info) for info in self.report.captures],
            "blind_spots": list(self.report.blind_spots),
            "coverage": [asdict(row) for row in self.report.coverage],
            "problems": [problem.what for problem in self.report.problems],
            "regions": list(self.report.scope.regions),
            "redaction": self.report.redaction.says if self.report.redaction else None,
        }
        return self._event("report", min(starts, default=self.report.created_ns), own, types=["info"])

    def _flow(self, row: Mapping[str, Any], found: str | None) -> Event:
        first, last = row.get("first_ns") or 0, row.get("last_ns") or 0
        own = {
            name: row.get(name)
            for name in ("ended", "inside", "ja4", "alpn", "version", "payload", "readable", "flows")
        }
        event = self._event("flow", first, own, types=["connection", "info"], end=last)
        capture = row.get("capture")
        return event | {
            "source": _end(row.get("source"), row.get("source_port"), row, "up"),
            "destination": self._destination(row, row.get("name")),
            "network": {
                "transport": row.get("protocol"),
                "protocol": row.get("kind"),
                "community_id": found,
                "bytes": _both(row, "bytes"),
                "packets": _both(row, "packets"),
                "type": _family(row.get("source")),
            },
            "log": self._file(capture if isinstance(capture, int) else 0),
        }

    def _message(self, message: Message) -> Event:
        kinds = ["protocol", "start" if message.role == "request" else "end"]
        own = _attributes(message, "number", "role", "peer", "delivered", "missing", "replaced")
        own |= _evidence(message.evidence)
        event = self._event("message", message.time_ns, own, types=kinds, end=message.end_ns)
        return event | self._ends(message.evidence, message.source, message.destination) | _http(message)

    def _finding(self, finding: Finding) -> Event:
        message = self.messages.get(finding.message)
        own = _attributes(finding, "kind", "value", "name", "confidence", "known", "message", "reasons")
        own |= _evidence(finding.evidence)
        event = self._event("identifier", finding.time_ns, own, types=["info"], kind="alert")
        says = f"{finding.name}: {looks_like(finding.kind)} ({finding.confidence} confidence), sent readable"
        ends = self._ends(finding.evidence, message.source, message.destination) if message else {}
        return event | ends | {"message": says, "rule": {"category": "identifier", "id": finding.kind}}

    def _ping(self, ping: Ping) -> Event:
        own = _attributes(ping, "status", "confidence", "encoding", "client", "message", "reasons")
        own |= _attributes(ping, "status_reasons")
        own |= {"fields": [{"key": f.key, "value": f.value, "means": f.means} for f in ping.fields]}
        event = self._event(
            "ping", ping.time_ns, own | _evidence(ping.evidence), types=["info"], kind="alert"
        )
        rule = {"id": ping.dossier, "name": ping.title, "category": "activation-ping"}
        says = f"{ping.title}: {ping.status}"
        ends = self._ends(ping.evidence, ping.source, ping.destination)
        return event | ends | {"message": says, "rule": rule, "url": {"domain": ping.host}}

    def _event(
        self, name: str, at: int, own: Event, *, types: list[str], kind: str = "event", end: int | None = None
    ) -> Event:
        what = {"kind": kind, "category": ["network"], "type": types, "module": "phonehome"}
        what |= {"dataset": f"phonehome.{name}", "start": time(at)}
        if end is not None:
            what |= {"end": time(end)}
        return {
            "@timestamp": time(at),
            "ecs": {"version": ECS},
            "event": what,
            "observer": {"product": "phonehome", "type": "sensor", "version": self.report.version},
            "tags": ["synthetic-reconstruction"] if self.report.reconstruction else [],
            "phonehome": {name: own, "reconstruction": self.report.reconstruction},
        }

    def _ends(self, evidence: Evidence, source: Endpoint, destination: Endpoint) -> Event:
        row = {"destination": destination.address, "destination_port": destination.port}
        return {
            "source": _end(source.address, source.port, {}, "up"),
            "destination": self._destination(row),
            "network": {"community_id": self.of_flow.get(evidence.flow), "type": _family(source.address)},
            "log": self._file(evidence.capture),
        }

    def _destination(self, row: Mapping[str, Any], name: str | None = None) -> Event:
        address = row.get("destination")
        end = _end(address, row.get("destination_port"), row, "down") | {"domain": name}
        place = self.places.get(address) if isinstance(address, str) else None
        return end | _geo(place) if place else end

    def _file(self, capture: int) -> Event:
        files = self.report.captures
        return {"file": {"path": files[capture].path}} if 0 <= capture < len(files) else {}


def _capture(info: Any) -> Event:
    facts = ("path", "size", "sha256", "format", "frames", "complete")
    return {name: getattr(info, name) for name in facts}


def _attributes(entry: Any, *names: str) -> Event:
    return {name: list(v) if isinstance(v := getattr(entry, name), tuple) else v for name in names}


def _evidence(evidence: Evidence) -> Event:
    return {"frames": list(evidence.frames), "flow": evidence.flow, "path": str(evidence)}


def _http(message: Message) -> Event:
    url: Event = {"original": message.target, "domain": message.host}
    if not message.protocol.startswith("http/"):
        return {"url": url}
    body = {"bytes": message.body.length, "content": text_of(message.body)}
    said = {"body": body, "method": message.method}
    http: Event = {message.role: said | {"status_code": message.status}}
    agent = message.header("user-agent") if message.role == "request" else None
    return {
        "http": http | {"version": message.protocol.removeprefix("http/")},
        "url": url | {"full": url_of(message)},
        "user_agent": {"original": agent},
    }


def _end(address: Any, port: Any, row: Mapping[str, Any], way: str) -> Event:
    counts = {"bytes": row.get(f"bytes_{way}"), "packets": row.get(f"packets_{way}")}
    return {"ip": _address(address), "address": address, "port": port, **counts}


def _both(row: Mapping[str, Any], what: str) -> int:
    return (row.get(f"{what}_up") or 0) + (row.get(f"{what}_down") or 0)


def _geo(place: Place) -> Event:
    system = {"number": place.asn, "organization": {"name": place.as_name}}
    return {"geo": {"country_iso_code": place.code("located")}, "as": system}


def _address(text: Any) -> str | None:
    """The address, None where an index of addresses would refuse it."""
    try:
        return str(text) if ip_address(text) else None
    except ValueError:
        return None


def _family(address: Any) -> str | None:
    known = _address(address)
    return None if known is None else "ipv6" if ":" in known else "ipv4"
