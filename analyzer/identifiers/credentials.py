"""Log-ins in clear text → findings: accounts by name, passwords and tokens by category, never themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from analyzer.identifiers.authorization import Proof, proofs_in
from analyzer.identifiers.by_name import IS_EMAIL
from analyzer.identifiers.logins import LogInPart, parts_of_login
from analyzer.model import Confidence, Evidence, Field, Fields, Finding, Message

# Protocols whose messages carry the headers "User" and "Password" that their reader made.
NAMES = {
    "ftp": "FTP",
    "smtp": "SMTP",
    "pop3": "POP3",
    "imap": "IMAP",
    "telnet": "Telnet",
    "mqtt": "MQTT",
    "sip": "SIP",
    "socks 5": "SOCKS",
    "socks 4": "SOCKS",
    **{
        name: name
        for name in (
            *("managesieve", "asterisk manager", "rlogin", "rsync", "slimproto", "miio", "kasa", "tuya"),
            "broadlink",
        )
    },
    "ldap": "LDAP",
    "mysql": "MySQL",
    "postgresql": "PostgreSQL",
    "redis": "Redis",
    "nats": "NATS",
    "stomp": "STOMP",
    "amqp": "AMQP",
    "kafka": "Kafka",
    "smpp": "SMPP",
    "diameter": "Diameter",
    "tds": "TDS",
    "irc": "IRC",
    "xmpp": "XMPP",
    "nntp": "NNTP",
    "mongodb": "MongoDB",
    "cassandra": "Cassandra",
    "radius": "RADIUS",
    "snmp": "SNMP",
    "stun": "TURN",
    "sasl": "SASL",
    "clickhouse": "ClickHouse",
    "memcached": "memcached",
    "bolt": "Bolt",
    "zmtp": "ZeroMQ",
    "opc ua": "OPC UA",
    "smb": "SMB",
    "zookeeper": "ZooKeeper",
    "line log-in": "a log-in in lines",
    "prompts": "a prompt",
    "cvs": "CVS",
    "subversion": "Subversion",
}
# A target with user and password before its host, as proxies, cameras and FTP behind a proxy are asked.
IN_TARGET = re.compile(
    r"[a-z][a-z0-9+.\-]{1,15}://([^/?#@:\s]{1,64}):([^/?#@\s]{1,128})@[^/?#@\s]", re.IGNORECASE
)
READABLE = "sent readable"  # how a category begins, or goes on, where anyone on the way could read it
TOKEN = "access token"
HIDDEN = "not shown"
SIP = "sip"  # whose users are named as in e-mail (RFC 3261 §19.1)
SECRET_MASK = "********"  # in place of a password in a message; always as long
LEFT_OUT = "content in which an encoding hides a password was left out of the report"
# Keys of the documents that such libraries send.
OF_ANALYTICS = frozenset(("writeKey", "messageId", "sentAt"))
LOG_IN = "log_in"  # in the details of an account: how it was sent


class LogIns(NamedTuple):
    """What one request gives: findings, and the passwords that must not stay in the report."""

    findings: tuple[Finding, ...] = ()
    secrets: tuple[str, ...] = ()


NOTHING = LogIns()


def credentials_in(message: Message, fields: Sequence[Field] = ()) -> LogIns:
    """Return the accounts, readable passwords and tokens of one request."""
    if message.role != "request":
        return NOTHING
    protocol = NAMES.get(message.protocol.partition("/")[0])
    made, proven = _Made(message), set[tuple[str, ...]]()
    if protocol is not None:
        _of_dialogue(message, protocol, made)
    else:
        for proof in proofs_in(message):
            made.proof(as_key(proof, fields))
            proven.add(("header", proof.header))
    if found := IN_TARGET.match(message.target or ""):
        made.in_target(found)
    for part in parts_of_login(fields):
        path = part.field.evidence.path
        if path[:2] not in proven and (protocol is None or path[:1] != ("header",)):
            made.part(part)
    return LogIns(tuple(made.findings), tuple(dict.fromkeys(made.secrets)))


def with_log_ins(findings: Iterable[Finding], log_ins: LogIns) -> list[Finding]:
    """Return the findings of the detectors with those of log-ins, which know an account more surely."""
    surer = {(f.kind, f.value) for f in log_ins.findings}
    secret = {f.evidence.path for f in log_ins.findings if f.kind == "password"}
    kept = [f for f in findings if (f.kind, f.value) not in surer and f.evidence.path not in secret]
    pushed = {f.evidence.path for f in kept if f.kind == "push_token" and f.confidence != "low"}
    further = [f for f in log_ins.findings if f.kind != "access_token" or f.evidence.path not in pushed]
    return [*kept, *further]


def _of_dialogue(message: Message, protocol: str, made: _Made) -> None:
    user, password = message.header("user"), message.header("password")
    if user:
        said = f"{protocol} names it as the account ({message.method})"
        made.add("account", user, user, "User", said)
    if not password or READABLE not in password:
        return
    if TOKEN in password:
        said = f"{protocol} sends an access token, readable to anyone on the way to {message.destination}"
        made.add("access_token", HIDDEN, HIDDEN, "Password", said)
        return
    value = f"{HIDDEN} (account {user})" if user else HIDDEN
    said = f"{protocol} sends it as the password, readable to anyone on the way to {message.destination}"
    made.add("password", value, HIDDEN, "Password", said)


def as_key(proof: Proof, fields: Sequence[Field]) -> Proof:
    """Return a token where a library of an analytics service sends its key as a user name alone."""
    names = fields.names if isinstance(fields, Fields) else [field.name for field in fields]
    is_key = (
        proof.user and not proof.password and proof.scheme == "Basic" and not OF_ANALYTICS.isdisjoint(names)
    )
    return proof._replace(user="", token=proof.user) if is_key else proof


class _Made:
    """The findings of one message as they are made."""

    def __init__(self, message: Message) -> None:
        self._message = message
        self._user = ""
        self.findings: list[Finding] = []
        self.secrets: list[str] = []

    def proof(self, proof: Proof) -> None:
        """What one header proves."""
        way = f"readable to anyone on the way to {self._message.destination}"
        if proof.user:
            by = f"{proof.scheme} authentication"
            about = {LOG_IN: f"HTTP {by}"} | ({"domain": proof.domain} if proof.domain else {})
            said = f"{by} names it as the account (header {proof.header})"
            self.add("account", proof.user, proof.user, proof.header, said, about)
            if IS_EMAIL(proof.user) and self._message.protocol != SIP:
                self.add(
                    "email", proof.user, proof.user, proof.header, "the form of an e-mail address", about
                )
        if proof.password:
            value = f"{HIDDEN} (account {proof.user})" if proof.user else HIDDEN
            said = f"{proof.scheme} authentication sends it as the password (header {proof.header}), {way}"
            self.add("password", value, HIDDEN, proof.header, said)
        if proof.token:
            said = f"the header {proof.header} holds an access token ({proof.scheme}), {way}"
            self.add("access_token", HIDDEN, HIDDEN, proof.header, said)
        self.secrets += [secret for secret in (proof.password, proof.raw) if secret and proof.password]

    def in_target(self, found: re.Match[str]) -> None:
        """The user and the password before the host of a target (RFC 3986 §3.2.1)."""
        user, password = unquote(found[1]), unquote(found[2])
        evidence = self._message.evidence.step("target")
        said = "stands before the host of the target"
        self.add("account", user, user, "target", f"the account of a log-in: {said}", None, evidence)
        value = f"{HIDDEN} (account {user})"
        self.add("password", value, HIDDEN, "target", f"a password: {said}", None, evidence)
        self.secrets += list(dict.fromkeys((password, found[2])))

    def part(self, part: LogInPart) -> None:
        """What one field holds of a log-in."""
        field, way = part.field, f"sent readable to {self._message.destination}"
        confidence: Confidence = "high" if part.sure else "medium"
        if part.kind == "account":
            if not part.sure:  # no password stands beside it
                said = f"the account that is logged in: {part.said}"
                self.add(
                    "account", part.value, part.value, field.name, said, None, field.evidence, confidence
                )
                return
            self._user = part.value
            about = {LOG_IN: "beside a password"}
            said = f"the account of a log-in: {part.said}"
            self.add("account", part.value, part.value, field.name, said, about, field.evidence)
            return
        if part.kind == "password":
            self.secrets.append(part.value)
            value = f"{HIDDEN} (account {self._user})" if self._user else HIDDEN
            self.add(
                "password", value, HIDDEN, field.name, f"a password: {part.said}, {way}", None, field.evidence
            )
            self._user = ""
        else:
            said = f"an access token: {part.said}, {way}"
            self.add("access_token", HIDDEN, HIDDEN, field.name, said, None, field.evidence, confidence)

    def add(
        self,
        kind: str,
        value: str,
        raw: str,
        name: str,
        said: str,
        details: dict[str, str] | None = None,
        evidence: Evidence | None = None,
        confidence: Confidence = "high",
    ) -> None:
        """A further finding, at a header's place unless it is told another."""
        message = self._message
        self.findings.append(
            Finding(
                kind=kind,
                value=value,
                raw=raw,
                name=name,
                confidence=confidence,
                reasons=(said,),
                evidence=evidence or message.evidence.step("header", name),
                message=message.number,
                time_ns=message.time_ns,
                details=dict(details or {}),
            )
        )
