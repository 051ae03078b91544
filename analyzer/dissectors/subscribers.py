"""RADIUS, Diameter and GTP: who a network's access servers say a subscriber and a phone are, as tables.

EAP inside RADIUS and Diameter gives identities; a number in them is an IMSI where its form says so
(3GPP TS 23.003 §14.2, RFC 4186 §4.1.1.6).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from analyzer.dissectors.api import (
    NOT_READABLE,
    NOT_SHOWN,
    ByteReader,
    DirectionBytes,
    HttpMessage,
    MalformedError,
    MessagePlace,
    login,
    tbcd,
    text,
)

Pair = tuple[str, str]

# ── identities ──────────────────────────────────────────────────────────────

STATION = re.compile(rb"([0-9A-Fa-f]{2}(?:[-:.]?[0-9A-Fa-f]{2}){5})(?::(.{1,32}))?", re.DOTALL)
CISCO_STATION = re.compile(rb"([0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})(?::(.{1,32}))?", re.DOTALL)
DIGITS = re.compile(rb"\+?\d{8,15}")
IDENTITY = re.compile(
    r"[016](\d{14,15})@(?:\w+\.)?wlan\.mnc\d{2,3}\.mcc\d{3}\.3gppnetwork\.org|[016]?(\d{15})(?:@.*)?"
)
STANDARD = re.compile(
    r"@(?:[\w-]+\.)*3gppnetwork\.org\Z"
)  # 3GPP TS 23.003 §14.2: made of the codes of a network
MAIL = re.compile(r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,4}[A-Za-z]{2,24}", re.ASCII)
RESPONSE, IDENTITY_TYPE, OF_SIM = 2, 1, (18, 23, 50)  # EAP-SIM, EAP-AKA, EAP-AKA' (RFC 4186, 4187, 5448)
AT_IDENTITY = 14


def station(name: str, value: bytes) -> Iterator[Pair]:
    """Yield a station's address and network name (RFC 3580 §3.20), a number, or what else it is."""
    found = STATION.fullmatch(value) or CISCO_STATION.fullmatch(value)
    if found is not None:
        plain = re.sub(rb"[^0-9A-Fa-f]", b"", found[1]).decode().lower()
        address = ":".join(plain[at : at + 2] for at in range(0, 12, 2))
        yield ("BSSID" if name == "Called-Station-Id" else f"{name} MAC"), address
        if found[2]:
            yield "SSID", text(found[2])
    elif DIGITS.fullmatch(value):
        yield (f"{name} MSISDN" if name == "Calling-Station-Id" else name), text(value)
    else:
        yield name, text(value)


def identity(value: str) -> Iterator[Pair]:
    """Yield the IMSI that a user name or EAP identity consists of, if it does."""
    if found := IDENTITY.fullmatch(value):
        yield "IMSI", found[1] or found[2]


def account(user: str) -> str:
    """Return a user name; empty where it is made of a subscriber's number, which is no name of an account."""
    return "" if STANDARD.search(user) or any(True for _ in identity(user)) else user


def account_as(user: str) -> Iterator[Pair]:
    """Yield what a user name is besides: an IMSI, or an address of the form of mail."""
    yield from identity(user)
    if MAIL.fullmatch(user) and not STANDARD.search(user):
        yield "user email", user


def eap(data: bytes) -> Iterator[Pair]:
    """Yield the identities of an EAP response (RFC 3748 §5.1, RFC 4186 §9.3)."""
    if len(data) < 5 or data[0] != RESPONSE:
        return
    kind, rest = data[4], data[5:]
    if kind == IDENTITY_TYPE:
        yield "EAP identity", text(rest)
        yield from identity(text(rest))
    elif kind in OF_SIM:
        cursor = ByteReader(rest, min(3, len(rest)))
        while cursor.left() >= 4:
            attribute, size = cursor.number(1), 4 * cursor.number(1) - 2
            value = cursor.take(size)
            if attribute == AT_IDENTITY:
                name = text(value[2 : 2 + int.from_bytes(value[:2], "big")])
                yield "EAP identity", name
                yield from identity(name)


def _text(name: str) -> Callable[[bytes], Iterator[Pair]]:
    return lambda value: iter(((name, text(value)),))


def _station(name: str) -> Callable[[bytes], Iterator[Pair]]:
    return lambda value: station(name, value)


def _tbcd(name: str) -> Callable[[bytes], Iterator[Pair]]:
    return lambda value: iter(((name, tbcd(value)),))


def _isdn(value: bytes) -> Iterator[Pair]:
    """An ISDN address (3GPP TS 29.002 §17.7.8): a byte of type and plan, then TBCD."""
    yield "MSISDN", ("+" if value[:1] == b"\x91" else "") + tbcd(value[1:])


def _imeisv(value: bytes) -> Iterator[Pair]:
    yield "IMEISV" if len(re.sub(rb"\D", b"", value)) == 16 else "IMEI", text(value)


def _subscription(value: bytes) -> Iterator[Pair]:
    yield "Subscription-Id", text(value)


Reads = Callable[[bytes], Iterator[Pair]]

# ── RADIUS (RFC 2865, 2866, 2869, 3579; 3GPP TS 29.061 §16.4.7) ─────────────

RADIUS_CODES = {1: "Access-Request", 2: "Access-Accept", 3: "Access-Reject", 4: "Accounting-Request",
                5: "Accounting-Response", 11: "Access-Challenge", 12: "Status-Server",
                40: "Disconnect-Request", 43: "CoA-Request"}  # fmt: skip
USER_NAME, USER_PASSWORD, CHAP_PASSWORD, VENDOR, EAP_MESSAGE = 1, 2, 3, 26, 79
THREE_GPP = 10415
ATTRIBUTES: dict[int, Reads] = {
    11: _text("Filter-Id"), 18: _text("Reply-Message"), 30: _station("Called-Station-Id"),
    31: _station("Calling-Station-Id"), 32: _text("NAS-Identifier"), 44: _text("Acct-Session-Id"),
    50: _text("Acct-Multi-Session-Id"), 77: _text("Connect-Info"), 87: _text("NAS-Port-Id"),
    89: _text("Chargeable-User-Identity"),
}  # fmt: skip
OF_3GPP: dict[int, Reads] = {1: _text("IMSI"), 8: _text("IMSI operator"), 20: _imeisv}
PASSWORDS = {2: "sent under a key of the access server", 3: NOT_READABLE}


def radius(data: bytes, place: MessagePlace) -> list[HttpMessage]:
    """Return the message of a RADIUS packet. Raises MalformedError where the attributes are not whole."""
    length = int.from_bytes(data[2:4], "big")
    if not 20 <= length <= len(data) or data[0] not in RADIUS_CODES:
        raise MalformedError("no packet")
    cursor, user, password, inner = ByteReader(data, 20, length), "", "", b""
    found: list[Pair] = []
    while cursor.left():
        kind, size = cursor.number(1), cursor.number(1)
        value = cursor.take(size - 2)
        if kind == USER_NAME:
            user = text(value)
        elif kind in PASSWORDS:
            password = PASSWORDS[kind]
        elif kind == EAP_MESSAGE:
            inner += value
        elif kind == VENDOR:
            found += _vendor(value)
        elif kind in ATTRIBUTES:
            found += ATTRIBUTES[kind](value)
    found += [*_quietly(eap, inner), *account_as(user)]
    return [login("radius", RADIUS_CODES[data[0]], place, account(user), password, _once(found))]


def _vendor(value: bytes) -> Iterator[Pair]:
    """The sub-attributes of a vendor: those of 3GPP by name, the text of others (Cisco's av-pairs)."""
    vendor, cursor = int.from_bytes(value[:4], "big"), ByteReader(value, min(4, len(value)))
    while cursor.left() >= 2:
        kind, size = cursor.number(1), cursor.number(1)
        if not 2 <= size <= cursor.left() + 2:
            return
        inner = cursor.take(size - 2)
        if vendor == THREE_GPP and kind in OF_3GPP:
            yield from OF_3GPP[kind](inner)
        elif vendor != THREE_GPP and len(inner) >= 6 and inner.isascii() and inner.decode().isprintable():
            name, sign, said = inner.decode().partition("=")
            yield (name[-64:], said) if sign else ("vendor", name)


def _quietly(read: Reads, value: bytes) -> list[Pair]:
    try:
        return list(read(value))
    except MalformedError:
        return []


def _once(pairs: Iterable[Pair]) -> list[Pair]:
    return list(dict.fromkeys((name, value) for name, value in pairs if value))


# ── Diameter (RFC 6733 §3, §4; RFC 4072, 8506; 3GPP TS 29.061, 29.272) ──────

GROUPED = frozenset((443, 458, 1401, 873, 874, 284, 279, 297, 456, 1400, 2040, 260, 606, 628))
AVPS: dict[tuple[int, int], Reads] = {
    (0, 30): _station("Called-Station-Id"), (0, 31): _station("Calling-Station-Id"),
    (0, 32): _text("NAS-Identifier"), (0, 87): _text("NAS-Port-Id"), (0, 263): _text("Session-Id"),
    (0, 264): _text("Origin-Host"), (0, 283): _text("Destination-Realm"), (0, 462): eap,
    (0, 444): _subscription, (0, 460): _text("User-Equipment-Info"), (10415, 1): _text("IMSI"),
    (10415, 20): _imeisv, (10415, 601): _text("Public-Identity"), (10415, 701): _tbcd("MSISDN"),
    (10415, 1402): _text("IMEI"), (10415, 1403): _text("software version"),
    (10415, 3104): _tbcd("SC-Address"), (10415, 643): _isdn, (10415, 5): _text("GGSN"),
}  # fmt: skip
COMMANDS = {
    257: "Capabilities-Exchange", 265: "AA", 268: "Diameter-EAP", 271: "Accounting",
    272: "Credit-Control", 275: "Session-Termination", 300: "User-Authorization", 303: "Multimedia-Auth",
    316: "Update-Location", 318: "Authentication-Information", 321: "Purge-UE", 324: "ME-Identity-Check",
}  # fmt: skip
DIAMETER_USER, SUBSCRIPTION_TYPE, SUBSCRIPTION, EQUIPMENT_TYPE, EQUIPMENT = 1, 450, 444, 459, 460
SUBSCRIPTIONS = {0: "MSISDN", 1: "IMSI", 2: "SIP URI", 3: "NAI"}  # RFC 8506 §8.47
EQUIPMENTS = {0: "IMEISV", 1: "MAC", 2: "EUI-64"}  # RFC 8506 §8.50
DEEPEST, MOST_AVPS = 6, 500


class Diameter(DirectionBytes):
    """User names, subscriptions and terminals of each message."""

    name = "diameter"

    @staticmethod
    def fits(data: bytes) -> bool:
        """Return whether the length is in fours and the first AVP lies within the message."""
        size = int.from_bytes(data[1:4], "big")
        first = int.from_bytes(data[25:28], "big") if len(data) >= 28 else 8
        return size % 4 == 0 and size >= 20 and 8 <= first <= size - 20 and not data[4] & 0x0F

    def length(self, side: int, data: bytearray) -> int:
        if data[0] != 1:
            raise MalformedError("another version")
        size = int.from_bytes(data[1:4], "big") if len(data) >= 4 else 0
        if len(data) >= 4 and (size < 20 or size % 4):
            raise MalformedError("no message")
        return size

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        command = int.from_bytes(data[5:8], "big")
        named = f"{COMMANDS.get(command, command)} {'request' if data[4] & 0x80 else 'answer'}"
        found = list(_avps(ByteReader(data, 20), 0, [MOST_AVPS]))
        given = dict(reversed(found))
        user, password = given.get("User-Name", ""), given.get("Password", "")
        others = [pair for pair in found if pair[0] not in ("User-Name", "Password")]
        yield login(self.name, named, place, account(user), password, _once([*others, *account_as(user)]))


def _avps(cursor: ByteReader, depth: int, left: list[int]) -> Iterator[Pair]:
    kind = 0
    while cursor.left() >= 8 and left[0]:
        left[0] -= 1
        code, flags, size = cursor.number(4), cursor.number(1), cursor.number(3)
        vendor = cursor.number(4) if flags & 0x80 else 0
        size -= 12 if flags & 0x80 else 8
        value = cursor.take(size)
        cursor.take(min(-size % 4, cursor.left()))
        if code in GROUPED and depth < DEEPEST:
            yield from _avps(ByteReader(value), depth + 1, left)
        elif code in (SUBSCRIPTION_TYPE, EQUIPMENT_TYPE) and not vendor:
            kind = int.from_bytes(value, "big")
        elif code in (SUBSCRIPTION, EQUIPMENT) and not vendor:
            yield from _of_kind(code, kind, value)
        elif code == DIAMETER_USER and not vendor:
            yield "User-Name", text(value)
        elif code == 2 and not vendor:  # User-Password: what TLS is for, RFC 7155 §4.3.1
            yield "Password", NOT_SHOWN
        elif (vendor, code) in AVPS:
            yield from AVPS[vendor, code](value)


def _of_kind(code: int, kind: int, value: bytes) -> Iterator[Pair]:
    """A subscription or a piece of equipment under the kind that stands before it."""
    if code == SUBSCRIPTION:
        yield SUBSCRIPTIONS.get(kind, "Subscription-Id"), text(value)
    elif kind == 1 and len(value) == 6:
        yield "MAC", value.hex(":")
    else:
        yield EQUIPMENTS.get(kind, "User-Equipment-Info"), text(value)


# ── GTP version 1 and 2, control plane (3GPP TS 29.060 §7, TS 29.274 §8) ────

# Fixed sizes of version 1's elements with types below 128; those above carry a length.
SIZES = {
    1: 1, 2: 8, 3: 6, 4: 4, 5: 4, 8: 1, 9: 3, 11: 1, 12: 3, 13: 1, 14: 1, 15: 1, 16: 4, 17: 4, 18: 5,
    19: 1, 20: 1, 21: 1, 22: 1, 23: 1, 24: 1, 25: 2, 26: 2, 27: 2, 28: 2, 29: 1, 126: 1, 127: 4,
}  # fmt: skip
OF_1: dict[int, Reads] = {2: _tbcd("IMSI"), 131: _text("access point name"), 134: _isdn, 154: _tbcd("IMEISV")}
OF_2: dict[int, Reads] = {
    1: _tbcd("IMSI"),
    75: _tbcd("IMEISV"),
    76: _tbcd("MSISDN"),
    71: _text("access point name"),
}
GTP_NAMES = {
    16: "Create PDP Context Request", 18: "Update PDP Context Request", 20: "Delete PDP Context Request",
    32: "Create Session Request", 34: "Modify Bearer Request", 36: "Delete Session Request",
    48: "Identification Request", 50: "SGSN Context Request",
}  # fmt: skip
MOST_ELEMENTS = 100


def gtp(data: bytes, place: MessagePlace) -> list[HttpMessage]:
    """Return the message of a control packet. Raises MalformedError where the elements are not whole."""
    version, flags, kind = data[0] >> 5, data[0], data[1]
    size = int.from_bytes(data[2:4], "big")
    if version == 1:
        begin, end = (12 if flags & 7 else 8), 8 + size
    elif version == 2:
        begin, end = (12 if flags & 8 else 8), 4 + size
    else:
        raise MalformedError("another version")
    if end != len(data):
        raise MalformedError("another length")
    elements = _of_version_1 if version == 1 else _of_version_2
    found = _once(elements(ByteReader(data, begin, end)))
    return [login("gtp", GTP_NAMES.get(kind, f"message {kind}"), place, "", "", found)]


def _of_version_1(cursor: ByteReader) -> Iterator[Pair]:
    for _ in range(MOST_ELEMENTS):
        if not cursor.left():
            return
        kind = cursor.number(1)
        if kind < 128 and kind not in SIZES:
            raise MalformedError("no such element")
        value = cursor.take(SIZES[kind]) if kind < 128 else cursor.counted(2)
        yield from OF_1[kind](value) if kind in OF_1 else ()


def _of_version_2(cursor: ByteReader) -> Iterator[Pair]:
    for _ in range(MOST_ELEMENTS):
        if not cursor.left():
            return
        kind, size = cursor.number(1), cursor.number(2)
        cursor.take(1)
        value = cursor.take(size)
        yield from OF_2[kind](value) if kind in OF_2 else ()
