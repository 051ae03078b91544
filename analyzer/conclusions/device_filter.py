"""A report to the part of it that one device is concerned with."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import replace

from analyzer.model import CaptureError, Device, Finding, KnownKind, Report, Table


def only_device(report: Report, wanted: str) -> Report:
    """The report of the device with this MAC or IP address. Raises CaptureError when it isn't there."""
    device = next((d for d in report.devices if _is(d, wanted)), None)
    if device is None:
        there = ", ".join(d.id for d in report.devices[:8]) or "none"
        raise CaptureError(f"no device {wanted} appears in the capture; the devices seen are: {there}")
    return part_of(report, device)


def address_of(text: str) -> str:
    """Return a MAC address as aa:bb:cc:dd:ee:ff, or an IP address in its canonical form; ValueError."""
    digits = re.sub(r"[:.-]", "", text).lower() if isinstance(text, str) else ""
    if re.fullmatch(r"[0-9a-f]{12}", digits) and not re.fullmatch(r"[\d.]+", text):
        return ":".join(digits[i : i + 2] for i in range(0, 12, 2))
    try:
        return str(ipaddress.ip_address(text if isinstance(text, str) else ""))
    except ValueError:
        raise ValueError(f"{text!r} is neither a MAC nor an IP address") from None


def part_of(report: Report, device: Device) -> Report:
    """The report of one of its devices."""
    flows = _rows_of(report.flows, device.id)
    numbers = set(flows.columns.get("flow", ()))
    messages = tuple(m for m in report.messages if m.flow in numbers)
    kept = {m.number for m in messages}
    findings = tuple(
        f for f in report.findings if f.message in kept or (not f.message and f.evidence.flow in numbers)
    )
    return replace(
        report,
        scope=replace(report.scope, device=device.id),
        devices=(device,),
        destinations=tuple(row for row in report.destinations if row.device == device.id),
        flows=flows,
        messages=messages,
        findings=findings,
        known=tuple(_known_in(entry, findings) for entry in report.known),
        pings=tuple(p for p in report.pings if p.device == device.id),
        region_packets=_rows_of(report.region_packets, device.id),
        conflicts=tuple(conflict for conflict in report.conflicts if conflict.flow in numbers),
        gaps=tuple(gap for gap in report.gaps if gap.flow in numbers),
        announcements=tuple(said for said in report.announcements if said.device == device.id),
        documented=tuple(entry for entry in report.documented if device.id in entry.devices),
        rhythms=tuple(rhythm for rhythm in report.rhythms if rhythm.device == device.id),
        associations=tuple(entry for entry in report.associations if entry.device == device.id),
    )


def _known_in(entry: KnownKind, findings: Sequence[Finding]) -> KnownKind:
    """Whether one of the owner's identifiers was seen in this device's own messages."""
    times = sum(1 for finding in findings if finding.kind == entry.kind and finding.known)
    return KnownKind(entry.kind, times > 0, times, entry.encodings if times else ())


def _is(device: Device, wanted: str) -> bool:
    if ":" in wanted or "-" in wanted:
        mac = wanted.replace("-", ":").lower()
        if device.mac == mac:
            return True
    try:
        address = str(ipaddress.ip_address(wanted))
    except ValueError:
        return False
    return address in device.addresses or device.id == address


def _rows_of(table: Table, device: str) -> Table:
    keep = [at for at, owner in enumerate(table.columns.get("device", ())) if owner == device]
    return Table({name: [values[at] for at in keep] for name, values in table.columns.items()})
