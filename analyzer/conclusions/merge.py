"""Reports of several captures to one: numbers shifted so that they stay apart, ledger rows added up."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Any

from analyzer.conclusions.documented_names import merged_names
from analyzer.conclusions.transform import rebuilt
from analyzer.model import (
    CaptureInfo,
    Destination,
    Device,
    Evidence,
    Finding,
    KnownKind,
    Message,
    Ping,
    Problem,
    Report,
    Scope,
    Session,
    Table,
)
from analyzer.version import VERSION

# Fields that hold a position in Report.captures, or several.
CAPTURES = ("capture", "other_capture", "capture_after")
MANY_CAPTURES: Mapping[type, Sequence[str]] = {Message: ("span_captures",), Session: ("captures",)}
# Fields that hold a message's number.
NUMBERED: Mapping[type, Sequence[str]] = {
    Message: ("number", "peer"),
    Finding: ("message",),
    Ping: ("message",),
}
CHANGED = frozenset({*CAPTURES, "flow", "continued"}).union(*MANY_CAPTURES.values(), *NUMBERED.values())


def failed(path: str, why: str) -> Report:
    """The report of a capture that could not be read: a Problem and nothing else."""
    info = CaptureInfo(path, None, None, "not read", {}, 0, None, None, complete=False)
    empty = Table({})
    return Report(
        version=VERSION, created_ns=time.time_ns(), captures=(info,), scope=Scope(()), devices=(),
        destinations=(), flows=empty, messages=(), findings=(), pings=(), region_packets=empty,
        problems=(Problem("unreadable", why),),
    )  # fmt: skip


def merge(reports: Sequence[Report]) -> Report:
    """One report of all; captures keep their order, each entry knows which capture it is of."""
    if len(reports) == 1:
        return reports[0]
    read = [report for report in reports if report.scope.regions]
    shifted = _shifted(reports)
    return replace(
        read[0],
        created_ns=max(report.created_ns for report in reports),
        captures=tuple(info for report in reports for info in report.captures),
        devices=_devices(device for report in shifted for device in report.devices),
        destinations=_destinations(row for report in shifted for row in report.destinations),
        flows=_tables([report.flows for report in shifted]),
        messages=tuple(m for report in shifted for m in report.messages),
        findings=tuple(f for report in shifted for f in report.findings),
        pings=tuple(sorted((p for r in shifted for p in r.pings), key=lambda p: (p.time_ns, p.flow))),
        region_packets=_tables([report.region_packets for report in shifted]),
        known=_known(entry for report in reports for entry in report.known),
        geo_sources=tuple(dict.fromkeys(s for report in reports for s in report.geo_sources)),
        geo_note=_together(report.geo_note for report in reports),
        blind_spots=tuple(dict.fromkeys(spot for report in reports for spot in report.blind_spots)),
        problems=tuple(problem for report in shifted for problem in report.problems),
        vantage=tuple(dict.fromkeys(clue for report in shifted for clue in report.vantage)),
        sessions=tuple(session for report in shifted for session in report.sessions),
        wifi=tuple(client for report in reports for client in report.wifi),
        conflicts=tuple(conflict for report in shifted for conflict in report.conflicts),
        gaps=tuple(gap for report in shifted for gap in report.gaps),
        announcements=tuple(said for report in shifted for said in report.announcements),
        tunnels=tuple(tunnel for report in shifted for tunnel in report.tunnels),
        fragment_conflicts=tuple(met for report in shifted for met in report.fragment_conflicts),
        coverage=tuple(row for report in shifted for row in report.coverage),
        documented=merged_names(entry for report in reports for entry in report.documented),
        rhythms=tuple(rhythm for report in reports for rhythm in report.rhythms),
        associations=tuple(entry for report in reports for entry in report.associations),
        reconstruction=_together(report.reconstruction for report in reports) or None,
    )


def _together(texts: Iterable[str | None]) -> str:
    """Each different text once, a line each."""
    return "\n".join(dict.fromkeys(text for text in texts if text))


def _shifted(reports: Sequence[Report]) -> list[Report]:
    """The reports with capture, flow and message numbers that no other report uses."""
    shifted, captures, flows, messages = [], 0, 0, 0
    for report in reports:
        shifted.append(_shift(report, captures, flows, messages))
        captures += len(report.captures)
        flows += len(report.flows)
        messages += len(report.messages)
    return shifted


def _shift(report: Report, captures: int, flows: int, messages: int) -> Report:
    """The report with all its numbers raised; what is of no flow or no message stays so."""

    def changes(part: Any) -> dict[str, Any]:
        kind: type = type(part)
        found: dict[str, Any] = {}
        for name in _places(kind):
            if (place := getattr(part, name)) is not None:
                found[name] = place + (flows if name == "flow" else captures)
        for name in NUMBERED.get(kind, ()):
            if number := getattr(part, name):  # 0 and None: of no message
                found[name] = number + messages
        if kind is Evidence and part.continued:
            found["continued"] = tuple((capture + captures, frames) for capture, frames in part.continued)
        for name in MANY_CAPTURES.get(kind, ()):
            found[name] = tuple(capture + captures for capture in getattr(part, name))
        return found

    def table(t: Table) -> Table:
        offsets = {"capture": captures, "flow": flows}
        moved = {n: [v + offsets[n] for v in t.columns[n]] for n in offsets if n in t.columns}
        return Table({**t.columns, **moved})

    if not (captures or flows or messages):
        return report
    moved: Report = rebuilt(report, CHANGED, changes)
    return replace(moved, flows=table(report.flows), region_packets=table(report.region_packets))


@cache
def _places(kind: type) -> tuple[str, ...]:
    """The fields of a type that hold the number of a capture or of a flow."""
    return tuple(field.name for field in fields(kind) if field.name in (*CAPTURES, "flow"))


def _tables(tables: Sequence[Table]) -> Table:
    filled = [table for table in tables if table.columns]
    if not filled:
        return Table({})
    return Table({n: [v for table in filled for v in table.columns[n]] for n in filled[0].columns})


def _devices(devices: Iterable[Device]) -> tuple[Device, ...]:
    merged: dict[str, Device] = {}
    for device in devices:
        old = merged.get(device.id)
        merged[device.id] = device if old is None else replace(
            old,
            addresses=_union(old.addresses, device.addresses),
            names=_union(old.names, device.names),
            clues=_union(old.clues, device.clues),
            packets=old.packets + device.packets,
            bytes=old.bytes + device.bytes,
            payload=old.payload + device.payload,
            payload_readable=old.payload_readable + device.payload_readable,
        )  # fmt: skip
    return tuple(sorted(merged.values(), key=lambda d: (-d.bytes, d.id)))


def _destinations(rows: Iterable[Destination]) -> tuple[Destination, ...]:
    merged: dict[tuple[str, str, str, int], Destination] = {}
    for row in rows:
        key = (row.device, row.address, row.protocol, row.port)
        old = merged.get(key)
        merged[key] = row if old is None else _added(old, row)
    return tuple(
        sorted(merged.values(), key=lambda r: (-(r.bytes_up + r.bytes_down), r.device, r.address, r.port))
    )


def _added(old: Destination, row: Destination) -> Destination:
    return replace(
        old,
        flows=old.flows + row.flows,
        packets_up=old.packets_up + row.packets_up,
        packets_down=old.packets_down + row.packets_down,
        bytes_up=old.bytes_up + row.bytes_up,
        bytes_down=old.bytes_down + row.bytes_down,
        first_ns=min(old.first_ns, row.first_ns),
        last_ns=max(old.last_ns, row.last_ns),
        kinds=_sum(old.kinds, row.kinds),
        ended=_sum(old.ended, row.ended),
        names=_union(old.names, row.names),
        in_scope=old.in_scope or row.in_scope,
        scope_claims=_union(old.scope_claims, row.scope_claims),
        payload_up=old.payload_up + row.payload_up,
        payload_down=old.payload_down + row.payload_down,
        payload_readable=old.payload_readable + row.payload_readable,
        resent_up=old.resent_up + row.resent_up,
        resent_down=old.resent_down + row.resent_down,
        delivered=_sum(old.delivered, row.delivered),
        hides=_union(old.hides, row.hides),
        contradictions=_union(old.contradictions, row.contradictions),
        versions=_sum(old.versions, row.versions),
        alpn=_sum(old.alpn, row.alpn),
        ja4=_sum(old.ja4, row.ja4),
        ech=old.ech + row.ech,
        entropy=_greater(old.entropy, row.entropy),
        guesses=_union(old.guesses, row.guesses),
        inside=_union(old.inside, row.inside),
        **_quicker(old, row),
    )


def _quicker(old: Destination, row: Destination) -> dict[str, Any]:
    """The lesser round trip of two rows, and how it was measured."""
    timed = [r for r in (old, row) if r.min_rtt_us is not None]
    quickest = min(timed, key=lambda r: r.min_rtt_us or 0, default=old)
    return {"min_rtt_us": quickest.min_rtt_us, "rtt_of": quickest.rtt_of}


def _greater(one: float | None, other: float | None) -> float | None:
    return max((value for value in (one, other) if value is not None), default=None)


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return dict((Counter(one) + Counter(other)).most_common())


def _union(one: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def _known(entries: Iterable[KnownKind]) -> tuple[KnownKind, ...]:
    merged: dict[str, KnownKind] = {}
    for entry in entries:
        old = merged.get(entry.kind, KnownKind(entry.kind, False, 0))
        merged[entry.kind] = KnownKind(
            entry.kind, old.seen or entry.seen, old.times + entry.times,
            tuple(sorted({*old.encodings, *entry.encodings})),
        )  # fmt: skip
    return tuple(merged.values())
