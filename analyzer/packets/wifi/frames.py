"""IEEE 802.11 frames to their addresses, protection header and payload (IEEE 802.11-2020 §9)."""

from __future__ import annotations

import zlib
from typing import NamedTuple

from analyzer.packets.wifi.kernel import FROM_DS, ORDER, TO_DS

MANAGEMENT, CONTROL, DATA = 0, 1, 2
BEACON, PROBE_RESPONSE, ASSOCIATION_REQUEST, REASSOCIATION_REQUEST, AUTHENTICATION = 8, 5, 0, 2, 11
PROBE_REQUEST, REASSOCIATION_RESPONSE = 4, 3
# What a station sends to find or join a network (IEEE 802.11-2020 §11.1.4, §11.3.5).
REQUESTS = {
    PROBE_REQUEST: "probe request",
    ASSOCIATION_REQUEST: "association request",
    REASSOCIATION_REQUEST: "reassociation request",
}


# How an LLC and SNAP header begins (RFC 1042), and the one in front of keys (IEEE 802.1X-2020 §11.1.4).
SNAP = b"\xaa\xaa\x03"
EAPOL_SNAP = SNAP + b"\x00\x00\x00\x88\x8e"

WIFI_LINKS = frozenset({105, 119, 127, 163, 192})


class WifiFrame(NamedTuple):
    """One frame, its frame check sequence removed. Addresses are 6 bytes."""

    kind: int
    subtype: int
    flags: int
    receiver: bytes
    transmitter: bytes
    source: bytes
    destination: bytes
    bssid: bytes
    sequence: int  # sequence and fragment number
    tid: int  # traffic identifier of QoS data, 0 else
    aggregate: bool  # the payload is an A-MSDU
    header: bytes  # the MAC header, QoS and fourth address included
    body: bytes


def parse(data: bytes) -> WifiFrame | None:
    """A frame from the first byte of its MAC header on; None where it is too short."""
    if has_check_sequence(data):
        data = data[:-4]
    if len(data) < 24:
        return None
    kind, subtype, flags = data[0] >> 2 & 3, data[0] >> 4, data[1]
    first, second, third = data[4:10], data[10:16], data[16:22]
    direction = flags & (TO_DS | FROM_DS) if kind == DATA else 0
    size, tid, aggregate = 24, 0, False
    fourth = b""
    if direction == TO_DS | FROM_DS:
        fourth, size = data[24:30], 30
    if kind == DATA and subtype & 8:
        if len(data) < size + 2:
            return None
        tid, aggregate = data[size] & 15, bool(data[size] & 0x80)
        size += 2
        if flags & ORDER:
            size += 4
    source, destination, bssid = {
        0: (second, first, third),
        TO_DS: (second, third, first),
        FROM_DS: (third, first, second),
        TO_DS | FROM_DS: (fourth, third, second),
    }[direction]
    return WifiFrame(
        kind, subtype, flags, first, second, source, destination, bssid,
        int.from_bytes(data[22:24], "little"), tid, aggregate, data[:size], data[size:],
    )  # fmt: skip


def has_check_sequence(data: bytes) -> bool:
    """Whether a frame's last bytes are its check sequence, which cards may leave or take away."""
    return len(data) > 28 and zlib.crc32(data[:-4]) == int.from_bytes(data[-4:], "little")


def ethernet_frames(aggregate: bool, destination: bytes, source: bytes, payload: bytes) -> list[bytes]:
    """The packets of a data frame's readable payload as Ethernet frames.

    An aggregate (A-MSDU) holds several, each with ends of its own.
    """
    if not aggregate:
        made = _ethernet(destination, source, payload)
        return [made] if made else []
    frames, position = [], 0
    while position + 14 <= len(payload):
        length = int.from_bytes(payload[position + 12 : position + 14], "big")
        inner = payload[position + 14 : position + 14 + length]
        made = _ethernet(payload[position : position + 6], payload[position + 6 : position + 12], inner)
        if made:
            frames.append(made)
        position += (14 + length + 3) & ~3
    return frames


def _ethernet(destination: bytes, source: bytes, payload: bytes) -> bytes | None:
    """LLC/SNAP (RFC 1042) to an EtherType; None for other contents."""
    if payload[:3] != SNAP or len(payload) < 8:
        return None
    return destination + source + payload[6:]


def elements(body: bytes, fixed: int) -> dict[int, bytes]:
    """Information elements of a management frame behind its `fixed` bytes; the first of each kind."""
    found: dict[int, bytes] = {}
    position = fixed
    while position + 2 <= len(body):
        kind, length = body[position], body[position + 1]
        found.setdefault(kind, body[position + 2 : position + 2 + length])
        position += 2 + length
    return found
