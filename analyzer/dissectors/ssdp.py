"""SSDP datagrams (UPnP Device Architecture 2.0 §1) to what was searched for or announced nearby."""

from __future__ import annotations

import re
from typing import NamedTuple

PORT = 1900
START = re.compile(rb"(M-SEARCH|NOTIFY) \* HTTP/1\.[01]\r?\n|HTTP/1\.[01] 200 [^\r\n]{0,64}\r?\n")
HEADER = re.compile(rb"([A-Za-z0-9.\-]{1,64}+)[ \t]*+:[ \t]*+([^\r\n]{0,1024}+)\r?(?:\n|\Z)")
MOST_HEADERS = 64
# What a reader wants beside the name of what is searched for or announced.
DETAILS = ("server", "user-agent", "location", "usn", "cpfn.upnp.org", "x-user-agent")


class SsdpFact(NamedTuple):
    """One thing that a device said to its local network."""

    protocol: str  # "ssdp", "mdns"
    says: str  # "searches for", "announces", "withdraws", "answers that it is"
    what: str
    details: tuple[tuple[str, str], ...] = ()


def parse(datagram: bytes) -> tuple[str, list[tuple[str, str]]] | None:
    """(method, headers) of an SSDP message, method "" for an answer; None for all else."""
    start = START.match(datagram)
    if start is None:
        return None
    headers: list[tuple[str, str]] = []
    at = start.end()
    while (header := HEADER.match(datagram, at)) and len(headers) < MOST_HEADERS:
        value = header[2].rstrip(b" \t").decode("utf-8", "backslashreplace")
        headers.append((header[1].decode("ascii"), value))
        at = header.end()
    names = {name.lower() for name, _ in headers}
    return ((start[1] or b"").decode(), headers) if names & {"st", "nt", "usn", "man"} else None


def said_by(method: str, headers: list[tuple[str, str]]) -> SsdpFact:
    """What an SSDP message says."""
    found = {name.lower(): value for name, value in reversed(headers)}
    details = tuple((name, found[name]) for name in DETAILS if found.get(name))
    if method == "M-SEARCH":
        return SsdpFact("ssdp", "searches for", found.get("st", ""), details)
    if method == "NOTIFY":
        says = "withdraws" if found.get("nts", "").lower() == "ssdp:byebye" else "announces"
        return SsdpFact("ssdp", says, found.get("nt", ""), details)
    return SsdpFact("ssdp", "answers that it is", found.get("st", ""), details)
