"""Hosts and the recorder: packets with their times become a pcap file, the same octets each run."""

from __future__ import annotations

import ipaddress
import random
import struct
from dataclasses import dataclass, field
from pathlib import Path

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

US = 1_000_000  # microseconds in a second: all times here are integers of microseconds

EXPERIMENTAL = 0x88B5  # IEEE 802 local experimental ethertype 1
MARKER = "PHONEHOME-RECONSTRUCTION: "


@dataclass
class Host:
    """An address on the LAN, or one behind the router (then `mac` is the router's)."""

    ip: str
    mac: str
    ttl: int = 64
    rtt_us: int = 900  # as seen at the point of capture
    ident: int = 1  # next IP identification
    clock: int = 0  # offset of the TCP timestamp clock, milliseconds

    def ether(self, to: Host) -> Packet:
        """An Ethernet and IPv4 header to another host."""
        self.ident = (self.ident + 1) & 0xFFFF
        layer = IP(src=self.ip, dst=to.ip, ttl=self.ttl, id=self.ident, flags="DF")
        return Ether(src=self.mac, dst=to.mac, type=0x0800) / layer


@dataclass
class Recorder:
    """Frames with the time at which the capturing interface saw them."""

    rng: random.Random
    frames: list[tuple[int, int, bytes]] = field(default_factory=list)  # time, order of writing, octets
    notes: list[tuple[int, str]] = field(default_factory=list)  # order of writing, what the frame is

    def put(self, time_us: int, packet: Packet, note: str = "") -> None:
        """Record one frame; `note` goes into the list of events beside the capture."""
        order = len(self.frames)
        self.frames.append((time_us, order, bytes(packet)))
        if note:
            self.notes.append((order, note))

    def udp(self, time_us: int, a: Host, b: Host, ports: tuple[int, int], payload: Packet | bytes) -> None:
        """One UDP datagram from `a` to `b`; ports are source and destination."""
        data = Raw(payload) if isinstance(payload, bytes) else payload
        self.put(time_us, a.ether(b) / UDP(sport=ports[0], dport=ports[1]) / data)

    def sorted_frames(self) -> list[tuple[int, int, bytes]]:
        """The frames in the order of their times."""
        return sorted(self.frames)

    def events(self) -> list[tuple[int, int, str]]:
        """(frame number as in Wireshark, time, note) of each frame that has a note."""
        notes = dict(self.notes)
        rows = enumerate(self.sorted_frames(), start=1)
        return [(number, time, notes[order]) for number, (time, order, _) in rows if order in notes]


def marker(text: str) -> Packet:
    """The frame that says, inside the capture, that no phone was recorded."""
    header = Ether(src="00:00:5e:00:53:00", dst="ff:ff:ff:ff:ff:ff", type=EXPERIMENTAL)
    return header / Raw((MARKER + text).encode())


def ipv6_multicast(mac: str, source: str, group: str, hops: int = 255) -> Packet:
    """An Ethernet and IPv6 header to a multicast group (RFC 2464 §7)."""
    tail = ipaddress.IPv6Address(group).packed[-4:]
    destination = "33:33:" + ":".join(f"{octet:02x}" for octet in tail)
    return Ether(src=mac, dst=destination, type=0x86DD) / IPv6(src=source, dst=group, hlim=hops, fl=0)


def write_pcap(path: Path, frames: list[tuple[int, int, bytes]]) -> None:
    """Write a little-endian microsecond pcap of Ethernet frames; runts are padded to 60 octets."""
    records = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)]
    for time_us, _, octets in frames:
        data = octets.ljust(60, b"\0")
        records.append(struct.pack("<IIII", time_us // US, time_us % US, len(data), len(data)) + data)
    path.write_bytes(b"".join(records))
