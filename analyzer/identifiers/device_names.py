"""Names that devices give themselves, whose last part is a number of their own: `Roomba-3168820C01717200`.

What a device calls itself goes out in DHCP, mDNS and in fields for the name of a host or of a device. A name
that a person chose ends in no such number; names of servers that a device asks for are not its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.identifiers.base import Context, Verdict, finding
from analyzer.identifiers.by_name import IS_UUID
from analyzer.identifiers.mac import is_of_one_interface
from analyzer.identifiers.makers import maker_of
from analyzer.identifiers.placeholders import is_placeholder
from analyzer.model import Field, Finding

# Protocols by which devices name themselves, and the headers in which they do.
SAYS_OWN = frozenset(("dhcp", "mdns"))
HEADERS = frozenset(("host name", "client fqdn", "client id", "label", "name"))
NAMES = re.compile(
    r"(host|device|dev|machine|computer|friendly|thing|node|station|box|dhcp|bt|ble|bluetooth)[_\- ]?name",
    re.IGNORECASE,
)
# A word, and behind a mark the number, of one case and with both letters and digits.
MIXED = r"(?=[0-9]*[A-Fa-f])(?=[A-Fa-f]*[0-9])"
NAME = re.compile(
    r"([A-Za-z][A-Za-z0-9]{2,}(?:[ _.\-]+[A-Za-z0-9]{1,24}){0,4}?)[ _\-]+"
    rf"\[?({MIXED}(?:[0-9A-F]{{8,40}}|[0-9a-f]{{8,40}}))\]?"
)
SHORTEST = 12  # digits under a name in a message of any protocol
# Letters of a maker before the address, as printers and phones for desks have them: BRN30055C8E2F44.
LETTERS_AND_MAC = re.compile(r"[A-Z]{2,4}([0-9A-F]{12})")
LONGEST = 80
MAC_DIGITS = 12


def names_itself(name: str) -> bool:
    """Return whether a field of this name holds what a device calls itself."""
    return NAMES.fullmatch(name) is not None or name.lower() in ("host name", "client fqdn", "label")


class DeviceName:
    """Finds the number at the end of the name of a device: a device ID, or its MAC address."""

    kind = "device_id"
    examples = (
        ("hostname", "Roomba-3168820C01717200"),
        ("device_name", "Example Lamp 9f86d081884c7d65"),
    )
    counterexamples = (
        ("hostname", "web-5d59d67564-abcde"),
        ("hostname", "kari-laptop"),
        ("hostname", "node-deadbeef"),
        ("title", "Roomba-3168820C01717200"),
        ("device_name", "Room 20240131"),
        ("hostname", "ip-0a1b2c3d"),
    )

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """At most one."""
        is_own = context.protocol in SAYS_OWN and field.name.lower() in HEADERS
        if not (is_own or NAMES.fullmatch(field.name)) or len(field.value) > LONGEST:
            return
        label = str(field.value).partition(".")[0].strip()
        if lettered := LETTERS_AND_MAC.fullmatch(label):
            yield from _address(lettered[1], field, context)
        found = None if IS_UUID(label) else NAME.fullmatch(label)
        digits = found[2] if found else ""
        if not found or (len(digits) < SHORTEST and not is_own) or is_placeholder(digits.lower()):
            return
        if found[1].lower() == "android" or _maker(digits):
            return  # detectors of those kinds find it
        said = f"the name of a device ends in {len(digits)} hexadecimal digits of its own"
        yield finding(self.kind, digits, digits, field, Verdict("medium", (said,)), context)


def _address(digits: str, field: Field, context: Context) -> Iterator[Finding]:
    maker, mac = _maker(digits), _colons(digits)
    if maker and is_of_one_interface(mac):
        said = f"letters and six bytes in hexadecimal, whose block is registered to {maker}"
        reasons = (f"the field is named {field.name}", said)
        yield finding("mac", mac, digits, field, Verdict("medium", reasons), context, {"vendor": maker})


def _maker(digits: str) -> str | None:
    return maker_of(_colons(digits)) if len(digits) == MAC_DIGITS else None


def _colons(digits: str) -> str:
    return ":".join(re.findall("..", digits.lower()))
