"""Log-ins in clear text → findings: the account by its name, the password as a category and never itself."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.model import Finding, Message

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
}
READABLE = "sent readable"  # how a category begins, or goes on, where anyone on the way could read it
HIDDEN = "not shown"


def credentials_in(message: Message) -> Iterator[Finding]:
    """The account and the readable password of one request; nothing of other protocols."""
    protocol = NAMES.get(message.protocol.partition("/")[0])
    if protocol is None or message.role != "request":
        return
    user, password = message.header("user"), message.header("password")
    if user:
        said = f"{protocol} names it as the account ({message.method})"
        yield _finding(message, "account", user, user, "User", said)
    if password and READABLE in password:
        value = f"{HIDDEN} (account {user})" if user else HIDDEN
        said = f"{protocol} sends it as the password, readable to anyone on the way to {message.destination}"
        yield _finding(message, "password", value, HIDDEN, "Password", said)


def _finding(message: Message, kind: str, value: str, raw: str, name: str, said: str) -> Finding:
    return Finding(
        kind=kind,
        value=value,
        raw=raw,
        name=name,
        confidence="high",
        reasons=(said,),
        evidence=message.evidence.step("header", name),
        message=message.number,
        time_ns=message.time_ns,
    )
