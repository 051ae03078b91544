"""A report of one capture → what follows from its parts together: owners, undocumented senders, triggers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from analyzer.conclusions.attribution import with_owners
from analyzer.conclusions.documented_names import documented_names
from analyzer.conclusions.given_numbers import FieldsOf, with_given_numbers
from analyzer.conclusions.timing import LogEntry, PacketTimes, with_triggers
from analyzer.dossiers import Dossier, undocumented
from analyzer.model import Message, Report


def with_conclusions(
    report: Report,
    watch: PacketTimes,
    log: Sequence[LogEntry],
    dossiers: Sequence[Dossier],
    fields_of: FieldsOf,
) -> Report:
    """The report with whose the identifiers are, further pings, and what stood before each ping.

    `fields_of` gives the fields of a message.
    """
    report = with_owners(with_given_numbers(report, fields_of))
    columns = report.flows.columns
    devices = dict(zip(columns.get("flow", ()), columns.get("device", ()), strict=True))

    def values_of(message: Message) -> Iterable[tuple[str, str | bytes]]:
        fields = fields_of(message)
        return zip(fields.names, fields.values, strict=True)

    further = undocumented(report.messages, report.findings, report.pings, devices, dossiers, values_of)
    pings = tuple(sorted((*report.pings, *further), key=lambda ping: (ping.time_ns, ping.flow)))
    report = replace(report, pings=pings, documented=documented_names(report, dossiers))
    return with_triggers(report, watch, tuple(log), tuple(dossiers))
