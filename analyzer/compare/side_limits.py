"""A report → what limits what it can show: time, place, damage, scope, databases, version."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from analyzer.compare.comparison import DatabaseUse, ReportSide
from analyzer.compare.device_choice import DeviceChoice, told
from analyzer.model import Report

T = TypeVar("T")
BREAK_NS = 60_000_000_000  # a shorter time without frames is part of the same watching


def side(chosen: DeviceChoice, whole: Report) -> ReportSide:
    """`whole` is the report that the chosen part is of."""
    report, device = chosen.report, chosen.device
    infos = report.captures
    windows = _windows(report)
    interfaces = [interface for info in infos for interface in info.interfaces]
    return ReportSide(
        captures=tuple(info.path for info in infos),
        hashes=tuple(info.sha256 for info in infos),
        device=device.id if device else None,
        chosen=chosen.why,
        mac=device.mac if device else None,
        devices=len(whole.devices),
        others=tuple(sorted(told(whole) - {device.id})) if device else (),
        first_ns=windows[0][0] if windows else None,
        last_ns=max(last for _, last in windows) if windows else None,
        watched_us=sum(last - first for first, last in windows) // 1_000 if windows else None,
        stretches=len(windows),
        frames=sum(info.frames for info in infos),
        complete=all(info.complete for info in infos),
        problems=_once(problem.what for problem in report.problems),
        gaps=len(report.gaps),
        snapped=sum(info.snapped for info in infos),
        dropped=sum((each.dropped or 0) + (each.dropped_by_system or 0) for each in interfaces),
        filters=_once(each.filter for each in interfaces if each.filter),
        link_types=tuple(sorted({name for info in infos for name in info.link_types})),
        vantage=_once(c.value for c in report.vantage if c.kind == "where the capture was made"),
        undecrypted=sum(client.protected for client in report.wifi),
        regions=report.scope.regions,
        known=tuple(sorted(kind.kind for kind in report.known)),
        sources=_once(DatabaseUse(each.name, each.date, each.used_for) for each in report.geo_sources),
        version=report.version,
        blind_spots=report.blind_spots,
        payload=sum(device.payload for device in report.devices),
        readable=sum(device.payload_readable for device in report.devices),
        redaction=report.redaction.key if report.redaction else None,
        reconstruction=report.reconstruction,
    )


def _windows(report: Report) -> list[tuple[int, int]]:
    """The pieces of time that the captures cover, in order; what overlaps or almost touches is one piece."""
    spans = sorted(
        (info.first_ns, info.last_ns)
        for info in report.captures
        if info.first_ns is not None and info.last_ns is not None and info.last_ns >= info.first_ns
    )
    pieces: list[tuple[int, int]] = []
    for first, last in spans:
        if pieces and first - pieces[-1][1] <= BREAK_NS:
            pieces[-1] = pieces[-1][0], max(last, pieces[-1][1])
        else:
            pieces.append((first, last))
    return pieces


def _once(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))
