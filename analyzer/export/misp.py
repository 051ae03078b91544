"""Report → a MISP event: destinations, pings and identifiers for a threat-sharing platform.

No attribute is meant for detection (`to_ids` is off) and the event is for the own organisation only: an
address that a phone spoke to is not malicious for that, and identifiers are somebody's. UUIDs depend on the
report alone. <https://www.misp-standard.org/rfc/misp-standard-core.html>
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from analyzer.export.places import frames_of
from analyzer.export.plain import clean, dumps, time
from analyzer.export.urls import url_of
from analyzer.model import Destination, Message, Ping, Report
from analyzer.report.groups import finding_groups, messages_by_number
from analyzer.report.text import visible
from analyzer.report.wording import looks_like, place_line

_OURS = UUID("0e1a6c8c-7a1f-5f39-8f4e-6b0c6f0d6a52")
_OWN_ORGANISATION, _UNDEFINED, _COMPLETED = 0, 4, 2


def write(report: Report) -> str:
    """The event as JSON, as MISP imports it."""
    event = MispBuilder(report).made()
    return dumps({"Event": json.loads(event.to_json())}, indent=1) + "\n"


class MispBuilder:
    def __init__(self, report: Report) -> None:
        from pymisp import MISPEvent

        self.report = report
        self.made_already: set[str] = set()
        self.seed = "".join(info.sha256 or info.path for info in report.captures)
        starts = [info.first_ns for info in report.captures if info.first_ns is not None]
        self.event = MISPEvent()
        self.event.uuid = self._uuid("event")
        self.event.info = "phonehome: what a phone sent readable, and to whom"
        self.event.set_date(time(min(starts, default=report.created_ns))[:10])
        self.event.distribution, self.event.threat_level_id = _OWN_ORGANISATION, _UNDEFINED
        self.event.analysis = _COMPLETED
        self.event.timestamp = _instant(report.created_ns)

    def made(self) -> Any:
        for notice in (self.report.reconstruction, self.report.redaction and self.report.redaction.says):
            if notice:
                self._attribute("comment", "Other", notice, "notice")
        for info in self.report.captures:
            if info.sha256:
                self._attribute("sha256", "External analysis", info.sha256, f"the capture {info.path}")
        for row in self.report.destinations:
            if not (row.place and row.place.special):
                self._destination(row)
        messages = messages_by_number(self.report)
        for ping in self.report.pings:
            self._ping(ping, messages.get(ping.message) if ping.message is not None else None)
        for found in finding_groups(self.report):
            frames = frames_of(one.evidence for one in found)
            says = f"{looks_like(found[0].kind)}, sent readable as {found[0].name}; {frames}"
            self._attribute("text", "Other", found[0].value, says)
        return self.event

    def _destination(self, row: Destination) -> None:
        says = place_line(row.place) if row.place else "not looked up"
        has_port = row.protocol in ("tcp", "udp") and row.port
        kind, value = ("ip-dst|port", f"{row.address}|{row.port}") if has_port else ("ip-dst", row.address)
        seen = {"first_seen": time(row.first_ns), "last_seen": time(row.last_ns)}
        self._attribute(
            kind, "Network activity", value, f"{row.protocol}, sent by {row.device}; {says}", **seen
        )
        for name in dict.fromkeys(name.name for name in row.names):
            self._attribute("hostname", "Network activity", name, f"a name of {row.address} in the capture")

    def _ping(self, ping: Ping, message: Message | None) -> None:
        frames = frames_of([ping.evidence])
        what = f"{ping.title}: {ping.status}; {frames}. {ping.encoding}"
        url = url_of(message) if message else None
        where = url or ping.host or ping.destination.address
        kind = "url" if url else "text"
        self._attribute(
            kind, "Network activity" if url else "Other", where, what, first_seen=time(ping.time_ns)
        )

    def _attribute(self, kind: str, category: str, value: str, comment: str, **more: Any) -> None:
        """One attribute, once: the same value of the same kind and remark is not repeated."""
        value, comment = visible(value), visible(comment)
        if not value.strip():
            return
        name = self._uuid(f"{kind} {value} {comment} {more}")
        if name in self.made_already:
            return
        self.made_already.add(name)
        self.event.add_attribute(
            kind, value, category=category, comment=comment, to_ids=False, uuid=name,
            timestamp=_instant(self.report.created_ns), **more,
        )  # fmt: skip

    def _uuid(self, key: str) -> str:
        return str(uuid5(_OURS, clean(f"{self.seed} {key}")))


def _instant(time_ns: int) -> datetime:
    return datetime.fromisoformat(time(time_ns)[:26]).replace(tzinfo=UTC)
