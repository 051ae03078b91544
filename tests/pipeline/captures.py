"""Captures for the whole way: frames to a file to a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from scapy.layers.inet import IP, TCP, UDP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6
from scapy.layers.l2 import ARP, GRE, Ether
from scapy.packet import Packet, Raw

from analyzer import analyze
from analyzer.model import Report
from tests import builders

PHONE_MAC, OTHER_MAC, ROUTER_MAC = "00:00:5e:00:53:0a", "00:00:5e:00:53:0b", "00:00:5e:00:53:01"
PHONE, OTHER, ROUTER = "192.168.1.10", "192.168.1.11", "192.168.1.1"
PHONE6 = "2001:db8:5::a"
# Addresses that every source has placed in China, and in Norway, for many years.
CHINA, CHINA6, NORWAY = "202.96.209.133", "240e::1", "129.240.2.6"


def up(packet: Packet, mac: str = PHONE_MAC) -> bytes:
    """A packet from a device to the router."""
    return bytes(Ether(src=mac, dst=ROUTER_MAC) / packet)


def down(packet: Packet, mac: str = PHONE_MAC) -> bytes:
    """A packet from the router to a device."""
    return bytes(Ether(src=ROUTER_MAC, dst=mac) / packet)


def ask(
    server: str = CHINA, payload: bytes = b"", flags: str = "S", port: int = 40000, to: int = 80,
    source: str = PHONE, mac: str = PHONE_MAC, seq: int = 1000, ack: int = 0,
) -> bytes:  # fmt: skip
    """A TCP segment of a device."""
    segment = TCP(sport=port, dport=to, flags=flags, seq=seq, ack=ack)
    network = IPv6 if ":" in server else IP
    return up(network(src=PHONE6 if ":" in server else source, dst=server) / segment / Raw(payload), mac)


def answer(
    server: str = CHINA, payload: bytes = b"", flags: str = "SA", port: int = 40000, to: int = 80,
    seq: int = 5000, ack: int = 1001,
) -> bytes:  # fmt: skip
    """A TCP segment to the phone."""
    segment = TCP(sport=to, dport=port, flags=flags, seq=seq, ack=ack)
    return down(IP(src=server, dst=PHONE) / segment / Raw(payload))


def web(server: str, sent: bytes, got: bytes, most: int = 1400, port: int = 40000) -> list[bytes]:
    """A whole HTTP connection of the phone."""
    here = {"server": server, "port": port}
    frames = [ask(**here), answer(**here), ask(**here, flags="A", seq=1001, ack=5001)]
    frames += [
        ask(**here, payload=sent[at : at + most], flags="PA", seq=1001 + at, ack=5001)
        for at in range(0, len(sent), most)
    ]
    done = 1001 + len(sent)
    for start in range(0, len(got), most):
        frames.append(
            answer(**here, payload=got[start : start + most], flags="PA", seq=5001 + start, ack=done)
        )
    end = 5001 + len(got)
    frames.append(ask(**here, flags="FA", seq=done, ack=end))
    frames.append(answer(**here, flags="FA", seq=end, ack=done + 1))
    return [*frames, ask(**here, flags="A", seq=done + 1, ack=end + 1)]


def large_datagram(server: str = CHINA, size: int = 3000) -> list[bytes]:
    """A UDP datagram of the phone in fragments."""
    if ":" in server:
        whole = (
            IPv6(src=PHONE6, dst=server)
            / IPv6ExtHdrFragment(id=9)
            / UDP(sport=40001, dport=9999)
            / Raw(bytes(size))
        )
        return [up(part) for part in fragment6(whole, 1280)]
    whole = IP(src=PHONE, dst=server, id=9) / UDP(sport=40001, dport=9999) / Raw(bytes(size))
    return [up(part) for part in fragment(whole, 1400)]


def tunnelled(server: str = CHINA) -> bytes:
    """A TCP segment inside GRE."""
    inner = IP(src=PHONE, dst=server) / TCP(sport=40002, dport=80, flags="S")
    return up(IP(src=PHONE, dst="203.0.113.1") / GRE() / inner)


def arp() -> bytes:
    """A frame that is not IP."""
    return bytes(Ether(src=PHONE_MAC, dst="ff:ff:ff:ff:ff:ff") / ARP(psrc=PHONE, pdst=ROUTER))


def report_of(
    frames: Iterable[bytes], path: Path, times_ns: Sequence[int] | None = None, **options: Any
) -> Report:
    """The report of these frames."""
    path.write_bytes(builders.pcap(frames, times_ns=times_ns))
    return analyze(path, **options)
