"""Days of a household in which everything is new: what `soak.py` and the tests of a long watch replay.

Each exchange has a number of its own that stands in its names, addresses, ports and identifiers, so that
every table of a watch meets only things that it does not know. Frames are made once and changed in place.
"""

from __future__ import annotations

import base64
import json
import random
import struct
from collections.abc import Iterator, Sequence

import numpy as np
from messages import client_hello, dns_pair, server_hello

from tests import builders

START = 1_700_000_000  # 2023-11-14, UTC seconds
# What is changed in a frame: eight digits, an address of either side, the port and MAC of the device.
NUMBER, SERVER, PHONE, PORT = b"00000000", "203.0.113.99", "192.168.99.99", 0xBEEF
MAC = builders.PHONE_MAC
REGION = 0xCA60  # 202.96.0.0/16: of every 20th number the address lies in it
IDENTIFIER = b"490154200000000"

# How often each kind of thing happens, of 1,000.
SHARES = {
    "dns": 250, "tls": 330, "http": 200, "identifier": 20, "local": 30, "dhcp": 10, "udp": 100, "syn": 40,
    "fragments": 10, "tunnel": 10,
}  # fmt: skip


class Thing:
    """The frames of one exchange, with the places where it differs from the next of its kind."""

    def __init__(self, frames: Sequence[bytes]) -> None:
        self.frames = len(frames)
        self._data = builders.pcap(frames)[24:]
        self._records = []
        at = 0
        for frame in frames:
            self._records.append(at)
            at += 16 + len(frame)
        self._numbers = _places(self._data, NUMBER)
        self._identifiers = _places(self._data, IDENTIFIER)
        self._servers = _places(self._data, _packed(SERVER))
        self._phones = _places(self._data, _packed(PHONE))
        self._macs = _places(self._data, MAC)
        self._ports = _places(self._data, PORT.to_bytes(2, "big"))

    def made(self, number: int, second: float, device: int) -> bytes:
        """The records, with this number in all its places."""
        data = bytearray(self._data)
        stamp = struct.pack("<II", int(second), int(second % 1 * 1e6))
        spots = (
            (self._records, stamp),
            (self._numbers, b"%08d" % (number % 10**8)),
            (self._identifiers, _imei(number)),
            (self._servers, _address(number)),
            (self._phones, bytes((192, 168, device >> 8 & 255, device & 255))),
            (self._macs, b"\x02\x00\x5e\x00" + (device & 0xFFFF).to_bytes(2, "big")),
            (self._ports, (1024 + number * 7 % 60_000).to_bytes(2, "big")),
        )
        for places, value in spots:
            for at in places:
                data[at : at + len(value)] = value
        return bytes(data)


def days(
    packets_a_day: int, count: int, *, devices: int = 40, pings_a_day: int = 200
) -> Iterator[tuple[bytes, float]]:
    """Pieces of a pcap stream, one an exchange, each with its time in days.

    Every day has `devices` of its own besides eight old ones.
    """
    choice, things, number = random.Random(7), _things(), 0
    kinds = [kind for kind, share in SHARES.items() for _ in range(share)]
    yield builders.pcap([]), 0.0
    for day in range(count):
        sent, pinged = 0, 0
        while sent < packets_a_day:
            now = day + sent / packets_a_day
            number += 1
            device = 0x0101 + choice.randrange(8)
            if choice.random() < 0.02:
                device = 0x0201 + day * devices + choice.randrange(devices)
            if pinged <= pings_a_day * sent / packets_a_day:
                pinged += 1
                thing = Thing(_ping(number))
            else:
                thing = things[choice.choice(kinds)]
            yield thing.made(number, START + 86_400 * now, device), now
            sent += thing.frames


def _things() -> dict[str, Thing]:
    chance = np.random.default_rng(7)
    name = f"host-{NUMBER.decode()}.example"
    ends = {"server": SERVER, "phone": PHONE, "ports": (PORT, 443)}
    asked, answered = dns_pair(name, 7, _packed(SERVER))
    hello = client_hello(name, chance)
    data = [(bool(n % 2), b"\x17\x03\x03\x01\x00" + chance.bytes(256)) for n in range(4)]
    request = builders.http_request("GET", f"/{NUMBER.decode()}?q=1", name, User_Agent="Example/1.0")
    answer = builders.http_response(200, b"x" * 400 + NUMBER, Content_Type="text/plain")
    told = builders.http_request("POST", "/t", name, b"imei=" + IDENTIFIER, Content_Type="text/plain")
    plain = {**ends, "ports": (PORT, 80)}
    return {
        "dns": Thing([_udp(asked, PORT, 53), _udp(answered, PORT, 53, up=False)]),
        "tls": Thing(
            builders.conversation((True, hello), (False, server_hello(hello, chance)), *data, **ends)
        ),
        "http": Thing(builders.conversation((True, request), (False, answer), **plain)),
        "identifier": Thing(builders.conversation((True, told), (False, answer), **plain)),
        "local": Thing([_udp(_mdns(), 5353, 5353, server="224.0.0.251")]),
        "dhcp": Thing([_udp(_dhcp(), 68, 67, server="255.255.255.255")]),
        "udp": Thing([_udp(chance.bytes(300), PORT, 9999, up=bool(n % 2)) for n in range(6)]),
        "syn": Thing([builders.tcp(flags=builders.SYN, seq=n, **plain) for n in (1, 1)]),
        "fragments": Thing(_fragments(_udp(NUMBER + chance.bytes(2400), PORT, 9998))),
        "tunnel": Thing([_in_ip(builders.tcp(flags=builders.SYN, seq=1, **plain))]),
    }


def _ping(number: int) -> list[bytes]:
    """A registration with identifiers of its own."""
    values = {"REGVER": "5.0", "MODEL": "TEST", "SWVER": str(number), "IMEI1": _imei(number).decode()}
    body = base64.b64encode(json.dumps({"UETYPE": "1", **values}).encode())
    request = builders.http_request(
        "POST", "/", "zzhc.vnet.cn", body, Content_Type="application/encrypted-json"
    )
    answer = builders.http_response(200, b'{"resultCode":"1","resultDesc":"Check error"}')
    return builders.conversation(
        (True, request), (False, answer), server="202.96.192.0", phone=PHONE, ports=(PORT, 80)
    )


def _udp(data: bytes, own: int, port: int, *, up: bool = True, server: str = SERVER) -> bytes:
    frame = builders.udp(data, up=up, ports=(own, port), server=server)
    return frame.replace(_packed(builders.PHONE), _packed(PHONE))


def _mdns() -> bytes:
    """A service and an address of one device (RFC 6762 §18)."""
    host = b"\x0dphone00000000\x05local\0"
    service = b"\x05_test\x04_tcp\x05local\0"
    owner = b"\x0dphone00000000" + service
    records = service + struct.pack(">HHIH", 12, 1, 120, len(owner)) + owner
    records += host + struct.pack(">HHIH", 1, 0x8001, 120, 4) + _packed(PHONE)
    return struct.pack(">6H", 0, 0x8400, 0, 2, 0, 0) + records


def _dhcp() -> bytes:
    """A DHCPREQUEST with a host name (RFC 2131 §2, RFC 2132)."""
    head = bytes((1, 1, 6, 0)) + bytes(24) + MAC + bytes(10 + 192) + bytes.fromhex("63825363")
    name = b"phone-" + NUMBER
    return head + b"\x35\x01\x03" + bytes((12, len(name))) + name + b"\x3c\x08android-" + b"\xff"


def _fragments(frame: bytes, most: int = 1480) -> list[bytes]:
    """An IPv4 packet in fragments (RFC 791 §3.2); header checksums are left as they were."""
    header, data = frame[14:34], frame[34:]
    found = []
    for start in range(0, len(data), most):
        piece = data[start : start + most]
        more = start + most < len(data)
        word = (0x2000 if more else 0) | start // 8
        head = header[:2] + struct.pack(">HHH", 20 + len(piece), 0x4242, word) + header[8:]
        found.append(frame[:14] + head + piece)
    return found


def _in_ip(frame: bytes) -> bytes:
    """A frame whose packet goes inside another to an address of its own (RFC 2003)."""
    inner = frame[14:]
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(inner), 1, 0, 64, 4, 0)
    return frame[:14] + head + _packed(PHONE) + _packed(SERVER) + inner


def _places(data: bytes, wanted: bytes) -> list[int]:
    found, at = [], data.find(wanted)
    while at >= 0:
        found.append(at)
        at = data.find(wanted, at + len(wanted))
    return found


def _packed(address: str) -> bytes:
    return bytes(map(int, address.split(".")))


def _address(number: int) -> bytes:
    """An address of its own for each number, some of them in the region."""
    if number % 20 == 0:
        return struct.pack(">HH", REGION, number // 20 & 0xFFFF)
    return struct.pack(">I", 0x17000000 + number * 0x61 % 0x10000000)


def _imei(number: int) -> bytes:
    digits = f"490154{number % 10**8:08d}"
    total = sum(
        int(d) if at % 2 == 0 else sum(map(int, str(2 * int(d)))) for at, d in enumerate(digits)
    )  # ETSI TS 123 003, annex B
    return f"{digits}{-total % 10}".encode()
