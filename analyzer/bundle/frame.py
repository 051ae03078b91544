"""A frame that is kept as evidence: its bytes, where it came from, and why it is kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.packets.packet_table import TCP, UDP


@dataclass(slots=True)
class HeaderOffsets:
    """Where the headers of a frame lie, in bytes from its start, and what they say; -1 for none."""

    network: int = -1  # the innermost IP header
    payload: int = -1  # behind TCP or UDP
    payload_captured: int = 0
    payload_wire: int = 0
    kind: int = 0  # TCP, UDP, … as in the packet columns
    source: str = ""
    destination: str = ""
    source_port: int = 0
    destination_port: int = 0
    sequence: int = 0
    acknowledgment: int = 0
    flags: int = 0
    outer: tuple[int | None, ...] = ()  # IP headers around it, outermost first
    carried: bool = False  # inside another protocol, whose lengths speak of it

    @property
    def is_tcp(self) -> bool:
        return self.kind == TCP

    @property
    def is_udp(self) -> bool:
        return self.kind == UDP


@dataclass(slots=True)
class CapturedFrame:
    """One frame of a capture."""

    capture: int  # which of Report.captures
    number: int  # in it, from 1
    link: int  # LINKTYPE_ value
    time_ns: int
    wire: int  # bytes on the wire
    data: bytes
    place: HeaderOffsets
    why: list[str] = field(default_factory=list)
