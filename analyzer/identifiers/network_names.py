"""Names of users in protocols of networks, which have the form of e-mail addresses and are none.

A network access identifier (RFC 7542), the private identity of a subscription (3GPP TS 23.003 §13.3), the
name by which a program logs in at a directory (RFC 4513) or a broker: no mail can be sent to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from analyzer.identifiers.labels import kinds_named
from analyzer.model import Finding

# Protocols whose identities are of this kind whatever they look like.
OF_NETWORKS = frozenset(("diameter", "ldap", "amqp", "sip", "gtp", "pana"))
# RADIUS carries mailboxes too, as firms and universities have them; these are none.
RADIUS = frozenset(("radius", "eap"))
NUMBERED = re.compile(r"[^@]*\d{6,}[^@]*@.*|[^@]+@[^@]*\.(lan|local|internal|invalid)", re.IGNORECASE)
# Realms of mobile networks (3GPP TS 23.003 §13, §14), also with a letter that was damaged.
OF_MOBILE = re.compile(r"[^@]+@(.*\.)?(mnc\w{1,4}(\..*)?|3gpp.*)", re.IGNORECASE)
SAID = "the name of a user in the form of an e-mail address"
HOST = re.compile(r"(host|node|worker|peer|server)_?(name|id)?", re.IGNORECASE)


def named_in_networks(findings: Iterable[Finding], protocol: str) -> Iterator[Finding]:
    """Yield the findings, with an account in place of each e-mail address that is the name of a user.

    Names of hosts and workers are left out.
    """
    base = protocol.partition("/")[0]
    for found in findings:
        if found.kind == "email" and HOST.fullmatch(found.name):
            continue
        if found.kind != "email" or not _is_of_network(found, base):
            yield found
        else:
            yield replace(found, kind="account", confidence="medium", reasons=(*found.reasons, SAID))


def _is_of_network(found: Finding, protocol: str) -> bool:
    if OF_MOBILE.fullmatch(found.value):
        return True
    if "email" in kinds_named(found.name):
        return False
    is_numbered = NUMBERED.fullmatch(found.value) is not None
    return protocol in OF_NETWORKS or (protocol in RADIUS and is_numbered)
