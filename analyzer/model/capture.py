"""The captures that were read, and the recordings they belong to.

Times are UTC nanoseconds since the Unix epoch, sizes are bytes, frame numbers start at 1 as in Wireshark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Comment:
    """A remark that someone wrote into the capture file; nothing that crossed the air."""

    text: str
    of: str  # "capture", "interface wlan0", "packet", "statistics"
    frame: int | None = None  # of a packet


@dataclass(frozen=True, slots=True)
class Interface:
    """What a capture file says of an interface that it was recorded on."""

    name: str = ""
    description: str = ""
    hardware: str = ""
    system: str = ""  # operating system
    filter: str = ""  # what it let through; the rest is not in the file
    snaplen: int = 0  # bytes kept of a packet at most; 0 where there was no limit
    received: int | None = None  # packets, by the statistics in the file
    dropped: int | None = None  # by the interface
    dropped_by_system: int | None = None


@dataclass(frozen=True, slots=True)
class CaptureInfo:
    """What was read, so that another can check that it is the same."""

    path: str
    size: int | None
    sha256: str | None
    format: str  # "pcap (microseconds, little-endian), gzip"
    link_types: Mapping[str, int]  # {"Ethernet": 1200}: frames of each
    frames: int
    first_ns: int | None
    last_ns: int | None
    ip_packets: int = 0
    not_ip: Mapping[str, int] = field(default_factory=dict)  # {"ARP": 12}
    undecoded: Mapping[str, int] = field(default_factory=dict)  # {"link type 105 (IEEE 802.11)": 40}
    snapped: int = 0  # frames cut by the snapshot length
    complete: bool = True
    comment: str = ""
    comments: tuple[Comment, ...] = ()  # the first of those that stand in the file
    comments_met: int = 0  # how many there are
    interfaces: tuple[Interface, ...] = ()
    made_with: Mapping[str, str] = field(default_factory=dict)  # {"application": "Dumpcap (Wireshark) 4.0"}
    secrets: Mapping[str, int] = field(default_factory=dict)  # {"TLS key log": 1}: in the file, never used
    passed_over: Mapping[str, int] = field(default_factory=dict)  # {"systemd journal entry": 3}: not packets


@dataclass(frozen=True, slots=True)
class Session:
    """Captures that were read as one, in the order of time: files that one recording was split into."""

    captures: tuple[int, ...]  # positions in Report.captures
    why: str  # what shows that they belong together
    gaps_us: tuple[int, ...]  # microseconds from each file's last frame to the first of the next


@dataclass(frozen=True, slots=True)
class ScanInput:
    """A file, folder or value that a scan was given besides its captures, so that it can be given again."""

    option: str  # "--geo", "--dossiers", "--tac", "--events", "--known", "--wifi"
    name: str = ""  # of the file or folder, without the folders around it
    # Of a folder, of the names and sums of its files. None for values of the owner: sums give them away.
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What was asked for: the regions, the device if one was named, and all else that decides the result."""

    regions: tuple[str, ...] = ("CN",)
    device: str | None = None
    origin: str | None = None  # --from
    geo_date: str | None = None  # --geo-date, as 2019-02-20
    inputs: tuple[ScanInput, ...] | None = None  # None where there were none
