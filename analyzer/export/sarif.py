"""Report → SARIF 2.1.0: results that code hosts and dashboards show beside those of other checks.

A rule stands for a dossier or for a kind of identifier. A result's place is a frame of a capture, told as a
logical location, since the format's regions are of text or bytes. Nothing is called an error: what a finding
means is for its reader to say. <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from analyzer.export.plain import dumps, time
from analyzer.model import CaptureInfo, Evidence, Finding, Ping, Report
from analyzer.report.coverage import limits
from analyzer.report.wording import FACTS, looks_like

Json = dict[str, Any]
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_MOST_FRAMES = 100  # logical locations of one result


def write(report: Report) -> str:
    """The document: one run, its results in the order of the report."""
    rules = _rules(report)
    results = [
        *(_result(p, f"ping/{p.dossier}", _of_ping(p), rules) for p in report.pings),
        *(_result(f, f"identifier/{f.kind}", _of_finding(f), rules) for f in report.findings),
    ]
    notices = (report.reconstruction, report.redaction.says if report.redaction else None)
    run = {
        "tool": {"driver": _driver(report, rules)},
        "invocations": [_invocation(report)],
        "artifacts": [_artifact(info) for info in report.captures],
        "results": results,
        "columnKind": "utf16CodeUnits",
        "properties": {"notices": [notice for notice in notices if notice]},
    }
    return dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rules(report: Report) -> dict[str, Json]:
    """Each rule that a result is of, in the order of the results."""
    rules: dict[str, Json] = {}
    for ping in report.pings:
        says = f"{ping.title}: a readable payload that is known of this sender."
        rules.setdefault(f"ping/{ping.dossier}", _rule(f"ping/{ping.dossier}", ping.title, says))
    for finding in report.findings:
        identity = f"identifier/{finding.kind}"
        says = f"A value that {looks_like(finding.kind)} left readable."
        rules.setdefault(identity, _rule(identity, finding.kind, says))
    return rules


def _rule(identity: str, name: str, says: str) -> Json:
    return {"id": identity, "name": name, "shortDescription": {"text": says}}


def _driver(report: Report, rules: dict[str, Json]) -> Json:
    return {"name": "phonehome", "version": report.version, "rules": list(rules.values())}


def _invocation(report: Report) -> Json:
    """That the scan came to its end, and what it met on the way."""
    notes = [
        {"level": "warning", "descriptor": {"id": problem.code}, "message": {"text": problem.what}}
        for problem in report.problems
    ]
    unread = [
        {"level": "warning", "descriptor": {"id": "unread"}, "message": {"text": said}}
        for said in limits(report)
    ]
    spots = [{"level": "note", "message": {"text": spot}} for spot in report.blind_spots]
    return {
        "executionSuccessful": True,
        "endTimeUtc": time(report.created_ns),
        "toolExecutionNotifications": [*unread, *notes, *spots],
    }


def _artifact(info: CaptureInfo) -> Json:
    made: Json = {"location": {"uri": _uri(info.path)}, "mimeType": "application/vnd.tcpdump.pcap"}
    if info.size is not None:
        made["length"] = info.size
    if info.sha256:
        made["hashes"] = {"sha-256": info.sha256}
    return made


def _uri(path: str) -> str:
    return quote(path, safe="/", errors="replace")


def _of_ping(ping: Ping) -> str:
    where = f"{ping.host or ping.destination.address} ({ping.destination})"
    return f"{ping.title}: {ping.status}, sent to {where}; {'; '.join(ping.reasons)}."


def _of_finding(finding: Finding) -> str:
    path = " › ".join(finding.evidence.path)
    return (
        f"{finding.value} {looks_like(finding.kind)} ({finding.confidence} confidence), read from {path}; "
        f"{'; '.join(finding.reasons)}."
    )


def _result(of: Ping | Finding, rule: str, text: str, rules: dict[str, Json]) -> Json:
    return {
        "ruleId": rule,
        "ruleIndex": list(rules).index(rule),
        "level": _level(of),
        "message": {"text": text},
        "locations": [_location(capture, frames) for capture, frames in _frames(of.evidence)],
        "partialFingerprints": {"phonehome/v1": _fingerprint(rule, of)},
        "properties": {"time": time(of.time_ns), "confidence": of.confidence},
    }


def _level(of: Ping | Finding) -> str:
    """What tells of a phone without telling which one it is, such as its model, is a note."""
    is_fact = isinstance(of, Finding) and of.kind in FACTS
    return "note" if is_fact or of.confidence == "low" else "warning"


def _frames(evidence: Evidence) -> list[tuple[int, Sequence[int]]]:
    return [(evidence.capture, evidence.frames), *evidence.continued]


def _location(capture: int, frames: Sequence[int]) -> Json:
    named = [{"name": f"frame {frame}", "kind": "frame"} for frame in frames[:_MOST_FRAMES]]
    place: Json = {"physicalLocation": {"artifactLocation": {"index": capture}}}
    return place | ({"logicalLocations": named} if named else {})


def _fingerprint(rule: str, of: Ping | Finding) -> str:
    """The same for the same thing said to the same host, whatever the capture and the time."""
    what = of.value if isinstance(of, Finding) else of.host or of.destination.address
    return hashlib.sha256(f"{rule} {what}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
