"""The frames of a group → the same frames with pseudonyms in headers and payload.

A TCP stream is put together, its messages are written anew, and it is cut again where it was cut: what got
longer or shorter moves sequence and acknowledgment numbers behind it. What can't be written anew becomes
asterisks. Lengths and checksums are repaired in frames that changed, the others stay as they are.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import replace

from analyzer.bundle.checksum_repair import end_of, repair
from analyzer.bundle.flow_groups import FlowGroup
from analyzer.bundle.frame import CapturedFrame, HeaderOffsets
from analyzer.bundle.message_redaction import BLANK, is_hidden_in, redacted_message
from analyzer.bundle.selection import SelectionError
from analyzer.bundle.stream_patch import Edit, Edited
from analyzer.model import Message
from analyzer.packets.packet_table import FRAGMENT
from analyzer.packets.wifi import WIFI_LINKS
from analyzer.redaction.redaction import Redactor
from analyzer.redaction.secrets import is_log_in
from analyzer.redaction.targets import is_one_interface

LONGEST_STREAM = 64 << 20
LONGEST_PACKET = 0xFFFF
SEQUENCES = 1 << 32
SYN, ACK = 2, 16
SACK = 5  # TCP option (RFC 2018 §3)
# Where the link header holds MAC addresses, by link type (tcpdump.org/linktypes.html).
MACS = {1: (0, 6), 113: (6,), 276: (12,)}

End = tuple[str, int]


def redacted_frames(
    redactor: Redactor,
    messages: Sequence[Message],
    group: FlowGroup,
    frames: Sequence[CapturedFrame],
    withhold: bool = False,
) -> list[CapturedFrame]:
    """The frames with pseudonyms. Raises RefusedError where frames of the air can't be told apart.

    `messages` are those of the group's flow; with `withhold` all of its payload becomes asterisks.
    """
    if any(frame.link in WIFI_LINKS for frame in frames):
        raise SelectionError(
            "the evidence stands in Wi-Fi frames as captured in the air, whose headers this version does not "
            "redact: make the bundle without --redact, or of a capture beside the router"
        )
    if any(frame.place.kind == FRAGMENT for frame in frames):
        raise SelectionError(
            "the evidence stands in fragments of IP packets, which this version does not redact: make the "
            "bundle without --redact"
        )
    streams = {
        end: FrameStream([f for f in frames if f.place.is_tcp and _source(f.place) == end])
        for end in group.ends
    }
    has_log_in = withhold or any(map(is_log_in, messages))
    for end, stream in streams.items():
        if has_log_in:
            stream.blank()
            continue
        stream.rewrite(redactor, [m for m in messages if (m.source.address, m.source.port) == end])
    if has_log_in:
        frames = [_without_datagram(frame, group) for frame in frames]
    return [_redacted(redactor, frame, streams, messages) for frame in frames]


def _without_datagram(frame: CapturedFrame, group: FlowGroup) -> CapturedFrame:
    """Return a frame of the flow with asterisks in its datagram, which may hold a log-in (RADIUS, SIP)."""
    place = frame.place
    ends = {_source(place), (place.destination, place.destination_port)}
    if not place.is_udp or ends != set(group.ends):
        return frame
    start, end = place.payload, place.payload + place.payload_captured
    blank = BLANK * place.payload_captured
    return replace(frame, data=frame.data[:start] + blank + frame.data[end:])


class FrameStream:
    """One direction of a TCP flow, put together of its frames; the first copy of a byte counts."""

    def __init__(self, frames: Sequence[CapturedFrame]) -> None:
        self.base = _base(frames)
        pieces = [(self.offset(f.place.sequence), _payload(f)) for f in frames if f.place.payload_captured]
        length = max((at + len(data) for at, data in pieces), default=0)
        if length > LONGEST_STREAM:
            raise SelectionError("a stream is too long to be redacted; make the bundle without --redact")
        self.old = bytearray(max(length, 0))
        self.seen = bytearray(len(self.old))
        for at, data in pieces:
            self._fill(at, data)
        self.edited = Edited(bytes(self.old), [])

    def offset(self, sequence: int) -> int:
        """Of the stream's first byte, negative before it."""
        offset = (sequence - self.base) % SEQUENCES
        return offset - SEQUENCES if offset >= SEQUENCES >> 1 else offset

    def _fill(self, at: int, data: bytes) -> None:
        for place, byte in enumerate(data, start=at):
            if place >= 0 and not self.seen[place]:
                self.old[place], self.seen[place] = byte, 1

    def rewrite(self, redactor: Redactor, messages: Sequence[Message]) -> None:
        """Write the messages anew, and blank all of the stream where an original is left in it."""
        old = bytes(self.old)
        edits: list[Edit] = []
        at = 0
        spans = {(m.evidence.start, m.evidence.end): m for m in messages if m.evidence.end > m.evidence.start}
        for (start, end), message in sorted(spans.items()):
            if start < at or end > len(old):
                continue
            edits += _between(redactor, old, at, start)
            whole = [m for m in messages if (m.evidence.start, m.evidence.end) == (start, end)]
            made = redacted_message(redactor, message, old[start:end])
            if any(is_hidden_in(redactor, each, old[start:end]) for each in whole):
                made = BLANK * (end - start)
            edits.append(Edit(start, end, made))
            at = end
        edits += _between(redactor, old, at, len(old))
        self.edited = Edited(old, edits)
        if redactor.replacer.found(self.edited.data):
            self.blank()

    def blank(self) -> None:
        """Withhold all of it."""
        self.edited = Edited(bytes(self.old), [Edit(0, len(self.old), BLANK * len(self.old))])

    def piece(self, start: int, data: bytes) -> bytes:
        """What a segment at this offset carries now; asterisks where it carried something else."""
        if start < 0:
            return data if not any(data) or len(data) == 1 else BLANK * len(data)
        if bytes(self.old[start : start + len(data)]) != data:
            return BLANK * len(data)
        return self.edited.data[self.edited.place(start) : self.edited.place(start + len(data))]


def _base(frames: Sequence[CapturedFrame]) -> int:
    """The sequence number of the stream's first byte: behind the SYN, else the lowest that was seen."""
    for frame in frames:
        if frame.place.flags & SYN:
            return (frame.place.sequence + 1) % SEQUENCES
    if not frames:
        return 0
    first = frames[0].place.sequence
    offsets = [
        (f.place.sequence - first + (SEQUENCES >> 1)) % SEQUENCES for f in frames if f.place.payload_wire
    ]
    return (first + min(offsets, default=SEQUENCES >> 1) - (SEQUENCES >> 1)) % SEQUENCES


def _between(redactor: Redactor, old: bytes, start: int, end: int) -> list[Edit]:
    """What is no message: replaced where it keeps its length, else blank."""
    data = old[start:end]
    if not data:
        return []
    made = redactor.replacer.data(data)
    if len(made) != len(data) or redactor.rewriter.hides(made):
        made = BLANK * len(data)
    return [Edit(start, end, made)] if made != data else []


# ── frames ──────────────────────────────────────────────────────────────────


def _redacted(
    redactor: Redactor, frame: CapturedFrame, streams: dict[End, FrameStream], messages: Sequence[Message]
) -> CapturedFrame:
    place = frame.place
    data = bytearray(frame.data)
    why = [redactor.rewriter.text(each) for each in frame.why]
    if place.network < 0:
        return replace(frame, data=_replaced(redactor, data, 0, len(data)), why=why)
    grown = 0
    if place.payload >= 0:
        grown = _payload_in(redactor, frame, data, streams, messages)
    _link(redactor, frame.link, data, place.outer[0] if place.outer and place.outer[0] else place.network)
    headers = [at for at in (*place.outer, place.network) if at is not None]
    for at in headers:
        _addresses(redactor, data, at)
    if bytes(data) == frame.data and not _is_blank(frame):
        return replace(frame, why=why)
    for at in reversed(headers):
        repair(data, at, grown if at == place.network else 0)
    left = len(data) - end_of(data, headers[0])
    if any(data[len(data) - left :]):
        del data[len(data) - left :]
        grown -= left
    return replace(frame, data=bytes(data), wire=frame.wire + grown, why=why)


def _payload_in(
    redactor: Redactor,
    frame: CapturedFrame,
    data: bytearray,
    streams: dict[End, FrameStream],
    messages: Sequence[Message],
) -> int:
    """Put the new payload in; gives how much longer it is."""
    place, stream = frame.place, streams.get(_source(frame.place))
    start, end = place.payload, place.payload + place.payload_captured
    old = bytes(data[start:end])
    if place.is_tcp and stream is not None:
        new = stream.piece(stream.offset(place.sequence + bool(place.flags & SYN)), old)
        other = next((s for e, s in streams.items() if e != _source(place)), None)
        if len(new) == len(old) or _can_grow(frame, len(new) - len(old)):
            _numbers(data, place, stream, other)
        else:
            raise SelectionError(
                f"frame {frame.number}: what replaces its identifiers has another length, for which it has "
                "no room (a tunnel, or the size of a packet); make the bundle without --redact"
            )
    else:
        new = _same(redactor, old)
        inside = [m for m in messages if frame.number in m.evidence.frames]
        if any(is_hidden_in(redactor, each, old) for each in inside):
            new = BLANK * len(old)
    data[start:end] = new
    return len(new) - len(old)


def _is_blank(frame: CapturedFrame) -> bool:
    """Whether the payload of a datagram is withheld, so that its checksum is another."""
    payload = _payload(frame)
    return frame.place.is_udp and bool(payload) and payload == BLANK * len(payload)


def _can_grow(frame: CapturedFrame, by: int) -> bool:
    place = frame.place
    is_whole = place.payload_captured == place.payload_wire
    return is_whole and not place.carried and len(frame.data) - place.network + by <= LONGEST_PACKET


def _same(redactor: Redactor, old: bytes) -> bytes:
    """Of a datagram: replaced where it keeps its length and hides nothing."""
    made = redactor.replacer.data(old)
    return made if len(made) == len(old) and not redactor.rewriter.hides(made) else BLANK * len(old)


def _numbers(data: bytearray, place: HeaderOffsets, stream: FrameStream, other: FrameStream | None) -> None:
    """Sequence and acknowledgment numbers, selective ones too, as the new streams have them."""
    transport = transport_at(data, place)
    offset = stream.offset(place.sequence)
    _put32(data, transport + 4, stream.base + stream.edited.place(offset))
    if other is None or not place.flags & ACK:
        return
    _put32(data, transport + 8, other.base + other.edited.place(other.offset(place.acknowledgment)))
    at, end = transport + 20, place.payload
    while at + 1 < end and data[at]:
        if data[at] == 1:
            at += 1
            continue
        size = data[at + 1]
        if size < 2:
            return
        if data[at] == SACK:
            for edge in range(at + 2, min(at + size, end - 3), 4):
                old = int.from_bytes(data[edge : edge + 4], "big")
                _put32(data, edge, other.base + other.edited.place(other.offset(old)))
        at += size


def transport_at(data: bytes | bytearray, place: HeaderOffsets) -> int:
    """Return where the TCP header begins, by its own length before the payload. Raises RefusedError."""
    for size in range(20, 64, 4):
        at = place.payload - size
        if (
            at >= place.network + 20
            and data[at + 12] >> 4 == size // 4
            and _ports(data, at)
            == (
                place.source_port,
                place.destination_port,
            )
        ):
            return at
    raise SelectionError("the TCP header of a frame can't be told; make the bundle without --redact")


def _ports(data: bytes | bytearray, at: int) -> tuple[int, int]:
    return int.from_bytes(data[at : at + 2], "big"), int.from_bytes(data[at + 2 : at + 4], "big")


def _put32(data: bytearray, at: int, value: int) -> None:
    data[at : at + 4] = (value % SEQUENCES).to_bytes(4, "big")


def _source(place: HeaderOffsets) -> End:
    return place.source, place.source_port


def _payload(frame: CapturedFrame) -> bytes:
    return frame.data[frame.place.payload : frame.place.payload + frame.place.payload_captured]


# ── addresses ───────────────────────────────────────────────────────────────


def _link(redactor: Redactor, link: int, data: bytearray, network: int) -> None:
    """MAC addresses of every station, the router's too: it tells where a home is."""
    for at in MACS.get(link, ()):
        mac = data[at : at + 6].hex(":")
        if at + 6 <= network and is_one_interface(mac):
            data[at : at + 6] = bytes.fromhex(redactor.pseudonyms.of("mac", mac).replace(":", ""))
    rest = max((at + 6 for at in MACS.get(link, ())), default=0)
    data[rest:network] = _replaced(redactor, data, rest, network)
    if link == 1:  # the group of neighbours, made of an address
        data[:6] = _replaced(redactor, data, 0, 6)


def _replaced(redactor: Redactor, data: bytearray, start: int, end: int) -> bytes:
    old = bytes(data[start:end])
    made = redactor.replacer.data(old)
    return made if len(made) == len(old) else BLANK * len(old)


def _addresses(redactor: Redactor, data: bytearray, network: int) -> None:
    """Source and destination of an IP header, where they are of the own line."""
    version = data[network] >> 4
    size, first = (4, network + 12) if version == 4 else (16, network + 8)
    for at in (first, first + size):
        old = bytes(data[at : at + size])
        if len(old) < size or version not in (4, 6):
            return
        address = ipaddress.ip_address(old)
        made = redactor.known.get(("address", str(address)))
        if made is None and version == 6 and address.is_link_local:  # the router's may hold its MAC address
            made = redactor.pseudonyms.of("address", str(address))
        data[at : at + size] = ipaddress.ip_address(made).packed if made else redactor.replacer.data(old)
