"""Objects of SNMP get names, and an interface's address is read."""

from __future__ import annotations

from scapy.layers.snmp import SNMP, SNMPset, SNMPvarbind

from analyzer.dissectors.api import MessagePlace
from analyzer.dissectors.datagram_services import snmp
from analyzer.dissectors.unclassified import is_searched

PLACE = MessagePlace(0, 1, (1,), 0, 0)
OBJECTS = (
    ("1.3.6.1.2.1.1.4.0", b"kari@example.org"),
    ("1.3.6.1.2.1.2.2.1.6.3", bytes.fromhex("001b44113ab7")),
    ("1.3.6.1.4.1.99.1.0", b"IMEI:356938035643809"),
)


def datagram() -> bytes:
    listed = [SNMPvarbind(oid=name, value=value) for name, value in OBJECTS]
    return bytes(SNMP(community=b"private", PDU=SNMPset(varbindlist=listed)))


def test_objects_are_named_and_addresses_read() -> None:
    _, made = snmp(datagram(), PLACE)
    assert made.headers == [
        ("contact e-mail", "kari@example.org"),
        ("MAC", "00:1b:44:11:3a:b7"),
        ("1.3.6.1.4.1.99.1.0", "IMEI:356938035643809"),
    ]


def test_hostile_objects_end_in_no_error() -> None:
    data = datagram()
    for at in range(24, len(data)):
        for byte in (0, 0x30, 0x82, 0xFF):
            snmp(data[:at] + bytes((byte,)) + data[at + 1 :], PLACE)


def test_a_magic_packet_is_searched() -> None:
    assert is_searched(b"\xff" * 6 + bytes.fromhex("001b44113ab7") * 16)
    assert not is_searched(b"\xff" * 102)
