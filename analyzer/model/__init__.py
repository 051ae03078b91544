"""The words every layer shares: what was seen, where it stood, and what it is believed to mean.

Everything here is data, frozen, and free of I/O; this module imports nothing of ours, except
for `Report.to_pandas`.
Units throughout: times are UTC nanoseconds since the Unix epoch, sizes are bytes,
frame numbers start at 1 as in Wireshark, country codes are ISO 3166-1 alpha-2.
"""

from __future__ import annotations

from analyzer.model.capture import CaptureInfo, Comment, Interface, ScanInput, Scope, Session
from analyzer.model.device import Announcement, Clue, Destination, Device, Name, WifiClient
from analyzer.model.evidence import Endpoint, Evidence
from analyzer.model.field import Field, Fields, Part, Parts
from analyzer.model.finding import (
    CERTAINTY,
    Certainty,
    Confidence,
    Coverage,
    CoverageState,
    Finding,
    Identifier,
    KnownKind,
    Owner,
    Redaction,
)
from analyzer.model.message import UNANSWERED, Body, Message, Role
from analyzer.model.ping import Association, DocumentedName, Ping, PingField, PingStatus, Rhythm
from analyzer.model.place import Claim, GeoSource, Opinion, Place
from analyzer.model.problem import CaptureError, Problem
from analyzer.model.report import SCHEMA, Report
from analyzer.model.rows import Table, values_of
from analyzer.model.stream import Conflict, FragmentConflict, Missing, Tunnel

__all__ = [
    "CERTAINTY",
    "SCHEMA",
    "UNANSWERED",
    "Announcement",
    "Association",
    "Body",
    "CaptureError",
    "CaptureInfo",
    "Certainty",
    "Claim",
    "Clue",
    "Comment",
    "Confidence",
    "Conflict",
    "Coverage",
    "CoverageState",
    "Destination",
    "Device",
    "DocumentedName",
    "Endpoint",
    "Evidence",
    "Field",
    "Fields",
    "Finding",
    "FragmentConflict",
    "GeoSource",
    "Identifier",
    "Interface",
    "KnownKind",
    "Message",
    "Missing",
    "Name",
    "Opinion",
    "Owner",
    "Part",
    "Parts",
    "Ping",
    "PingField",
    "PingStatus",
    "Place",
    "Problem",
    "Redaction",
    "Report",
    "Rhythm",
    "Role",
    "ScanInput",
    "Scope",
    "Session",
    "Table",
    "Tunnel",
    "WifiClient",
    "values_of",
]
