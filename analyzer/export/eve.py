"""Report → lines of JSON in the form of Suricata's EVE log: `flow`, `http`, `fileinfo` and `tls` events.

`src_ip` is the local device, whichever side began. Pings and identifiers have no event of Suricata's and no
signature: they are lines of the type `phonehome`. `pcap_cnt` is the frame as Wireshark counts it.
<https://docs.suricata.io/en/latest/output/eve/eve-json-format.html>
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.export.plain import dumps, time, without_empty
from analyzer.model import Endpoint, Evidence, Message, Report
from analyzer.model.community_id import community_id
from analyzer.report.groups import messages_by_number
from analyzer.report.wording import looks_like

Event = dict[str, Any]
_PROTOCOLS = {"tcp": "TCP", "udp": "UDP", "icmp": "ICMP", "ipv6-icmp": "IPv6-ICMP"}
_STATES = {"unanswered": "new", "one-way": "new", "answered": "established", "open at the end": "established"}
_SECOND = 10**9


def write(report: Report) -> str:
    """The events, flows first, each kind in its own order."""
    log = _Log(report)
    return "".join(f"{dumps(without_empty(event))}\n" for event in log.events())


class _Log:
    """What events take from elsewhere in the report."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._rows = report.flows.rows()
        self._ids = {row.get("flow"): community_id(row) for row in self._rows}
        self._protocols = {row.get("flow"): _protocol(row) for row in self._rows}
        self._messages = messages_by_number(report)
        self._seed = " ".join(info.sha256 or info.path for info in report.captures)

    def events(self) -> Iterator[Event]:
        for row in self._rows:
            yield self._flow(row)
            if str(row.get("version") or "").startswith(("TLS", "SSL")):
                yield self._tls(row)
        for number, message in enumerate(self._report.messages):
            if message.role == "request" and message.protocol.startswith("http/"):
                yield self._http(message, number)
            if message.protocol.startswith("http/") and message.body.length:
                yield self._file(message, number)
        yield from self._own()

    def _flow(self, row: Mapping[str, Any]) -> Event:
        first, last = row.get("first_ns") or 0, row.get("last_ns") or 0
        counts = {
            "pkts_toserver": row.get("packets_up"),
            "pkts_toclient": row.get("packets_down"),
            "bytes_toserver": row.get("bytes_up"),
            "bytes_toclient": row.get("bytes_down"),
            "start": _stamp(first),
            "end": _stamp(last),
            "age": max(last - first, 0) // _SECOND,
            "state": _STATES.get(str(row.get("ended")), "closed"),
            "alerted": False,
        }
        return self._row("flow", row, last) | {"app_proto": row.get("kind"), "flow": counts}

    def _tls(self, row: Mapping[str, Any]) -> Event:
        said = {"sni": row.get("name"), "version": row.get("version"), "ja4": row.get("ja4")}
        return self._row("tls", row, row.get("first_ns") or 0) | {"tls": said}

    def _http(self, request: Message, number: int) -> Event:
        answer = self._messages.get(request.peer) if request.peer is not None else None
        said = {
            "hostname": request.host,
            "http_port": request.destination.port,
            "url": request.target,
            "http_user_agent": request.header("user-agent"),
            "http_content_type": answer.header("content-type") if answer else None,
            "http_refer": request.header("referer"),
            "http_method": request.method,
            "protocol": request.protocol.upper(),
            "status": answer.status if answer else None,
            "redirect": answer.header("location") if answer else None,
            "length": answer.body.length if answer else None,
        }
        event = self._between("http", request.evidence, request.source, request.destination, request.time_ns)
        return event | {"tx_id": number, "http": said} | _replaced(request)

    def _file(self, message: Message, number: int) -> Event:
        body = message.body
        said = {
            "filename": message.target or "/",
            "gaps": not body.complete,
            "state": "CLOSED" if body.complete else "TRUNCATED",
            "sha256": body.sha256,
            "stored": False,
            "size": body.length,
            "tx_id": number,
        }
        event = self._between(
            "fileinfo", message.evidence, message.source, message.destination, message.end_ns
        )
        return event | {"app_proto": "http", "fileinfo": said} | _replaced(message)

    def _own(self) -> Iterator[Event]:
        """What this report alone tells."""
        for ping in self._report.pings:
            said = {"ping": ping.dossier, "title": ping.title, "status": ping.status}
            said |= {"confidence": ping.confidence, "host": ping.host or ""}
            event = self._between("phonehome", ping.evidence, ping.source, ping.destination, ping.time_ns)
            yield event | {"phonehome": said}
        for finding in self._report.findings:
            message = self._messages.get(finding.message)
            if message is not None:
                said = {"identifier": finding.kind, "says": looks_like(finding.kind)}
                said |= {"value": finding.value, "name": finding.name, "confidence": finding.confidence}
                ends = message.source, message.destination
                yield self._between("phonehome", finding.evidence, *ends, finding.time_ns) | {
                    "phonehome": said
                }

    # ── what all have in common ─────────────────────────────────────────

    def _row(self, kind: str, row: Mapping[str, Any], at: int) -> Event:
        ends = row.get("source"), row.get("source_port"), row.get("destination"), row.get("destination_port")
        return self._event(kind, row.get("flow"), at, ends)

    def _between(
        self, kind: str, evidence: Evidence, source: Endpoint, destination: Endpoint, at: int
    ) -> Event:
        ends = source.address, source.port, destination.address, destination.port
        event = self._event(kind, evidence.flow, at, ends)
        return event | {"pcap_cnt": evidence.frames[0] if evidence.frames else None}

    def _event(self, kind: str, flow: Any, at: int, ends: tuple[Any, ...]) -> Event:
        source, source_port, destination, destination_port = ends
        return {
            "timestamp": _stamp(at),
            "flow_id": self._number(flow),
            "event_type": kind,
            "src_ip": source,
            "src_port": source_port,
            "dest_ip": destination,
            "dest_port": destination_port,
            "proto": self._protocols.get(flow),
            "community_id": self._ids.get(flow),
        }

    def _number(self, flow: Any) -> int:
        """The same for a flow in all events and for the same captures; JSON readers keep 53 bits."""
        seed = f"{self._seed} {flow}".encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.sha256(seed).digest()[:8], "big") >> 11


def _protocol(row: Mapping[str, Any]) -> str:
    named = str(row.get("protocol"))
    return _PROTOCOLS.get(named, named)


def _stamp(time_ns: int) -> str:
    """As EVE writes it: microseconds, and the offset without a colon."""
    return f"{time(time_ns)[:26]}+0000"


def _replaced(message: Message) -> Event:
    """Which parts of a message show something else than was sent, in a redacted report."""
    return {"phonehome": {"replaced": list(message.replaced)}} if message.replaced else {}
