"""Devices and destinations of the capture, and what names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from analyzer.model.place import Place


@dataclass(frozen=True, slots=True)
class Name:
    """A name that an address went by in the capture, and how that is known."""

    name: str
    how: Literal["dns", "mdns", "sni", "host", "dhcp", "file"]  # "file": written into the capture file
    frame: int
    chain: tuple[str, ...] = ()  # the aliases that a DNS answer went through, in order
    ttl: int | None = None  # of that answer, in seconds, the least of its records
    asked_by: str | None = None  # the address that had asked
    before_us: int | None = None  # microseconds from the answer to the row's first packet after it
    via: str = ""  # what led there: "HTTP redirect from example.com (frame 12)"
    unicode: str | None = None  # an internationalised name as its owner writes it (RFC 5891)
    domain: str | None = None  # the part that someone registered: "example.com.cn"
    region: str | None = None  # ISO 3166-1 code of its country-code top-level domain; names no place
    capture: int = 0  # which of Report.captures the frame is of


@dataclass(frozen=True, slots=True)
class Clue:
    """Something a capture shows that speaks for what a device is, or where the capture was made."""

    kind: str  # "dhcp vendor class"
    value: str  # as it was seen
    suggests: str = ""  # "an Android device"; empty where it only names
    frame: int | None = None
    capture: int = 0  # which of Report.captures the frame is of


@dataclass(frozen=True, slots=True)
class Device:
    """A local device: one MAC address, or one local address where frames carry no MAC."""

    id: str  # the MAC address, or the IP address
    mac: str | None
    addresses: tuple[str, ...]
    names: tuple[Name, ...] = ()
    vendor: str | None = None
    packets: int = 0
    bytes: int = 0
    clues: tuple[Clue, ...] = ()  # what speaks for what it is, never a certainty
    payload: int = 0  # bytes above TCP and UDP that it sent and received
    payload_readable: int = 0  # of these, in flows that anyone on the way can read


@dataclass(frozen=True, slots=True)
class Destination:
    """One row of the ledger: device × destination address × protocol × port.

    Every IP packet of the capture is counted in exactly one row. `ended` counts how the
    flows of the row ended: {"closed": 3, "unanswered": 1}.
    """

    device: str
    address: str
    protocol: str  # "tcp", "udp", "icmp", "ipv6-icmp", or the IANA protocol number
    port: int
    flows: int
    packets_up: int
    packets_down: int
    bytes_up: int
    bytes_down: int
    first_ns: int
    last_ns: int
    kinds: Mapping[str, int]  # {"http": 2, "tls": 1}: what the flows carried
    ended: Mapping[str, int]
    names: tuple[Name, ...] = ()
    place: Place | None = None
    in_scope: bool = False  # located in a region of the scope
    scope_claims: tuple[str, ...] = ()  # the claims that name a region of the scope: ("located CN",)
    payload_up: int = 0  # bytes above TCP and UDP, repetitions counted
    payload_down: int = 0
    payload_readable: int = 0  # of both, in flows of a kind that anyone on the way can read
    resent_up: int = 0  # TCP segments that came again or out of order
    resent_down: int = 0
    min_rtt_us: int | None = None  # least round trip seen from where the capture was made, microseconds
    rtt_of: str = ""  # what it was measured on: "SYN to SYN-ACK"
    delivered: Mapping[str, int] = field(default_factory=dict)  # {"all acknowledged": 3}, of TCP flows
    hides: tuple[str, ...] = ()  # what may stand between: "DNS over TLS: the names asked are hidden"
    contradictions: tuple[str, ...] = ()  # where light in fibre is too slow for what a database says
    versions: Mapping[str, int] = field(default_factory=dict)  # {"TLS 1.3": 5, "QUIC 1": 2}, of flows
    alpn: Mapping[str, int] = field(default_factory=dict)  # protocols offered, {"h2,http/1.1": 5}
    ja4: Mapping[str, int] = field(default_factory=dict)  # fingerprints of the clients' hellos
    ech: int = 0  # flows whose hello carried an encrypted hello or name; browsers send decoys too
    entropy: float | None = None  # bits a byte of the first bytes of flows of no known form
    guesses: tuple[str, ...] = ()  # what flows may be, by signs that prove nothing
    # What its packets travelled in: "GTP-U 10.0.0.1 → 10.0.0.2, inside MPLS"; the first few, then how many.
    inside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WifiClient:
    """A station of a Wi-Fi network whose frames were captured in the air."""

    station: str  # MAC address
    bssid: str
    ssid: str | None
    handshake: str  # "complete", "messages 1, 2 of 4", "not seen"
    decrypted: int  # frames
    protected: int  # frames that stayed encrypted
    cipher: str = ""
    note: str = ""  # why it can't be decrypted, and what to do about it


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something a device said to its local network by SSDP or mDNS; it is not sent beyond it."""

    device: str  # Device.id
    protocol: str  # "ssdp", "mdns"
    says: str  # "searches for", "announces", "withdraws", "asks for"
    what: str  # "_googlecast._tcp.local"
    times: int
    first_ns: int
    frame: int  # the first one
    details: Mapping[str, str] = field(default_factory=dict)  # {"server": "Linux/3.10 UPnP/1.0"}
    capture: int = 0
