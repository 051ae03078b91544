"""The first bytes of VPNs, tunnels and proxies: each form as a question to many payloads at once.

A form says what a payload looks like, by fixed values, lengths and numbers that repeat; chance meets none of
them once in four thousand million payloads, unless the text says that a port had to help.
"""

from __future__ import annotations

import numpy as np

from analyzer.dissectors.first_payloads import ANY, TCP, UDP, Bools, FirstPayload, FirstPayloads, is_at


def _socks5(f: FirstPayloads) -> Bools:
    """RFC 1928 §3: version, number of methods, methods; only methods that are assigned or private."""
    count = f.u8(1)
    here = np.arange(2, f.data.shape[1]) < (2 + count)[:, None]
    known = (f.data[:, 2:] <= 9) | (f.data[:, 2:] >= 0x80)
    return (f.u8(0) == 5) & (count > 0) & (f.length == count + 2) & (known | ~here).all(axis=1)


def _socks4(f: FirstPayloads) -> Bools:
    """Version, command, and a user name that ends the message."""
    whole = (f.length >= 9) & (f.length <= f.data.shape[1])
    last = f.data[np.arange(len(f)), np.clip(f.length - 1, 0, f.data.shape[1] - 1)]
    return whole & (f.u8(0) == 4) & (f.u8(1) >= 1) & (f.u8(1) <= 2) & (last == 0)


def _pptp(f: FirstPayloads) -> Bools:
    """The cookie of its control messages (RFC 2637 §1.4)."""
    return (f.length >= 12) & (f.u32(4) == 0x1A2B3C4D)


def _wireguard(f: FirstPayloads) -> Bools:
    """Messages 1 to 3 have fixed lengths; data is padded to 16 bytes (<https://www.wireguard.com/protocol/>).

    Of data, the upper half of the counter is zero until 2^32 packets were sent.
    """
    kind = f.u32(0)
    handshake = np.zeros(len(f), np.bool_)
    for number, length in ((1, 148), (2, 92), (3, 64)):
        handshake |= (kind == number << 24) & (f.length == length)
    data = (kind == 4 << 24) & (f.length >= 32) & (f.length % 16 == 0) & (f.u32(12) == 0)
    return handshake | data


def _openvpn(f: FirstPayloads, at: int = 0) -> Bools:
    """A hard reset of the client, version 2 or 3, with the first packet id.

    Plain it ends in zeros; with tls-auth these stand behind an HMAC, a packet id and a time; with
    tls-crypt packet id and time come first (<https://openvpn.github.io/openvpn-rfc/openvpn-wire-protocol.html>).
    """
    length, opcode = f.length - at, f.u8(at)
    found = (length == 14) & _is_zero(f, at + 9)
    for hmac in (20, 32, 64):
        found |= (length == 22 + hmac) & (f.u32(at + 9 + hmac) == 1) & _is_zero(f, at + 17 + hmac)
    # A tls-crypt reset of version 3 carries the client's wrapped key behind it.
    crypt = (length == 54) | ((opcode == 0x50) & (length > 54))
    found |= crypt & np.isin(f.u32(at + 9), (1, 0x0F000001))
    return found & ((opcode == 0x38) | (opcode == 0x50))


def _is_zero(f: FirstPayloads, at: int) -> Bools:
    """Whether no packet is acknowledged and the message is the first: five zeros."""
    return (f.u8(at) == 0) & (f.u32(at + 1) == 0)


def _openvpn_tcp(f: FirstPayloads) -> Bools:
    """The same behind a length of two bytes."""
    return (f.u16(0) == f.length - 2) & _openvpn(f, 2)


def _ike(f: FirstPayloads) -> Bools:
    """IKE (RFC 7296 §3.1): version 1.0 or 2.0, the length repeated; behind four zeros too (RFC 3948 §2.2)."""
    return _ike_at(f, 0) | ((f.u32(0) == 0) & _ike_at(f, 4))


def _ike_at(f: FirstPayloads, at: int) -> Bools:
    version = f.u8(at + 17)
    return (
        (f.length >= at + 28)
        & (f.u32(at) != 0)
        & ((version == 0x10) | (version == 0x20))
        & (f.u32(at + 24) == f.length - at)
    )


def _esp_in_udp(f: FirstPayloads) -> Bools:
    """A security parameter index that is not reserved, on port 4500 (RFC 3948 §2.1, RFC 4303 §2.1)."""
    return f.port(4500) & (f.length >= 24) & (f.u32(0) >= 256)


def _l2tp(f: FirstPayloads) -> Bools:
    """A control message: its flags, version 2 or 3, the length repeated (RFC 2661 §3.1, RFC 3931 §3.2.1)."""
    flags = f.u16(0)
    return ((flags == 0xC802) | (flags == 0xC803)) & (f.u16(2) == f.length) & (f.length >= 12)


VPN_FORMS = (
    FirstPayload("socks 5", TCP, _socks5),
    FirstPayload("socks 4", TCP, _socks4),
    FirstPayload("pptp", TCP, _pptp),
    FirstPayload("ssh", TCP, is_at(0, b"SSH-")),  # RFC 4253 §4.2
    FirstPayload("openvpn", TCP, _openvpn_tcp),
    FirstPayload("wireguard", UDP, _wireguard),
    FirstPayload("openvpn", UDP, _openvpn),
    FirstPayload("ipsec ike", UDP, _ike),
    FirstPayload("l2tp", UDP, _l2tp),
    FirstPayload("ipsec esp", UDP, _esp_in_udp),
    FirstPayload("tailscale", ANY, is_at(0, b"TS\xf0\x9f\x92\xac")),  # its discovery messages
)
