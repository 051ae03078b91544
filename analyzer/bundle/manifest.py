"""What a bundle holds → the documents that say so: manifest, map of frames, SHA-256 of every file."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analyzer.bundle.flow_groups import FlowGroup
from analyzer.bundle.frame import CapturedFrame
from analyzer.export.csv import table
from analyzer.export.table_schema import Column, Type
from analyzer.model import Report
from analyzer.version import VERSION

SCHEMA = "phonehome-evidence/2"
MANIFEST, FRAMES, FRAMES_CSV, REPORT, README = (
    "manifest.json", "frames.json", "frames.csv", "report.json", "README.txt",
)  # fmt: skip
SUMS, REQUEST = "SHA256SUMS", "SHA256SUMS.tsq"
COLUMNS: dict[str, Type] = {
    "file": "text", "frame": "int", "capture": "int", "original_frame": "int", "time_ns": "int",
    "octets": "int", "why": "texts",
}  # fmt: skip


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class Making:
    """How a bundle was made: what it states of itself, and no packet can show."""

    command: str  # that wrote the bundle
    environment: Mapping[str, Any]  # as `environment.environment` gives it

    @property
    def mark(self) -> str:
        """Return the SHA-256 of both, which the README repeats."""
        return sha256(canonical([self.command, self.environment]))


def manifest(
    report: Report,
    shown: Mapping[str, FlowGroup],
    left_out: int,
    making: Making,
    files: Mapping[str, str],
) -> bytes:
    """Return who made the bundle, from which captures, and what each file holds.

    `files` are the SHA-256 of all other files of the bundle, by name.
    """
    commitments = report.redaction.commitments if report.redaction else ()
    document = {
        "schema": SCHEMA,
        "tool": {"name": "phonehome", "version": VERSION},
        "environment": making.environment,
        "redacted": report.redaction is not None,
        "reconstruction": report.reconstruction,
        "captures": [
            {
                "path": info.path,
                "sha256": info.sha256,
                "commitment": commitments[at] if at < len(commitments) else None,
                "size": info.size,
                "frames": info.frames,
                "format": info.format,
            }
            for at, info in enumerate(report.captures)
        ],
        "databases": [
            {"name": each.name, "date": each.date, "sha256": each.sha256, "licence": each.licence}
            for each in report.geo_sources
        ],
        "scope": {
            "regions": list(report.scope.regions),
            "device": report.scope.device,
            "origin": report.scope.origin,
            "geo_date": report.scope.geo_date,
            "inputs": [
                {"option": each.option, "name": each.name, "sha256": each.sha256}
                for each in report.scope.inputs or ()
            ],
        },
        "command": making.command,
        "again": list(commands(report)),
        "sha256": dict(sorted(files.items())),
        "left_out": left_out,
        "files": [_shown(name, group) for name, group in shown.items()],
    }
    return canonical(document)


def commands(report: Report) -> Iterator[str]:
    """Yield the commands that make the bundle again from the capture; words in capitals are placeholders."""
    scope = report.scope
    told = ["--region", ",".join(scope.regions)]
    told += ["--device", scope.device] if scope.device else []
    told += ["--from", scope.origin] if scope.origin else []
    told += ["--geo-date", scope.geo_date] if scope.geo_date else []
    for each in scope.inputs or ():
        told += [each.option, each.name or each.option.lstrip("-").upper()]
    captures = " ".join(f"CAPTURE-{number}" for number in range(1, len(report.captures) + 1))
    redacted = " --redact --redact-key KEY" if report.redaction else ""
    yield f"pip install phonehome=={report.version}"
    yield f"phonehome scan {captures} {shlex.join(told)} --json report.json"
    yield f"phonehome evidence report.json -o DIR --capture {captures}{redacted}"


def _shown(name: str, group: FlowGroup) -> dict[str, Any]:
    return {
        "file": name,
        "capture": group.capture,
        "flow": group.flow,
        **({"withheld": True} if group.withheld else {}),
        "pings": [
            {"dossier": ping.dossier, "status": ping.status, "frames": list(ping.evidence.frames)}
            for ping in group.pings
        ],
        "findings": [
            {
                "kind": found.kind,
                "value": found.value,
                "path": list(found.evidence.path),
                "frames": list(found.evidence.frames),
            }
            for found in group.findings
        ],
    }


def frame_rows(name: str, frames: Sequence[CapturedFrame]) -> list[dict[str, Any]]:
    """One row a frame: where it stands in the bundle, and where it stood."""
    return [
        {
            "file": name,
            "frame": at,
            "capture": frame.capture,
            "original_frame": frame.number,
            "time_ns": frame.time_ns,
            "octets": len(frame.data),
            "sha256": sha256(frame.data),
            "why": list(frame.why),
        }
        for at, frame in enumerate(frames, start=1)
    ]


def frames_json(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A row a line."""
    return ("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n").encode("ascii")


def frames_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The same for a spreadsheet, which takes nothing in it for a formula."""
    return table([Column(name, kind, [row[name] for row in rows]) for name, kind in COLUMNS.items()])


def sums(files: Iterable[tuple[str, bytes]]) -> bytes:
    """As `sha256sum -c` reads them."""
    return "".join(f"{sha256(data)}  {name}\n" for name, data in files).encode("ascii")


def canonical(document: Any) -> bytes:
    """Return a manifest as it is written."""
    return (json.dumps(document, indent=1) + "\n").encode("ascii")
