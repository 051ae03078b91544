"""MAC addresses in six bytes → text: in a magic packet, behind a length, in lists of access points heard."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from analyzer.codecs.part import MessagePart, PlainPart

WAKE, HEARD = "magic packet", "access points heard"
COUNTED_STEP = "addresses of 6 octets"
SIZE = 6
# Six bytes behind their length; names of a field with an address.
COUNTED = re.compile(rb"\x06\0{0,3}(?=([^\0].{5}))", re.DOTALL)
TEXT = re.compile(rb"[\0\x20-\x7e]*")
NAME = re.compile(r"(?i)mac|bssid|bd_?addr|hw_?addr")
# Six bytes of ones, and sixteen times the address of the machine that is to wake.
TO_WAKE = re.compile(rb"\xff{6}(?!\xff{6})(.{6})\1{15}", re.DOTALL)
WITHIN = 256  # bytes in which a magic packet begins
LONGEST = 1 << 10  # bytes of a message with a list
MOST = 31  # access points, so that the number of their bytes is one byte
FEWEST_DIFFERENT, MOST_NOUGHTS = 5, 1
GROUP, LOCAL = 1, 2  # the two lowest bits of the first byte (IEEE 802 §8.2)
MANY = 4  # access points, of which a strength may be written without its sign
WEAKEST, STRONGEST = -100, -25  # dBm


EXTENDED = re.compile(rb"(?=(.{3})\xff\xfe(.{3}))", re.DOTALL)
RECORDS = "records of type, length and value"
# Bytes of type and length, and which byte of the length is first.
RECORD_LAYOUTS: tuple[tuple[int, int, Literal["big", "little"]], ...] = (
    (1, 1, "big"), (1, 2, "big"), (2, 2, "big"), (1, 2, "little"), (2, 2, "little"), (2, 1, "big"),
)  # fmt: skip
MOST_HEAD = 13  # bytes before the first record
SHORTEST_RECORDS, FEWEST_RECORDS, FEWEST_TEXTS, FEWEST_LETTERS = 24, 4, 2, 3
WITH_ADDRESS = (6, 10)  # bytes of a value: an address, or one and that of IPv4


class EntryLayout(NamedTuple):
    """Where an entry of a list has what: its bytes, the address, the strength; how few are no chance."""

    size: int
    address: int
    strength: int
    fewest: int


# An address and a strength in either order; with a channel, or flags.
LAYOUTS = (
    EntryLayout(7, 0, 6, 2), EntryLayout(7, 1, 0, 2), EntryLayout(8, 0, 6, 3), EntryLayout(8, 0, 7, 3),
    EntryLayout(8, 1, 0, 3), EntryLayout(8, 2, 0, 3),
)  # fmt: skip
# The number of entries that a byte before them tells, which is that or the number of their bytes.
COUNTS = {
    layout: {count: count for count in range(layout.fewest, MOST + 1)}
    | {count * layout.size: count for count in range(layout.fewest, MOST + 1)}
    for layout in LAYOUTS
}


def _form(layout: EntryLayout) -> re.Pattern[bytes]:
    """Return how a list begins: its count, and two entries whose addresses are of one interface."""
    entry = [b"."] * layout.size
    entry[layout.address] = ONE_INTERFACE
    entry[layout.strength] = rb"[\x19-\x64\x9c-\xe7]"
    counts = b"".join(re.escape(bytes((byte,))) for byte in COUNTS[layout])
    return re.compile(b"(?=[" + counts + b"]" + b"".join(entry) * 2 + b")", re.DOTALL)


ONE_INTERFACE = b"[" + b"".join(re.escape(bytes((byte,))) for byte in range(0, 256, 2)) + b"]"
FORMS = {layout: _form(layout) for layout in LAYOUTS}


def woken(part: MessagePart) -> list[PlainPart]:
    """Return a part with the address that a magic packet is for."""
    data = part.value
    found = None if isinstance(data, str) else TO_WAKE.search(data, 0, WITHIN)
    if found is None:
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
    lists = (
        _entries(data, found.end() + 1, layout, COUNTS[layout][data[found.end()]])
        for layout, form in FORMS.items()
        for found in form.finditer(data)
    )
    longest = max(lists, key=len, default=[])
    path = (*part.path, HEARD)
    of_makers = [text for text in longest if not int(text[:2], 16) & LOCAL]
    if len(of_makers) < max(2, len(longest) / 2):
        return []
    return [("", text, (*path, f"[{number}]"), part.beside) for number, text in enumerate(longest)]


def _entries(data: bytes, at: int, layout: EntryLayout, count: int) -> list[str]:
    """Return each address with its strength, if all of them are such."""
    size = layout.size
    listed = data[at : at + count * size]
    if len(listed) < count * size:
        return []
    made: list[str] = []
    for start in range(0, len(listed), size):
        address = listed[start + layout.address : start + layout.address + SIZE]
        strength = listed[start + layout.strength]
        strength = -strength if count >= MANY and strength < 128 else strength - 256
        if not (WEAKEST <= strength <= STRONGEST and _is_address(address)):
            return []
        made.append(f"{address.hex(':')},{strength}")
    return made


def counted_addresses(part: MessagePart) -> list[PlainPart]:
    """Return a part for each six bytes behind their length that may be an address, no time among them."""
    data = part.value
    if isinstance(data, str) or len(data) > LONGEST:
        return []
    found = [each for each in COUNTED.finditer(data) if _is_address(each[1]) and not _is_time(each[1])]
    path = (*part.path, COUNTED_STEP)
    return [
        ("", each[1].hex(":"), (*path, f"octets {each.start(1)}"), part.beside)
        for each in found[:MOST]
        if not each[1][0] & LOCAL
    ]


def extended_addresses(part: MessagePart) -> list[PlainPart]:
    """Return a part for each EUI-64 that was made of a MAC address: ff:fe is between its halves."""
    data = part.value
    if isinstance(data, str) or len(data) > LONGEST:
        return []
    found = [e for e in EXTENDED.finditer(data) if _is_address(e[1] + e[2]) and not e[1][0] & LOCAL]
    path = (*part.path, "EUI-64")
    return [
        (part.name, (each[1] + each[2]).hex(":"), (*path, f"octets {each.start()}"), part.beside)
        for each in found[:MOST]
    ]


def recorded_addresses(part: MessagePart) -> list[PlainPart]:
    """Return a part for each address among records of type, length and value, of which a message consists."""
    data = part.value
    if isinstance(data, str) or not SHORTEST_RECORDS <= len(data) <= LONGEST:
        return []
    path = (*part.path, RECORDS)
    found: list[PlainPart] = [
        (part.name, value[:SIZE].hex(":"), (*path, f"octets {at}"), part.beside)
        for at, value in records_in(data)
        if len(value) in WITH_ADDRESS and _is_address(value[:SIZE]) and not value[0] & LOCAL
    ]
    return found[:MOST]


def records_in(data: bytes) -> list[tuple[int, bytes]]:
    """Return values and where they begin, if from some place on a message is records to its very end."""
    for kind, length, order in RECORD_LAYOUTS:
        for start in range(MOST_HEAD):
            found = _records(data, start, kind, length, order)
            if found:
                return found
    return []


def _records(
    data: bytes, at: int, kind: int, length: int, order: Literal["big", "little"]
) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    while at + kind + length <= len(data):
        begin = at + kind + length
        at = begin + int.from_bytes(data[at + kind : begin], order)
        if at == begin or at > len(data):
            return []
        found.append((begin, data[begin:at]))
    texts = sum(len(value) >= FEWEST_LETTERS and TEXT.fullmatch(value) is not None for _, value in found)
    return found if at == len(data) and len(found) >= FEWEST_RECORDS and texts >= FEWEST_TEXTS else []


def named_address(part: MessagePart) -> list[PlainPart]:
    """Return an address in hexadecimal where six bytes stand under its name."""
    data = part.value
    if isinstance(data, str) or len(data) != SIZE or not NAME.search(part.name):
        return []
    return [(part.name, data.hex(":"), (*part.path, "hexadecimal of octets"), part.beside)]


def _is_time(data: bytes) -> bool:
    """Return whether bytes are year, month, day, hour, minute and second."""
    _, month, day, hour, minute, second = data
    return 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 60


def _is_address(data: bytes) -> bool:
    """Return whether bytes are the address of one interface, and no text or small numbers."""
    is_one = not data[0] & GROUP and len(set(data)) >= FEWEST_DIFFERENT
    return is_one and data.count(0) <= MOST_NOUGHTS and not TEXT.fullmatch(data)
