"""MAC addresses in six bytes each → text: in a magic packet, and in lists of access points a tracker hears."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.codecs.part import MessagePart, PlainPart

WAKE, HEARD = "magic packet", "access points heard"
SIZE, ENTRY = 6, 7
# Six bytes of ones, and sixteen times the address of the machine that is to wake.
TO_WAKE = re.compile(rb"\xff{6}([^\xff]{6})\1{15}", re.DOTALL)
WITHIN = 256  # bytes in which a magic packet begins
LONGEST = 1 << 10  # bytes of a message with a list
MOST = 32  # access points
FEWEST_DIFFERENT = 4
GROUP, LOCAL = 1, 2  # the two lowest bits of the first byte (IEEE 802 §8.2)
WEAKEST, STRONGEST = -110, -20  # dBm


def woken(part: MessagePart) -> list[PlainPart]:
    """Return a part with the address that a magic packet is for."""
    data = part.value
    found = None if isinstance(data, str) else TO_WAKE.search(data, 0, WITHIN)
    if found is None or not _is_address(found[1]):
        return []
    return [("mac", found[1].hex(":"), (*part.path, WAKE, "mac"), part.beside)]


def heard(part: MessagePart) -> list[PlainPart]:
    """Return a part for each access point of a list in bytes: an address and a signal strength.

    The list stands behind its number of entries or of bytes, which is all that tells it; so a message has to
    say by something else that a phone or tracker sends it.
    """
    data = part.value
    if isinstance(data, str) or len(data) > LONGEST:
        return []
    lists = (list(_entries(data, at, data[at - 1])) for at in range(1, len(data) - ENTRY + 1))
    longest = max(lists, key=len, default=[])
    path = (*part.path, HEARD)
    return [("", text, (*path, f"[{number}]"), part.beside) for number, text in enumerate(longest)]


def _entries(data: bytes, at: int, counted: int) -> Iterator[str]:
    """Each address with its strength, if all of them are such; one alone has to be of a maker's block."""
    count = counted // ENTRY if counted % ENTRY == 0 else counted
    listed = data[at : at + count * ENTRY]
    if not 0 < count <= MOST or len(listed) < count * ENTRY:
        return
    pieces = [listed[start : start + ENTRY] for start in range(0, len(listed), ENTRY)]
    if count == 1 and listed[0] & LOCAL:
        return
    if all(WEAKEST <= piece[SIZE] - 256 <= STRONGEST and _is_address(piece[:SIZE]) for piece in pieces):
        yield from (f"{piece[:SIZE].hex(':')},{piece[SIZE] - 256}" for piece in pieces)


def _is_address(data: bytes) -> bool:
    return not data[0] & GROUP and len(set(data)) >= FEWEST_DIFFERENT
