"""Report → the answer in a few sentences: what left readable, to which region, how sure."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.model import Finding, Ping, Place, Report
from analyzer.report.groups import (
    RegionTotal,
    finding_groups,
    grouped,
    ping_groups,
    pings_by_message,
    region_totals,
    status_counts,
)
from analyzer.report.units import counted
from analyzer.report.wording import FACTS, STATUSES, is_established, kind_name, looks_like, place_line

NONE_SEEN = "No plaintext activation payload was seen."
NOT_PROOF = "That is no proof that none was sent: the blind spots below say what could not be seen."


def answer(report: Report) -> list[str]:
    """Sentences, the most important first; never empty."""
    return [
        *_absent_device(report),
        *_pings(report),
        *_identifiers(report),
        *_known(report),
        *_regions(report),
    ]


def places(report: Report) -> dict[str, Place]:
    """What is known of each destination address."""
    return {row.address: row.place for row in report.destinations if row.place}


def _absent_device(report: Report) -> Iterator[str]:
    asked = report.scope.device
    if asked and not any(asked in (d.id, d.mac, *d.addresses) for d in report.devices):
        yield f"No device {asked} appears in the capture."


def _pings(report: Report) -> Iterator[str]:
    readable = [group for group in ping_groups(report) if group[0].message is not None]
    silent = [group for group in ping_groups(report) if group[0].message is None]
    located = places(report)
    if not readable:
        yield f"{NONE_SEEN} {NOT_PROOF}"
    for group in readable:
        yield from _sent(group, located.get(group[0].destination.address))
    for group in silent:
        yield _tried(group)


def _sent(group: list[Ping], place: Place | None) -> Iterator[str]:
    first, counts = group[0], status_counts(group)
    how = f" ({first.encoding})" if first.encoding else ""
    status = ", ".join(f"{status} {counts[status]}" for status in STATUSES[1:])
    yield f"{counted(len(group), 'activation payload')} left device {first.device} readable{how}."
    yield f"Sent to {_whither(first)}; {place_line(place) if place else 'the address was not looked up'}."
    yield f"Recognised as: {first.title}, confidence {first.confidence}. Of {len(group)}: {status}."


def _tried(group: list[Ping]) -> str:
    attempts = counted(len(group), "attempt")
    first = group[0]
    return f"{attempts} of device {first.device} to reach {_whither(first)} carried no request that was seen."


def _whither(ping: Ping) -> str:
    return f"{ping.host} ({ping.destination})" if ping.host else str(ping.destination)


def _identifiers(report: Report) -> Iterator[str]:
    if not report.findings:
        yield "No identifier of the phone or its SIM was seen readable."
        return
    pings = pings_by_message(report)
    groups = [group for group in finding_groups(report) if group[0].kind not in FACTS]
    sure = [group for group in groups if any(is_established(f, pings) for f in group)]
    if sure:
        yield f"Identifiers that left readable: {_by_kind(sure, kind_name)}."
    if unsure := [group for group in groups if group not in sure]:
        yield f"Readable values that only look like identifiers: {_by_kind(unsure, looks_like)}."


def _by_kind(groups: list[list[Finding]], name: object) -> str:
    call = name if callable(name) else str
    kinds = grouped(groups, lambda group: group[0].kind)
    return ", ".join(f"{len(values)} × {call(values[0][0].kind)}{_times(values)}" for values in kinds)


def _times(values: list[list[Finding]]) -> str:
    return f" ({counted(sum(map(len, values)), 'time')})"


def _known(report: Report) -> Iterator[str]:
    if report.known:
        said = [
            f"{kind_name(kind.kind)} {'seen ' + counted(kind.times, 'time') if kind.seen else 'not seen'}"
            for kind in report.known
        ]
        yield f"Of the identifiers the owner gave: {', '.join(said)}."


def _regions(report: Report) -> Iterator[str]:
    totals = region_totals(report)
    for located, other in zip(totals[::2], totals[1::2], strict=True):
        yield _region(located, other)


def _region(located: RegionTotal, other: RegionTotal) -> str:
    to = counted(located.addresses, "address", "addresses")
    if located.addresses:
        said = f"{located.code}: {counted(located.packets_up, 'packet')} went to {to} located there."
    else:
        said = f"{located.code}: no packet went to an address located there."
    if not other.addresses:
        return said
    also = counted(other.addresses, "address", "addresses")
    packets = counted(other.packets_up, "packet")
    return f"{said} {packets} went to {also} that another claim alone links to {other.code}."
