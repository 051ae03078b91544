"""Frames and captures for tests, made with dpkt: what a test says is what goes over the wire.

The phone is the client (`up=True`), the server answers. Addresses are those that RFC 5737,
RFC 3849 and RFC 7042 set aside for documentation.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable, Sequence

import dpkt

PHONE_MAC = bytes.fromhex("00005e0053a7")
ROUTER_MAC = bytes.fromhex("00005e005301")
PHONE, SERVER = "192.0.2.10", "198.51.100.20"
PHONE_PORT, SERVER_PORT = 40000, 80
START_NS = 1_550_678_460 * 10**9  # 2019-02-20 16:01:00 UTC

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
MAGIC = {"us": 0xA1B2C3D4, "ns": 0xA1B23C4D}


def ethernet(payload: bytes, ethertype: int, *, up: bool = True) -> bytes:
    """An Ethernet frame, not padded."""
    source, destination = (PHONE_MAC, ROUTER_MAC) if up else (ROUTER_MAC, PHONE_MAC)
    return destination + source + struct.pack(">H", ethertype) + payload


def ip(
    payload: dpkt.Packet, protocol: int, *, up: bool = True, phone: str = PHONE, server: str = SERVER
) -> bytes:
    """An Ethernet frame with an IPv4 or IPv6 packet; checksums are right."""
    ends = [ipaddress.ip_address(end).packed for end in (phone, server)]
    source, destination = ends if up else ends[::-1]
    if len(source) == 4:
        packet = dpkt.ip.IP(src=source, dst=destination, p=protocol, ttl=64, data=payload)
        packet.len = len(packet)
        return ethernet(bytes(packet), 0x0800, up=up)
    packet6 = dpkt.ip6.IP6(
        src=source, dst=destination, nxt=protocol, hlim=64, data=payload, plen=len(payload)
    )
    packet6.extension_hdrs = {}
    return ethernet(bytes(packet6), 0x86DD, up=up)


def tcp(
    data: bytes = b"",
    flags: int = ACK,
    seq: int = 0,
    ack: int = 0,
    *,
    up: bool = True,
    phone: str = PHONE,
    server: str = SERVER,
    ports: tuple[int, int] = (PHONE_PORT, SERVER_PORT),
) -> bytes:
    """One TCP segment in an Ethernet frame; `ports` are the phone's and the server's."""
    source, destination = ports if up else ports[::-1]
    segment = dpkt.tcp.TCP(
        sport=source, dport=destination, seq=seq & 0xFFFFFFFF, ack=ack & 0xFFFFFFFF, flags=flags, data=data
    )
    return ip(segment, 6, up=up, phone=phone, server=server)


def udp(
    data: bytes, *, up: bool = True, ports: tuple[int, int] = (PHONE_PORT, 53), server: str = SERVER
) -> bytes:
    """One UDP datagram in an Ethernet frame."""
    source, destination = ports if up else ports[::-1]
    datagram = dpkt.udp.UDP(sport=source, dport=destination, data=data, ulen=8 + len(data))
    return ip(datagram, 17, up=up, server=server)


def conversation(
    *messages: tuple[bool, bytes],
    first: tuple[int, int] = (1000, 5000),
    most: int = 1460,
    close: bool = True,
    server: str = SERVER,
    ports: tuple[int, int] = (PHONE_PORT, SERVER_PORT),
    phone: str = PHONE,
) -> list[bytes]:
    """Frames of a TCP connection: handshake, each (up, bytes) in segments and acknowledged, FINs.

    `first` holds the initial sequence numbers of phone and server.
    """
    ends = {"server": server, "ports": ports, "phone": phone}
    following = {True: first[0] + 1, False: first[1] + 1}
    frames = [
        tcp(flags=SYN, seq=first[0], **ends),
        tcp(flags=SYN | ACK, seq=first[1], ack=first[0] + 1, up=False, **ends),
        tcp(seq=first[0] + 1, ack=first[1] + 1, **ends),
    ]
    for up, data in messages:
        for start in range(0, len(data), most):
            piece = data[start : start + most]
            frames.append(tcp(piece, PSH | ACK, following[up], following[not up], up=up, **ends))
            following[up] += len(piece)
        frames.append(tcp(seq=following[not up], ack=following[up], up=not up, **ends))
    if close:
        frames.append(tcp(flags=FIN | ACK, seq=following[True], ack=following[False], **ends))
        frames.append(tcp(flags=FIN | ACK, seq=following[False], ack=following[True] + 1, up=False, **ends))
        frames.append(tcp(seq=following[True] + 1, ack=following[False] + 1, **ends))
    return frames


def pcap(
    frames: Iterable[bytes],
    *,
    order: str = "<",
    unit: str = "us",
    link_type: int = 1,
    snaplen: int = 262144,
    times_ns: Sequence[int] | None = None,
) -> bytes:
    """A pcap file; frames are a millisecond apart unless `times_ns` says otherwise."""
    scale = 1000 if unit == "us" else 1
    out = [struct.pack(f"{order}IHHiIII", MAGIC[unit], 2, 4, 0, 0, snaplen, link_type)]
    for number, frame in enumerate(frames):
        time_ns = times_ns[number] if times_ns else START_NS + number * 1_000_000
        kept = frame[:snaplen]
        seconds, rest = divmod(time_ns, 10**9)
        out.append(struct.pack(f"{order}IIII", seconds, rest // scale, len(kept), len(frame)) + kept)
    return b"".join(out)


def http_request(
    method: str = "GET", target: str = "/", host: str = "example.com", body: bytes = b"", **headers: str
) -> bytes:
    """The bytes of an HTTP/1.1 request; underscores in header names become hyphens."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def http_response(status: int = 200, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of an HTTP/1.1 response."""
    lines = [f"HTTP/1.1 {status} {'OK' if status == 200 else 'Status'}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
