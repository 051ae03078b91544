"""Whose an identifier is: findings against what the capture shows of the devices and servers in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from analyzer.conclusions.given_numbers import GIVEN
from analyzer.model import Device, Finding, Message, Owner, Report

ADDRESSES = frozenset(("mac", "bssid"))
NAMES = frozenset(("model", "account"))
UNSPECIFIED = ("0.0.0.0", "::")  # of a device that has no address yet
# Of a log-in: whoever sends it holds it.
LOG_IN = frozenset(("password", "access_token"))
# Numbers of a phone, its SIM card or its system, of which a phone has one or two.
NUMBERS = frozenset(
    ("imei", "imeisv", "meid", "pesn", "imsi", "iccid", "android_id", "gaid", "oaid", "idfa", "device_id",
     "serial", "push_token", "phone")
)  # fmt: skip
MOST_SLOTS = 2  # of one kind in one device: that of each SIM card
# Protocols in which access points and routers write down what others do.
LOGS = ("syslog",)
# Kinds that a server gives out too; a value that came from it first is its own.
GIVEN_OUT = frozenset(("device_id", "advertising_id", "location", "email", "account", "serial"))
MOST_RESPONSES, LONGEST_RESPONSE = 2_000, 64 << 10  # that are searched for such values, and bytes of each
LOCALLY_ADMINISTERED = 2  # of a MAC address's first byte (IEEE 802 §8.2.2)


class Ownership(NamedTuple):
    """Whose a value is, and the sentence that says why."""

    owner: Owner
    sentence: str = ""


UNKNOWN = Ownership("unknown")


def with_owners(report: Report) -> Report:
    """Return the report with the owner of each finding and, with a reason, `details["belongs_to"]`."""
    if not report.findings:
        return report
    owners = _Owners.of(report)
    return replace(report, findings=tuple(_owned(f, owners) for f in report.findings))


@dataclass(frozen=True)
class _Owners:
    """The devices, which of them each flow is of, and what else decides."""

    by_id: Mapping[str, Device]
    by_flow: Mapping[int, str]
    by_address: Mapping[str, Device]
    in_logs: frozenset[int]  # messages in which a device writes down what others do
    proven: frozenset[int]  # messages that hold their sender's own address, or were recognised
    counts: Mapping[tuple[str, str], int]  # values of one kind that one device sent
    sources: Mapping[int, str]  # the address that sent each message
    own: Mapping[int, str]  # the address of a flow's device
    from_server: frozenset[tuple[int, str]]  # message and value that the server had sent before
    answers: frozenset[int]  # messages by which a device in the local network answered

    @classmethod
    def of(cls, report: Report) -> _Owners:
        columns = report.flows.columns
        flows = dict(zip(columns.get("flow", ()), columns.get("device", ()), strict=True))
        devices = {device.id: device for device in report.devices}
        senders = {m.number: devices.get(flows.get(m.flow, "")) for m in report.messages}
        own = {
            f.message
            for f in report.findings
            if f.kind == "mac" and (sender := senders.get(f.message)) and f.value == sender.mac
        }
        values: dict[tuple[str, str], set[str]] = {}
        for found in report.findings:
            sender = senders.get(found.message)
            if sender and found.kind in NUMBERS and found.confidence != "low":
                values.setdefault((sender.id, found.kind), set()).add(found.value)
        return cls(
            by_id=devices,
            by_flow=flows,
            by_address={address: device for device in report.devices for address in device.addresses},
            in_logs=frozenset(m.number for m in report.messages if m.protocol.startswith(LOGS)),
            proven=frozenset(own | {p.message for p in report.pings if p.message is not None}),
            counts={key: len(found) for key, found in values.items()},
            sources={message.number: message.source.address for message in report.messages},
            own=dict(zip(columns.get("flow", ()), columns.get("source", ()), strict=False)),
            from_server=frozenset(_from_server(report.messages, report.findings)),
            answers=frozenset(m.number for m in report.messages if m.role == "response"),
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


def _from_server(messages: Iterable[Message], findings: Iterable[Finding]) -> Iterable[tuple[int, str]]:
    """Yield message and value where an earlier response of the same host held the value."""
    wanted: dict[str, list[tuple[int, int, str]]] = {}
    by_number = {message.number: message for message in messages}
    for found in findings:
        message = by_number.get(found.message)
        if message and found.kind in GIVEN_OUT and len(found.raw) >= 6 and not found.known:
            server = message.destination.address
            wanted.setdefault(server, []).append((message.time_ns, message.number, found.raw))
    if not wanted:
        return
    left = MOST_RESPONSES
    for message in by_number.values():
        asked = wanted.get(message.source.address) if message.role == "response" else None
        if not asked or not left:
            continue
        left -= 1
        set_cookies = [value for name, value in message.headers if name.lower() == "set-cookie"]
        text = message.body.content[:LONGEST_RESPONSE].decode("utf-8", "replace") + "\n".join(set_cookies)
        yield from ((number, raw) for time, number, raw in asked if message.end_ns < time and raw in text)


def _owned(finding: Finding, owners: _Owners) -> Finding:
    # What the owner gave is masked by now, and is the owner's.
    if finding.known:
        return replace(finding, owner="own device")
    belonging = _belonging(finding, owners.sender(finding), owners)
    if belonging == UNKNOWN:
        return finding
    details = finding.details
    if belonging.sentence:
        details = {**details, "belongs_to": belonging.sentence}
    made = replace(finding, owner=belonging.owner, details=details)
    if finding.kind == "mac" and belonging.owner == "own device":
        return replace(made, confidence="high", reasons=(*finding.reasons, belonging.sentence))
    return made


def _belonging(finding: Finding, sender: Device | None, owners: _Owners) -> Ownership:
    if finding.details.get("of_server"):
        return Ownership("server", finding.details["of_server"])
    if GIVEN in finding.details:
        return Ownership("own device", finding.details[GIVEN])
    if finding.kind in LOG_IN or "log_in" in finding.details:
        return _of_name(finding, sender) if sender else Ownership("own device")
    if (finding.message, finding.raw) in owners.from_server:
        return Ownership("server", "the server sent this value before the device did")
    if finding.message in owners.answers and not _is_own(finding, sender, owners):
        return _of_answer(owners.sources[finding.message])
    if "of_peer" in finding.details:
        return _of_answer(finding.details["of_peer"])
    if sender is None:
        return UNKNOWN
    if finding.kind in ADDRESSES:
        return _of_address(finding, sender, owners)
    if finding.kind == "local_ip":
        return _of_local_address(finding.value, sender, owners)
    if finding.kind in NAMES and _is_dhcp_name(finding.value, sender):
        return _of_name(finding, sender)
    return _of_number(finding, sender, owners)


def _is_own(finding: Finding, sender: Device | None, owners: _Owners) -> bool:
    """Whether the device that a flow is of gave the answer: it is itself the server."""
    flow = finding.evidence.flow
    return sender is not None and flow is not None and sender.id == owners.by_flow.get(flow)


def _of_answer(address: str) -> Ownership:
    return Ownership("other device", f"in the answer of the device at {address} in the local network")


def _of_name(finding: Finding, sender: Device | None) -> Ownership:
    if sender and finding.kind in NAMES and _is_dhcp_name(finding.value, sender):
        return Ownership(
            "own device", "equal to the name that the device that sent it gave to the network (DHCP)"
        )
    return Ownership("own device")


def _of_number(finding: Finding, sender: Device, owners: _Owners) -> Ownership:
    """Own where the message proves its sender and the device sent no more of the kind than it can have."""
    if finding.kind not in NUMBERS or finding.confidence == "low":
        return UNKNOWN
    if finding.message in owners.in_logs or finding.message not in owners.proven:
        return UNKNOWN
    few = owners.counts.get((sender.id, finding.kind), 0) <= MOST_SLOTS
    return Ownership("own device") if few else UNKNOWN


def _of_local_address(address: str, sender: Device, owners: _Owners) -> Ownership:
    if address in sender.addresses:
        return Ownership("own device", "equal to an address of the device that sent it")
    sentence = "not an address of the device that sent it"
    return Ownership("other device" if address in owners.by_address else "unknown", sentence)


def _of_address(finding: Finding, sender: Device, owners: _Owners) -> Ownership:
    mac = finding.value
    if mac == sender.mac:
        return Ownership("own device", "equal to the MAC address of the device that sent it")
    if mac in owners.by_id:
        called = _called(owners.by_id[mac])
        return Ownership("other device", f"the MAC address of another device in the capture, {called}")
    if finding.message in owners.in_logs:
        return Ownership("other device", "a device that an access point or router writes about in its log")
    if finding.details.get("seen as"):
        return Ownership(
            "other device",
            "the MAC address of a router or access point that packets of the capture came through",
        )
    other: Owner = "other device" if finding.kind == "bssid" else "unknown"  # an access point
    if sender.mac is None:
        return Ownership(other)
    if int(sender.mac[:2], 16) & LOCALLY_ADMINISTERED:
        return Ownership(
            other, "not the address by which its sender is seen in the capture, which is randomised"
        )
    return Ownership(other, "not the address of a device seen in the capture")


def _called(device: Device) -> str:
    names = [name.name for name in device.names if name.how == "dhcp"]
    return names[0] if names else device.addresses[0] if device.addresses else device.id


def _is_dhcp_name(value: str, sender: Device) -> bool:
    plain = value.casefold().replace(" ", "-")
    return any(name.how == "dhcp" and name.name.casefold() == plain for name in sender.names)
