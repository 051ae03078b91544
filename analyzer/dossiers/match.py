"""Requests → Pings: which known sender's grammar a request has, and how far it got."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from analyzer.dossiers.evidence import LOOKS, Case, Contents, Payload, host_of
from analyzer.dossiers.index import candidates
from analyzer.dossiers.schema import CONFIDENCES, Dossier, EvidenceRule, Explanation
from analyzer.dossiers.status import Status, status_of
from analyzer.model import Endpoint, Evidence, Field, Finding, Message, Ping, PingField

PINGS = ("activation-ping",)
NEVER_PROVEN = "known to send this; a capture can't prove which software did"
NOT_EXPLAINED = "not explained by the sources of this dossier"


def recognise(
    request: Message,
    response: Message | None,
    fields: Sequence[Field],
    findings: Sequence[Finding],
    dossiers: Sequence[Dossier],
    kinds: Collection[str] = PINGS,
) -> list[Ping]:
    """The dossiers of these `kinds` that a request matches, the surest first; `device` is left empty.

    `fields` and `findings` are those of the request alone.
    """
    return list(recognition(request, response, fields, findings, dossiers, kinds, is_named=False).pings)


class Recognition(NamedTuple):
    """What dossiers say of one request: pings, and the ids of all whose form it has, the surest first."""

    pings: tuple[Ping, ...] = ()
    senders: tuple[str, ...] = ()


class _Match(NamedTuple):
    case: Case
    rule: EvidenceRule

    @property
    def order(self) -> int:
        return CONFIDENCES.index(self.rule.confidence)


def recognition(
    request: Message,
    response: Message | None,
    fields: Sequence[Field],
    findings: Sequence[Finding],
    dossiers: Sequence[Dossier],
    kinds: Collection[str] = PINGS,
    is_named: bool = True,
) -> Recognition:
    """Return what the dossiers recognise; only messages of these `kinds` become pings.

    `is_named` says that senders of other kinds are to be named too.
    """
    if request.role != "request":
        return Recognition()
    contents = Contents(fields, findings)
    is_ciphered = any("cipher" in finding.details for finding in findings)
    possible = candidates(dossiers, host_of(request), request.protocol, is_ciphered)
    wanted = [
        d
        for d in possible
        if d.recognise and (is_named or not d.kinds.isdisjoint(kinds)) and _is_sent_by(d, request.protocol)
    ]
    cases = [Case(dossier, request, contents) for dossier in wanted]
    matched = [_Match(case, rule) for case in cases if (rule := _rule(case)) is not None]
    is_own = any(not match.case.dossier.general for match in matched)
    told = sorted((m for m in matched if not (m.case.dossier.general and is_own)), key=lambda m: m.order)
    pings = [
        _ping(m.case, m.rule, status_of(m.case.dossier.status, request, response))
        for m in told
        if (m.rule.kind or m.case.dossier.kind) in kinds
    ]
    return Recognition(tuple(pings), tuple(m.case.dossier.id for m in told if m.rule.confidence != "low"))


def _is_sent_by(dossier: Dossier, protocol: str) -> bool:
    """Whether the sender uses this protocol, as far as its dossier tells."""
    return not dossier.protocols or protocol.startswith(dossier.protocols)


def attempt_hosts(dossiers: Sequence[Dossier]) -> frozenset[str]:
    """The exact names of hosts to which even a connection without a request is to be reported."""
    return frozenset(host for d in dossiers if d.attempts for host in d.hosts if "*" not in host)


def attempted(
    dossiers: Sequence[Dossier],
    host: str,
    *,
    flow: int,
    time_ns: int,
    source: Endpoint,
    destination: Endpoint,
    evidence: Evidence,
) -> Ping:
    """The Ping of a connection to one of `attempt_hosts` that never carried a request.

    KeyError when no dossier asks for attempts to that host.
    """
    name = host.lower().rstrip(".")
    dossier = next((d for d in dossiers if d.attempts and name in d.hosts), None)
    if dossier is None:
        raise KeyError(host)
    why = (
        f"host: the address went by the name {name}, which is documented for {dossier.title}",
        "no request was seen, so neither grammar nor identifiers can be judged",
    )
    how_far = ("a connection was opened or tried, and no request was seen in it",)
    return Ping(
        dossier=dossier.id,
        title=dossier.title,
        status="attempted",
        time_ns=time_ns,
        flow=flow,
        device="",
        source=source,
        destination=destination,
        host=name,
        message=None,
        evidence=evidence,
        reasons=why,
        status_reasons=how_far,
        client=client_of(dossier),
        confidence="low",
    )


def _rule(case: Case) -> EvidenceRule | None:
    """The first rule all of whose evidence is seen."""
    return next((rule for rule in case.dossier.recognise if all(map(case.says, rule.needs))), None)


def _ping(case: Case, rule: EvidenceRule, status: Status) -> Ping:
    dossier, request = case.dossier, case.message
    return Ping(
        dossier=dossier.id,
        title=dossier.title,
        status=status.name,
        time_ns=request.time_ns,
        flow=request.flow,
        device="",
        source=request.source,
        destination=request.destination,
        host=request.host,
        message=request.number,
        evidence=request.evidence,
        reasons=_reasons(case),
        status_reasons=status.reasons,
        fields=_explained(dossier, case.payload if case.says("keys") else None),
        encoding=dossier.encoding if case.says("encoding") or not dossier.steps else "",
        client=client_of(dossier),
        confidence=rule.confidence,
    )


def _reasons(case: Case) -> tuple[str, ...]:
    """All that speaks for the dossier, and what a reader would expect and does not find."""
    told = [kind for kind in LOOKS if kind != "keys" or not case.says("grammar")]
    return tuple(sentence for kind in told if (sentence := case.says(kind) or _absence(case, kind)))


def _absence(case: Case, kind: str) -> str:
    dossier = case.dossier
    if kind == "host" and dossier.hosts:
        named = host_of(case.message)
        return f"host: {named or 'none is named'}, not one that is documented for {dossier.title}"
    if kind == "grammar" and dossier.grammar.keys:
        return f"grammar: no key that is peculiar to {dossier.title} was read in it"
    return "identifiers: none was found in it" if kind == "identifiers" else ""


def _explained(dossier: Dossier, payload: Payload | None) -> tuple[PingField, ...]:
    if payload is None:
        return ()
    return tuple(
        PingField(f.name, _text(f), _meaning(dossier.fields.get(f.name.lower()), f)) for f in payload.fields
    )


def _meaning(known: Explanation | None, field: Field) -> str:
    if known is None:
        return NOT_EXPLAINED
    coded = known.values.get(_text(field).strip())
    return f"{known.means}: {coded}" if coded else known.means


def _text(field: Field) -> str:
    return field.value if isinstance(field.value, str) else field.value.hex()


def client_of(dossier: Dossier) -> str:
    """Return the software that is known to send it, and how sure that is."""
    client = dossier.client
    note = f"; {client.note}" if client.note else ""
    return f"{client.name}, {NEVER_PROVEN} (confidence {client.confidence}{note})"
