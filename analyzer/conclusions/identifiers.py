"""Findings → identifiers: one entry a kind and value, with times, destinations and whose it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from analyzer.model import Endpoint, Finding, Identifier, Message, Owner, Report

SURENESS = ("high", "medium", "low")
OWNERS: tuple[Owner, ...] = ("own device", "other device", "server", "unknown")
# What opens a session identifies no phone; its value is never kept, so all would be one entry.
SECRETS = frozenset(("access_token",))


def identifiers(report: Report) -> tuple[Identifier, ...]:
    """The identifiers of a report, the surest first, then by their first time."""
    messages = {message.number: message for message in report.messages}
    columns = report.flows.columns
    devices = dict(zip(columns.get("flow", ()), columns.get("device", ()), strict=True))
    ends = flow_ends(report)
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in report.findings:
        if finding.kind in SECRETS:
            continue
        groups.setdefault((finding.kind, finding.value), []).append(finding)
    found = [_identifier(group, messages, devices, ends) for group in groups.values()]
    return tuple(sorted(found, key=lambda i: (SURENESS.index(i.confidence), i.first_ns, i.kind)))


def _identifier(
    group: Sequence[Finding], messages: dict[int, Message], devices: dict[int, str], ends: dict[int, str]
) -> Identifier:
    times = [finding.time_ns for finding in group]
    sent_in = [messages[f.message] for f in group if f.message in messages]
    # Of what was found outside messages only the flow is known.
    in_flows = [f.evidence.flow for f in group if f.message not in messages and f.evidence.flow is not None]
    owners = [f.details["belongs_to"] for f in group if "belongs_to" in f.details]
    return Identifier(
        kind=group[0].kind,
        value=group[0].value,
        confidence=min((f.confidence for f in group), key=SURENESS.index),
        times=len({(f.message, f.evidence.path) for f in group}),
        first_ns=min(times),
        last_ns=max(times),
        destinations=_by_frequency(
            [*map(_recipient, sent_in), *(ends[flow] for flow in in_flows if flow in ends)]
        ),
        devices=_by_frequency([devices[f] for f in (*(m.flow for m in sent_in), *in_flows) if f in devices]),
        belongs_to="; ".join(dict.fromkeys(owners)),
        known=next((f.known for f in group if f.known is not None), None),
        owner=min((f.owner for f in group), key=OWNERS.index),
    )


def flow_ends(report: Report) -> dict[int, str]:
    """Return the far end of each flow, with its name where one is known."""
    columns = report.flows.columns
    wanted = ("flow", "destination", "destination_port", "name")
    rows = zip(*(columns.get(name, ()) for name in wanted), strict=False)
    return {
        flow: f"{name} ({Endpoint(address, port)})" if name else str(Endpoint(address, port))
        for flow, address, port, name in rows
    }


def _recipient(message: Message) -> str:
    return f"{message.host} ({message.destination})" if message.host else str(message.destination)


def _by_frequency(words: list[str]) -> tuple[str, ...]:
    return tuple(word for word, _ in Counter(words).most_common())
