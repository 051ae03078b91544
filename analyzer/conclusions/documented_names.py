"""Names of destinations against the dossiers: whose servers they are known to be, whatever was sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from analyzer.dossiers import Dossier
from analyzer.model import DocumentedName, Report

ORDER = ("activation-ping", "telemetry", "benign")


def documented_names(report: Report, dossiers: Sequence[Dossier]) -> tuple[DocumentedName, ...]:
    """One entry for each name and dossier, registrations first."""
    # Of dossiers with the same host the first that describes requests speaks.
    exact: dict[str, Dossier] = {}
    for known in sorted(dossiers, key=lambda dossier: dossier.name_only):
        for host in known.hosts:
            exact.setdefault(host, known)
    patterns = [(host, d) for d in dossiers for host in d.hosts if "*" in host]
    found = []
    for row in report.destinations:
        for name in dict.fromkeys(n.name.lower().rstrip(".") for n in row.names if n.how != "file"):
            dossier = exact.get(name) or next((d for host, d in patterns if fnmatchcase(name, host)), None)
            if dossier:
                found.append(_entry(name, row.address, row.device, dossier))
    return merged_names([*found, *_of_messages(report, dossiers)])


def _of_messages(report: Report, dossiers: Sequence[Dossier]) -> Iterator[DocumentedName]:
    """Entries of the messages that have a documented form, whatever the name of their destination."""
    known = {dossier.id: dossier for dossier in dossiers}
    columns = report.flows.columns
    devices = dict(zip(columns.get("flow", ()), columns.get("device", ()), strict=True))
    for message in report.messages:
        for name in message.dossiers:
            host = (message.host or message.destination.address).lower().rstrip(".")
            entry = _entry(host, message.destination.address, devices.get(message.flow, ""), known[name])
            yield replace(entry, messages=1)


def merged_names(entries: Iterable[DocumentedName]) -> tuple[DocumentedName, ...]:
    """The entries with those of the same name and dossier put together."""
    merged: dict[tuple[str, str], DocumentedName] = {}
    for entry in entries:
        old = merged.get((entry.name, entry.dossier), entry)
        merged[entry.name, entry.dossier] = replace(
            old,
            addresses=tuple(dict.fromkeys((*old.addresses, *entry.addresses))),
            devices=tuple(dict.fromkeys((*old.devices, *entry.devices))),
            messages=old.messages + entry.messages if old is not entry else entry.messages,
        )
    return tuple(sorted(merged.values(), key=lambda entry: (ORDER.index(entry.kind), entry.name)))


def _entry(name: str, address: str, device: str, dossier: Dossier) -> DocumentedName:
    says = " ".join(dossier.summary.split())
    return DocumentedName(name, (address,), (device,), dossier.id, dossier.title, dossier.kind, says)
