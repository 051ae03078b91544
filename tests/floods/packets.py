"""Floods of packets that need no connection: hosts, devices, protocols, fragments, tunnels, names, Wi-Fi."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from itertools import count, pairwise

from tests.floods import wire
from tests.floods.wire import (
    ACK,
    FIN,
    PHONE,
    RST,
    SERVER,
    SYN,
    datagram,
    ethernet,
    frame,
    ipv4,
    ipv6,
    segment,
)
from tests.packets.encapsulations import FORMS

SCATTER = 2_654_435_761  # an odd multiplier gives every number another one of 32 bits
CHINA = 0xCA600000  # 202.96.0.0, a network of China Telecom
UPLOAD = b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 999999999\r\n\r\n"
MORE = 0x2000  # more fragments follow (RFC 791 §3.1)
Frames = Iterator[bytes]


def scattered(number: int) -> int:
    """Return an address of its own for each number."""
    return (number * SCATTER & 0x3FFFFFFF) + 0x20000000


def segments(flags: int, **differ: bool) -> Callable[[], Frames]:
    """Return a flood of bare segments that differ in `ports`, `sources`, `targets` or `sequence`."""

    def made() -> Frames:
        for number in count():
            ports = (1024 + number % 60_000, 1 + number // 60_000) if differ.get("ports") else (40000, 80)
            source = scattered(number) if differ.get("sources") else PHONE
            target = scattered(number) if differ.get("targets") else SERVER
            sequence = number * SCATTER if differ.get("sequence") else 7
            yield segment(b"", flags, sequence, 1, ports, (source, target))

    return made


def conflicts() -> Frames:
    """Segments of one connection, each twice with different data."""
    talk = wire.Connection()
    yield from talk.opened()
    yield from talk.says(0, UPLOAD)
    for number in count():
        at = talk.following[0]
        yield talk.sent(0, b"a%07d" % (number % 10**7))
        talk.following[0] = at
        yield talk.sent(0, b"b%07d" % (number % 10**7))


def conflicting_connections() -> Frames:
    """Connections with a request that came twice with different data."""
    for number in count():
        talk = wire.Connection(number)
        yield from talk.opened()
        at = talk.following[0]
        yield talk.sent(0, b"GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n")
        talk.following[0] = at
        yield talk.sent(0, b"GET /b HTTP/1.1\r\nHost: b.example\r\n\r\n")


def backwards() -> Frames:
    """Segments of a stream in reverse, a hundred at a time."""
    talk = wire.Connection()
    yield from talk.opened()
    yield from talk.says(0, UPLOAD)
    base = talk.following[0]
    for number in count():
        block, place = divmod(number, 100)
        talk.following[0] = base + block * 800 + (99 - place) * 8
        yield talk.sent(0, b"x" * 8)


def gaps() -> Frames:
    """Segments of which every other one is missing."""
    talk = wire.Connection()
    yield from talk.opened()
    yield from talk.says(0, UPLOAD)
    while True:
        talk.following[0] += 8
        yield talk.sent(0, b"x" * 8)


def jumps() -> Frames:
    """Segments whose sequence numbers leap."""
    for number in count():
        yield segment(b"x" * 8, ACK, number * SCATTER, 1)


def repeats() -> Frames:
    """One segment of a request again and again."""
    talk = wire.Connection()
    yield from talk.opened()
    whole = talk.sent(0, b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 900\r\n\r\n")
    while True:
        yield whole


def probes() -> Frames:
    """Keep-alive probes with a byte (RFC 9293 §3.8.4)."""
    talk = wire.Connection()
    yield from talk.opened()
    yield talk.sent(0, b"GET / HTTP/1.1\r\nHost: a.example\r\n")
    while True:
        talk.following[0] -= 1
        yield talk.sent(0, b"\0")
        yield talk.sent(1, b"")


def reused_ports() -> Frames:
    """Connections one after another between the same ports."""
    for number in count():
        talk = wire.Connection()
        talk.following = [number * SCATTER, number * 40_503]
        yield from talk.opened()
        yield from talk.says(0, b"GET /%d HTTP/1.1\r\nHost: a.example\r\n\r\n" % number)
        yield from talk.closed()


def region_packets() -> Frames:
    """Packets to addresses of China."""
    for number in count():
        yield datagram(b"x" * 8, (1024 + number % 60_000, 5000), (PHONE, CHINA + number * 31 % 65_536))


def region_flow() -> Frames:
    """Packets of one flow to China."""
    while True:
        yield datagram(b"x" * 8, (40000, 5000), (PHONE, CHINA + 0xD185))


def pings(target: Callable[[int], int] = lambda _: SERVER) -> Callable[[], Frames]:
    """Return a flood of echo requests with answers (RFC 792), each with an identifier of its own."""

    def made() -> Frames:
        for number in count():
            rest = struct.pack(">HH", number & 0xFFFF, number >> 16) + b"x" * 8
            for kind, ends in ((8, (PHONE, target(number))), (0, (target(number), PHONE))):
                summed = wire.checksum(bytes((kind, 0, 0, 0)) + rest)
                yield frame(bytes((kind, 0)) + summed.to_bytes(2, "big") + rest, 1, *ends)

    return made


def unreachable() -> Frames:
    """ICMP errors that quote datagrams of many ports."""
    for number in count():
        quoted = ipv4(struct.pack(">HHHH", 1024 + number % 60_000, number // 60_000, 8, 0), 17)
        yield frame(b"\3\3" + bytes(6) + quoted, 1, SERVER, PHONE)


def ip_protocols() -> Frames:
    """Packets of every IP protocol to many hosts."""
    for number in count():
        yield frame(b"\0" * 8, number % 256, PHONE, scattered(number // 256))


def ipv6_hosts() -> Frames:
    """Datagrams to IPv6 hosts without end."""
    for number in count():
        yield ethernet(ipv6(struct.pack(">HHHH", 40000, 53, 9, 0) + b"x", 17, 5, number), 0x86DD)


def ipv6_headers() -> Frames:
    """IPv6 packets with sixteen extension headers (RFC 8200 §4)."""
    for number in count():
        chain = b"".join(b"\x3c\0\1\4\0\0\0\0" for _ in range(15)) + b"\x11\0\1\4\0\0\0\0"
        udp = struct.pack(">HHHH", 1024 + number % 60_000, 53, 9, 0) + b"x"
        yield ethernet(ipv6(chain + udp, 60), 0x86DD)


def fragments(*offsets: int, size: int = 8) -> Callable[[], Frames]:
    """Return a flood of datagrams of which only the fragments at these offsets, in units of 8 bytes, came."""

    def made() -> Frames:
        for number in count():
            for at in offsets:
                source = PHONE + number // 65_536
                data = b"\x9c\x40\0\x35" + b"x" * (size - 4)
                yield ethernet(ipv4(data, 17, source, number=number, part=MORE | at))

    return made


def whole_fragments() -> Frames:
    """Datagrams in two fragments each."""
    for number in count():
        data = struct.pack(">HHHH", 1024 + number % 60_000, 5000, 24, 0) + b"x" * 16
        source = PHONE + number // 65_536
        yield ethernet(ipv4(data[:8], 17, source, number=number, part=MORE))
        yield ethernet(ipv4(data[8:], 17, source, number=number, part=1))


def long_fragments() -> Frames:
    """Datagrams of 64 kB in fragments of 8 bytes, which overlap."""
    for number in count():
        for at in range(0, 8190, 2):
            yield ethernet(ipv4(b"\x9c\x40\0\x35" + b"x" * 28, 17, number=number, part=MORE | at))


def fragments6() -> Frames:
    """First fragments of IPv6 datagrams (RFC 8200 §4.5)."""
    for number in count():
        yield ethernet(ipv6(struct.pack(">BBHI", 17, 0, 1, number) + b"x" * 8, 44), 0x86DD)


def devices(named: bool = False) -> Callable[[], Frames]:
    """Return a flood of devices, each with hardware and IP addresses of its own; `named` by DHCP."""

    def made() -> Frames:
        for number in count():
            mac = b"\0\0\x5e" + number.to_bytes(3, "big")
            source = 0x0A000000 + number % (1 << 24)
            if named:
                name = b"phone-%d" % number
                asked = b"\x35\1\3\x0c" + bytes((len(name),)) + name + b"\xff"
                data = b"\1\1\6\0" + bytes(24) + mac + bytes(202) + b"\x63\x82\x53\x63" + asked
                udp = struct.pack(">HHHH", 68, 67, 8 + len(data), 0) + data
            else:
                udp = struct.pack(">HHHH", 40000, 5000, 9, 0) + b"x"
            yield ethernet(ipv4(udp, 17, source), source=mac)

    return made


def tunnelled(form: str) -> Callable[[], Frames]:
    """Return a flood of flows inside a tunnel."""
    around = FORMS[form].made

    def made() -> Frames:
        for number in count():
            yield around(
                segment(b"", SYN, 7, 0, (1024 + number % 60_000, 80), (PHONE, scattered(number >> 4)))
            )

    return made


def vxlan_networks() -> Frames:
    """VXLAN packets of networks without end (RFC 7348)."""
    for number in count():
        inner = segment(b"", SYN, 7, 0, (1024 + number % 60_000, 80))
        yield datagram(b"\x08\0\0\0" + (number % (1 << 24)).to_bytes(3, "big") + b"\0" + inner, (50000, 4789))


def deep(make: Callable[[bytes], bytes], levels: int) -> Callable[[], Frames]:
    """Return a flood of packets wrapped so many times."""

    def made() -> Frames:
        for number in count():
            packet = segment(b"", SYN, 7, 0, (1024 + number % 60_000, 80))[14:]
            for _ in range(levels):
                packet = make(packet)
            yield ethernet(packet)

    return made


def vlans() -> Frames:
    """Frames with stacks of VLAN tags (IEEE 802.1Q)."""
    for number in count():
        first, second = number // 4094 % 4094 + 1, number % 4094 + 1
        tag = b"\x81\0" + struct.pack(">H", second) + b"\x81\0" + struct.pack(">H", first)
        made = segment(b"", SYN, 7, 0, (1024 + second, 80))
        yield made[:12] + tag + made[12:]


def ether_types() -> Frames:
    """Frames of every EtherType."""
    for number in count():
        yield ethernet(b"\0" * 46, 0x0600 + number % 0xF000)


def arp() -> Frames:
    """ARP requests of hosts without end."""
    for number in count():
        mac = b"\0\0\x5e" + (number % (1 << 24)).to_bytes(3, "big")
        body = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + mac + struct.pack(">I", scattered(number))
        yield ethernet(body + bytes(6) + struct.pack(">I", SERVER), 0x0806, mac, b"\xff" * 6)


def damaged() -> Frames:
    """Frames whose IP header contradicts itself."""
    for number in count():
        yield ethernet(b"\x4f\0\xff\xff" + number.to_bytes(8, "big") * 2)


def datagrams(
    port: int, data: Callable[[int], bytes], answers: Callable[[int], bytes] | None = None,
    sources: Callable[[int], int] = lambda number: 1024 + number % 60_000,
    to: int = SERVER, phone: int = PHONE,
) -> Callable[[], Frames]:  # fmt: skip
    """Return a flood of datagrams to a port, each with what `data` gives, and with answers."""

    def made() -> Frames:
        for number in count():
            if payload := data(number):
                yield datagram(payload, (sources(number), port), (phone, to))
            if answers is not None:
                yield datagram(answers(number), (port, sources(number)), (to, phone))

    return made


def many_targets() -> Frames:
    """Datagrams of nothing known to hosts without end."""
    for number in count():
        yield datagram(b"imei=490154203237518 %d" % number, (40000, 5000), (PHONE, scattered(number)))


def dns_name(*labels: bytes) -> bytes:
    """Return a name in DNS (RFC 1035 §3.1)."""
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


def dns_query(number: int) -> bytes:
    """Return a question for a name of its own."""
    return (
        struct.pack(">6H", number & 0xFFFF, 0x100, 1, 0, 0, 0)
        + dns_name(b"h%d" % number, b"example")
        + b"\0\1\0\1"
    )


def dns_answer(number: int, records: int = 1) -> bytes:
    """Return an answer for a name of its own, with so many addresses."""
    head = struct.pack(">6H", number & 0xFFFF, 0x8180, 1, records, 0, 0)
    asked = dns_name(b"h%d" % number, b"example") + b"\0\1\0\1"
    told = b"".join(
        b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + struct.pack(">I", scattered(number * records + at))
        for at in range(records)
    )
    return head + asked + told


def dns_aliases(number: int) -> bytes:
    """Return an answer with a chain of aliases (CNAME)."""
    names = [dns_name(b"h%d-%d" % (number, at), b"example") for at in range(20)]
    told = b"".join(
        one + b"\0\5\0\1\0\0\0\x3c" + struct.pack(">H", len(two)) + two for one, two in pairwise(names)
    )
    return struct.pack(">6H", number & 0xFFFF, 0x8180, 1, 19, 0, 0) + names[0] + b"\0\1\0\1" + told


def mdns(number: int) -> bytes:
    """Return an announcement of a service of its own (RFC 6762)."""
    service, name = dns_name(b"_ipp", b"_tcp", b"local"), dns_name(b"printer-%d" % number, b"local")
    return (
        struct.pack(">6H", 0, 0x8400, 0, 1, 0, 0)
        + service
        + b"\0\x0c\0\1\0\0\0\x78"
        + struct.pack(">H", len(name))
        + name
    )


def coap(number: int) -> bytes:
    """Return a CoAP request of its own (RFC 7252)."""
    return b"\x42\2" + struct.pack(">HH", number & 0xFFFF, number & 0xFFFF) + b"\xb1a\xffimei=%d" % number


def coap_block(number: int) -> bytes:
    """Return a block of an upload that never ends (RFC 7959)."""
    block = ((number % (1 << 20)) << 4 | 8).to_bytes(3, "big")
    return b"\x41\3" + struct.pack(">H", number & 0xFFFF) + b"\7\xb1a\xd3\x03" + block + b"\xff" + b"x" * 16


def beacons() -> Frames:
    """Beacons of networks without end (IEEE 802.11-2020 §9.3.3.2)."""
    for number in count():
        network = b"\2\0" + number.to_bytes(4, "big")
        name = b"net-%d" % number
        head = b"\x80\0\0\0" + b"\xff" * 6 + network * 2 + bytes(2)
        yield head + bytes(8) + b"\x64\0\x11\0" + bytes((0, len(name))) + name


def probe_requests() -> Frames:
    """Probe requests of stations without end, each for a network of its own."""
    for number in count():
        station, name = b"\2\0" + number.to_bytes(4, "big"), b"home-%d" % number
        yield b"\x40\0\0\0" + b"\xff" * 6 + station + b"\xff" * 6 + bytes(2) + bytes((0, len(name))) + name


def protected_frames() -> Frames:
    """Encrypted frames of stations without end."""
    for number in count():
        station, network = b"\2\0" + number.to_bytes(4, "big"), b"\2\0\0\0\0\1"
        yield b"\x08\x41\0\0" + network + station + network + bytes((number & 255, 0)) + bytes(24)


def key_messages() -> Frames:
    """First messages of handshakes of stations without end (EAPOL)."""
    for number in count():
        station, network = b"\2\0" + number.to_bytes(4, "big"), b"\2\0\0\0\0\1"
        key = b"\2\0\x8a\0\x10" + number.to_bytes(8, "big") + number.to_bytes(32, "big") + bytes(50)
        eapol = b"\1\3" + len(key).to_bytes(2, "big") + key
        yield b"\x08\2\0\0" + station + network * 2 + bytes(2) + b"\xaa\xaa\3\0\0\0\x88\x8e" + eapol


def wifi_fragments() -> Frames:
    """First fragments of Wi-Fi frames."""
    for number in count():
        station, network = b"\2\0" + number.to_bytes(4, "big"), b"\2\0\0\0\0\1"
        yield b"\x08\5\0\0" + network + station + network + bytes(2) + b"\xaa\xaa\3\0\0\0\x08\0" + bytes(24)


FLAGS = {"SYN": SYN, "SYN-ACK": SYN | ACK, "RST": RST | ACK, "FIN": FIN | ACK}
