"""Requests that behave like activation or registration pings though no dossier describes them.

Four pieces of evidence are wanted together: identifiers of a phone, nothing that asked for the
request, no session, and the same grammar again and again. Each is said; none is proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlsplit

from analyzer.dossiers.evidence import host_of, is_documented
from analyzer.dossiers.schema import Dossier, StatusRule
from analyzer.dossiers.status import status_of
from analyzer.model import Finding, Message, Ping, PingField

ID = "undocumented"
TITLE = "Undocumented sender that behaves like a registration"
# What tells a phone or its subscription apart for good.
LASTING = frozenset(
    (
        "imei",
        "imeisv",
        "meid",
        "pesn",
        "imsi",
        "iccid",
        "mac",
        "serial",
        "android_id",
        "phone",
        "device_id",
        "oaid",
    )
)
FEWEST = 2  # requests of the same grammar
# Protocols whose very purpose it is to name someone or something.
NAMING = frozenset(("sip", "rtsp", "mail over smtp", "dns", "dhcp", "tls", "icmp"))
SESSION_HEADERS = ("cookie", "authorization", "x-auth-token", "x-session-id", "x-access-token")
SOLICITED_HEADERS = ("referer", "origin")
TITLES = {
    "imei": "IMEI", "imeisv": "IMEISV", "meid": "MEID", "pesn": "pseudo-ESN",
    "imsi": "IMSI", "iccid": "ICCID", "mac": "MAC address",
    "serial": "serial number", "android_id": "Android ID", "phone": "phone number",
    "device_id": "device ID", "oaid": "OAID",
}  # fmt: skip
Key = tuple[str, ...]


def undocumented(
    messages: Sequence[Message],
    findings: Iterable[Finding],
    pings: Iterable[Ping],
    devices: Mapping[int, str],
    dossiers: Sequence[Dossier],
) -> list[Ping]:
    """A Ping for each such request that no dossier has recognised; `devices` gives the device of a flow.

    Requests to a host that a dossier of any kind documents are left to that dossier.
    """
    taken = {ping.message for ping in pings}
    held: dict[int, list[Finding]] = {}
    for finding in findings:
        if finding.kind in LASTING and finding.confidence != "low" and finding.message not in taken:
            held.setdefault(finding.message, []).append(finding)
    by_number = {message.number: message for message in messages}
    groups: dict[Key, list[Message]] = {}
    for number, found in held.items():
        message = by_number.get(number)
        if message and _is_unasked(message) and not any(is_documented(host_of(message), d) for d in dossiers):
            groups.setdefault(_grammar(message, found, devices), []).append(message)
    first = {message.flow: message.number for message in reversed(messages) if message.role == "request"}
    return [
        _ping(message, held[message.number], group, by_number, devices, first)
        for group in groups.values()
        if len(group) >= FEWEST and not _is_conversation(group, first)
        for message in group
    ]


def _is_unasked(message: Message) -> bool:
    headers = (*SESSION_HEADERS, *SOLICITED_HEADERS)
    return message.protocol not in NAMING and not any(message.header(name) for name in headers)


def _is_conversation(group: Sequence[Message], first: Mapping[int, int]) -> bool:
    """Whether most of them came after other requests of their connection, as pages and apps ask."""
    opening = sum(first.get(message.flow) == message.number for message in group)
    return opening * 2 < len(group)


def _grammar(message: Message, found: Sequence[Finding], devices: Mapping[int, str]) -> Key:
    """What has to be the same: who sent it, to whom, how, and which identifiers in which fields."""
    path = urlsplit(message.target or "").path if "[" not in (message.target or "") else ""
    named = sorted({f"{finding.kind} {finding.name} {finding.value}" for finding in found})
    server = message.host or message.destination.address
    return (devices.get(message.flow, ""), server, message.method or "", path, *named)


def _ping(
    message: Message,
    found: Sequence[Finding],
    group: Sequence[Message],
    by_number: Mapping[int, Message],
    devices: Mapping[int, str],
    first: Mapping[int, int],
) -> Ping:
    status = status_of(StatusRule(), message, by_number.get(message.peer or 0))
    kinds = ", ".join(dict.fromkeys(TITLES[finding.kind] for finding in found))
    reasons = (
        "no dossier describes it: neither host nor grammar is documented",
        f"identifiers: {kinds} found in it",
        "unasked for: no Referer or Origin" + _opening(message, first),
        "no session: neither Cookie nor Authorization nor a token in a header",
        f"repeated: {len(group)} requests of the same method, path and identifiers to the same host",
    )
    return Ping(
        dossier=ID,
        title=TITLE,
        status=status.name,
        time_ns=message.time_ns,
        flow=message.flow,
        device=devices.get(message.flow, ""),
        source=message.source,
        destination=message.destination,
        host=message.host,
        message=message.number,
        evidence=message.evidence,
        reasons=reasons,
        status_reasons=status.reasons,
        fields=tuple(PingField(f.name, f.raw, f"looks like: {TITLES[f.kind]}") for f in found),
        encoding=_encoding(found),
        client="not known; a capture can't prove which software sent it",
        confidence="medium" if len(group) > FEWEST else "low",
    )


def _opening(message: Message, first: Mapping[int, int]) -> str:
    return ", the first request of its connection" if first.get(message.flow) == message.number else ""


def _encoding(found: Sequence[Finding]) -> str:
    """The decode steps of the first identifier, as a reader would repeat them."""
    steps = [step for step in found[0].evidence.path[1:-1] if not step.startswith("[")]
    return f"{' › '.join(steps)}: readable, not encrypted" if steps else "in clear"
