"""A report of one capture → what follows from its parts together: owners, undocumented senders, triggers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analyzer.conclusions.attribution import with_owners
from analyzer.conclusions.documented_names import documented_names
from analyzer.conclusions.timing import LogEntry, PacketTimes, with_triggers
from analyzer.dossiers import Dossier, undocumented
from analyzer.dossiers.heuristics import Values
from analyzer.model import Report


def with_conclusions(
    report: Report,
    watch: PacketTimes,
    log: Sequence[LogEntry],
    dossiers: Sequence[Dossier],
    values_of: Values,
) -> Report:
    """The report with whose the identifiers are, further pings, and what stood before each ping.

    `values_of` gives names and values of a message's fields.
    """
    report = with_owners(report)
    columns = report.flows.columns
    devices = dict(zip(columns.get("flow", ()), columns.get("device", ()), strict=True))
    further = undocumented(report.messages, report.findings, report.pings, devices, dossiers, values_of)
    pings = tuple(sorted((*report.pings, *further), key=lambda ping: (ping.time_ns, ping.flow)))
    report = replace(report, pings=pings, documented=documented_names(report, dossiers))
    return with_triggers(report, watch, tuple(log), tuple(dossiers))
