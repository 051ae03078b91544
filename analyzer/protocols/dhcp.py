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


def _text(value: bytes | None) -> str | None:
    return value.decode("utf-8", "backslashreplace").rstrip("\0") or None if value else None
