"""Packets to flows: which flow and direction each packet belongs to, counted as it passes.

Same rules as the packet kernel: integers only, every read behind a check, compiled or not.
`slots` is an open-addressing hash table of flow numbers (-1 empty), its length a power of two.
"""

from __future__ import annotations

from typing import Any

from analyzer.capture.records import RECORD_WIDTH, TIME, WIRE
from analyzer.compiling import Octets
from analyzer.packets import table as packet
from analyzer.packets.kernel import mix, u8, u16, u32

from .table import (
    A_HI,
    A_LO,
    A_PORT,
    ACK_NUMBER,
    ADDRESS_HASH,
    ADDRESS_WIDTH,
    ASKED_A,
    B_HI,
    B_LO,
    B_PORT,
    FINISHED,
    FIRST_FRAME,
    FIRST_NS,
    FLAGS,
    HANDED,
    HAS_ACK_A,
    HAS_ISN_A,
    HAS_NEXT_A,
    ISN,
    KIND,
    LAST_NS,
    MAC,
    MARKS,
    NEXT,
    NOTHING,
    OCTETS,
    OPAQUE,
    PACKETS,
    PAYLOAD,
    PROTOCOL,
    QUIC,
    QUIC_FIRST,
    REPLACED,
    RESENT,
    START_NS,
    TEXT,
    TLS,
    TLS_FROM_B,
    TLS_OCTETS,
    UNDECIDED,
    WIDTH,
)  # fmt: skip

FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10

# Octets a direction of a flow may show before it counts as opaque.
UNDECIDED_OCTETS = 1 << 16

# Versions in QUIC long headers: 1 (RFC 9000), 2 (RFC 9369), drafts, Google's Q0xx and T0xx.
QUIC_VERSIONS = (0x00000001, 0x6B3343CF)


def starts_text(data: Octets, i: int, end: int) -> bool:
    """Whether a payload begins like an HTTP request line or status line.

    A token of capitals, a blank, and what a request target or a version begins with.
    """
    if i + 6 > end:
        return False
    if u32(data, i) == 0x48545450 and u8(data, i + 4) == 0x2F:  # HTTP/
        return True
    position = i
    while position < end and position < i + 24:
        octet = u8(data, position)
        if octet == 0x20:
            break
        if not (0x41 <= octet <= 0x5A or octet == 0x2D or octet == 0x5F):
            return False
        position += 1
    if position < i + 3 or position + 1 >= end or u8(data, position) != 0x20:
        return False
    target = u8(data, position + 1)
    if target == 0x2F or target == 0x2A:  # / *
        return True
    return has_version(data, position + 1, end)


def has_version(data: Octets, i: int, end: int) -> bool:
    """Whether the line from `i` on ends in " HTTP/" and a version, within 2 KiB."""
    stop = end - 6 if end - 6 < i + 2048 else i + 2048
    while i < stop:
        octet = u8(data, i)
        if octet == 0x0A:
            return False
        if octet == 0x20 and u32(data, i + 1) == 0x48545450 and u8(data, i + 5) == 0x2F:
            return True
        i += 1
    return False


def starts_tls(data: Octets, i: int, end: int) -> bool:
    """Whether a payload begins with a TLS record header (RFC 8446 §5.1)."""
    return (
        i + 5 <= end
        and 0x14 <= u8(data, i) <= 0x17
        and u8(data, i + 1) == 3
        and u8(data, i + 2) <= 4
        and u16(data, i + 3) <= 0x4900
    )


def starts_quic(data: Octets, i: int, end: int) -> bool:
    """Whether a datagram begins with a QUIC long header of a known version (RFC 8999 §5.1)."""
    if i + 5 > end or u8(data, i) & 0x80 == 0:
        return False
    version = u32(data, i + 1)
    if version in QUIC_VERSIONS or version >> 8 == 0xFF0000:
        return True
    return version >> 16 in (0x5130, 0x5430) and u8(data, i) & 0x40 != 0


def sniff(data: Octets, i: int, end: int, flow: int, direction: int, flows: Any) -> None:
    """Look at one TCP payload of a flow that has not been recognised, or may yet turn to text."""
    kind = flows[flow + KIND]
    if kind in (TEXT, TLS, FINISHED):
        return
    if kind == OPAQUE:
        # Text in the middle of what looked binary: behind a proxy's handshake, or after a loss.
        if 0x41 <= u8(data, i) <= 0x5A and starts_text(data, i, end) and has_version(data, i, end):
            flows[flow + KIND] = TEXT
        return
    if starts_text(data, i, end):
        flows[flow + KIND] = TEXT
    elif kind == NOTHING and starts_tls(data, i, end):
        flows[flow + KIND] = TLS
        if u8(data, i) == 0x16 and i + 6 <= end and u8(data, i + 5) == 1:  # ClientHello
            # Four times the record: segments may come twice, and the hello may take several records.
            flows[flow + TLS_OCTETS] = 4 * (5 + u16(data, i + 3))
            if direction:
                flows[flow + MARKS] |= TLS_FROM_B
    else:
        flows[flow + KIND] = UNDECIDED


def wanted(flow: int, direction: int, length: int, flows: Any) -> bool:
    """Whether this payload goes on to the streams."""
    kind = flows[flow + KIND]
    if kind == TEXT:
        return True
    if kind == TLS:
        from_b = 1 if flows[flow + MARKS] & TLS_FROM_B else 0
        if direction != from_b or flows[flow + HANDED + direction] >= flows[flow + TLS_OCTETS]:
            return False
        flows[flow + HANDED + direction] += length
        return True
    if kind == UNDECIDED:
        flows[flow + HANDED + direction] += length
        if flows[flow + HANDED + direction] > UNDECIDED_OCTETS:
            flows[flow + KIND] = OPAQUE
        return True
    return False


def newer(sequence: int, than: int) -> bool:
    """Whether a 32-bit sequence number lies after another, modulo 2^32 (RFC 9293 §3.4)."""
    difference = (sequence - than) & 0xFFFFFFFF
    return 0 < difference < 0x80000000


def is_reused(packets: Any, row: int, flow: int, direction: int, flows: Any) -> bool:
    """Whether a SYN opens a new connection between ports that were used before."""
    if packets[row + packet.FLAGS] & (SYN | ACK | RST) != SYN:
        return False
    if flows[flow + MARKS] & (HAS_ISN_A << direction):
        return bool(packets[row + packet.SEQUENCE] != flows[flow + ISN + direction])
    # No SYN of this side was seen, yet it has sent data: that was another connection.
    return bool(flows[flow + PAYLOAD + direction] > 0)


def flow_slot(hashed: int, port: int, other_port: int, protocol: int, mask: int) -> int:
    """Where the search for a flow begins: the same for both directions."""
    lower, higher = (port, other_port) if port < other_port else (other_port, port)
    return mix(mix(hashed & 0xFFFFFFFF, lower * 0x10000 + higher), protocol) & mask


def slot_of(packets: Any, addresses: Any, index: int, flows: Any, ends: Any, slots: Any) -> tuple[int, int]:
    """(slot, direction) of the packet's flow: the slot that holds it, or the free one for it."""
    mask = len(slots) - 1
    row, at = index * packet.WIDTH, index * packet.ADDRESS_WIDTH
    source_port, destination_port = packets[row + packet.SOURCE_PORT], packets[row + packet.DESTINATION_PORT]
    protocol = packets[row + packet.PROTOCOL]
    source_hi, source_lo = addresses[at + packet.SOURCE_HI], addresses[at + packet.SOURCE_LO]
    destination_hi = addresses[at + packet.DESTINATION_HI]
    destination_lo = addresses[at + packet.DESTINATION_LO]
    slot = flow_slot(packets[row + packet.ADDRESS_HASH], source_port, destination_port, protocol, mask)
    while slots[slot] >= 0:
        flow, end = slots[slot] * WIDTH, slots[slot] * ADDRESS_WIDTH
        if flows[flow + PROTOCOL] == protocol:
            a_port, b_port = flows[flow + A_PORT], flows[flow + B_PORT]
            a_hi, a_lo, b_hi, b_lo = ends[end + A_HI], ends[end + A_LO], ends[end + B_HI], ends[end + B_LO]
            if (
                a_port == source_port and b_port == destination_port
                and a_lo == source_lo and b_lo == destination_lo
                and a_hi == source_hi and b_hi == destination_hi
            ):  # fmt: skip
                return slot, 0
            if (
                b_port == source_port and a_port == destination_port
                and b_lo == source_lo and a_lo == destination_lo
                and b_hi == source_hi and a_hi == destination_hi
            ):  # fmt: skip
                return slot, 1
        slot = (slot + 1) & mask
    return slot, 0


def open_flow(
    packets: Any, addresses: Any, index: int, time_ns: int, frame: int, number: int, flows: Any, ends: Any
) -> None:
    """The row of a flow that begins with this packet."""
    row, at = index * packet.WIDTH, index * packet.ADDRESS_WIDTH
    flow, end = number * WIDTH, number * ADDRESS_WIDTH
    ends[end + A_HI] = addresses[at + packet.SOURCE_HI]
    ends[end + A_LO] = addresses[at + packet.SOURCE_LO]
    ends[end + B_HI] = addresses[at + packet.DESTINATION_HI]
    ends[end + B_LO] = addresses[at + packet.DESTINATION_LO]
    flows[flow + A_PORT] = packets[row + packet.SOURCE_PORT]
    flows[flow + B_PORT] = packets[row + packet.DESTINATION_PORT]
    flows[flow + PROTOCOL] = packets[row + packet.PROTOCOL]
    flows[flow + ADDRESS_HASH] = packets[row + packet.ADDRESS_HASH]
    flows[flow + FIRST_NS] = time_ns
    flows[flow + LAST_NS] = time_ns
    flows[flow + FIRST_FRAME] = frame
    flows[flow + MAC] = packets[row + packet.SOURCE_MAC]
    flows[flow + MAC + 1] = packets[row + packet.DESTINATION_MAC]


def count_syn(packets: Any, row: int, time_ns: int, flow: int, direction: int, flows: Any) -> None:
    """What a SYN adds to its flow. Only the first of a side is timed, and an answer only if it fits."""
    if flows[flow + MARKS] & (HAS_ISN_A << direction):
        flows[flow + RESENT + direction] += 1
        return
    flows[flow + MARKS] |= HAS_ISN_A << direction
    flows[flow + ISN + direction] = packets[row + packet.SEQUENCE]
    if packets[row + packet.FLAGS] & ACK:
        asked = (flows[flow + ISN + 1 - direction] + 1) & 0xFFFFFFFF
        if packets[row + packet.ACKNOWLEDGMENT] != asked:
            return
    flows[flow + START_NS + direction] = time_ns


def count_data(packets: Any, row: int, length: int, flow: int, direction: int, flows: Any) -> None:
    """What the data of a segment adds to its flow: how far it reaches, and whether it was there before."""
    sequence = packets[row + packet.SEQUENCE]
    end = (sequence + length) & 0xFFFFFFFF
    known = flows[flow + NEXT + direction]
    if not flows[flow + MARKS] & (HAS_NEXT_A << direction):
        flows[flow + MARKS] |= HAS_NEXT_A << direction
        flows[flow + NEXT + direction] = end
        return
    # One octet before the next one expected is a keep-alive probe (RFC 9293 §3.8.4).
    if newer(known, sequence) and not (length == 1 and end == known):
        flows[flow + RESENT + direction] += 1
    if newer(end, known):
        flows[flow + NEXT + direction] = end


def count_tcp(packets: Any, row: int, time_ns: int, flow: int, direction: int, flows: Any) -> None:
    """What a TCP segment adds to its flow."""
    flags = packets[row + packet.FLAGS]
    flows[flow + FLAGS + direction] |= flags
    if flags & SYN:
        count_syn(packets, row, time_ns, flow, direction, flows)
    elif packets[row + packet.PAYLOAD_WIRE] > 0:
        count_data(packets, row, packets[row + packet.PAYLOAD_WIRE], flow, direction, flows)
    if flags & (SYN | ACK) == SYN:
        flows[flow + MARKS] |= ASKED_A << direction
    if flags & ACK:
        acknowledged = packets[row + packet.ACKNOWLEDGMENT]
        if not flows[flow + MARKS] & (HAS_ACK_A << direction):
            flows[flow + MARKS] |= HAS_ACK_A << direction
            flows[flow + ACK_NUMBER + direction] = acknowledged
        elif newer(acknowledged, flows[flow + ACK_NUMBER + direction]):
            flows[flow + ACK_NUMBER + direction] = acknowledged


def count_packet(
    packets: Any, row: int, time_ns: int, wire: int, flow: int, direction: int, flows: Any
) -> None:
    """What any packet adds to its flow."""
    weight = packets[row + packet.WEIGHT]
    flows[flow + PACKETS + direction] += weight
    flows[flow + OCTETS + direction] += wire
    flows[flow + PAYLOAD + direction] += packets[row + packet.PAYLOAD_WIRE]
    if time_ns < flows[flow + FIRST_NS]:
        flows[flow + FIRST_NS] = time_ns
    if time_ns > flows[flow + LAST_NS]:
        flows[flow + LAST_NS] = time_ns
    if flows[flow + PACKETS + direction] == weight:
        if direction == 1:
            flows[flow + MAC + 1] = packets[row + packet.SOURCE_MAC]
        if packets[row + packet.KIND] != packet.TCP:
            flows[flow + START_NS + direction] = time_ns


def look_inside(data: Octets, packets: Any, row: int, flow: int, direction: int, flows: Any) -> bool:
    """Sniff the payload; whether it goes on to the streams."""
    start, length = packets[row + packet.PAYLOAD], packets[row + packet.PAYLOAD_CAPTURED]
    if packets[row + packet.KIND] == packet.TCP:
        sniff(data, start, start + length, flow, direction, flows)
        return wanted(flow, direction, length, flows)
    if packets[row + packet.KIND] != packet.UDP or flows[flow + KIND] != NOTHING:
        return False
    if starts_quic(data, start, start + length):
        flows[flow + KIND] = QUIC
        if flows[flow + PACKETS] == 1 and flows[flow + PACKETS + 1] == 0:
            flows[flow + MARKS] |= QUIC_FIRST
    return False


def assign_flows(
    data: Octets, records: Any, packets: Any, addresses: Any, start: int, first_frame: int,
    flows: Any, ends: Any, count: int, slots: Any, flow_of: Any, direction_of: Any, handed: Any,
) -> tuple[int, int]:  # fmt: skip
    """Flow number, direction and "goes on to the streams" of each row from `start` on.

    All arrays are flat. Gives (rows done, flows now); stops early when the columns or the slots are
    full, and is called again once they have grown. Rows in no flow, and fragments, get flow -1.
    """
    room = min(len(flows) // WIDTH, len(slots) // 2)
    rows = len(packets) // packet.WIDTH
    for index in range(start, rows):
        row = index * packet.WIDTH
        kind = packets[row + packet.KIND]
        if kind != packet.TCP and kind != packet.UDP and kind != packet.OTHER_IP:
            flow_of[index] = -1
            continue
        if count >= room:
            return index, count
        slot, direction = slot_of(packets, addresses, index, flows, ends, slots)
        number = slots[slot]
        if number >= 0 and kind == packet.TCP and is_reused(packets, row, number * WIDTH, direction, flows):
            flows[number * WIDTH + MARKS] |= REPLACED
            number, direction = -1, 0
        time_ns = records[index * RECORD_WIDTH + TIME]
        if number < 0:
            number = count
            count += 1
            slots[slot] = number
            open_flow(packets, addresses, index, time_ns, first_frame + index, number, flows, ends)
        flow_of[index] = number
        direction_of[index] = direction
        flow = number * WIDTH
        count_packet(packets, row, time_ns, records[index * RECORD_WIDTH + WIRE], flow, direction, flows)
        if kind == packet.TCP:
            count_tcp(packets, row, time_ns, flow, direction, flows)
        if packets[row + packet.PAYLOAD_CAPTURED] > 0:
            handed[index] = 1 if look_inside(data, packets, row, flow, direction, flows) else 0
    return rows, count


def refill_slots(flows: Any, count: int, slots: Any) -> None:
    """Enter flows 0 to `count` into empty `slots`, leaving out those that were replaced."""
    mask = len(slots) - 1
    for number in range(count):
        flow = number * WIDTH
        if flows[flow + MARKS] & REPLACED:
            continue
        ports = flows[flow + A_PORT], flows[flow + B_PORT]
        slot = flow_slot(flows[flow + ADDRESS_HASH], ports[0], ports[1], flows[flow + PROTOCOL], mask)
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = number


# Callees of the two kernels, callees first.
CALLEES = (
    u8, u16, u32, mix, has_version, starts_text, starts_tls, starts_quic, sniff, wanted, newer, is_reused,
    flow_slot, slot_of, open_flow, count_syn, count_data, count_tcp, count_packet, look_inside,
)  # fmt: skip
