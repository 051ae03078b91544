"""Report → sendings: which device sent what kinds of values readable, to whom and when; alike ones together.

However many senders there are, few sendings are left to speak of: those of the same kinds of values are put
together by recipient, by sender, and, where they are still many, by the kinds alone.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from analyzer.model import Finding, Message, Ping, Report
from analyzer.report.groups import grouped, messages_by_number
from analyzer.report.whereabouts import Whereabouts
from analyzer.report.wording import FACTS, is_established, is_worth_checking

LOG_INS = frozenset(("password", "access_token", "account", "email"))
LASTING = frozenset(
    ("imei", "imeisv", "meid", "pesn", "esn", "iccid", "imsi", "mac", "phone", "msisdn", "serial",
     "android_id", "device_id")
)  # fmt: skip
_FEW = 4  # sendings that are told one by one


class Harm(IntEnum):
    """How much a sending tells, the worst first."""

    LASTING = 0  # who has the values knows the phone or its owner again, or logs in
    PAYLOAD = 1  # an activation payload in which no such value was established
    OTHER = 2
    DOUBTFUL = 3  # values that are only probably identifiers


@dataclass
class Sending:
    """What devices sent readable to recipients."""

    devices: tuple[str, ...]
    recipients: tuple[str, ...]  # names, or addresses where there is none
    addresses: tuple[str, ...]
    findings: list[Finding] = field(default_factory=list)
    pings: list[Ping] = field(default_factory=list)
    sends: dict[Hashable, int] = field(default_factory=dict)  # a message or place in a flow → its time
    is_local: bool = False

    @property
    def harm(self) -> Harm:
        """The worst of what was sent."""
        sure = [f for f in self.findings if is_established(f) and f.owner != "server"]
        if any(f.kind in LASTING | LOG_INS for f in sure):
            return Harm.LASTING
        if self.pings:
            return Harm.PAYLOAD
        return Harm.OTHER if any(map(is_established, self.findings)) else Harm.DOUBTFUL

    @property
    def told(self) -> list[Finding]:
        """The findings to speak of: the established ones, or all where none is."""
        return [f for f in self.findings if is_established(f)] or self.findings

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of what there is to speak of."""
        return frozenset(f.kind for f in self.told)


def counts(finding: Finding) -> bool:
    """Return whether a headline counts a finding: no fact about the phone, no number worth checking."""
    return finding.kind not in FACTS and not is_worth_checking(finding)


def sendings(report: Report, where: Whereabouts) -> list[Sending]:
    """The sendings of a report, the most harmful and most frequent first."""
    parts = _parts(report, where)
    parts = _together(parts, lambda s: (s.recipients, s.addresses))
    parts = _together(parts, lambda s: s.devices)
    if len(parts) > _FEW:
        parts = _together(parts, lambda _one: ())
    return sorted(parts, key=lambda s: (s.harm, s.is_local, -len(s.sends)))


def finding_ends(report: Report, where: Whereabouts) -> frozenset[tuple[str, str]]:
    """Device and destination address of everything that a headline counts."""
    return frozenset(
        (device, address) for s in _parts(report, where) for device in s.devices for address in s.addresses
    )


def _together(parts: list[Sending], key: Callable[[Sending], Hashable]) -> list[Sending]:
    """Those of one key, harm and kinds as one."""
    groups = grouped(parts, lambda s: (key(s), s.harm, s.kinds, s.is_local, bool(s.pings)))
    return [_joined(group) for group in groups]


def _joined(group: list[Sending]) -> Sending:
    if len(group) == 1:
        return group[0]
    ranked = sorted(group, key=lambda s: -len(s.sends))
    return Sending(
        devices=tuple(dict.fromkeys(d for s in ranked for d in s.devices)),
        recipients=tuple(dict.fromkeys(r for s in ranked for r in s.recipients)),
        addresses=tuple(dict.fromkeys(a for s in ranked for a in s.addresses)),
        findings=[f for s in ranked for f in s.findings],
        pings=[p for s in ranked for p in s.pings],
        sends={send: time for s in ranked for send, time in s.sends.items()},
        is_local=ranked[0].is_local,
    )


# ── one device, one recipient ───────────────────────────────────────────────


@dataclass(frozen=True)
class _Way:
    """Between which ends something was sent."""

    device: str
    recipient: str
    address: str


def _parts(report: Report, where: Whereabouts) -> list[Sending]:
    found: dict[_Way, Sending] = {}

    def of(way: _Way) -> Sending:
        local = where.is_special(way.address)
        new = Sending((way.device,), (way.recipient,), (way.address,), is_local=local)
        return found.setdefault(way, new)

    for way, send, finding in _findings(report):
        sending = of(way)
        sending.findings.append(finding)
        sending.sends[send] = finding.time_ns
    for ping in report.pings:
        if ping.message is not None:
            sending = of(_Way(ping.device, ping.host or ping.destination.address, ping.destination.address))
            sending.pings.append(ping)
            sending.sends[ping.message] = ping.time_ns
    return list(found.values())


def _findings(report: Report) -> Iterator[tuple[_Way, Hashable, Finding]]:
    """Each finding that counts, with its way and what tells one send from another."""
    messages, flows, owners = messages_by_number(report), _flows(report), _owners(report)
    for finding in filter(counts, report.findings):
        evidence = finding.evidence
        if message := messages.get(finding.message):
            yield _way(message, flows, owners), message.number, finding
        else:
            way = (
                flows.get(evidence.flow, _Way("", "", "")) if evidence.flow is not None else _Way("", "", "")
            )
            yield way, (evidence.flow, evidence.capture, evidence.frames), finding


def _way(message: Message, flows: dict[int, _Way], owners: dict[str, str]) -> _Way:
    flow = flows.get(message.flow)
    device = flow.device if flow else owners.get(message.source.address, message.source.address)
    address = message.destination.address
    return _Way(device, message.host or address, address)


def _flows(report: Report) -> dict[int, _Way]:
    """The ends of each flow."""
    columns = report.flows.columns
    wanted = ("flow", "device", "destination", "name")
    rows = zip(*(columns.get(name, ()) for name in wanted), strict=False)
    return {flow: _Way(device or "", name or address, address) for flow, device, address, name in rows}


def _owners(report: Report) -> dict[str, str]:
    """The device of each local address."""
    return {address: device.id for device in report.devices for address in device.addresses}
