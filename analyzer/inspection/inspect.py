"""A request and its response → what its fields give away; nothing else is needed for it (`helping`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

from analyzer.dossiers import Dossier, Recognition, recognition
from analyzer.identifiers import findings_in
from analyzer.identifiers.contacts import contacts_in
from analyzer.identifiers.credentials import LogIns, credentials_in, with_log_ins
from analyzer.identifiers.owner_values import KnownValues
from analyzer.inspection.decode import decode
from analyzer.inspection.known_ciphers import keys_of, with_cipher
from analyzer.inspection.local_answers import answered, describes_itself
from analyzer.inspection.sender_fields import with_documented
from analyzer.model import Finding, Message, Ping, Problem
from analyzer.system.containment import Failed, contained


class Inspection(NamedTuple):
    """What a request, with its response, gives away."""

    findings: tuple[Finding, ...]
    pings: tuple[Ping, ...]
    problems: tuple[Problem, ...]
    failed: tuple[Failed, ...] = ()  # parts of this program that could not do their work
    secrets: tuple[str, ...] = ()  # passwords, which the report must not keep
    is_recoded: bool = False  # values in it stand in an encoding that has to be undone to see them
    senders: tuple[str, ...] = ()  # dossiers whose form the request has


Pair = tuple[Message | None, Message | None]
"""A request and its response."""

T = TypeVar("T")
NOTHING = Inspection((), (), ())


def examined(pair: Pair, known: KnownValues, dossiers: Sequence[Dossier]) -> Inspection:
    """The fields of a request, decoded and searched; a part that fails costs what only it finds."""
    request, response = pair
    if request is None:
        return Inspection(tuple(_contacts(pair, known)), (), ())
    failed: list[Failed] = []

    def attempt(part: str, call: Callable[[], T], otherwise: T) -> T:
        try:
            return call()
        except Exception as error:
            frame = next(iter(request.evidence.frames), None)
            failed.append(contained(error, "message", part, request.flow, frame))
            return otherwise

    nothing: list[Finding] = []
    unknown = Recognition()
    decoded = attempt("decoding", lambda: decode(request, keys=keys_of(dossiers)), None)
    fields = () if decoded is None else decoded.fields
    log_ins = attempt("log-ins", lambda: credentials_in(request, fields), LogIns())
    found = attempt("identifiers", lambda: list(findings_in(fields, known, request.protocol)), nothing)
    found = attempt(
        "documented fields", lambda: with_documented(request, fields, known, dossiers, found), found
    )
    found += attempt("contacts", lambda: _contacts(pair, known), nothing)
    findings = [with_cipher(f if f.time_ns else replace(f, time_ns=request.time_ns)) for f in found]
    if log_ins.findings:
        findings = with_log_ins(findings, log_ins)
    seen = attempt("dossiers", lambda: recognition(request, response, fields, findings, dossiers), unknown)
    if response is not None:
        answer = response
        findings += attempt("answer", lambda: _in_answer(request, answer, known), nothing)
    problems = () if decoded is None else tuple(decoded.problems)
    is_recoded = decoded is not None and decoded.is_recoded
    return Inspection(
        tuple(findings), seen.pings, problems, tuple(failed), log_ins.secrets, is_recoded, seen.senders
    )


def _in_answer(request: Message, response: Message, known: KnownValues) -> list[Finding]:
    """Return what a device in the local network says of itself."""
    if not response.body.content or not describes_itself(request, response):
        return []
    fields = decode(response).fields
    return answered(request, response, fields, lambda said: list(findings_in(said, known, response.protocol)))


def _contacts(pair: Pair, known: KnownValues) -> list[Finding]:
    """The addresses that a request and its answer name, which of SIP may come alone."""
    return [found for message in pair if message is not None for found in contacts_in(message, known)]
