"""Exchanges as the readers give them → messages of the model, which nothing was looked for in yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from analyzer.dissectors.exchange import Exchange
from analyzer.dissectors.http1 import HttpMessage
from analyzer.flows.address_text import address_text
from analyzer.flows.flow_table import A_HI, A_LO, A_PORT, B_HI, B_LO, B_PORT, Flows
from analyzer.model import UNANSWERED, Endpoint, Evidence, Message, Problem


class Ends(NamedTuple):
    """The two ends of a flow, client first."""

    client: Endpoint
    server: Endpoint


Interim = tuple[Message, list[Problem]]
"""A 1xx response, and what is odd about it."""


class BuiltExchange(NamedTuple):
    """An exchange whose messages are made and not yet examined; `said` is what is odd about them."""

    request: Message | None
    response: Message | None
    interim: Sequence[Interim]
    said: Sequence[Problem]


def ends_of(flows: Flows, flow: int, direction: int) -> Ends:
    """The ends of a flow; the client is A unless requests went from B to A."""
    numbers, words = flows.numbers[flow].tolist(), flows.addresses[flow].tolist()
    a = Endpoint(address_text(words[A_HI], words[A_LO]), numbers[A_PORT])
    b = Endpoint(address_text(words[B_HI], words[B_LO]), numbers[B_PORT])
    return Ends(b, a) if direction else Ends(a, b)


def taken_of(exchange: Exchange, flow: int, ends: Ends, delivered: bool | None) -> BuiltExchange:
    """The messages of an exchange. `delivered` says whether the request's last byte was acknowledged."""
    said: list[Problem] = []
    request = response = None
    back = Ends(ends.server, ends.client)
    if exchange.response is not None:
        response = _message(exchange.response, flow, back, said)
    if exchange.request is not None:
        is_unanswered = response is None and not exchange.request.one_way
        missing = (UNANSWERED,) if is_unanswered else ()
        request = _message(exchange.request, flow, ends, said, missing, True if response else delivered)
    return BuiltExchange(request, response, [_interim(each, flow, back) for each in exchange.interim], said)


def _interim(seen: HttpMessage, flow: int, ends: Ends) -> Interim:
    said: list[Problem] = []
    return _message(seen, flow, ends, said), said


def _message(
    seen: HttpMessage,
    flow: int,
    ends: Ends,
    said: list[Problem],
    missing: tuple[str, ...] = (),
    delivered: bool | None = None,
) -> Message:
    """The message of an exchange; `said` gets what is odd about it."""
    body, notes = seen.body.body()
    frame = seen.frames[0] if seen.frames else None
    said += [Problem("body", note, frame) for note in notes]
    kind = "a message" if seen.protocol else "an HTTP message"
    said += [Problem("http", f"{kind} was read although {o}", frame) for o in seen.oddities]
    return Message(
        number=0,
        protocol=seen.protocol or f"http/{seen.version}",
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
        missing=(*seen.missing, *missing),
        delivered=delivered,
        spans=tuple(seen.spans) if len(seen.spans) > 1 else (),
        tolerated=(*seen.oddities, *seen.readings),
        stream=seen.stream,
        tunnel=seen.tunnel,
    )


def _host(seen: HttpMessage) -> str | None:
    """The host that a request is for: of an absolute-form target, else the Host header (RFC 9112 §3.2.2)."""
    target = seen.target or ""
    if "://" in target[:12]:
        return target.split("://", 1)[1].split("/", 1)[0].split("?", 1)[0].rpartition("@")[2]
    if seen.method == "CONNECT" and target:
        return target.split(" ", 1)[0]
    hosts = [seen.authority.rpartition("@")[2]] if seen.authority else seen.values("host")
    return hosts[0] if hosts else _tunnel_target(seen.tunnel)


def _tunnel_target(tunnel: Sequence[str]) -> str | None:
    """Whom the innermost proxy was asked to connect to."""
    return next((step.partition("CONNECT ")[2] for step in reversed(tunnel) if "CONNECT " in step), None)
