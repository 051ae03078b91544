"""The model's names → the document's: Elastic Common Schema where it has a natural name.

A dot is a level of the document: `"url.domain"` is `{"url": {"domain": …}}`. `{role}` is
"request" or "response". What is missing here keeps its own name; `…_ns` becomes a time, unless it is
one of DURATIONS.
<https://www.elastic.co/guide/en/ecs/current/ecs-field-reference.html>
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from analyzer.model import (
    Body,
    CaptureInfo,
    Destination,
    Device,
    Endpoint,
    Finding,
    Identifier,
    Message,
    Ping,
    Place,
    Report,
)

PATHS: Mapping[type, Mapping[str, str]] = {
    Report: {"version": "tool.version", "created_ns": "created"},
    CaptureInfo: {
        "path": "file.path",
        "size": "file.size",
        "sha256": "file.hash.sha256",
        "first_ns": "event.start",
        "last_ns": "event.end",
    },
    Endpoint: {"address": "ip"},
    Device: {"mac": "host.mac", "addresses": "host.ip"},
    Destination: {
        "address": "destination.ip",
        "port": "destination.port",
        "protocol": "network.transport",
        "packets_up": "source.packets",
        "packets_down": "destination.packets",
        "bytes_up": "source.bytes",
        "bytes_down": "destination.bytes",
        "first_ns": "event.start",
        "last_ns": "event.end",
        "place": "destination.geo",
    },
    Place: {"asn": "network.number", "as_name": "network.organization"},
    Message: {
        "protocol": "network.protocol",
        "time_ns": "event.start",
        "end_ns": "event.end",
        "method": "http.request.method",
        "target": "url.original",
        "host": "url.domain",
        "status": "http.response.status_code",
        "reason": "http.response.reason",
        "headers": "http.{role}.headers",
        "body": "http.{role}.body",
    },
    Body: {"length": "bytes", "content_sha256": "decoded_sha256"},
    Ping: {"host": "url.domain", "time_ns": "event.start"},
}

# Nanoseconds from one time to another: numbers, and no times of a calendar.
DURATIONS = frozenset(("least_ns", "median_ns", "most_ns", "window_ns", "median_lag_ns"))

# Columns of tables, as flat dotted names.
COLUMNS: Mapping[str, str] = {
    "source": "source.ip",
    "source_port": "source.port",
    "destination": "destination.ip",
    "destination_port": "destination.port",
    "protocol": "network.transport",
    "kind": "network.protocol",
    "packets_up": "source.packets",
    "packets_down": "destination.packets",
    "bytes_up": "source.bytes",
    "bytes_down": "destination.bytes",
    "first_ns": "event.start",
    "last_ns": "event.end",
    "time_ns": "@timestamp",
    "length": "network.bytes",
}


def _url(message: Message) -> str | None:
    if message.role != "request" or not message.host or message.target is None:
        return None
    if not message.protocol.startswith("http/"):
        return None
    if "://" in message.target:
        return message.target
    port = "" if message.destination.port == 80 or ":" in message.host else f":{message.destination.port}"
    return f"http://{message.host}{port}{message.target}"


# Said once more under the name that other tools look for; reading ignores these.
DERIVED: Mapping[type, Mapping[str, Callable[[Any], Any]]] = {
    Report: {"tool.name": lambda _: "phonehome"},
    Finding: {"class": lambda finding: finding.certainty},
    Identifier: {"class": lambda identifier: identifier.certainty},
    Message: {"url.full": _url},
    Destination: {
        "destination.as.number": lambda row: row.place and row.place.asn,
        "destination.as.organization.name": lambda row: row.place and row.place.as_name,
    },
    Place: {"country_iso_code": lambda place: place.code("located")},
}


def is_time(name: str) -> bool:
    """Whether a field of this name holds a time since the epoch."""
    return name.endswith("_ns") and name not in DURATIONS


def written(name: str) -> str:
    """The name of a field that has no other: times are written without their unit."""
    return name.removesuffix("_ns") if is_time(name) else name
