"""DHCP requests to what a client says of itself: name, vendor class, options asked (RFC 2131, 2132)."""

from __future__ import annotations

from typing import NamedTuple

CLIENT_PORT, SERVER_PORT = 68, 67
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


def _text(value: bytes | None) -> str | None:
    return value.decode("utf-8", "backslashreplace").rstrip("\0") or None if value else None
