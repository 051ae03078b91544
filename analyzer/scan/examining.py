"""A request and its response → what its fields give away; nothing else is needed for it (`helping`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from analyzer.decode import decode
from analyzer.detect import findings_in
from analyzer.detect.credentials import credentials_in, with_log_ins
from analyzer.detect.known import Known
from analyzer.dossiers import Dossier, recognise
from analyzer.model import Finding, Message, Ping, Problem


class Examined(NamedTuple):
    """What a request, with its response, gives away."""

    findings: tuple[Finding, ...]
    pings: tuple[Ping, ...]
    problems: tuple[Problem, ...]
    secrets: tuple[str, ...] = ()  # passwords, which the report must not keep


Pair = tuple[Message | None, Message | None]
"""A request and its response."""

NOTHING = Examined((), (), ())


def examined(pair: Pair, known: Known, dossiers: Sequence[Dossier]) -> Examined:
    """The fields of a request, decoded and searched."""
    request, response = pair
    if request is None:
        return NOTHING
    decoded = decode(request)
    log_ins = credentials_in(request, decoded.fields)
    findings = [replace(f, time_ns=request.time_ns) for f in findings_in(decoded.fields, known)]
    if log_ins.findings:
        findings = with_log_ins(findings, log_ins)
    pings = recognise(request, response, decoded.fields, findings, dossiers)
    return Examined(tuple(findings), tuple(pings), tuple(decoded.problems), log_ins.secrets)
