"""What stood before each send: sends of pings against events of the capture and of an operator's log.

    steps → PacketTimes → events (Wi-Fi requests, EAPOL, DHCP, DNS after silence, checks, wake bursts, log)
    pings + events → rhythms and associations

An association is a count and a permutation test. That an event caused a send no capture can show.
"""

from __future__ import annotations

from dataclasses import replace

from analyzer.conclusions.association import associations
from analyzer.conclusions.event_log import read_log
from analyzer.conclusions.event_timeline import LogEntry, PacketTimes, events_of
from analyzer.conclusions.rhythm import rhythms
from analyzer.dossiers import Dossier
from analyzer.model import Report

__all__ = ["LogEntry", "PacketTimes", "read_log", "with_triggers"]


def with_triggers(
    report: Report, watch: PacketTimes, log: tuple[LogEntry, ...], dossiers: tuple[Dossier, ...]
) -> Report:
    """The report with the rhythm of its pings and what stood before them; as it is without pings."""
    if not report.pings:
        return report
    by_id = {dossier.id: dossier for dossier in dossiers}
    events = events_of(report, watch, log, dossiers)
    return replace(report, rhythms=rhythms(report.pings, by_id), associations=associations(report, events))
