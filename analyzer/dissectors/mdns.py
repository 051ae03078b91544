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
OF_A_DEVICE = frozenset((1, 16, 28, 33))  # A, TXT, AAAA, SRV: their owner is a device or its service

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


def own_words(datagram: bytes) -> list[tuple[str, str]]:
    """Return names that a datagram announces, as ("name", …), and the pairs of its TXT records."""
    if len(datagram) < 12 or not datagram[2] & 0x80 or datagram[2] & 0x78:
        return []
    found: list[tuple[str, str]] = []
    for owner, kind, ttl, start, end in _records(datagram):
        if not ttl or _is_reverse(owner):
            continue
        named = bytes_at(datagram, start)[0] if kind == PTR else owner if kind in OF_A_DEVICE else None
        found += [("name", text(named))] if named else []
        found += _pairs(datagram[start:end]) if kind == TXT else []
    return list(dict.fromkeys(found))[:MOST_SAID]


def _announced(datagram: bytes) -> Iterator[SsdpFact]:
    for owner, kind, ttl, start, end in _records(datagram):
        says = "announces" if ttl else "withdraws"
        if kind == PTR and not _is_reverse(owner):
            service, _ = bytes_at(datagram, start)
            if service:
                yield SsdpFact("mdns", says, text(service))
        elif kind == TXT:
            pairs = tuple(_pairs(datagram[start:end]))
            if pairs:
                yield SsdpFact("mdns", says, text(owner), pairs)


def _records(datagram: bytes) -> Iterator[tuple[bytes, int, int, int, int]]:
    """Yield owner, type and time to live of each record, and where its data begin and end."""
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
        yield owner, kind, ttl, start, at


def _is_reverse(owner: bytes) -> bool:
    return owner.lower().endswith((b".in-addr.arpa", b".ip6.arpa"))


def _pairs(data: bytes) -> Iterator[tuple[str, str]]:
    """Keys and values of a TXT record (RFC 6763 §6)."""
    at = pairs = 0
    while at < len(data) and pairs < MOST_PAIRS:
        key, _, value = data[at + 1 : at + 1 + data[at]].partition(b"=")
        at += 1 + data[at]
        pairs += 1
        if key:
            yield text(key), text(value[:LONGEST_VALUE])
