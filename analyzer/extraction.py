"""Exchanges to messages, fields, findings and pings: what was said, and what it gave away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from analyzer.decode import decode
from analyzer.detect import findings_in
from analyzer.detect.known import Hit, Known
from analyzer.dossiers import Dossier, recognise
from analyzer.masking import masked_finding, masked_message, masked_ping
from analyzer.model import Endpoint, Evidence, Finding, Message, Ping, Problem
from analyzer.protocols.http1 import HttpMessage
from analyzer.protocols.http_flow import Exchange

# Octets of message content kept for the report, all messages together; beyond that a beginning.
CONTENT_BUDGET = 64 << 20
BEGINNING = 2048


class Ends(NamedTuple):
    """The two ends of a flow, client first."""

    client: Endpoint
    server: Endpoint


@dataclass(frozen=True, slots=True)
class Extracted:
    """What one exchange gave; message numbers are 0 until all are known."""

    request: Message | None
    response: Message | None
    findings: tuple[Finding, ...]
    pings: tuple[Ping, ...]


class Extractor:
    """Takes exchanges as they finish and keeps what the report needs of them."""

    def __init__(self, known: Known, dossiers: Sequence[Dossier]) -> None:
        self.entries: list[Extracted] = []
        self.hits: list[Hit] = []
        self.further: list[Finding] = []  # of no message
        self._known = known
        self._dossiers = dossiers
        self._problems: dict[tuple[str, str], Problem] = {}
        self._budget = CONTENT_BUDGET

    def take(self, exchange: Exchange, flow: int, ends: Ends, delivered: bool | None) -> None:
        """One finished exchange. `delivered` says whether the request's last octet was acknowledged."""
        request = response = None
        findings: list[Finding] = []
        pings: list[Ping] = []
        if exchange.response is not None:
            response = self._message(exchange.response, flow, Ends(ends.server, ends.client))
        if exchange.request is not None:
            request = self._message(exchange.request, flow, ends)
            if response is None:
                request = replace(request, missing=(*request.missing, "no response was seen"))
            request = replace(request, delivered=True if response else delivered)
            decoded = decode(request)
            self._say(decoded.problems)
            findings = [replace(f, time_ns=request.time_ns) for f in findings_in(decoded.fields, self._known)]
            pings = recognise(request, response, decoded.fields, findings, self._dossiers)
            self._search(request, findings)
            request = self._trimmed(request, bool(findings or pings))
        if response is not None:
            self._search(response)
            response = self._trimmed(response, bool(pings))
        if self._known:
            request, response = self._masked(request), self._masked(response)
            findings = [masked_finding(found) for found in findings]
            pings = [masked_ping(ping, self._known) for ping in pings]
        self.entries.append(Extracted(request, response, tuple(findings), tuple(pings)))

    def add(self, hits: Sequence[Hit], findings: Sequence[Finding]) -> None:
        """What was found of the owner's identifiers outside the exchanges."""
        self.hits += hits
        self.further += findings

    def problems(self) -> list[Problem]:
        """What was met on the way: limits, wrong labels, oddities; each kind once, counted."""
        return list(self._problems.values())

    def numbered(self) -> Iterator[Extracted]:
        """All entries in the order of their first frame, messages numbered from 1."""
        ordered = sorted(self.entries, key=_when)
        number = 0
        for entry in ordered:
            asked = answered = None
            if entry.request is not None:
                number += 1
                asked = number
            if entry.response is not None:
                number += 1
                answered = number
            yield Extracted(
                _numbered(entry.request, asked, answered),
                _numbered(entry.response, answered, asked),
                tuple(replace(f, message=asked or 0) for f in entry.findings),
                tuple(replace(p, message=asked) for p in entry.pings),
            )

    # ── parts ───────────────────────────────────────────────────────────

    def _message(self, seen: HttpMessage, flow: int, ends: Ends) -> Message:
        body, notes = seen.body.body()
        frame = seen.frames[0] if seen.frames else None
        self._say(Problem("body", note, frame) for note in notes)
        self._say(Problem("http", f"an HTTP message was read although {o}", frame) for o in seen.oddities)
        return Message(
            number=0,
            protocol=f"http/{seen.version}",
            role=seen.role,
            flow=flow,
            source=ends.client,
            destination=ends.server,
            time_ns=seen.time_ns,
            end_ns=seen.end_ns,
            evidence=Evidence(tuple(seen.frames), flow, seen.start, seen.end),
            method=seen.method,
            target=seen.target,
            host=_host(seen) if seen.role == "request" else None,
            status=seen.status,
            reason=seen.reason,
            headers=tuple(seen.headers),
            body=body,
            complete=seen.complete,
            missing=tuple(seen.missing),
        )

    def _search(self, message: Message, findings: Sequence[Finding] = ()) -> None:
        """All octets of a message, and what `findings` tell of the content below its encodings."""
        if self._known:
            head = [message.target or "", *(f"{name}: {value}" for name, value in message.headers)]
            hits = self._known.search("\r\n".join(head).encode("latin-1", "replace"))
            hits += self._known.search(message.body.content)
            seen = {hit.kind for hit in hits}
            below = [f for f in findings if f.known and f.kind not in seen]
            self.hits += hits
            self.hits += [Hit(f.kind, f.details.get("encoding", "plain"), 0, len(f.raw)) for f in below]

    def _masked(self, message: Message | None) -> Message | None:
        """The message without the owner's identifiers."""
        if message is None:
            return None
        frame = message.evidence.frames[0] if message.evidence.frames else None
        return masked_message(
            message, self._known, lambda what: self._say([Problem("known-hidden", what, frame)])
        )

    def _trimmed(self, message: Message, evidence: bool) -> Message:
        """The message with its content, or the content's beginning once the budget is spent."""
        size = len(message.body.content)
        if evidence or size <= BEGINNING or size <= self._budget:
            self._budget -= size
            return message
        self._say(
            [
                Problem(
                    "content-budget",
                    f"of the content of some messages only the first {BEGINNING:,} octets were kept",
                    message.evidence.frames[0] if message.evidence.frames else None,
                )
            ]
        )
        return replace(message, body=replace(message.body, content=message.body.content[:BEGINNING]))

    def _say(self, problems: Sequence[Problem] | Iterator[Problem]) -> None:
        for problem in problems:
            key = (problem.code, problem.what)
            said = self._problems.get(key)
            self._problems[key] = problem if said is None else replace(said, count=said.count + problem.count)


def _when(entry: Extracted) -> tuple[int, int, int]:
    first = entry.request or entry.response
    assert first is not None
    frames = first.evidence.frames
    return (frames[0] if frames else 0, first.flow, first.evidence.start)


def _numbered(message: Message | None, number: int | None, peer: int | None) -> Message | None:
    return None if message is None else replace(message, number=number or 0, peer=peer)


def _host(seen: HttpMessage) -> str | None:
    """The host that a request is for: of an absolute-form target, else the Host header (RFC 9112 §3.2.2)."""
    target = seen.target or ""
    if "://" in target[:12]:
        return target.split("://", 1)[1].split("/", 1)[0].split("?", 1)[0].rpartition("@")[2]
    if seen.method == "CONNECT":
        return target.split(" ", 1)[0]
    hosts = seen.values("host")
    return hosts[0] if hosts else None
