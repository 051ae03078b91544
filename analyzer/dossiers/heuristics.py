"""Requests that behave like activation or registration pings though no dossier describes them.

Wanted are lasting identifiers of a phone in a request that nothing asked for, outside a session, and that
calls itself a registration, names phone and subscription together, or is sent again and again. Each is said;
none is proof. What is an update check, telemetry or a log by its form is no registration.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from analyzer.dossiers.evidence import describes, host_of
from analyzer.dossiers.index import candidates
from analyzer.dossiers.match import client_of
from analyzer.dossiers.purposes import REGISTER, Purpose, purpose_of
from analyzer.dossiers.schema import Dossier, StatusRule
from analyzer.dossiers.status import Status, status_of
from analyzer.model import Confidence, Finding, Message, Ping, PingField

ID = "undocumented"
TITLE = "Undocumented sender that behaves like a registration"
NO_CLIENT = "not known; a capture can't prove which software sent it"
UPDATE_ID = "undocumented-update-check"
UPDATE_TITLE = "Undocumented update check that names the phone"
# What tells a phone or its subscription apart for good.
SUBSCRIPTION = frozenset(("imsi", "iccid", "phone"))
OF_PHONE = frozenset(("imei", "imeisv", "meid", "pesn"))
# What may be set anew by its owner; it counts in what calls itself a registration or a first start.
ADVERTISING = frozenset(("gaid", "idfa", "advertising_id"))
LASTING = SUBSCRIPTION | OF_PHONE | {"mac", "serial", "android_id", "device_id", "oaid"}
FEWEST = 2  # requests of the same grammar that call themselves nothing
# Protocols whose very purpose it is to name someone or something.
OPENING = OF_PHONE | {"imsi", "iccid"}
FIRST_SAID = OPENING | {
    "mac",
    "serial",
    "device_id",
}  # by which a device logs in where a protocol is its maker's own
OWN = frozenset(("unclassified", "stun"))  # protocols of messages that no reader takes, or of a maker's form
NAMING = frozenset(("sip", "rtsp", "mail over smtp", "dns", "dhcp", "tls", "icmp"))
SESSION_HEADERS = ("cookie", "authorization", "x-auth-token", "x-session-id", "x-access-token")
SOLICITED_HEADERS = ("referer", "origin")
TITLES = {
    "imei": "IMEI", "imeisv": "IMEISV", "meid": "MEID", "pesn": "pseudo-ESN",
    "imsi": "IMSI", "iccid": "ICCID", "mac": "MAC address",
    "serial": "serial number", "android_id": "Android ID", "phone": "phone number",
    "device_id": "device ID", "oaid": "OAID", "gaid": "Google advertising ID", "idfa": "IDFA",
    "advertising_id": "advertising ID",
}  # fmt: skip
# The same bytes again within this time, while nothing answers, are the same payload tried again.
RETRY_NS = 60 * 10**9
STATES = ("attempted", "delivered", "answered", "accepted")
# Parts of a path that may be counted or drawn by lot.
CHANGING = re.compile(r"[^/]*\d[^/]*|[^/]{24,}")
NOT_OWN = frozenset(("other device", "server"))
Key = tuple[str, ...]
Values = Callable[[Message], Iterable[tuple[str, str | bytes]]]


class Send(NamedTuple):
    """One payload: the request, and those that only tried it again."""

    message: Message
    retries: tuple[Message, ...]


class Group(NamedTuple):
    """Sends of the same grammar."""

    purpose: Purpose
    sends: Sequence[Send]
    names_both: str  # phone and subscription, or the subscription in two ways, as a sentence; else empty
    dossier: Dossier | None = None  # that documents them as telemetry

    @property
    def is_registration(self) -> bool:
        return self.purpose in ("registration", "log-in") or (bool(self.names_both) and not self.purpose)


def undocumented(
    messages: Sequence[Message],
    findings: Iterable[Finding],
    pings: Iterable[Ping],
    devices: Mapping[int, str],
    dossiers: Sequence[Dossier],
    values_of: Values = lambda _: (),
) -> list[Ping]:
    """Return a Ping for each such payload that no dossier has recognised; `devices` has the device of a flow.

    Requests to a host and path that a dossier documents are left to it. What is documented as telemetry is
    reported under its title where it is like a registration, or an update check that names the phone.
    `values_of` gives names and values of a request's fields.
    """
    taken = {ping.message for ping in pings}
    held: dict[int, list[Finding]] = {}
    for finding in findings:
        if _counts(finding) and finding.message not in taken:
            held.setdefault(finding.message, []).append(finding)
    by_number = {message.number: message for message in messages}
    groups: dict[Key, list[Message]] = {}
    purposes: dict[Key, Purpose] = {}
    documented: dict[Key, Dossier | None] = {}
    first = {message.flow: message for message in reversed(messages) if message.role == "request"}
    for number, found in held.items():
        message = by_number.get(number)
        if message is None or not _is_unasked(message, found) or _is_to_all(message):
            continue
        dossier = _describing(message, dossiers)
        purpose = purpose_of(message, values_of(message)) or _opens(message, found, first)
        if dossier and dossier.kind != "telemetry":
            continue
        if purpose != "registration" and not any(map(is_lasting, found)):
            continue
        key = _grammar(message, found, devices, purpose)
        groups.setdefault(key, []).append(message)
        purposes[key], documented[key] = purpose, dossier
    made: list[Ping] = []
    for key, alike in groups.items():
        kinds = {finding.kind for message in alike for finding in held[message.number]}
        group = Group(purposes[key], _sends(alike), _names_both(kinds), documented[key])
        if _is_told(group, kinds, first):
            made += [
                _ping(send, held[send.message.number], group, by_number, devices, first)
                for send in group.sends
            ]
    return made


def _describing(message: Message, dossiers: Sequence[Dossier]) -> Dossier | None:
    """The dossier whose form a request has, or that documents requests to this host and path."""
    if message.dossiers:
        return next((dossier for dossier in dossiers if dossier.id == message.dossiers[0]), None)
    return next((d for d in candidates(dossiers, host_of(message)) if describes(d, message)), None)


def _names_both(kinds: set[str]) -> str:
    if kinds & SUBSCRIPTION and kinds & (LASTING - SUBSCRIPTION):
        return "the device and the subscription together"
    return "the subscription in more than one way" if len(kinds & SUBSCRIPTION) > 1 else ""


def is_lasting(finding: Finding) -> bool:
    """Return whether a finding is an identifier that lasts, and nothing says that it is somebody else's."""
    return finding.kind in LASTING and _counts(finding)


def _counts(finding: Finding) -> bool:
    is_sure = finding.kind in LASTING | ADVERTISING and finding.confidence != "low"
    return is_sure and getattr(finding, "owner", "") not in NOT_OWN and "seen as" not in finding.details


def _is_told(group: Group, kinds: set[str], first: Mapping[int, Message]) -> bool:
    """Whether requests of a group are reported."""
    if group.is_registration:
        return True
    names_phone = group.purpose == "update check" and bool(kinds & (OF_PHONE | SUBSCRIPTION))
    if (group.dossier or group.purpose) and not names_phone:
        return False
    return len(group.sends) >= FEWEST and not _is_conversation(group, first)


def _is_unasked(message: Message, found: Sequence[Finding]) -> bool:
    if message.role != "request":
        return False
    if (message.protocol, message.method) == REGISTER:
        return any(finding.kind in OPENING for finding in found)
    headers = {*SESSION_HEADERS, *SOLICITED_HEADERS} - {_names_itself_in(finding) for finding in found}
    return message.protocol not in NAMING and not any(message.header(name) for name in headers)


def _names_itself_in(finding: Finding) -> str:
    """The header whose credentials are the identifier itself, which is no session; empty where none is."""
    path = finding.evidence.path
    is_so = path[:1] == ("header",) and len(path) > 2 and path[1].lower() == "authorization"
    return "authorization" if is_so and path[2].lower() not in ("bearer", "basic") else ""


def _opens(message: Message, found: Sequence[Finding], first: Mapping[int, Message]) -> Purpose:
    """A log-in by its place: a connection of a protocol of its own begins with the number of the device.

    So does a series of datagrams, of which none is acknowledged.
    """
    if message.protocol not in OWN or message.evidence.start or message.delivered is False:
        return ""
    if message.delivered is None and first[message.flow].number != message.number:
        return ""
    return "log-in" if any(finding.kind in FIRST_SAID for finding in found) else ""


def _is_to_all(message: Message) -> bool:
    """Whether a message goes to a group or to all of a network, which is an announcement."""
    try:
        address = ipaddress.ip_address(message.destination.address)
    except ValueError:
        return False
    return address.is_multicast or (address.version == 4 and address.packed[3] == 255)


def _is_conversation(group: Group, first: Mapping[int, Message]) -> bool:
    """Whether most of them came after requests of another kind in their connection, as pages and apps ask."""
    alike = {message.number for send in group.sends for message in (send.message, *send.retries)}
    opening = sum(
        send.message.flow in first and first[send.message.flow].number in alike for send in group.sends
    )
    return opening * 2 < len(group.sends)


def _grammar(message: Message, found: Sequence[Finding], devices: Mapping[int, str], purpose: Purpose) -> Key:
    """What has to be the same: who sent it, to whom, how, and which identifiers in which fields.

    Of a path what may be counted or drawn by lot is left out, and all of it where it calls itself something.
    """
    path = urlsplit(message.target or "").path if "[" not in (message.target or "") else ""
    shape = "" if purpose else CHANGING.sub("*", path)
    named = sorted({f"{finding.kind} {finding.name} {finding.value}" for finding in found})
    server = message.host or message.destination.address
    return (devices.get(message.flow, ""), server, message.method or "", purpose, shape, *named)


def _sends(messages: Sequence[Message]) -> list[Send]:
    """The payloads, what only tried one again put with it."""
    sends: list[list[Message]] = []
    last: dict[int, list[Message]] = {}
    for message in sorted(messages, key=lambda message: (message.time_ns, message.number)):
        content = hash((message.method, message.target, message.headers, message.body.content))
        before = last.get(content)
        if before and before[-1].peer is None and message.time_ns - before[-1].time_ns <= RETRY_NS:
            before.append(message)
            continue
        last[content] = [message]
        sends.append(last[content])
    return [Send(first, tuple(again)) for first, *again in sends]


def _ping(
    send: Send,
    found: Sequence[Finding],
    group: Group,
    by_number: Mapping[int, Message],
    devices: Mapping[int, str],
    first: Mapping[int, Message],
) -> Ping:
    message, dossier = send.message, group.dossier
    status = _furthest(send, by_number)
    of_none = (UPDATE_ID, UPDATE_TITLE) if group.purpose == "update check" else (ID, TITLE)
    name, title = (dossier.id, dossier.title) if dossier else of_none
    return Ping(
        dossier=name,
        title=title,
        status=status.name,
        time_ns=message.time_ns,
        flow=message.flow,
        device=devices.get(message.flow, ""),
        source=message.source,
        destination=message.destination,
        host=message.host,
        message=message.number,
        evidence=message.evidence,
        reasons=tuple(_reasons(send, found, group, first)),
        status_reasons=status.reasons,
        fields=tuple(PingField(f.name, f.raw, f"looks like: {TITLES[f.kind]}") for f in found),
        encoding=_encoding(found),
        client=client_of(dossier) if dossier else NO_CLIENT,
        confidence=_confidence(group),
    )


def _confidence(group: Group) -> Confidence:
    """By how many payloads there are: tries of the same one count once."""
    if group.purpose == "registration" and group.names_both:
        return "medium"
    return "medium" if len(group.sends) > FEWEST else "low"


def _reasons(
    send: Send, found: Sequence[Finding], group: Group, first: Mapping[int, Message]
) -> Iterable[str]:
    kinds = ", ".join(dict.fromkeys(TITLES[finding.kind] for finding in found))
    if group.dossier:
        what = "its form is" if group.dossier.id in send.message.dossiers else "host and path:"
        yield f"{what} documented for {group.dossier.title}, as {group.dossier.kind}"
    else:
        yield "no dossier describes it: neither host nor grammar is documented"
    yield f"identifiers: {kinds} found in it"
    if group.purpose == "log-in":
        yield "purpose: a connection of a protocol of its own begins with it, as log-ins of trackers do"
    elif group.purpose:
        yield f"purpose: by its words it is {'an' if group.purpose[0] in 'aeiou' else 'a'} {group.purpose}"
    elif group.names_both:
        yield f"purpose: it names {group.names_both}"
    yield "unasked for: no Referer or Origin" + _opening(send.message, first)
    yield "no session: neither Cookie nor Authorization nor a token in a header"
    if len(group.sends) >= FEWEST:
        what = "the same method and identifiers" if group.purpose else "the same method, path and identifiers"
        yield f"repeated: {len(group.sends)} requests of {what} to the same host"
    if send.retries:
        frames = [message.evidence.frames[0] for message in send.retries if message.evidence.frames]
        where = f", first in frame {frames[0]}" if frames else ""
        yield f"tried again: {len(send.retries)} times with the same bytes while nothing had answered{where}"


def _furthest(send: Send, by_number: Mapping[int, Message]) -> Status:
    """How far any of its tries got."""
    tries = (send.message, *send.retries)
    reached = [status_of(StatusRule(), message, by_number.get(message.peer or 0)) for message in tries]
    return max(reached, key=lambda status: STATES.index(status.name))


def _opening(message: Message, first: Mapping[int, Message]) -> str:
    is_first = message.flow in first and first[message.flow].number == message.number
    return ", the first request of its connection" if is_first else ""


def _encoding(found: Sequence[Finding]) -> str:
    """The decode steps of the first identifier, as a reader would repeat them."""
    steps = [step for step in found[0].evidence.path[1:-1] if not step.startswith("[")]
    return f"{' › '.join(steps)}: readable, not encrypted" if steps else "in clear"
