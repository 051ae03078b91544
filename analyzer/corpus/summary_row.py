"""A report → the few numbers and names of it that an overview of thousands is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from analyzer.model import Problem, Report
from analyzer.report.coverage import UNREAD, amount, rows_of
from analyzer.system.containment import is_whole

# Problems of one report that an overview lists; further ones are counted.
MOST_PROBLEMS = 20


class SeenPing(NamedTuple):
    """A recognised message: what it is, what became of it, and whom it went to."""

    title: str
    status: str
    to: str
    device: str
    readable: bool


class SeenRegion(NamedTuple):
    """Packets that went to an address located in a region of the scope."""

    address: str
    packets: int
    size: int


@dataclass(frozen=True, slots=True)
class Brief:
    """What is told of one session of captures beside others."""

    captures: int
    frames: int
    size: int
    devices: tuple[str, ...]
    destinations: int
    messages: int
    identifiers: tuple[tuple[str, str, int], ...]  # kind, value, times
    pings: tuple[SeenPing, ...]
    regions: tuple[SeenRegion, ...]
    problems: tuple[Problem, ...]
    more_problems: int
    complete: bool
    reconstruction: bool
    packets: int  # by Report.coverage, and of them those that could have been searched and were not
    unread_packets: int
    bytes: int
    unread_bytes: int


def brief_of(report: Report) -> Brief:
    """The numbers and names of a report."""
    times: dict[tuple[str, str], int] = {}
    for found in report.findings:
        times[found.kind, found.value] = times.get((found.kind, found.value), 0) + 1
    total, unread = amount(report.coverage), amount(rows_of(report, *UNREAD))
    return Brief(
        captures=len(report.captures),
        frames=sum(info.frames for info in report.captures),
        size=sum(info.size or 0 for info in report.captures),
        devices=tuple(device.id for device in report.devices),
        destinations=len(report.destinations),
        messages=len(report.messages),
        identifiers=tuple((kind, value, n) for (kind, value), n in times.items()),
        pings=tuple(
            SeenPing(p.title, p.status, p.host or p.destination.address, p.device, p.message is not None)
            for p in report.pings
        ),
        regions=tuple(
            SeenRegion(row.address, row.packets_up, row.bytes_up)
            for row in report.destinations
            if row.in_scope and row.packets_up
        ),
        problems=report.problems[:MOST_PROBLEMS],
        more_problems=max(len(report.problems) - MOST_PROBLEMS, 0),
        complete=is_whole(report),
        reconstruction=report.reconstruction is not None,
        packets=total.packets,
        unread_packets=unread.packets,
        bytes=total.bytes,
        unread_bytes=unread.bytes,
    )
