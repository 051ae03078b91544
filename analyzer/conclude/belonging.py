"""Whose an identifier is: findings against what the capture shows of the devices in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from analyzer.model import Device, Finding, Report

ADDRESSES = frozenset(("mac", "bssid"))
NAMES = frozenset(("model", "account"))
UNSPECIFIED = ("0.0.0.0", "::")  # of a device that has no address yet
LOCALLY_ADMINISTERED = 2  # of a MAC address's first octet (IEEE 802 §8.2.2)


def with_owners(report: Report) -> Report:
    """The report with `details["belongs_to"]` where a finding equals, or surely is not, something seen."""
    if not report.findings:
        return report
    owners = _Owners.of(report)
    return replace(report, findings=tuple(_told(finding, owners) for finding in report.findings))


@dataclass(frozen=True)
class _Owners:
    """The devices, which of them each flow is of, and from what address each message came."""

    by_id: Mapping[str, Device]
    by_flow: Mapping[int, str]
    by_address: Mapping[str, Device]
    sources: Mapping[int, str]
    own: Mapping[int, str]  # the address of a flow's device

    @classmethod
    def of(cls, report: Report) -> _Owners:
        columns = report.flows.columns
        flows = dict(zip(columns.get("flow", ()), columns.get("device", ()), strict=True))
        return cls(
            {device.id: device for device in report.devices},
            flows,
            {address: device for device in report.devices for address in device.addresses},
            {message.number: message.source.address for message in report.messages},
            dict(zip(columns.get("flow", ()), columns.get("source", ()), strict=False)),
        )

    def sender(self, finding: Finding) -> Device | None:
        """The device that sent the message of a finding; None where somebody else did, such as a server."""
        flow = finding.evidence.flow
        if flow is None:
            return None
        device, source = self.by_id.get(self.by_flow.get(flow, "")), self.sources.get(finding.message)
        if (
            device is None
            or source is None
            or source in (*device.addresses, *UNSPECIFIED, self.own.get(flow))
        ):
            return device
        return self.by_address.get(source)


def _told(finding: Finding, owners: _Owners) -> Finding:
    # What the owner gave is masked by now, and is the owner's.
    sender = None if finding.known else owners.sender(finding)
    sentence = _sentence(finding, sender, owners) if sender else ""
    if not sentence:
        return finding
    told = replace(finding, details={**finding.details, "belongs_to": sentence})
    if finding.kind == "mac" and sender and finding.value == sender.mac:
        return replace(told, confidence="high", reasons=(*finding.reasons, sentence))
    return told


def _sentence(finding: Finding, sender: Device, owners: _Owners) -> str:
    if finding.kind in ADDRESSES:
        return _of_address(finding.value, sender, owners, finding.details.get("seen as", ""))
    if finding.kind == "local_ip":
        same = finding.value in sender.addresses
        return f"{'equal to an' if same else 'not an'} address of the device that sent it"
    if finding.kind in NAMES and _is_dhcp_name(finding.value, sender):
        return "equal to the name that the device that sent it gave to the network (DHCP)"
    return ""


def _of_address(mac: str, sender: Device, owners: _Owners, seen_as: str) -> str:
    if mac == sender.mac:
        return "equal to the MAC address of the device that sent it"
    if mac in owners.by_id:
        return f"the MAC address of another device in the capture, {_called(owners.by_id[mac])}"
    if seen_as:
        return "the MAC address of a router or access point that packets of the capture came through"
    if sender.mac is None:
        return ""
    if int(sender.mac[:2], 16) & LOCALLY_ADMINISTERED:
        return "not the address by which its sender is seen in the capture, which is randomised"
    return "not the address of a device seen in the capture"


def _called(device: Device) -> str:
    names = [name.name for name in device.names if name.how == "dhcp"]
    return names[0] if names else device.addresses[0] if device.addresses else device.id


def _is_dhcp_name(value: str, sender: Device) -> bool:
    plain = value.casefold().replace(" ", "-")
    return any(name.how == "dhcp" and name.name.casefold() == plain for name in sender.names)
