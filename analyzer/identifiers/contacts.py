"""Addresses in the header fields of SIP and of mail → findings: phone numbers, subscriptions, e-mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from analyzer.identifiers.mac import is_of_one_interface
from analyzer.identifiers.network_codes import network_of
from analyzer.identifiers.owner_values import KnownValues
from analyzer.identifiers.phone import parsed
from analyzer.model import Finding, Message

SIP, MAIL = "sip", "mail over smtp"
# Fields of SIP that name a party (RFC 3261, RFC 3325), and what is said of it.
PARTIES = {
    "from": "the sender of the message",
    "p-preferred-identity": "the sender of the message",
    "p-asserted-identity": "the sender of the message",
    "contact": "where the sender can be reached",
    "to": "the party that the message is for",
    "authorization": "the subscription that logs in",
    "proxy-authorization": "the subscription that logs in",
}
# Fields of a mail and of its envelope (RFC 5321, RFC 5322).
MAILBOXES = {
    "mail-from": "the envelope names it as the sender",
    "rcpt-to": "the envelope names it as a recipient",
    "from": "the mail names it as the sender",
    "sender": "the mail names it as the sender",
    "reply-to": "the mail asks for answers to it",
    "return-path": "the mail names it as the sender",
    "to": "the mail names it as a recipient",
    "cc": "the mail names it as a recipient",
    "bcc": "the mail names it as a recipient",
}
# With its country code: what a number without one means depends on who reads it.
NUMBER = re.compile(r"(?:sips?|tel):(\+[0-9][0-9.()-]{6,20})(?=[@;>?,\s]|\Z)")
# Digits alone before the host, as many as a number with its country code has and an IMSI has not.
BARE_NUMBER = re.compile(r"sips?:([1-9][0-9]{9,12})@")
OWN_FIELDS = frozenset(("from", "to"))  # of a REGISTER: the number that is registered (RFC 3261 §10.2)
# What a network says is the number of the phone that has registered (RFC 7315 §4.1).
ASSOCIATED = "p-associated-uri"
# The access network (RFC 7315 §5.4, 3GPP TS 24.229 §7.2A.4): an access point, or network, area and cell.
ACCESS = re.compile(r"p-(?:last-)?access-network-info|cellular-network-info")
ACCESS_POINT = re.compile(r"i-wlan-node-id=\"?([0-9A-Fa-f]{12})(?![0-9A-Fa-f])")
CELL = re.compile(
    r"(?:cgi-3gpp=\"?(?P<network>[0-9]{5,6})(?P<area>[0-9A-Fa-f]{4})(?P<cell>[0-9A-Fa-f]{4})"
    r"|utran-(?:e-utran-)?cell-id-3gpp=\"?(?P<network_3>[0-9]{5,6})(?P<area_3>[0-9A-Fa-f]{4})(?P<cell_3>[0-9A-Fa-f]{7}))"
    r"(?![0-9A-Fa-f])"
)
# The private and the temporary public identity of a subscription (3GPP TS 23.003 §13.3, §13.4B).
SUBSCRIPTION = re.compile(
    r"(?:sips?:|username=\")([0-9]{14,15})@ims\.mnc([0-9]{3})\.mcc([0-9]{3})\.3gppnetwork\.org"
)
EMAIL = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}(?![\w-])"
)
MOST = 100  # of one message


def contacts_in(message: Message, known: KnownValues) -> list[Finding]:
    """Return the addresses that SIP or the request of a mail names, each once."""
    reads = {SIP: _of_sip, MAIL: _of_mail} if message.role == "request" else {SIP: _of_sip_answer}
    read = reads.get(message.protocol)
    if read is None:
        return []
    once: dict[tuple[str, str], Finding] = {}
    for found in read(message):
        equal = known.equals(found.kind, found.value)
        once.setdefault((found.kind, found.value), replace(found, known=equal))
    return list(once.values())[:MOST]


def _of_sip(message: Message) -> Iterator[Finding]:
    for name, value in message.headers:
        lowered = name.lower()
        if said := PARTIES.get(lowered):
            yield from _parties(message, value, f"{name} names {said}", ("header", name), name)
        if lowered in OWN_FIELDS and message.method == "REGISTER":
            yield from _registered(message, value, name)
        elif ACCESS.fullmatch(lowered):
            yield from _access(message, value, name)
    if message.target:
        said = "the request goes to it"
        yield from _parties(message, message.target, said, ("target", "path"), "path")


def _of_sip_answer(message: Message) -> Iterator[Finding]:
    for name, value in message.headers:
        if name.lower() == ASSOCIATED:
            said = f"{name} names it as a number of the phone that has registered"
            yield from _parties(message, value, said, ("header", name), name)


def _registered(message: Message, value: str, name: str) -> Iterator[Finding]:
    """Digits without a plus that are a number of some country, in a registration."""
    for found in BARE_NUMBER.finditer(value):
        made = parsed("+" + found[1])
        if made is not None:
            said = f"{name} of a registration names it, digits of the plan of {made.country}"
            read = _finding(message, "phone", made.digits, found[1], name, ("header", name), (said,))
            yield replace(read, confidence="medium")


def _access(message: Message, value: str, name: str) -> Iterator[Finding]:
    """The access point or the cell that the phone says it is at."""
    for found in ACCESS_POINT.finditer(value):
        address = ":".join(re.findall("..", found[1].lower()))
        if is_of_one_interface(address):
            said = f"{name} names it as the access point (i-wlan-node-id)"
            yield _finding(message, "bssid", address, found[1], name, ("header", name), (said,))
    for found in CELL.finditer(value):
        network, area, cell = (found[part] or found[f"{part}_3"] for part in ("network", "area", "cell"))
        if network_of(network):
            told = f"{network[:3]}-{network[3:]}-{int(area, 16)}-{int(cell, 16)}"
            said = f"{name} names it as the cell"
            yield _finding(message, "cell", told, found[0], name, ("header", name), (said,))


def _parties(message: Message, value: str, said: str, path: tuple[str, ...], name: str) -> Iterator[Finding]:
    for found in SUBSCRIPTION.finditer(value):
        number, network, country = found.groups()
        # A network code of two digits stands in the host with a zero before it.
        is_its_network = number[3:].startswith((network, network[1:] if network[0] == "0" else network))
        if number.startswith(country) and is_its_network:
            reason = "its host names the network that the number begins with (3GPP TS 23.003 §13)"
            yield _finding(message, "imsi", number, number, name, path, (said, reason))
    for found in NUMBER.finditer(value):
        made = parsed(found[1])
        if made is not None:
            reasons = (said, f"a number of the plan of {made.country}")
            yield _finding(message, "phone", made.digits, found[1], name, path, reasons)


def _of_mail(message: Message) -> Iterator[Finding]:
    for name, value in message.headers:
        if said := MAILBOXES.get(name.lower()):
            for found in EMAIL.finditer(value):
                yield _finding(message, "email", found[0], found[0], name, ("header", name), (said,))


def _finding(
    message: Message, kind: str, value: str, raw: str, name: str, path: tuple[str, ...],
    reasons: tuple[str, ...],
) -> Finding:  # fmt: skip
    return Finding(
        kind=kind,
        value=value,
        raw=raw,
        name=name,
        confidence="high",
        reasons=reasons,
        evidence=message.evidence.step(*path),
        message=message.number,
        time_ns=message.time_ns,
    )
