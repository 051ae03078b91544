"""The words every layer shares: what was seen, where it stood, and what it is believed to mean.

Everything here is data, frozen, and free of I/O; this module imports nothing of ours, except
for `Report.to_pandas`.
Units throughout: times are UTC nanoseconds since the Unix epoch, sizes are octets,
frame numbers start at 1 as in Wireshark, country codes are ISO 3166-1 alpha-2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

if TYPE_CHECKING:
    import pandas as pd


class CaptureError(Exception):
    """The input can't be read at all: one sentence saying what, where and what was seen."""


# ── evidence ────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a conversation; `port` is 0 where the protocol has none."""

    address: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a value stood: enough to find it in Wireshark and to decode it again by hand.

    `start` and `end` are octet offsets of the carrying message's bytes in the reassembled
    stream (TCP) or in the datagram (UDP); `path` names the steps from that message to the
    value, for example `("body", "base64", "json", "IMEI1")`.
    """

    frames: tuple[int, ...]
    flow: int | None = None
    start: int = 0
    end: int = 0
    path: tuple[str, ...] = ()
    capture: int = 0  # which of Report.captures the frames are of
    # (capture, frames) of what lies in later files of the same session.
    continued: tuple[tuple[int, tuple[int, ...]], ...] = ()

    def step(self, *names: str) -> Evidence:
        """The same place, one or more decode steps further in."""
        return replace(self, path=self.path + names)

    def __str__(self) -> str:
        return " › ".join(self.path)


@dataclass(frozen=True, slots=True)
class Problem:
    """Damage, loss or a limit that was met: what could not be seen, said beside the results."""

    code: str  # "cut-record", "gap", "body-limit": stable, for programs
    what: str  # one clear sentence, for people
    frame: int | None = None  # the first frame concerned
    count: int = 1  # how many times the same thing happened
    capture: int = 0  # which of Report.captures it concerns
    flow: int | None = None  # the first flow concerned


# ── messages ────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a message as it was sent (de-chunked) and with its content codings undone.

    `content` holds at most the first octets up to the limit of the run; `length` and the
    hashes always speak of everything that was seen.
    """

    length: int = 0  # octets as sent, chunk framing removed
    sha256: str | None = None  # of these octets; None when there are none
    content: bytes = b""  # content codings undone
    content_sha256: str | None = None  # of the whole decoded content, when a coding was undone
    codings: tuple[str, ...] = ()  # ("gzip",): what was undone, outermost first
    complete: bool = True
    missing: str | None = None  # "612 of 1,024 octets were not captured"
    charset: str | None = None  # in which `content` is text; None where it is not
    charset_from: str = ""  # how that is known: "byte order mark", "Content-Type", "the octets are valid"
    left_out: str | None = None  # what of the content was not kept, in words
    # In a redacted report: of `content` in which values were replaced, and no hash of what was sent.
    replaced_sha256: str | None = None


Role = Literal["request", "response"]

# In `Message.missing` of requests; those that no protocol answers are without it.
UNANSWERED = "no response was seen"


@dataclass(frozen=True, slots=True)
class Message:
    """One message that crossed the air readable.

    `number` counts messages of a report from 1. `peer` is the number of the response to this
    request (or the reverse), None when it was never seen. `delivered` says whether the
    receiver acknowledged the last octet: True, False, or None where the protocol or a
    one-sided capture can't show it.
    """

    number: int
    protocol: str  # "http/1.1"
    role: Role
    flow: int
    source: Endpoint
    destination: Endpoint
    time_ns: int  # first octet
    end_ns: int  # last octet
    evidence: Evidence
    method: str | None = None
    target: str | None = None
    host: str | None = None
    status: int | None = None
    reason: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: Body = Body()
    complete: bool = True
    missing: tuple[str, ...] = ()  # what is not there, in words
    peer: int | None = None
    delivered: bool | None = None
    stream: int | None = None  # number of the HTTP/2 stream (RFC 9113 §5.1.1)
    # What it went through, outermost first: "CONNECT example.com:443". `destination` is then the proxy.
    tunnel: tuple[str, ...] = ()
    # (stream offset, frame) where each frame's octets begin; empty where one frame carried all
    spans: tuple[tuple[int, int], ...] = ()
    tolerated: tuple[str, ...] = ()  # where it is not as the standard has it, and what else it may mean
    span_captures: tuple[int, ...] = ()  # of each span's frame, where they lie in several files
    # In a redacted report the parts that show something else than was sent: ("header Cookie", "body").
    replaced: tuple[str, ...] = ()

    def frames_of(self, start: int, end: int) -> tuple[int, ...]:
        """The frames that carried the octets from `start` to `end`, offsets of the stream as in `evidence`.

        Only those of the evidence's capture, where the message goes on in the next file.
        """
        frames = self.evidence.frames
        if not self.spans:
            return frames[:1] if self.evidence.start <= start < end <= self.evidence.end else ()
        ends = (*(offset for offset, _ in self.spans[1:]), self.evidence.end)
        own = self.evidence.capture
        captures = self.span_captures or (own,) * len(ends)
        spans = zip(self.spans, ends, captures, strict=True)
        return tuple(
            dict.fromkeys(f for (at, f), after, c in spans if at < end and after > start and c == own)
        )

    def header(self, name: str) -> str | None:
        """The first header of that name, whatever its case (RFC 9110 §5.1)."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Field:
    """Named text or bytes that was readable: the hinge between messages and findings.

    `value` is text where the octets are valid in the message's charset and bytes otherwise.
    `beside` holds the names of the fields that stood next to it (keys of the same JSON
    object, form or query), which is evidence for what a number means.
    """

    name: str
    value: str | bytes
    evidence: Evidence
    message: int  # Message.number
    beside: frozenset[str] = frozenset()


Part = tuple[str, str | bytes, tuple[str, ...], frozenset[str]]
"""A field before it is one: name, value, path, the names beside it."""


class Fields(Sequence[Field]):
    """The fields of one message; each is made when it is looked at, since most never are.

    `parts` has the columns `names` and `values`, of equal length, and makes one Part at a time.
    """

    __slots__ = ("_evidence", "_message", "_parts", "names", "values")

    def __init__(self, parts: Parts, evidence: Evidence, message: int) -> None:
        self._parts, self._evidence, self._message = parts, evidence, message
        self.names, self.values = parts.names, parts.values

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Field: ...
    @overload
    def __getitem__(self, index: slice) -> list[Field]: ...
    def __getitem__(self, index: int | slice) -> Field | list[Field]:
        if isinstance(index, slice):
            return [self._made(i) for i in range(*index.indices(len(self)))]
        return self._made(index)

    def _made(self, index: int) -> Field:
        name, value, path, beside = self._parts.part(index)
        at = self._evidence
        place = Evidence(at.frames, at.flow, at.start, at.end, path, at.capture)
        return Field(name, value, place, self._message, beside)


class Parts(Protocol):
    """What Fields are made of: columns, and each Part when it is asked for."""

    @property
    def names(self) -> Sequence[str]: ...

    @property
    def values(self) -> Sequence[str | bytes]: ...

    def part(self, index: int) -> Part: ...


Confidence = Literal["high", "medium", "low"]
Certainty = Literal["identifier", "probable identifier", "number worth checking"]
Owner = Literal["own device", "other device", "server", "unknown"]
# How sure a detector is decides which of the three classes a value is of.
CERTAINTY: Mapping[Confidence, Certainty] = {
    "high": "identifier",
    "medium": "probable identifier",
    "low": "number worth checking",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """An identifier that left the phone readable."""

    kind: str  # "imei"
    value: str  # normalised: digits only, MAC as aa:bb:cc:dd:ee:ff
    raw: str  # as it stood in the field
    name: str  # the field's name, "IMEI1"
    confidence: Confidence
    reasons: tuple[str, ...]  # each one sentence a reader can check
    evidence: Evidence
    message: int  # Message.number
    time_ns: int = 0
    known: bool | None = None  # equal to an identifier the owner gave; None when none of the kind was given
    details: Mapping[str, str] = field(default_factory=dict)  # {"tac": "49015420", "issuer": "…"}
    owner: Owner = "unknown"  # whose it is, as far as the capture shows

    @property
    def certainty(self) -> Certainty:
        """The class of the value; `class` in the JSON document."""
        return CERTAINTY[self.confidence]


PingStatus = Literal["attempted", "delivered", "answered", "accepted"]


@dataclass(frozen=True, slots=True)
class PingField:
    """One key of a recognised payload with its explanation in plain words."""

    key: str
    value: str
    means: str


@dataclass(frozen=True, slots=True)
class Ping:
    """A message recognised as an activation or registration ping, with the reasons.

    `message` is None when only the attempt was seen (a connection that never carried a request).
    """

    dossier: str  # the dossier's id, "china-telecom-registration"
    title: str
    status: PingStatus
    time_ns: int
    flow: int
    device: str  # Device.id
    source: Endpoint
    destination: Endpoint
    host: str | None
    message: int | None
    evidence: Evidence
    reasons: tuple[str, ...]  # why it is called that
    status_reasons: tuple[str, ...]  # why the status is what it is
    fields: tuple[PingField, ...] = ()
    encoding: str = ""  # "base64 of JSON: encoded, not encrypted"
    client: str = ""  # the software known to send this, never proven by a capture
    confidence: Confidence = "medium"


# ── geography ───────────────────────────────────────────────────────────────

# "given": a database of the user's own.
Claim = Literal["located", "second", "registered", "operated", "given"]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one source of one date says of an address; `code` is None where it says nothing."""

    claim: Claim
    code: str | None  # ISO 3166-1 alpha-2
    source: str  # "DB-IP"
    date: str  # "2026-10", the source's own date
    detail: str = ""  # what else it says, in its own words: "Zurich; AS64500 Example"


@dataclass(frozen=True, slots=True)
class Place:
    """Everything the sources say of one address, kept apart.

    `verdict` is one of the classes of docs/geolocation: "agree CN", "located CN, registered
    elsewhere", "registered CN, located elsewhere", "Chinese-operated network, located
    elsewhere", "sources disagree", "anycast/unknown", "special-purpose", "agree XX".
    `opinions` are the ones in force for the capture's date; `today` the present ones where
    these differ in date.
    """

    address: str
    verdict: str
    special: str | None = None  # "private use (RFC 1918)": then nothing else is claimed
    unwrapped: str | None = None  # "IPv4 192.0.2.1 inside NAT64": how the address was read
    opinions: tuple[Opinion, ...] = ()
    today: tuple[Opinion, ...] = ()
    asn: int | None = None
    as_name: str | None = None
    anycast: bool = False

    def code(self, claim: Claim) -> str | None:
        """The country code that this claim carries, if any."""
        return next((o.code for o in self.opinions if o.claim == claim and o.code), None)


@dataclass(frozen=True, slots=True)
class GeoSource:
    """A database that was consulted; `attribution` must stand in every report."""

    name: str
    date: str
    licence: str
    says: str
    attribution: str
    sha256: str
    url: str = ""
    used_for: str = ""  # "location, nearest at or before the capture's date"


# ── the ledger ──────────────────────────────────────────────────────────────


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
    payload: int = 0  # octets above TCP and UDP that it sent and received
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
    payload_up: int = 0  # octets above TCP and UDP, repetitions counted
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
    entropy: float | None = None  # bits an octet of the first octets of flows of no known form
    guesses: tuple[str, ...] = ()  # what flows may be, by signs that prove nothing
    # What its packets travelled in: "GTP-U 10.0.0.1 → 10.0.0.2, inside MPLS"; the first few, then how many.
    inside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns of equal length: what is too many for objects."""

    columns: Mapping[str, Sequence[Any]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def rows(self) -> list[dict[str, Any]]:
        """One dict a row."""
        names = list(self.columns)
        return [dict(zip(names, row, strict=True)) for row in zip(*self.columns.values(), strict=True)]


# ── the report ──────────────────────────────────────────────────────────────


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
    snaplen: int = 0  # octets kept of a packet at most; 0 where there was no limit
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
class Conflict:
    """Octets of a stream that came twice with different content.

    The copy that came first is read: it is what a receiver that had room kept. `start` and `end` are
    offsets of the stream, from the first octet that differs to the last.
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
    excerpt: str = ""  # its first octets in hexadecimal; empty while the owner's identifiers are masked
    other_excerpt: str = ""
    capture: int = 0  # which of Report.captures it concerns
    other_capture: int | None = None  # of `other_frame`, where it lies in another file


@dataclass(frozen=True, slots=True)
class Missing:
    """Octets of a readable stream that were sent and not captured."""

    flow: int
    source: Endpoint
    destination: Endpoint
    start: int  # offsets of the stream
    end: int
    frame_before: int | None  # that carried the octet before them
    frame_after: int | None
    capture: int = 0  # which of Report.captures it concerns
    capture_after: int | None = None  # of `frame_after`, where it lies in another file


@dataclass(frozen=True, slots=True)
class Session:
    """Captures that were read as one, in the order of time: files that one recording was split into."""

    captures: tuple[int, ...]  # positions in Report.captures
    why: str  # what shows that they belong together
    gaps_us: tuple[int, ...]  # microseconds from each file's last frame to the first of the next


@dataclass(frozen=True, slots=True)
class Scope:
    """What was asked for: the regions, and the device if one was named."""

    regions: tuple[str, ...] = ("CN",)
    device: str | None = None


@dataclass(frozen=True, slots=True)
class KnownKind:
    """Whether an identifier the owner gave was seen; the value itself is never kept."""

    kind: str
    seen: bool
    times: int
    encodings: tuple[str, ...] = ()


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
class Identifier:
    """All findings of one kind and value together: whose it is, how often it left, and to whom."""

    kind: str
    value: str
    confidence: Confidence  # of the surest finding
    times: int
    first_ns: int
    last_ns: int
    destinations: tuple[str, ...]  # "zzhc.example (203.0.113.7:80)", most frequent first
    devices: tuple[str, ...]  # Device.id of those that sent it
    belongs_to: str = ""  # "the device that sent it: equal to its MAC address"
    known: bool | None = None  # as in Finding
    owner: Owner = "unknown"  # as in Finding

    @property
    def certainty(self) -> Certainty:
        """The class of the surest finding; `class` in the JSON document."""
        return CERTAINTY[self.confidence]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How the sends of one sender follow each other in time."""

    dossier: str
    device: str
    sends: int
    least_ns: int  # between two sends
    median_ns: int
    most_ns: int
    regularity: str
    retry: str = ""  # against what the dossier documents


@dataclass(frozen=True, slots=True)
class Association:
    """Sends set against one kind of event before them: a statement of association, never of cause.

    Of `shifts` random shifts in time of all sends together, `as_often` left at least as many of
    them within `window_ns` after an event; `shifts` is 0 where too little was seen for a test.
    """

    dossier: str
    device: str
    event: str  # "DNS query after silence"
    origin: Literal["capture", "log"]
    sends: int
    events: int
    preceded: int  # sends with such an event at most `window_ns` before them
    window_ns: int
    median_lag_ns: int | None
    shifts: int
    as_often: int
    statement: str
    times_ns: tuple[int, ...] = ()  # of the events, the first of them where they are many


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
    """Octets of an IP datagram that came in two fragments with different content; the first copy is read."""

    source: str
    destination: str
    start: int  # offsets of the datagram, behind its IP header
    end: int
    frame: int  # that carried the copy which is read
    other_frame: int
    sha256: str  # of the copy which is read
    other_sha256: str
    excerpt: str = ""  # its first octets in hexadecimal; empty while the owner's identifiers are masked
    other_excerpt: str = ""
    capture: int = 0  # which of Report.captures it concerns
    other_capture: int | None = None  # of `other_frame`, where it lies in another file


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


@dataclass(frozen=True, slots=True)
class DocumentedName:
    """A destination whose name a dossier documents: what is known of it, not what was sent."""

    name: str
    addresses: tuple[str, ...]
    devices: tuple[str, ...]
    dossier: str
    title: str
    kind: str  # "activation-ping", "telemetry", "benign"
    says: str


@dataclass(frozen=True, slots=True)
class Redaction:
    """That identifiers were replaced by pseudonyms, and how; a report without it shows them as they were."""

    says: str  # the notice that stands in every document
    how: tuple[str, ...]  # one sentence each
    key: str  # tells reports that were made with the same key, and nothing else of it
    pseudonyms: Mapping[str, int]  # how many were made of each kind
    withheld: int = 0  # values left out because an encoding in them could not be written anew
    # HMAC-SHA-256 under the key of each capture's SHA-256: who holds key and capture can show which it was.
    commitments: tuple[str | None, ...] = ()


CoverageState = Literal[
    "searched", "answers", "encrypted", "not-searched", "unrecognised", "wifi-not-opened",
    "tunnel-not-opened", "not-decoded", "not-captured", "no-content",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many packets and bytes of a capture session met one fate; all rows of a session add up to it.

    `searched`: went through decoding and detection. `answers`: what others answered to a device; read, and
    not searched, since it did not leave the device. `encrypted`: by a protocol that is known to encrypt.
    `not-searched`: readable, or not shown to be anything else. `unrecognised`: of no known form, and spread
    as encrypted or compressed data are. `wifi-not-opened`: Wi-Fi frames that no key opened.
    `tunnel-not-opened`: packets of tunnels and encapsulations that were not read. `not-decoded`: frames of
    other link types and protocols, damaged frames, fragments that stayed incomplete. `not-captured`: cut off
    by the snapshot length. `no-content`: nothing to search, as handshakes, acknowledgements, ARP and ICMP.

    Packets inside frames that were opened count in place of these frames. Packets and bytes of a flow that
    was searched in part are shared out as its payload is.
    """

    state: CoverageState
    what: str  # "http", "802.11 protected (encrypted)"
    packets: int
    bytes: int
    capture: int = 0  # the first of Report.captures in the session


SCHEMA = "phonehome-report/1"


@dataclass(frozen=True, slots=True)
class Report:
    """All that one run found. Writers see this and nothing else.

    `flows` columns: capture, flow, device, source, source_port, destination, destination_port,
    protocol, kind, name, packets_up, packets_down, bytes_up, bytes_down, first_ns, last_ns, ended,
    inside (as in Destination), payload, readable, version, alpn, ja4, ech, entropy, flows (how many a row
    stands for). `region_packets` columns: capture, frame, time_ns, device, source, destination, protocol,
    destination_port, length, claim; one row for each packet sent to an address for which a claim names a
    region of the scope.
    """

    version: str  # of phonehome
    created_ns: int
    captures: tuple[CaptureInfo, ...]
    scope: Scope
    devices: tuple[Device, ...]
    destinations: tuple[Destination, ...]
    flows: Table
    messages: tuple[Message, ...]
    findings: tuple[Finding, ...]
    pings: tuple[Ping, ...]
    region_packets: Table
    known: tuple[KnownKind, ...] = ()
    geo_sources: tuple[GeoSource, ...] = ()
    geo_note: str = ""  # the snapshot rule as it was applied: dates, gap, warning
    blind_spots: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    reconstruction: str | None = None  # the notice of a synthetic capture
    schema: str = SCHEMA
    vantage: tuple[Clue, ...] = ()  # where the capture was made, as far as it shows
    wifi: tuple[WifiClient, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    rhythms: tuple[Rhythm, ...] = ()
    associations: tuple[Association, ...] = ()
    documented: tuple[DocumentedName, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    gaps: tuple[Missing, ...] = ()
    sessions: tuple[Session, ...] = ()  # of several captures each
    announcements: tuple[Announcement, ...] = ()  # within the local network
    tunnels: tuple[Tunnel, ...] = ()
    fragment_conflicts: tuple[FragmentConflict, ...] = ()
    redaction: Redaction | None = None
    coverage: tuple[Coverage, ...] = ()  # empty in reports of versions that did not count it

    def to_pandas(self) -> dict[str, pd.DataFrame]:
        """The tables `flows`, `destinations`, `messages`, `findings`, `region_packets`.

        One row an entry, one column a field of the class (headers, bodies and evidence stay
        objects); columns ending in `_ns` become `datetime64[ns, UTC]` under the name without it.
        `flows` has a `community_id` too, None where a row has none.
        """
        from analyzer.community import community_ids

        joined = {"community_id": community_ids(self.flows.rows())}
        tables = {
            "flows": Table({**self.flows.columns, **joined}),
            "destinations": _table(Destination, self.destinations),
            "messages": _table(Message, self.messages),
            "findings": _table(Finding, self.findings),
            "region_packets": self.region_packets,
        }
        return {name: _frame(table) for name, table in tables.items()}


def _table(kind: type, entries: Sequence[Any]) -> Table:
    return Table({f.name: [getattr(e, f.name) for e in entries] for f in fields(kind)})


def _frame(table: Table) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame({name: list(values) for name, values in table.columns.items()})
    for name in [n for n in frame.columns if n.endswith("_ns")]:
        frame[name] = pd.to_datetime(frame[name], unit="ns", utc=True)
    return frame.rename(columns={n: n.removesuffix("_ns") for n in frame.columns if n.endswith("_ns")})


@cache
def values_of(kind: type) -> Callable[[Any], tuple[Any, ...]]:
    """What gives all values of a dataclass's object, in the order in which the class takes them."""
    values = attrgetter(*[field.name for field in fields(kind)])
    return values if len(fields(kind)) > 1 else lambda part: (values(part),)
