"""DNS and mDNS answers to names of addresses (RFC 1035, RFC 6762).

Only what names an address is read: the question, aliases, and the A and AAAA records. A general
parser takes ten times as long for it, and a router's capture holds tens of thousands of answers.
"""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

DNS_PORT, MDNS_PORT = 53, 5353

A, CNAME, AAAA = 1, 5, 28
TRANSFERS = (251, 252)  # IXFR, AXFR: a whole zone, each record under its own name
FAMILIES = {(A, 4): socket.AF_INET, (AAAA, 16): socket.AF_INET6}

COUNTS = struct.Struct(">HH")  # of questions and answers
RECORD = struct.Struct(">HHIH")  # type, class, time to live, length of the data

# Labels of a name, pointers followed in it, and records of an answer, at most.
MOST_LABELS, MOST_POINTERS, MOST_RECORDS = 128, 16, 400
MOST_ALIASES = 16


class NamedAddress(NamedTuple):
    """An address and the name that was asked for when an answer gave it."""

    address: str
    name: str
    chain: tuple[str, ...] = ()  # the aliases that lead from the name to the address, in order
    ttl: int | None = None  # the least of the records that lead there, in seconds


def answers_in(datagram: bytes) -> list[NamedAddress]:
    """Addresses named by a DNS response; none for queries and for what is not DNS.

    Where the answer is a chain of aliases, the name is the one that was asked, at its head. Reading
    stops where the datagram contradicts itself.
    """
    named: list[NamedAddress] = []
    if len(datagram) < 12 or not datagram[2] & 0x80:
        return named
    questions, answers = COUNTS.unpack_from(datagram, 4)
    if not answers or questions > 16:
        return named
    asked: str | None = None
    chain: list[str] = []
    least, position = 0xFFFFFFFF, 12
    for _ in range(questions):
        name, position = name_at(datagram, position)
        kind = int.from_bytes(datagram[position : position + 2], "big")
        asked = name if asked is None and kind not in TRANSFERS else asked
        position += 4
    for _ in range(min(answers, MOST_RECORDS)):
        owner: str | None
        if asked is not None and datagram[position : position + 1] >= b"\xc0":
            owner, position = asked, position + 2  # a pointer to a name that is not needed
        else:
            owner, position = name_at(datagram, position)
        if owner is None or position + 10 > len(datagram):
            break
        kind, _, ttl, length = RECORD.unpack_from(datagram, position)
        data = datagram[position + 10 : position + 10 + length]
        if kind == CNAME and asked is not None and len(chain) < MOST_ALIASES:
            alias = name_at(datagram, position + 10)[0]
            chain += [alias] if alias else []
            least = min(least, ttl)
        position += 10 + length
        family = FAMILIES.get((kind, len(data)))
        if family is not None:
            address = socket.inet_ntop(family, data)
            named.append(NamedAddress(address, asked or owner, tuple(chain), min(least, ttl)))
    return named


def is_message(data: bytes) -> bool:
    """Whether bytes begin like a DNS message: a known opcode, the reserved bit 0, few questions.

    RFC 1035 §4.1.1; opcodes 0 to 6 are assigned (RFC 8490).
    """
    return (
        len(data) >= 12
        and data[2] >> 3 & 15 in (0, 1, 2, 4, 5, 6)
        and not data[3] & 0x40
        and data[4] == 0
        and data[5] <= 16
    )


def question_in(datagram: bytes) -> str | None:
    """The name that a DNS message asks for first, or None."""
    if len(datagram) < 17 or datagram[4:6] == b"\0\0":
        return None
    return name_at(datagram, 12)[0]


def name_at(datagram: bytes, position: int) -> tuple[str | None, int]:
    """(name in lower case, position behind it); None where it can't be read."""
    name, behind = bytes_at(datagram, position)
    return None if name is None else name.decode("latin-1").lower(), behind


def bytes_at(datagram: bytes, position: int) -> tuple[bytes | None, int]:
    """(name as sent, position behind it), compression undone (RFC 1035 §4.1.4); None where it can't be."""
    labels: list[bytes] = []
    behind, pointers = -1, 0
    while position < len(datagram) and len(labels) < MOST_LABELS:
        length = datagram[position]
        if length & 0xC0 == 0xC0 and position + 1 < len(datagram) and pointers < MOST_POINTERS:
            behind = behind if pointers else position + 2
            position = (length & 0x3F) << 8 | datagram[position + 1]
            pointers += 1
        elif length & 0xC0:
            break
        elif length == 0:
            return b".".join(labels), behind if pointers else position + 1
        else:
            labels.append(datagram[position + 1 : position + 1 + length])
            position += 1 + length
    return None, len(datagram)
