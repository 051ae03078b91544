"""mDNS datagrams (RFC 6762, RFC 6763) to what was asked for or announced in the local network.

Names of addresses are read by `dns`; here it is services, and what their TXT records tell.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.dissectors.clear_message import text
from analyzer.dissectors.dns import COUNTS, RECORD, bytes_at
from analyzer.dissectors.ssdp import SsdpFact

PORT = 5353
PTR, TXT = 12, 16

# Of one datagram, at most.
MOST_RECORDS, MOST_SAID = 200, 50
MOST_PAIRS, LONGEST_VALUE = 20, 128


def said_in(datagram: bytes) -> list[SsdpFact]:
    """What a datagram asks for or announces; nothing where it is not DNS."""
    if len(datagram) < 12 or datagram[2] & 0x78:
        return []
    found = _announced(datagram) if datagram[2] & 0x80 else _asked(datagram)
    return list(dict.fromkeys(said for said, _ in zip(found, range(MOST_SAID), strict=False)))


def _asked(datagram: bytes) -> Iterator[SsdpFact]:
    questions, _ = COUNTS.unpack_from(datagram, 4)
    at = 12
    for _ in range(min(questions, MOST_RECORDS)):
        name, at = bytes_at(datagram, at)
        if name is None or at + 4 > len(datagram):
            return
        at += 4
        if name:
            yield SsdpFact("mdns", "asks for", text(name))


def _announced(datagram: bytes) -> Iterator[SsdpFact]:
    questions, answers = COUNTS.unpack_from(datagram, 4)
    further = sum(COUNTS.unpack_from(datagram, 8))
    at = 12
    for _ in range(min(questions, MOST_RECORDS)):
        _, at = bytes_at(datagram, at)
        at += 4
    for _ in range(min(answers + further, MOST_RECORDS)):
        owner, at = bytes_at(datagram, at)
        if owner is None or at + RECORD.size > len(datagram):
            return
        kind, _, ttl, length = RECORD.unpack_from(datagram, at)
        start, at = at + RECORD.size, at + RECORD.size + length
        if at > len(datagram):
            return
        says = "announces" if ttl else "withdraws"
        if kind == PTR and not owner.lower().endswith((b".in-addr.arpa", b".ip6.arpa")):
            service, _ = bytes_at(datagram, start)
            if service:
                yield SsdpFact("mdns", says, text(service))
        elif kind == TXT:
            pairs = tuple(_pairs(datagram[start:at]))
            if pairs:
                yield SsdpFact("mdns", says, text(owner), pairs)


def _pairs(data: bytes) -> Iterator[tuple[str, str]]:
    """Keys and values of a TXT record (RFC 6763 §6)."""
    at = pairs = 0
    while at < len(data) and pairs < MOST_PAIRS:
        key, _, value = data[at + 1 : at + 1 + data[at]].partition(b"=")
        at += 1 + data[at]
        pairs += 1
        if key:
            yield text(key), text(value[:LONGEST_VALUE])
