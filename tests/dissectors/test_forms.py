"""What a flow is by its first bytes: each form meets its protocol, and nothing else."""

from __future__ import annotations

import random

import dpkt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.contrib.stun import STUN
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.isakmp import ISAKMP
from scapy.layers.l2tp import L2TP
from scapy.layers.ntp import NTPHeader
from scapy.layers.snmp import SNMP

from analyzer.dissectors.byte_forms import forms_of
from analyzer.dissectors.first_payloads import LOOKED_AT, TCP, UDP, firsts_of
from analyzer.dissectors.payload_forms import FORMS
from tests.dissectors.forms import form_of
from tests.examples import examples

QUESTION = bytes(DNS(id=1, qd=DNSQR(qname="example.cn")))
STUN_BINDING = bytes.fromhex("000100002112a442") + bytes(range(12))
ALLOCATE = bytes.fromhex("000300002112a442") + bytes(range(12))


FIRST_ID, NO_ACK = b"\0\0\0\1time", bytes(5)


def reset(rest: bytes, opcode: int = 0x38) -> bytes:
    """OpenVPN's first message."""
    return bytes([opcode]) + bytes(range(8)) + rest


def wireguard(kind: int, length: int) -> bytes:
    return bytes([kind, 0, 0, 0]) + bytes(range(1, 5)) + bytes(8) + random.Random(kind).randbytes(length - 16)


@pytest.mark.parametrize(
    ("payload", "transport", "port", "form"),
    [
        (QUESTION, UDP, 53, "dns"),
        (QUESTION, UDP, 5353, "mdns"),
        (QUESTION, UDP, 5355, "llmnr"),
        (QUESTION, UDP, 9999, ""),
        (len(QUESTION).to_bytes(2, "big") + QUESTION, TCP, 53, "dns"),
        (b"\xff" * 40, UDP, 53, ""),  # a tunnel over the port of DNS is no DNS
        (bytes(BOOTP(op=1) / DHCP(options=[("message-type", "discover"), "end"])), UDP, 67, "dhcp"),
        (bytes(NTPHeader(ref=1, orig=1, recv=1, sent=1)), UDP, 123, "ntp"),
        (b"\x16\x02\x00\x01" + bytes(8), UDP, 123, "ntp"),
        (b"\xff" * 48, UDP, 123, ""),
        (STUN_BINDING, UDP, 3478, "stun"),
        (STUN_BINDING, TCP, 443, "stun"),
        (STUN_BINDING + b"x", UDP, 3478, ""),
        (ALLOCATE, UDP, 3478, "turn"),
        (bytes(SNMP()), UDP, 161, "snmp"),
        (bytes(ISAKMP(init_cookie=b"12345678")), UDP, 500, "ipsec ike"),
        (bytes(4) + bytes(ISAKMP(init_cookie=b"12345678")), UDP, 4500, "ipsec ike"),
        (b"\x12\x34\x56\x78" + bytes(28), UDP, 4500, "ipsec esp"),
        (b"\x12\x34\x56\x78" + bytes(28), UDP, 4501, ""),
        (b"\xc8\x02\x00\x14" + bytes(16), UDP, 1701, "l2tp"),
        (b"\xc8\x02\x00\x15" + bytes(16), UDP, 1701, ""),
        (wireguard(1, 148), UDP, 51820, "wireguard"),
        (wireguard(2, 92), UDP, 51820, "wireguard"),
        (wireguard(3, 64), UDP, 51820, "wireguard"),
        (wireguard(4, 96), UDP, 443, "wireguard"),
        (wireguard(4, 97), UDP, 51820, ""),
        (b"\x00\x0e\x38" + bytes(range(8)) + bytes(5), TCP, 1194, "openvpn"),
        (b"\x38" + bytes(range(8)) + b"\1" * 5, UDP, 1194, ""),
        (reset(b"h" * 20 + FIRST_ID + NO_ACK), UDP, 1194, "openvpn"),
        (reset(b"h" * 64 + FIRST_ID + NO_ACK), UDP, 443, "openvpn"),
        (reset(b"h" * 20 + FIRST_ID + b"\1" * 5), UDP, 1194, ""),
        (reset(FIRST_ID + b"h" * 32 + b"secret"[:5]), UDP, 1194, "openvpn"),
        (reset(FIRST_ID + b"h" * 300, 0x50), UDP, 1194, "openvpn"),
        (reset(FIRST_ID + b"h" * 300, 0x38), UDP, 1194, ""),
        (b"TS\xf0\x9f\x92\xac" + bytes(60), UDP, 41641, "tailscale"),
        (b"220 mail.example ESMTP\r\n", TCP, 25, "smtp"),
        (b"220 ftp.example\r\n", TCP, 21, "ftp"),
        (b"220 anything\r\n", TCP, 4000, ""),
        (b"+OK ready\r\n", TCP, 110, "pop3"),
        (b"* OK IMAP4rev1\r\n", TCP, 143, "imap"),
        (b"\xff\xfd\x18\xff\xfd\x20", TCP, 23, "telnet"),
        (b"\x10\x1a\x00\x04MQTT\x04\x02\x00\x3c" + bytes(16), TCP, 1883, "mqtt"),
        (b"REGISTER sip:example.cn SIP/2.0\r\n", UDP, 5060, "sip"),
        (b"M-SEARCH * HTTP/1.1\r\n", UDP, 1900, "ssdp"),
        (b"\x13BitTorrent protocol" + bytes(48), TCP, 6881, "bittorrent"),
        (b"d1:ad2:id20:" + bytes(20), UDP, 6881, "bittorrent dht"),
        (b"\x00\x00\x00\x2f\xffSMB" + bytes(40), TCP, 445, "smb"),
        (b"", UDP, 53, ""),
    ],
)  # fmt: skip
def test_a_payload_has_the_form_of_its_protocol(payload: bytes, transport: int, port: int, form: str) -> None:
    assert form_of(payload, transport == TCP, (40000, port)) == form
    assert form_of(payload, transport == TCP, (port, 40000)) == form


def test_what_libraries_make_is_recognised_too() -> None:
    assert form_of(bytes(STUN()), False) in ("stun", "")
    assert form_of(bytes(L2TP(hdr="control+length", len=12) / b""), False, (1701, 1701)) in ("l2tp", "")
    assert form_of(bytes(dpkt.sip.Request(method="INVITE", uri="sip:me@example.cn")), False) == "sip"


def test_random_bytes_have_no_form_without_a_port_s_help() -> None:
    chance = random.Random(7)
    payloads = [chance.randbytes(chance.randrange(1, 400)) for _ in range(20_000)]
    data = np.frombuffer(b"".join(payloads), np.uint8)
    length = np.array([len(payload) for payload in payloads])
    start = np.cumsum(length) - length
    for transport in (TCP, UDP):
        firsts = firsts_of(
            data, start, length, np.full(len(length), transport), np.full((len(length), 2), 40000)
        )
        named = [FORMS[n - 1].name for n in forms_of(firsts).tolist() if n]
        # Telnet's form is two bytes, of which random ones meet it once in 16,384.
        assert len([name for name in named if name != "telnet"]) == 0
        assert named.count("telnet") < 10


@settings(max_examples=examples(300), deadline=None, derandomize=True)
@given(st.lists(st.binary(max_size=120), min_size=1, max_size=8), st.data())
def test_a_payload_s_form_does_not_depend_on_what_stands_beside_it(
    payloads: list[bytes], data: st.DataObject
) -> None:
    ports = [data.draw(st.sampled_from([53, 123, 4500, 1701, 40000])) for _ in payloads]
    raw = np.frombuffer(b"".join(payloads) or b"\0", np.uint8)
    length = np.array([len(payload) for payload in payloads])
    transport = np.array([data.draw(st.sampled_from([TCP, UDP])) for _ in payloads])
    both = np.array([(40000, port) for port in ports])
    together = forms_of(firsts_of(raw, np.cumsum(length) - length, length, transport, both)).tolist()
    names = [FORMS[n - 1].name if n else "" for n in together]
    assert names == [
        form_of(payload, kind == TCP, (40000, port))
        for payload, kind, port in zip(payloads, transport.tolist(), ports, strict=True)
    ]


def test_bytes_behind_a_payload_s_end_are_not_looked_at() -> None:
    data = np.frombuffer(b"SSH" + b"-2.0" * 40, np.uint8)
    firsts = firsts_of(data, np.array([0]), np.array([3]), np.array([TCP]), np.array([[40000, 22]]))
    assert firsts.data.shape == (1, LOOKED_AT)
    assert firsts.data[0].tolist() == [*b"SSH", *bytes(LOOKED_AT - 3)]
    assert forms_of(firsts).tolist() == [0]
