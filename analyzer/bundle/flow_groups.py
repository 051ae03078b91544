"""A report → what is shown together: a flow with its pings and findings, and the frames that bear on it."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from analyzer.model import Destination, Device, Evidence, Finding, Ping, Report

MOST = 500  # flows that become captures of their own
WHOLE = (-(1 << 62), 1 << 62)  # a span of time


@dataclass(slots=True)
class FlowGroup:
    """One flow: who talked with whom, when, what was found in it, and which frames name its ends."""

    capture: int
    flow: int
    ends: tuple[tuple[str, int], tuple[str, int]]  # address and port, the client first
    protocol: str
    first_ns: int
    last_ns: int
    captures: frozenset[int]  # those that it may lie in
    around: frozenset[frozenset[str]] = frozenset()  # addresses of the ends of its tunnels
    pings: list[Ping] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    evidence: dict[tuple[int, int], str] = field(default_factory=dict)  # (capture, frame): why
    named: dict[tuple[int, int], str] = field(default_factory=dict)  # DNS answers, DHCP messages
    withheld: bool = False  # all payload is, since a password stood in it


def groups(report: Report) -> list[FlowGroup]:
    """The flows of all pings and findings, in the order of the report."""
    found: dict[tuple[int, int], FlowGroup] = {}
    rows = _rows(report)
    everything: tuple[Ping | Finding, ...] = (*report.pings, *report.findings)
    for each in everything:
        at = each.evidence.capture, _flow(each)
        group = found.get(at)
        if group is None:
            made = _group(report, at, rows.get(at), each)
            if made is None:
                continue
            group = found[at] = made
        _take(group, each)
    namings = _Namings(report)
    for group in found.values():
        group.named |= dict(namings.of(group))
    return list(found.values())


def _flow(each: Ping | Finding) -> int:
    if isinstance(each, Ping):
        return each.flow
    return -1 if each.evidence.flow is None else each.evidence.flow


def _rows(report: Report) -> dict[tuple[int, int], dict[str, object]]:
    """The table's rows by capture and number of the flow."""
    return {(row.get("capture", 0), row["flow"]): row for row in report.flows.rows()}


def _group(
    report: Report, at: tuple[int, int], row: dict[str, object] | None, each: Ping | Finding
) -> FlowGroup | None:
    capture, flow = at
    captures = _session(report, capture)
    if row is not None:
        return FlowGroup(
            capture,
            flow,
            (
                (str(row["source"]), int(str(row["source_port"]))),
                (str(row["destination"]), int(str(row["destination_port"]))),
            ),
            str(row["protocol"]),
            int(str(row["first_ns"])),
            int(str(row["last_ns"])),
            captures,
            _around(report, str(row.get("inside") or "")),
        )
    message = next((m for m in report.messages if m.number == each.message), None)
    if message is None:
        return None
    ends = (
        (message.source.address, message.source.port),
        (message.destination.address, message.destination.port),
    )
    return FlowGroup(capture, flow, ends, "tcp", *WHOLE, captures)


def _around(report: Report, inside: str) -> frozenset[frozenset[str]]:
    """Return the ends of the tunnels that the `inside` of a flow names."""
    tunnels = (tunnel for tunnel in report.tunnels if inside and tunnel.says in inside)
    return frozenset(frozenset(ends) for tunnel in tunnels for ends in tunnel.ends if ends)


def _session(report: Report, capture: int) -> frozenset[int]:
    of = next((session.captures for session in report.sessions if capture in session.captures), (capture,))
    return frozenset(of)


def _take(group: FlowGroup, each: Ping | Finding) -> None:
    if isinstance(each, Ping):
        group.pings.append(each)
        why = f"carried a message recognised as {each.title}"
    else:
        group.findings.append(each)
        why = f"carried {each.kind} in {' › '.join(each.evidence.path) or 'its payload'}"
    for place in frames_of(each.evidence):
        before = group.evidence.get(place)
        if before is None or (why not in before and before.count(";") < 7):
            group.evidence[place] = f"{before}; {why}" if before else why


def frames_of(evidence: Evidence) -> Iterator[tuple[int, int]]:
    """Each frame with its capture."""
    yield from ((evidence.capture, frame) for frame in evidence.frames)
    for capture, frames in evidence.continued:
        yield from ((capture, frame) for frame in frames)


class _Namings:
    """The ledger and the devices by address, since each of many groups asks for its two."""

    def __init__(self, report: Report) -> None:
        self._rows: dict[str, list[Destination]] = defaultdict(list)
        self._devices: dict[str, list[Device]] = defaultdict(list)
        for row in report.destinations:
            self._rows[row.address].append(row)
        for device in report.devices:
            for address in set(device.addresses):
                self._devices[address].append(device)

    def of(self, group: FlowGroup) -> Iterator[tuple[tuple[int, int], str]]:
        """The DNS answers that named the destination, and the DHCP messages that named the device."""
        addresses = dict.fromkeys(address for address, _ in group.ends)
        devices = {each.id: each for address in addresses for each in self._devices.get(address, ())}
        for row in chain.from_iterable(self._rows.get(address, ()) for address in addresses):
            if row.device in devices or not devices:
                for name in row.names:
                    if name.how == "dns" and not is_mdns(name.asked_by):
                        yield (
                            (name.capture, name.frame),
                            f"DNS answer that named {row.address} as {name.name}",
                        )
        for device in devices.values():
            for name in device.names:
                if name.how == "dhcp":
                    yield (
                        (name.capture, name.frame),
                        f"DHCP message in which the device named itself {name.name}",
                    )


def is_mdns(asked_by: str | None) -> bool:
    """Whether a name was asked of the local network."""
    return asked_by is not None and ipaddress.ip_address(asked_by).is_multicast if asked_by else False
