"""Captures and groups of a report → the frames that each group is shown by.

Two passes: the first looks at the frames that name something, the second takes the flow from its first
packet to its last, the question to each DNS answer, the whole of each DHCP exchange, and the frame in
which a reconstruction says that it is one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analyzer.bundle.flow_groups import FlowGroup
from analyzer.bundle.frame import CapturedFrame, HeaderOffsets
from analyzer.capture import Batch, Capture
from analyzer.capture.records import SNOOP_LINK, UNDESCRIBED_LINK
from analyzer.flows.address_text import address_text
from analyzer.model import CaptureError, CaptureInfo
from analyzer.packets import Packets, decode
from analyzer.packets.encapsulation import offsets_of
from analyzer.packets.packet_table import (
    ACKNOWLEDGMENT,
    FRAGMENT,
    NOT_IP,
    OUTER,
    PATH,
    PAYLOAD_WIRE,
    TCP,
    UDP,
)

MOST_BYTES = 512 << 20  # of all frames together
NOTICE = 0x88B5  # EtherType of the frame in which a reconstruction says what it is
DHCP_PORTS = frozenset((67, 68))
NUMBERS = {"tcp": 6, "udp": 17, "icmp": 1, "ipv6-icmp": 58}
ASKED_BEFORE_NS = 30 * 10**9  # a question stands at most so long before its answer
SYN, FIN, RST, ACK = 2, 1, 4, 16


Mark = tuple[int, frozenset[tuple[str, int]], bytes]


class SelectionError(Exception):
    """The evidence can't be made or checked: one sentence."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A frame that names something: what kind of exchange it is of, and how the rest is told."""

    kind: str  # "dns", "dhcp", "" for one that stands alone
    ends: frozenset[tuple[str, int]]
    mark: bytes  # transaction id
    time_ns: int


def select(
    infos: Sequence[CaptureInfo], paths: Sequence[str], groups: Sequence[FlowGroup]
) -> list[list[CapturedFrame]]:
    """For each group its frames in the order of time. Raises RefusedError, CaptureError."""
    anchors: dict[tuple[int, int], Anchor] = {}
    wanted = {place for group in groups for place in group.named}
    for index, (info, path) in enumerate(zip(infos, paths, strict=True)):
        capture = Capture(path)
        for batch in capture:
            packets = decode(batch)
            for row in _rows_of(batch, [frame for of, frame in wanted if of == index]):
                anchors[index, batch.first_frame + row] = _anchor(frame_at(index, batch, packets, row))
        if capture.source.sha256() != info.sha256:
            raise SelectionError(
                f"{path} is not the capture of the report: its SHA-256 is {capture.source.sha256()}, "
                f"the report's is {info.sha256}"
            )
    taking = _Taking(groups, anchors)
    for index, path in enumerate(paths):
        for batch in Capture(path):
            taking.take(index, batch, decode(batch))
    taking.check()
    return [
        sorted(frames.values(), key=lambda frame: (frame.capture, frame.number)) for frames in taking.found
    ]


class _Taking:
    """The second pass."""

    def __init__(self, groups: Sequence[FlowGroup], anchors: dict[tuple[int, int], Anchor]) -> None:
        self.groups = groups
        self.found: list[dict[tuple[int, int], CapturedFrame]] = [{} for _ in groups]
        self._data = 0
        self._anchors = anchors
        self._flows: dict[frozenset[tuple[str, int]], list[int]] = defaultdict(list)
        for number, group in enumerate(groups):
            self._flows[frozenset(group.ends)].append(number)
        self._pairs = np.array([_ports(group.ends) for group in groups], np.int64)
        self._at: dict[tuple[int, int], list[tuple[int, str]]] = defaultdict(list)
        # By capture, ends (none for DHCP) and transaction id.
        self._marks: dict[Mark, list[tuple[int, Anchor, int]]] = defaultdict(list)
        for number, group in enumerate(groups):
            for at, why in (*group.evidence.items(), *group.named.items()):
                self._at[at].append((number, why))
            for at in group.named:
                if (anchor := anchors.get(at)) and anchor.kind:
                    ends = frozenset() if anchor.kind == "dhcp" else anchor.ends
                    self._marks[at[0], ends, anchor.mark].append((number, anchor, at[1]))
        self._dns = [_ports(tuple(anchor.ends)) for anchor in anchors.values() if anchor.kind == "dns"]

    def take(self, index: int, batch: Batch, packets: Packets) -> None:
        """The rows of a batch that some group wants."""
        for row in self._candidates(index, batch, packets):
            frame = frame_at(index, batch, packets, row)
            for number, why in self._wants(frame):
                self._keep(number, frame, why)

    def check(self) -> None:
        """Every frame that a finding names is there."""
        for group, frames in zip(self.groups, self.found, strict=True):
            missing = sorted(place for place in group.evidence if place not in frames)
            if missing:
                capture, number = missing[0]
                raise SelectionError(
                    f"capture {capture + 1} does not hold frame {number}, which a finding rests on"
                )

    def _candidates(self, index: int, batch: Batch, packets: Packets) -> list[int]:
        first, second = packets.source_port, packets.destination_port
        ports = np.minimum(first, second) << 16 | np.maximum(first, second)
        mask = np.isin(ports, self._pairs) & np.isin(packets.kind, (TCP, UDP))
        mask |= np.isin(packets.kind, (FRAGMENT,))
        mask |= (packets.kind == UDP) & (np.isin(first, (53, 67, 68)) | np.isin(second, (53, 67, 68)))
        mask |= (packets.kind == UDP) & np.isin(ports, self._dns)
        mask |= (packets.kind == NOT_IP) & (packets.ethertype == NOTICE)
        listed = [frame for of, frame in self._at if of == index]
        return sorted({*np.flatnonzero(mask).tolist(), *_rows_of(batch, listed)})

    def _wants(self, frame: CapturedFrame) -> Iterator[tuple[int, str]]:
        place = frame.place
        ends = frozenset(((place.source, place.source_port), (place.destination, place.destination_port)))
        at = frame.capture, frame.number
        if place.network < 0 and place.kind == NOT_IP and frame.data[12:14] == NOTICE.to_bytes(2, "big"):
            yield from (
                (number, "says that the capture is a reconstruction") for number in range(len(self.groups))
            )
        for number in self._flows.get(ends, ()):
            group = self.groups[number]
            if frame.capture in group.captures and group.first_ns <= frame.time_ns <= group.last_ns:
                yield number, f"{_part(frame, group)} of the flow"
        yield from self._at.get(at, ())
        if place.is_udp and at not in self._anchors:
            yield from self._exchanges(frame)
        elif place.kind == FRAGMENT:
            for number, group in enumerate(self.groups):
                if _is_fragment_of(frame, group):
                    yield number, "fragment between the ends of the flow"

    def _exchanges(self, frame: CapturedFrame) -> Iterator[tuple[int, str]]:
        """The groups for which a datagram belongs to one that names something, and why."""
        place = frame.place
        payload = frame.data[place.payload : place.payload + place.payload_captured]
        if _is_dhcp(place):
            for number, _, _ in self._marks.get((frame.capture, frozenset(), payload[4:8]), ()):
                yield number, "DHCP message of the same exchange"
        for number, anchor, named in self._marks.get(
            (frame.capture, frozenset(_ends(place)), payload[:2]), ()
        ):
            if 0 <= anchor.time_ns - frame.time_ns <= ASKED_BEFORE_NS:
                yield number, f"DNS question to the answer in frame {named}"

    def _keep(self, number: int, frame: CapturedFrame, why: str) -> None:
        at = frame.capture, frame.number
        kept = self.found[number].get(at)
        if kept is None:
            self._data += len(frame.data)
            if self._data > MOST_BYTES:
                raise SelectionError(
                    f"the evidence is more than {MOST_BYTES >> 20} MiB; scan one device alone (--device)"
                )
            kept = self.found[number][at] = CapturedFrame(
                frame.capture, frame.number, frame.link, frame.time_ns, frame.wire, frame.data, frame.place
            )
        if why not in kept.why:
            kept.why.append(why)


def _ports(ends: Sequence[tuple[str, int]]) -> int:
    ports = [port & 0xFFFF for _, port in ends]  # a document may hold others, which no packet has
    return min(ports) << 16 | max(ports)


def _rows_of(batch: Batch, frames: Sequence[int]) -> list[int]:
    first, count = batch.first_frame, len(batch.records)
    return [frame - first for frame in frames if first <= frame < first + count]


def frame_at(index: int, batch: Batch, packets: Packets, row: int) -> CapturedFrame:
    """Return the frame in a row of a batch of capture `index`. Raises RefusedError."""
    records = batch.records
    start, link = int(records.offset[row]), int(records.link[row])
    number = batch.first_frame + row
    if link == UNDESCRIBED_LINK:
        raise SelectionError(
            f"frame {number}: the capture file does not describe the interface it is of, so its link type is "
            "not known and it can't be exported"
        )
    if link >= SNOOP_LINK:
        raise SelectionError(
            f"frame {number}: its link type has no number in pcapng, so it can't be exported"
        )
    data = bytes(batch.data[start : start + int(records.captured[row])])
    place = _place(packets, row, start)
    wire = max(int(records.wire[row]), len(data))
    return CapturedFrame(index, number, link, int(records.time_ns[row]), wire, data, place)


def _place(packets: Packets, row: int, start: int) -> HeaderOffsets:
    numbers: Any = packets.numbers[row]
    kind = int(packets.kind[row])
    if kind not in (TCP, UDP, FRAGMENT):
        return HeaderOffsets(kind=kind)
    words = packets.addresses[row].tolist()
    return HeaderOffsets(
        network=int(packets.network[row]) - start,
        payload=int(packets.payload[row]) - start if kind != FRAGMENT else -1,
        payload_captured=int(packets.payload_captured[row]),
        payload_wire=int(numbers[PAYLOAD_WIRE]),
        kind=kind,
        source=address_text(words[0], words[1]),
        destination=address_text(words[2], words[3]),
        source_port=int(packets.source_port[row]),
        destination_port=int(packets.destination_port[row]),
        sequence=int(packets.sequence[row]),
        acknowledgment=int(numbers[ACKNOWLEDGMENT]),
        flags=int(packets.flags[row]),
        outer=tuple(offsets_of(int(numbers[OUTER]))),
        carried=bool(numbers[PATH]),
    )


def _anchor(frame: CapturedFrame) -> Anchor:
    place = frame.place
    payload = frame.data[place.payload : place.payload + place.payload_captured] if place.is_udp else b""
    ends = frozenset(_ends(place))
    if _is_dhcp(place) and len(payload) >= 8:
        return Anchor("dhcp", ends, payload[4:8], frame.time_ns)
    return Anchor("dns" if payload else "", ends, payload[:2], frame.time_ns)


def _ends(place: HeaderOffsets) -> tuple[tuple[str, int], tuple[str, int]]:
    return (place.source, place.source_port), (place.destination, place.destination_port)


def _is_dhcp(place: HeaderOffsets) -> bool:
    return place.is_udp and {place.source_port, place.destination_port} <= DHCP_PORTS


def _is_fragment_of(frame: CapturedFrame, group: FlowGroup) -> bool:
    ends = frozenset((frame.place.source, frame.place.destination))
    return (
        (ends == {address for address, _ in group.ends} or ends in group.around)
        and frame.capture in group.captures
        and group.first_ns <= frame.time_ns <= group.last_ns
    )


def _part(frame: CapturedFrame, group: FlowGroup) -> str:
    """Which part of its flow a frame is."""
    place = frame.place
    if not place.is_tcp:
        return "datagram"
    sender = "client" if _ends(place)[0] == group.ends[0] else "server"
    if place.flags & SYN:
        return f"TCP handshake ({'SYN-ACK' if place.flags & ACK else 'SYN'} of the {sender})"
    if place.flags & RST:
        return f"TCP reset by the {sender}"
    if place.flags & FIN:
        return f"TCP end by the {sender}"
    return f"TCP payload of the {sender}" if place.payload_wire else f"TCP acknowledgment of the {sender}"


def refuse_what_cannot_be_shown(infos: Sequence[CaptureInfo], decrypted: int) -> None:
    """Evidence that stands only in decrypted frames can't be shown by the frames as they were captured."""
    if decrypted:
        raise SelectionError(
            "the report rests on Wi-Fi frames that were decrypted with a key; as captured they show nothing, "
            "so no evidence can be cut from them: decrypt the capture first (airdecap-ng), then scan that"
        )
    for info in infos:
        if not info.frames:
            raise CaptureError(f"{info.path}: holds no frame")
