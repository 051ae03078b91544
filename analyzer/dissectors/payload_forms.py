"""The first bytes of named protocols that are neither HTTP nor TLS: what each begins with, who can read it.

A port alone names nothing here; where the bytes are too few to tell, form and port have to agree.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analyzer.dissectors.first_payloads import (
    ANY,
    TCP,
    UDP,
    Bools,
    FirstPayload,
    FirstPayloads,
    is_at,
    starts,
)
from analyzer.dissectors.vpn import VPN_FORMS


def _on(ports: tuple[int, ...], fits: Callable[[FirstPayloads], Bools]) -> Callable[[FirstPayloads], Bools]:
    """A question that a port has to support."""
    return lambda firsts: firsts.port(*ports) & fits(firsts)


def _dns(f: FirstPayloads) -> Bools:
    """A header of twelve bytes: a known opcode, the reserved bit 0, few questions (RFC 1035 §4.1.1)."""
    opcode = f.u8(2) >> 3 & 15
    return (f.length >= 12) & (opcode <= 6) & (opcode != 3) & (f.u8(3) & 0x40 == 0) & (f.u16(4) <= 16)


def _dns_tcp(f: FirstPayloads) -> Bools:
    """The same behind a length of two bytes (RFC 1035 §4.2.2)."""
    opcode = f.u8(4) >> 3 & 15
    whole = (f.length >= 14) & (f.u16(0) >= 12) & (opcode <= 6) & (f.u8(5) & 0x40 == 0) & (f.u16(6) <= 16)
    return whole | ((f.length == 2) & (f.u16(0) >= 12))


def _dhcp(f: FirstPayloads) -> Bools:
    return (f.u8(0) >= 1) & (f.u8(0) <= 2) & (f.length >= 236)  # RFC 2131 §2


def _ntp(f: FirstPayloads) -> Bools:
    """Version 1 to 4 and a mode, 48 bytes or more (RFC 5905 §7.3); modes 6 and 7 are shorter."""
    version, mode = f.u8(0) >> 3 & 7, f.u8(0) & 7
    known = (version >= 1) & (version <= 4) & (mode >= 1)
    return known & ((f.length >= 48) | ((mode >= 6) & (f.length >= 8)))


def _stun(f: FirstPayloads) -> Bools:
    """The magic cookie, and a length in fours that is the rest of the message (RFC 8489 §5)."""
    rest = f.length - 20
    return (f.u8(0) < 0x40) & (f.u32(4) == 0x2112A442) & (f.u16(2) == rest) & (rest % 4 == 0)


def _turn(f: FirstPayloads) -> Bools:
    """STUN with a method that only relaying has: Allocate to ChannelBind (RFC 8656 §17)."""
    method = f.u16(0) & 0xFEEF
    return _stun(f) & (method >= 3) & (method <= 9)


def _snmp(f: FirstPayloads) -> Bools:
    """A sequence that starts with a version of 0, 1 or 3, in BER (RFC 1157, RFC 3412)."""
    version = np.where(f.u8(1) == 0x82, f.u8(6), np.where(f.u8(1) == 0x81, f.u8(5), f.u8(4)))
    return (f.u8(0) == 0x30) & np.isin(version, (0, 1, 3))


def _mqtt(f: FirstPayloads) -> Bools:
    """CONNECT with the protocol's name (MQTT 3.1.1 §3.1.2.1)."""
    named = is_at(2, b"\0\4MQTT")(f) | is_at(3, b"\0\4MQTT")(f) | is_at(2, b"\0\6MQIsdp")(f)
    return (f.u8(0) == 0x10) & named


def _telnet(f: FirstPayloads) -> Bools:
    """An option negotiation: IAC WILL, WONT, DO or DONT (RFC 854)."""
    return (f.u8(0) == 0xFF) & (f.u8(1) >= 0xFB) & (f.u8(1) <= 0xFE) & (f.length >= 3)


def _smb(f: FirstPayloads) -> Bools:
    """Version 1 or later behind a session header (MS-SMB2 §2.1)."""
    return is_at(4, b"\xffSMB")(f) | is_at(4, b"\xfeSMB")(f)


def _dht(f: FirstPayloads) -> Bools:
    return starts(b"d1:ad2:id20:", b"d1:rd2:id20:", b"d2:ip6:")(f)


_SMTP, _FTP, _POP3, _IMAP = (25, 587, 2525), (21,), (110,), (143,)
_SIP = (b"SIP/2.0 ", b"REGISTER sip", b"INVITE sip:", b"OPTIONS sip:", b"SUBSCRIBE sip:", b"NOTIFY sip:",
        b"MESSAGE sip:", b"ACK sip:", b"BYE sip:", b"PUBLISH sip:")  # fmt: skip

_XMPP = (b"<?xml version='1.0'?><stream", b'<?xml version="1.0"?><stream', b"<stream:stream")

# The first form that fits names the payload.
FORMS = (
    FirstPayload("dns", UDP, _on((53,), _dns)),
    *VPN_FORMS[:5],
    FirstPayload("dns", TCP, _on((53,), _dns_tcp)),
    FirstPayload("smtp", TCP, _on(_SMTP, starts(b"220 ", b"220-", b"EHLO ", b"HELO ", b"ehlo ", b"helo "))),
    FirstPayload("ftp", TCP, _on(_FTP, starts(b"220 ", b"220-", b"USER ", b"user "))),
    FirstPayload("pop3", TCP, _on(_POP3, starts(b"+OK", b"USER ", b"CAPA"))),
    FirstPayload("imap", TCP, _on(_IMAP, starts(b"* OK", b"* PREAUTH"))),
    FirstPayload("telnet", TCP, _telnet),
    FirstPayload("mqtt", TCP, _mqtt),
    FirstPayload("xmpp", TCP, starts(*_XMPP)),
    FirstPayload("rtsp", TCP, starts(b"RTSP/1.0 ", b"OPTIONS rtsp", b"DESCRIBE rtsp")),
    FirstPayload("irc", TCP, _on((6667, 6668, 6669), starts(b"NICK ", b"USER ", b"CAP LS", b"PASS "))),
    FirstPayload("bittorrent", TCP, is_at(0, b"\x13BitTorrent protocol")),
    FirstPayload("smb", TCP, _smb),
    FirstPayload("mdns", UDP, _on((5353,), _dns)),
    FirstPayload("llmnr", UDP, _on((5355,), _dns)),
    FirstPayload("netbios names", UDP, _on((137,), _dns)),
    FirstPayload("dhcp", UDP, _on((67, 68), _dhcp)),
    FirstPayload("dhcpv6", UDP, _on((546, 547), lambda f: (f.u8(0) >= 1) & (f.u8(0) <= 36))),
    FirstPayload("ntp", UDP, _on((123,), _ntp)),
    FirstPayload("ssdp", UDP, starts(b"M-SEARCH * HTTP/1.1", b"NOTIFY * HTTP/1.1")),
    FirstPayload("ssdp", UDP, _on((1900,), starts(b"HTTP/1.1 200"))),
    FirstPayload("turn", ANY, _turn),
    FirstPayload("stun", ANY, _stun),
    FirstPayload("sip", ANY, starts(*_SIP)),
    FirstPayload("snmp", UDP, _on((161, 162), _snmp)),
    FirstPayload("bittorrent dht", UDP, _dht),
    *VPN_FORMS[5:],
)  # fmt: skip

# Protocols whose bytes anyone on the way can read; of the others some parts, or none.
READABLE_FORMS = frozenset(
    """
    dns mdns llmnr dhcp dhcpv6 ntp ssdp smtp ftp pop3 imap telnet mqtt xmpp rtsp irc sip snmp stun
    """.split()  # noqa: SIM905
) | {"netbios names", "ipsec ah"}
