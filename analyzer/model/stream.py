"""Streams and tunnels: conflicts, gaps and encapsulations."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.evidence import Endpoint


@dataclass(frozen=True, slots=True)
class Conflict:
    """Bytes of a stream that came twice with different content.

    The copy that came first is read: it is what a receiver that had room kept. `start` and `end` are
    offsets of the stream, from the first byte that differs to the last.
    """

    flow: int
    source: Endpoint
    destination: Endpoint
    start: int
    end: int
    frame: int  # that carried the copy which is read
    other_frame: int
    sha256: str  # of the copy which is read
    other_sha256: str
    excerpt: str = ""  # its first bytes in hexadecimal; empty while the owner's identifiers are masked
    other_excerpt: str = ""
    capture: int = 0  # which of Report.captures it concerns
    other_capture: int | None = None  # of `other_frame`, where it lies in another file


@dataclass(frozen=True, slots=True)
class Missing:
    """Bytes of a readable stream that were sent and not captured."""

    flow: int
    source: Endpoint
    destination: Endpoint
    start: int  # offsets of the stream
    end: int
    frame_before: int | None  # that carried the byte before them
    frame_after: int | None
    capture: int = 0  # which of Report.captures it concerns
    capture_after: int | None = None  # of `frame_after`, where it lies in another file


@dataclass(frozen=True, slots=True)
class Tunnel:
    """A way that packets went inside others. The ledger counts what was inside; here the outside counts.

    `ends` are source and destination of each IP packet around them, outermost first, None where they
    couldn't be read, as the first packet seen had them; `packets_back` went the other way.
    """

    says: str  # from the innermost outwards: "GTP-U 10.0.0.1 → 10.0.0.2, inside MPLS"
    kinds: tuple[str, ...]  # outermost first: ("MPLS", "GTP-U")
    ends: tuple[tuple[str, str] | None, ...]
    packets: int
    packets_back: int
    bytes: int
    bytes_back: int
    flows: int  # that were first seen to go this way
    first_ns: int
    last_ns: int
    frame: int  # the first one
    capture: int = 0  # which of Report.captures the frame is of
    scope_claims: tuple[str, ...] = ()  # of its ends: "203.0.113.7: located CN"


@dataclass(frozen=True, slots=True)
class FragmentConflict:
    """Bytes of an IP datagram that came in two fragments with different content; the first copy is read."""

    source: str
    destination: str
    start: int  # offsets of the datagram, behind its IP header
    end: int
    frame: int  # that carried the copy which is read
    other_frame: int
    sha256: str  # of the copy which is read
    other_sha256: str
    excerpt: str = ""  # its first bytes in hexadecimal; empty while the owner's identifiers are masked
    other_excerpt: str = ""
    capture: int = 0  # which of Report.captures it concerns
    other_capture: int | None = None  # of `other_frame`, where it lies in another file
