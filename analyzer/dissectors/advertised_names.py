"""What devices say in names and options of DNS, DHCP and TLS hellos, as messages that are searched.

Most names can hold no identifier, and a look at their form tells.
"""

from __future__ import annotations

import re

from analyzer.dissectors import mdns
from analyzer.dissectors.clear_message import Headers, MessagePlace, message
from analyzer.dissectors.dhcp import options_in, options_v6_in
from analyzer.dissectors.dns import COUNTS, bytes_at
from analyzer.dissectors.http1 import HttpMessage

# A label that may hold an identifier: eleven characters, a digit among them.
TELLING = re.compile(r"(?=[^.]*\d)[^.]{11,}")
MOST_QUESTIONS = 16


def dns_question(datagram: bytes, place: MessagePlace) -> HttpMessage | None:
    """Return the message of a DNS question whose name may hold an identifier; None for all else."""
    if len(datagram) < 17 or datagram[2] & 0x80:
        return None
    headers: Headers = []
    at = 12
    for _ in range(min(COUNTS.unpack_from(datagram, 4)[0], MOST_QUESTIONS)):
        name, at = bytes_at(datagram, at)
        at += 4
        if name:
            headers += name_headers("name", name.decode("utf-8", "backslashreplace"))
    return message("dns", "request", place, headers=headers, one_way=True) if headers else None


def name_headers(header: str, name: str) -> Headers:
    """Return a name and those of its labels that may hold an identifier; nothing where none may."""
    labels = [label for label in name.split(".") if TELLING.fullmatch(label)]
    if not labels:
        return []
    joined = "".join(labels)
    found = [(header, name), *(("label", label) for label in dict.fromkeys(labels) if label != name)]
    return [*found, ("labels", joined)] if len(labels) > 1 else found


def server_name(name: str, place: MessagePlace) -> HttpMessage | None:
    """Return the message of a ClientHello whose server name may hold an identifier."""
    headers = name_headers("server name", name)
    return message("tls", "request", place, headers=headers, one_way=True) if headers else None


def dhcp_options(datagram: bytes, place: MessagePlace, is_v6: bool = False) -> HttpMessage | None:
    """Return the message of what a client of DHCP, or of DHCPv6, says of itself; None for all else."""
    headers = options_v6_in(datagram) if is_v6 else options_in(datagram)
    return message("dhcp", "request", place, headers=headers, one_way=True) if headers else None


def announced_names(datagram: bytes, place: MessagePlace) -> HttpMessage | None:
    """Return the message of the names and pairs that mDNS announces; None where there are none."""
    headers: Headers = []
    for name, said in mdns.own_words(datagram):
        headers += name_headers(name, said) if name == "name" else [(name, said)]
    if not headers:
        return None
    return message("mdns", "request", place, headers=headers, body=datagram, one_way=True)
