"""The report: all that one run found.

Times are UTC nanoseconds since the Unix epoch, sizes are bytes, frame numbers start at 1 as in Wireshark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.model.capture import CaptureInfo, Scope, Session
from analyzer.model.device import Announcement, Clue, Destination, Device, WifiClient
from analyzer.model.finding import Coverage, Finding, Identifier, KnownKind, Redaction
from analyzer.model.message import Message
from analyzer.model.ping import Association, DocumentedName, Ping, Rhythm
from analyzer.model.place import GeoSource
from analyzer.model.problem import Problem
from analyzer.model.rows import Table, _frame, _table
from analyzer.model.stream import Conflict, FragmentConflict, Missing, Tunnel

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "phonehome-report/1"


@dataclass(frozen=True, slots=True)
class Report:
    """All that one run found. Writers see this and nothing else.

    `flows` columns: capture, flow, device, source, source_port, destination, destination_port,
    protocol, kind, name, packets_up, packets_down, bytes_up, bytes_down, first_ns, last_ns, ended,
    inside (as in Destination), payload, readable, version, alpn, ja4, ech, entropy, flows (how many a row
    stands for). `region_packets` columns: capture, frame, time_ns, device, source, destination, protocol,
    destination_port, length, claim; one row for each packet sent to an address for which a claim names a
    region of the scope.
    """

    version: str  # of phonehome
    created_ns: int
    captures: tuple[CaptureInfo, ...]
    scope: Scope
    devices: tuple[Device, ...]
    destinations: tuple[Destination, ...]
    flows: Table
    messages: tuple[Message, ...]
    findings: tuple[Finding, ...]
    pings: tuple[Ping, ...]
    region_packets: Table
    known: tuple[KnownKind, ...] = ()
    geo_sources: tuple[GeoSource, ...] = ()
    geo_note: str = ""  # the snapshot rule as it was applied: dates, gap, warning
    blind_spots: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    reconstruction: str | None = None  # the notice of a synthetic capture
    schema: str = SCHEMA
    vantage: tuple[Clue, ...] = ()  # where the capture was made, as far as it shows
    wifi: tuple[WifiClient, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    rhythms: tuple[Rhythm, ...] = ()
    associations: tuple[Association, ...] = ()
    documented: tuple[DocumentedName, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    gaps: tuple[Missing, ...] = ()
    sessions: tuple[Session, ...] = ()  # of several captures each
    announcements: tuple[Announcement, ...] = ()  # within the local network
    tunnels: tuple[Tunnel, ...] = ()
    fragment_conflicts: tuple[FragmentConflict, ...] = ()
    redaction: Redaction | None = None
    coverage: tuple[Coverage, ...] = ()  # empty in reports of versions that did not count it

    def to_pandas(self) -> dict[str, pd.DataFrame]:
        """The tables `flows`, `destinations`, `messages`, `findings`, `region_packets`.

        One row an entry, one column a field of the class (headers, bodies and evidence stay
        objects); columns ending in `_ns` become `datetime64[ns, UTC]` under the name without it.
        `flows` has a `community_id` too, None where a row has none.
        """
        from analyzer.model.community_id import community_ids

        joined = {"community_id": community_ids(self.flows.rows())}
        tables = {
            "flows": Table({**self.flows.columns, **joined}),
            "destinations": _table(Destination, self.destinations),
            "messages": _table(Message, self.messages),
            "findings": _table(Finding, self.findings),
            "region_packets": self.region_packets,
        }
        return {name: _frame(table) for name, table in tables.items()}
