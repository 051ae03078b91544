"""Report → whether it holds what `--fail-on` asks about, in words: how many, and where the first one stands.

`COUNTERS` is the table of what can be asked. Only what the report itself states counts: a value that just
looks like an identifier doesn't, nor an address that another claim than its location links to the scope.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from numbers import Integral

from analyzer.model import Evidence, Report
from analyzer.report.coverage import limits
from analyzer.report.groups import grouped, is_located
from analyzer.report.units import counted
from analyzer.report.wording import FACTS, is_established, kind_name


def met(report: Report, asked: Iterable[str]) -> list[str]:
    """One clause for each of `asked` (keys of `COUNTERS`) that the report meets; empty where none is met."""
    return [f"{word}: {said}" for word in asked if (said := COUNTERS[word](report))]


def _pings(report: Report) -> str:
    """Registrations recognised. Attempts count: in a lab the server is often out of reach."""
    pings = sorted(report.pings, key=lambda ping: ping.time_ns)
    if not pings:
        return ""
    silent = sum(ping.message is None for ping in pings)
    only = f" ({silent:,} of them attempts that carried no request that was seen)" if silent else ""
    return f"{counted(len(pings), 'activation ping')}{only}, first in {_at(report, pings[0].evidence)}"


def _identifiers(report: Report) -> str:
    """Values of the class `identifier`, which the report calls so outright."""
    found = [f for f in report.findings if f.kind not in FACTS and is_established(f)]
    if not found:
        return ""
    values = dict.fromkeys((f.kind, f.value) for f in found)
    kinds = [f"{len(same)} × {kind_name(same[0][0])}" for same in grouped(values, lambda each: each[0])]
    first = min(found, key=lambda f: f.time_ns)
    return f"{', '.join(kinds)} ({counted(len(found), 'time')}), first in {_at(report, first.evidence)}"


def _region(report: Report) -> str:
    """Packets sent to addresses located in the scope, whatever they carried; regions are never summed."""
    rows = [row for row in report.destinations if row.in_scope and row.packets_up]
    clauses = []
    for code in report.scope.regions:
        located = [row for row in rows if is_located(row, code)]
        if located:
            packets = counted(sum(row.packets_up for row in located), "packet")
            addresses = counted(len({row.address for row in located}), "address", "addresses")
            clauses.append(f"{packets} to {addresses} located in {code}")
    return ", ".join(clauses) + _first_packet(report, {row.address for row in rows}) if clauses else ""


def _first_packet(report: Report, addresses: set[str]) -> str:
    """Of the packets that are listed one by one."""
    columns = report.region_packets.columns
    names: Sequence[str] = ("time_ns", "destination", "frame", "capture")
    if any(name not in columns for name in names[:3]):
        return ""
    count = len(report.region_packets)
    captures = columns.get("capture", (0,) * count)
    rows = zip(columns["time_ns"], columns["destination"], columns["frame"], captures, strict=True)
    listed = [
        (int(time), int(capture), int(frame))
        for time, to, frame, capture in rows
        # Columns of a saved report may hold anything.
        if to in addresses and all(isinstance(each, Integral) for each in (time, capture, frame))
    ]
    if not listed:
        return ""
    _, capture, frame = min(listed)
    return f", first in {_at(report, Evidence((frame,), capture=capture))}"


def _known(report: Report) -> str:
    """Identifiers that the owner gave and that were seen."""
    seen = [kind for kind in report.known if kind.seen]
    if not seen:
        return ""
    kinds = ", ".join(f"{kind_name(kind.kind)} ({counted(kind.times, 'time')})" for kind in seen)
    found = sorted((f for f in report.findings if f.known), key=lambda f: f.time_ns)
    first = f", first in {_at(report, found[0].evidence)}" if found else ""
    return f"{counted(len(seen), 'identifier')} that the owner gave, {kinds}{first}"


def _unread(report: Report) -> str:
    """Return what could have been searched and was not: files, Wi-Fi, tunnels, forms that no reader takes."""
    return " ".join(limits(report)).removesuffix(".")


def unjudged(report: Report) -> str:
    """Why a gate that nothing met could not judge the whole capture; empty where it could."""
    return _unread(report)


def _at(report: Report, evidence: Evidence) -> str:
    of = f" of capture {evidence.capture + 1}" if len(report.captures) > 1 else ""
    return f"frame {min(evidence.frames)}{of}" if evidence.frames else "no frame that is named"


COUNTERS: dict[str, Callable[[Report], str]] = {
    "ping": _pings,
    "identifier": _identifiers,
    "region": _region,
    "known": _known,
    "unread": _unread,
}
