"""A report and what was watched → the times of events, by device and kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

import numpy as np

from analyzer.dossiers import Dossier, recognise
from analyzer.model import Message, Report

SILENCE_NS = 30_000_000_000  # without a DNS query, or without a new connection, of that device
BURST_NS = 2_000_000_000
BURST = 3  # connections that begin within BURST_NS after silence
MOST_CHECKED = 20_000  # messages that are held against the benign dossiers
CONNECTIVITY = "connectivity-check"

EAPOL, DHCP = "EAPOL (joining a Wi-Fi network)", "DHCP request"
ASSOCIATION = "association request (joining a Wi-Fi network)"
REASSOCIATION = "reassociation request (changing the access point)"
PROBE = "first probe request (looking for Wi-Fi networks) after 30 s of silence"
DNS = "first DNS query after 30 s of silence"
CHECK = "connectivity check"
BURST_NAME = "burst of new connections after 30 s of silence"

Origin = Literal["capture", "log"]


class PacketTimes(Protocol):
    """Gives the times of packets that announce what a phone is doing (`session.event_watch`)."""

    def times(self, name: str, mac: int | None) -> list[int]:
        """Return the times of one kind, in order; of all sources where `mac` is None."""


class LogEntry(NamedTuple):
    """One line of the operator's log."""

    time_ns: int
    event: str


class Events(NamedTuple):
    """The times of one kind of event, in order; `device` is empty where it concerns all."""

    name: str
    origin: Origin
    device: str
    times: tuple[int, ...]


def events_of(
    report: Report, watch: PacketTimes, log: Sequence[LogEntry], dossiers: Sequence[Dossier]
) -> list[Events]:
    """Every kind of event of every device that sent a ping, and of the log; some may have no times."""
    found: list[Events] = []
    for device in dict.fromkeys(ping.device for ping in report.pings):
        mac = int(device.replace(":", ""), 16) if device.count(":") == 5 else None
        seen = {
            PROBE: after_silence(watch.times("probe request", mac)),
            ASSOCIATION: watch.times("association request", mac),
            REASSOCIATION: watch.times("reassociation request", mac),
            EAPOL: watch.times("EAPOL", mac),
            DHCP: watch.times(DHCP, mac),
            DNS: after_silence(watch.times("DNS query", mac)),
            CHECK: _checks(report, device, dossiers),
            BURST_NAME: bursts(_starts(report, device)),
        }
        found += [Events(name, "capture", device, tuple(times)) for name, times in seen.items()]
    for name in dict.fromkeys(entry.event for entry in log):
        found.append(Events(name, "log", "", tuple(e.time_ns for e in log if e.event == name)))
    return found


def after_silence(times: Sequence[int]) -> list[int]:
    """The times before which nothing stood for SILENCE_NS; the first is one of them."""
    return [t for i, t in enumerate(times) if i == 0 or t - times[i - 1] >= SILENCE_NS]


def bursts(starts: Sequence[int]) -> list[int]:
    """The beginnings of bursts among the starts of connections, in order."""
    found = []
    for i, start in enumerate(starts):
        quiet = i == 0 or start - starts[i - 1] >= SILENCE_NS
        if quiet and i + BURST <= len(starts) and starts[i + BURST - 1] - start <= BURST_NS:
            found.append(start)
    return found


def _starts(report: Report, device: str) -> list[int]:
    """The beginnings of a device's flows; none where rows stand for several, so that some are not known."""
    columns = report.flows.columns
    if any(flows > 1 for flows in columns.get("flows", ())):
        return []
    owners = np.asarray(columns.get("device", ()), object)
    return sorted(np.asarray(columns.get("first_ns", ()), np.int64)[owners == device].tolist())


def _checks(report: Report, device: str, dossiers: Sequence[Dossier]) -> list[int]:
    columns = report.flows.columns
    flows = dict(zip(columns.get("flow", ()), columns.get("device", ()), strict=True))
    own = [m for m in report.messages if m.role == "request" and flows.get(m.flow) == device]
    return [m.time_ns for m in own[:MOST_CHECKED] if _is_check(m, dossiers)]


def _is_check(message: Message, dossiers: Sequence[Dossier]) -> bool:
    found = recognise(message, None, (), (), dossiers, ("benign",))
    return any(ping.dossier.startswith(CONNECTIVITY) for ping in found)
