"""Answers of a device in the local network, which describe the device that answers.

What a server on the internet says names nobody here. A light, a camera or a router at a private address is
asked about itself: its answer is searched as a request is. A proxy at such an address answers for others.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from analyzer.model import Fields, Finding, Message

# The number of the message that a finding of an answer is of, until messages are numbered.
ANSWER = -1
NETWORKS = tuple(
    map(
        ipaddress.ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10"),
    )
)
LOCAL_NAME = re.compile(r"[^.]*|.*\.(local|lan|home|localdomain|home\.arpa|internal)", re.IGNORECASE)
# Protocols whose answers speak of others: names, addresses, files.
OF_OTHERS = frozenset(("dns", "mdns", "dhcp", "icmp", "tls", "wifi", "eap", "sip", "rtsp"))
# Pages are written for people; what they show may be anybody's.
PAGES = re.compile(
    r"text/(html|css|javascript)|application/(x-)?(javascript|xhtml).*|image/.*|font/.*|video/.*"
)
FIRST_ERROR = 400
# Kinds that an answer tells of whoever asked.
OF_WHO_ASKED = frozenset(("account", "password", "access_token"))


@lru_cache(maxsize=4096)
def is_private(address: str) -> bool:
    """Return whether an address is one of a local network (RFC 1918, RFC 3927, RFC 4193)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed.version == network.version and parsed in network for network in NETWORKS)


def describes_itself(request: Message, response: Message) -> bool:
    """Return whether an answer comes from a device in the local network and speaks of that device."""
    ends = response.source.address, response.destination.address
    if (
        not all(map(is_private, ends))
        or request.protocol in OF_OTHERS
        or (response.status or 0) >= FIRST_ERROR
    ):
        return False
    media_type = (response.header("content-type") or "").partition(";")[0].strip().lower()
    return not PAGES.fullmatch(media_type) and _is_for_itself(request)


def _is_for_itself(request: Message) -> bool:
    """Return whether a request is meant for the machine that it goes to, not for a server behind it."""
    target = request.target or ""
    if request.tunnel or request.method == "CONNECT" or "://" in target[:12]:
        return False
    host = re.sub(r":\d+$", "", request.host or "").strip("[]").rstrip(".")
    return host == request.destination.address or is_private(host) or bool(LOCAL_NAME.fullmatch(host))


def answered(
    request: Message, response: Message, fields: Fields, search: Callable[[Fields], list[Finding]]
) -> list[Finding]:
    """Return the findings of an answer, without what the request held already."""
    said = f"{request.target or ''}\n".encode("utf-8", "replace") + request.body.content
    found = [
        f
        for f in search(fields)
        if f.kind not in OF_WHO_ASKED and f.raw.encode("utf-8", "replace") not in said
    ]
    return [replace(f, message=ANSWER, time_ns=f.time_ns or response.time_ns) for f in found]
