"""DHCP requests to what a client says of itself: name, vendor class, options asked (RFC 2131, 2132, 8415)."""

from __future__ import annotations

from typing import NamedTuple

CLIENT_PORT, SERVER_PORT = 68, 67
SERVER_PORT_V6 = 547
HOST_NAME, PARAMETER_REQUEST_LIST, VENDOR_CLASS = 12, 55, 60


class DhcpClient(NamedTuple):
    """What a DHCP client says of itself."""

    mac: int
    name: str | None
    vendor_class: str | None
    asked_for: tuple[int, ...] = ()  # option numbers in the order asked: differs between systems


def client_in(datagram: bytes) -> DhcpClient | None:
    """The client that a DHCP request (op 1) comes from; None for all else."""
    from dpkt import dhcp

    try:
        message = dhcp.DHCP(datagram)
    except Exception:  # dpkt raises many kinds on hostile input; such a datagram names nothing
        return None
    if message.op != dhcp.DHCP_OP_REQUEST or message.magic != dhcp.DHCP_MAGIC:
        return None
    options = dict(message.opts)
    return DhcpClient(
        int.from_bytes(message.chaddr[:6], "big"),
        _text(options.get(HOST_NAME)),
        _text(options.get(VENDOR_CLASS)),
        tuple(options.get(PARAMETER_REQUEST_LIST) or b""),
    )


# Options in which a client says something of itself, with their names here (RFC 2132, 3004, 4702).
ETHERNET = 1  # a client id of this kind is the MAC address that DHCP is for
SAID = {12: "host name", 60: "vendor class", 61: "client id", 77: "user class", 81: "client FQDN"}


def options_in(datagram: bytes) -> list[tuple[str, str]]:
    """Return what a DHCP request says of the client in its options; nothing for all else."""
    from dpkt import dhcp

    try:
        message = dhcp.DHCP(datagram)
    except Exception:  # as above
        return []
    if message.op != dhcp.DHCP_OP_REQUEST or message.magic != dhcp.DHCP_MAGIC:
        return []
    found: list[tuple[str, str]] = []
    for number, value in message.opts:
        if number not in SAID or not value or (number == 61 and value[0] == ETHERNET):
            continue
        text = _text(value[3:] if number == 81 else value[1:] if number in (61, 77) else value)
        if text:
            found.append((SAID[number], text))
    return found


# DHCPv6 (RFC 8415 §7.3, §21; RFC 4704): messages of clients, and options in which a client names itself.
SOLICITATIONS = frozenset((1, 3, 4, 5, 6, 8, 9, 11))
CLIENT_ID, USER_CLASS_V6, VENDOR_CLASS_V6, CLIENT_NAME = 1, 15, 16, 39
LINK_LAYER_AND_TIME, ENTERPRISE, LINK_LAYER, UUID = 1, 2, 3, 4  # types of a DUID (RFC 8415 §11, RFC 6355)
# Bytes of a DUID before the address or number that it holds.
BEFORE = {LINK_LAYER_AND_TIME: 8, ENTERPRISE: 6, LINK_LAYER: 4, UUID: 2}
MAC_SIZE, UUID_SIZE = 6, 16
MOST_OPTIONS = 64


def options_v6_in(datagram: bytes) -> list[tuple[str, str]]:
    """Return what a DHCPv6 message says of the client in its options; nothing for all else."""
    if len(datagram) < 8 or datagram[0] not in SOLICITATIONS:
        return []
    found: list[tuple[str, str]] = []
    at = 4
    for _ in range(MOST_OPTIONS):
        kind, length = (int.from_bytes(datagram[at + i : at + i + 2], "big") for i in (0, 2))
        value, at = datagram[at + 4 : at + 4 + length], at + 4 + length
        if len(value) < length or not value:
            break
        if kind == CLIENT_ID:
            found += _duid(value)
        elif kind == CLIENT_NAME:
            labels = _labels(value[1:])
            found += [("client FQDN", labels)] if labels else []
        elif kind in (USER_CLASS_V6, VENDOR_CLASS_V6):
            said = _text(value[2:] if kind == USER_CLASS_V6 else value[6:])
            name = "user class" if kind == USER_CLASS_V6 else "vendor class"
            found += [(name, said)] if said else []
    return found


def _duid(duid: bytes) -> list[tuple[str, str]]:
    """Return the address or the number that a unique identifier of DHCP holds."""
    kind = int.from_bytes(duid[:2], "big")
    held = duid[BEFORE.get(kind, len(duid)) :]
    if kind in (LINK_LAYER_AND_TIME, LINK_LAYER) and len(held) == MAC_SIZE:
        return [("client DUID MAC", held.hex(":"))]
    if kind == UUID and len(held) == UUID_SIZE:
        return [
            (
                "client DUID",
                f"{held[:4].hex()}-{held[4:6].hex()}-{held[6:8].hex()}-{held[8:10].hex()}-{held[10:].hex()}",
            )
        ]
    said = held.decode("ascii", "replace")
    return [("client DUID", said if said.isprintable() and said.isascii() else held.hex())] if held else []


def _labels(data: bytes) -> str:
    """Return a name in the form of DNS, with its dots (RFC 1035 §3.1)."""
    labels: list[str] = []
    while data and data[0] and data[0] < len(data):
        labels.append(data[1 : 1 + data[0]].decode("utf-8", "backslashreplace"))
        data = data[1 + data[0] :]
    return ".".join(labels)


def _text(value: bytes | None) -> str | None:
    return value.decode("utf-8", "backslashreplace").rstrip("\0") or None if value else None
