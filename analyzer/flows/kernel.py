"""Packets to flows: which flow and direction each packet belongs to, counted as it passes.

Same rules as the packet kernel: integers only, every read behind a check, compiled or not. Addresses are
signed words.
`slots` is an open-addressing hash table of flow numbers (-1 empty), its length a power of two.
"""

from __future__ import annotations

from analyzer.capture.records import RECORD_WIDTH, TIME, WIRE
from analyzer.core.byte_access import mix, u8, u16, u32
from analyzer.core.kernel_types import Bytes, Numbers
from analyzer.flows.flow_table import (
    A_HI,
    A_LO,
    A_PORT,
    ACK_NUMBER,
    ADDRESS_WIDTH,
    ASKED_A,
    B_HI,
    B_LO,
    B_PORT,
    BYTES,
    DTLS,
    FINISHED,
    FIRST_FRAME,
    FIRST_NS,
    FLAGS,
    GREETED,
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
    TLS_BYTES,
    TLS_FROM_B,
    TLS_OVER,
    UNDECIDED,
    WIDTH,
)  # fmt: skip
from analyzer.packets import packet_table as packet

FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10

# The least prime above 2^32, and a bound for the secret point, so that all products stay below 2^63.
PRIME, KEYS = (1 << 32) + 15, 1 << 30

# Bytes a direction of a flow may show before it counts as opaque, and how many of those that begin as text
# are handed on behind them.
UNDECIDED_BYTES = 1 << 16
MOST_TEXT_BYTES = 1 << 20

# Versions in QUIC long headers: 1 (RFC 9000), 2 (RFC 9369), drafts, Google's Q0xx and T0xx, Facebook's.
QUIC_VERSIONS = (0x00000001, 0x6B3343CF)
GOOGLE_VERSIONS = (0x5130, 0x5430)
FACEBOOK_VERSIONS = 0xFACE

# Flags that the frame types 0 to 9 of HTTP/2 define (RFC 9113 §6), the lengths that they may have, and those
# that belong to the connection; WINDOW_UPDATE belongs to either.
HTTP2_FLAGS = (0x09, 0x2D, 0, 0, 1, 0x0C, 1, 0, 0, 4)
HTTP2_LEAST = (0, 1, 5, 4, 0, 5, 8, 8, 4, 0)
HTTP2_MOST = (0x4000, 0x4000, 5, 4, 0x4000, 0x4000, 8, 0x4000, 4, 0x4000)
HTTP2_ON_CONNECTION = (4, 6, 7)

# Bytes of a TLS client behind its hello that are handed on while all is in clear.
FLIGHT_BYTES = 1 << 14
# Bytes of each side of a QUIC or DTLS flow that may be handed on: some ten datagrams.
HELLO_BYTES = 1 << 14


# A packet that comes again within this time, unchanged but for what routers and interfaces change, is a copy
# of a capture on several interfaces or of a mirrored port; what a sender repeats has a number of its own.
COPY_NS = 5_000_000
# The packets that a copy is looked for among, in slots of 8 words; a power of two.
RECENT_SLOTS, RECENT_WIDTH = 512, 8


def starts_text(data: Bytes, i: int, end: int) -> bool:
    """Whether a payload begins like an HTTP request line or status line.

    A token of capitals, a blank, and what a request target or a version begins with.
    """
    if i + 6 > end:
        return False
    if u32(data, i) == 0x48545450 and u8(data, i + 4) == 0x2F:  # HTTP/
        return True
    position = i
    while position < end and position < i + 24:
        byte = u8(data, position)
        if byte == 0x20:
            break
        if not (0x41 <= byte <= 0x5A or byte == 0x2D or byte == 0x5F):
            return False
        position += 1
    if position < i + 3 or position + 1 >= end or u8(data, position) != 0x20:
        return False
    target = u8(data, position + 1)
    if target == 0x2F or target == 0x2A:  # / *
        return True
    return has_version(data, position + 1, end)


def has_version(data: Bytes, i: int, end: int) -> bool:
    """Whether the line from `i` on ends in " HTTP/" and a version, within 2 KiB."""
    stop = end - 6 if end - 6 < i + 2048 else i + 2048
    while i < stop:
        byte = u8(data, i)
        if byte == 0x0A:
            return False
        if byte == 0x20 and u32(data, i + 1) == 0x48545450 and u8(data, i + 5) == 0x2F:
            return True
        i += 1
    return False


def starts_greeting(data: Bytes, i: int, end: int) -> bool:
    """Whether a payload begins as servers of FTP, SMTP, POP3, IMAP and Telnet do.

    "220 ", "220-", "+OK", "* OK", "* PREAUTH", or the negotiation of a Telnet option.
    """
    if i + 3 > end:
        return False
    first, second, third = u8(data, i), u8(data, i + 1), u8(data, i + 2)
    if first == 0xFF:
        return 0xFB <= second <= 0xFE and third <= 49
    if first == 0x2B:
        return second == 0x4F and third == 0x4B
    if i + 4 > end:
        return False
    if first == 0x32:
        return second == 0x32 and third == 0x30 and (u8(data, i + 3) == 0x20 or u8(data, i + 3) == 0x2D)
    return first == 0x2A and second == 0x20 and (u16(data, i + 2) == 0x4F4B or u16(data, i + 2) == 0x5052)


def starts_tls(data: Bytes, i: int, end: int) -> bool:
    """Whether a payload begins with a TLS record header (RFC 8446 §5.1)."""
    return (
        i + 5 <= end
        and 0x14 <= u8(data, i) <= 0x17
        and u8(data, i + 1) == 3
        and u8(data, i + 2) <= 4
        and u16(data, i + 3) <= 0x4900
    )


def http2_frame(data: Bytes, i: int, end: int) -> int:
    """Bytes of the HTTP/2 frame whose header stands at `i` (RFC 9113 §4.1); 0 where none can stand there."""
    if i + 9 > end or u8(data, i) != 0 or u8(data, i + 5) != 0 or u8(data, i + 6) > 0x0F:
        return 0
    length, kind, flags = u16(data, i + 1), u8(data, i + 3), u8(data, i + 4)
    is_stream = u16(data, i + 6) | u8(data, i + 8) != 0
    if kind > 9 or flags & ~HTTP2_FLAGS[kind]:
        return 0
    if kind != 8 and is_stream == (kind in HTTP2_ON_CONNECTION):
        return 0
    if not HTTP2_LEAST[kind] <= length <= HTTP2_MOST[kind]:
        return 0
    return 0 if kind == 4 and length % 6 != 0 else 9 + length


def starts_http2(data: Bytes, i: int, end: int) -> bool:
    """Whether a payload is a chain of HTTP/2 frames, by the rules of `dissectors.http2_frames.are_frames`."""
    first = http2_frame(data, i, end)
    if first == 0:
        return False
    is_block = u8(data, i + 3) == 1 and u8(data, i + 4) & 4 != 0
    second_at = i + first
    second = http2_frame(data, second_at, end)
    if second == 0:
        return is_block and second_at == end
    is_its_data = u8(data, second_at + 3) == 0 and u32(data, i + 5) == u32(data, second_at + 5)
    if is_block and is_its_data:
        return True
    return second_at + second == end or http2_frame(data, second_at + second, end) != 0


def starts_server_hello(data: Bytes, i: int, end: int) -> bool:
    """Whether a payload begins with a TLS record that holds a ServerHello (RFC 8446 §4.1.3)."""
    return i + 6 <= end and starts_tls(data, i, end) and u8(data, i) == 0x16 and u8(data, i + 5) == 2


def starts_quic(data: Bytes, i: int, end: int) -> bool:
    """Whether a datagram begins with a QUIC long header of a known version (RFC 8999 §5.1)."""
    if i + 5 > end:
        return False
    if u8(data, i) & 0x80 == 0:
        return starts_old_quic(data, i, end)
    version = u32(data, i + 1)
    if version in QUIC_VERSIONS or version >> 8 == 0xFF0000 or version >> 16 == FACEBOOK_VERSIONS:
        return True
    if version == 0 or version & 0x0F0F0F0F == 0x0A0A0A0A:
        return negotiates_quic(data, i, end)
    return version >> 16 in GOOGLE_VERSIONS and u8(data, i) & 0x40 != 0


def negotiates_quic(data: Bytes, i: int, end: int) -> bool:
    """Whether a long header asks for a list of versions, or is one (RFC 9000 §6.3, RFC 8999 §6).

    Behind two connection ids the list fills the rest; what asks fills a datagram of 1,200 bytes.
    """
    if i + 6 >= end or u8(data, i + 5) > 20:
        return False
    at = i + 6 + u8(data, i + 5)
    if at >= end or u8(data, at) > 20 or at - i - 6 + u8(data, at) == 0:
        return False
    rest = end - at - 1 - u8(data, at)
    if u32(data, i + 1) == 0:
        return rest > 0 and rest % 4 == 0 and rest <= 256
    return end - i >= 1200 and rest > 0


def starts_old_quic(data: Bytes, i: int, end: int) -> bool:
    """Whether a datagram begins with the public header of Google QUIC up to Q043, and a version in it."""
    # Version flag and an eight-byte connection id; neither reset nor multipath.
    return i + 14 <= end and u8(data, i) & 0xCB == 0x09 and u32(data, i + 9) & 0xFFFFF0F0 == 0x51303030


def is_initial(data: Bytes, i: int, end: int) -> bool:
    """Whether a datagram begins with a QUIC packet that may hold a ClientHello.

    Packet type 0 of long headers (RFC 9000 §17.2), 1 in version 2 (RFC 9369 §3.2); in Google's, any.
    """
    if not starts_quic(data, i, end):
        return False
    version = u32(data, i + 1)
    if u8(data, i) & 0x80 == 0 or version >> 16 in GOOGLE_VERSIONS:
        return True
    return version != 0 and u8(data, i) & 0x30 == (0x10 if version == 0x6B3343CF else 0)


def starts_dtls(data: Bytes, i: int, end: int) -> bool:
    """Whether a datagram begins with a DTLS record header of epoch 0 to 255 (RFC 6347 §4.1)."""
    return (
        i + 13 <= end
        and 0x14 <= u8(data, i) <= 0x19
        and u8(data, i + 1) == 0xFE
        and (u8(data, i + 2) == 0xFF or u8(data, i + 2) == 0xFD)
        and u8(data, i + 3) == 0
        and 0 < u16(data, i + 11) <= 0x4900
    )


def sniff(data: Bytes, i: int, end: int, flow: int, direction: int, flows: Numbers) -> None:
    """Look at one TCP payload of a flow that has not been recognised, or may yet turn to text."""
    kind = flows[flow + KIND]
    if kind in (TEXT, FINISHED):
        return
    if kind == NOTHING and starts_greeting(data, i, end):
        flows[flow + MARKS] |= GREETED
    if flows[flow + MARKS] & GREETED:
        # A line such as `CWD /x` or `GET /x` is one of that protocol.
        if kind == NOTHING:
            flows[flow + KIND] = UNDECIDED
        return
    if kind in (OPAQUE, TLS):
        # Text in the middle of what looked binary: behind a proxy's handshake, or after a loss.
        if 0x41 <= u8(data, i) <= 0x5A and starts_text(data, i, end) and has_version(data, i, end):
            flows[flow + KIND] = TEXT
        return
    if starts_text(data, i, end):
        flows[flow + KIND] = TEXT
    elif kind == NOTHING and starts_tls(data, i, end):
        flows[flow + KIND] = TLS
        if u8(data, i) == 0x16 and i + 6 <= end and u8(data, i + 5) == 1:  # ClientHello
            # Four times the record: segments may come twice, and the hello may take several records. Behind
            # it a client up to version 1.2 may send its certificate.
            flows[flow + TLS_BYTES] = 4 * (5 + u16(data, i + 3)) + FLIGHT_BYTES
            if direction:
                flows[flow + MARKS] |= TLS_FROM_B
    elif starts_http2(data, i, end):
        flows[flow + KIND] = TEXT
    else:
        flows[flow + KIND] = UNDECIDED


def sniff_datagram(data: Bytes, i: int, end: int, flow: int, flows: Numbers) -> None:
    """Look at one datagram of a flow that has not been recognised."""
    if starts_quic(data, i, end):
        flows[flow + KIND] = QUIC
        if flows[flow + PACKETS] == 1 and flows[flow + PACKETS + 1] == 0:
            flows[flow + MARKS] |= QUIC_FIRST
    elif starts_dtls(data, i, end):
        flows[flow + KIND] = DTLS
    else:
        return
    flows[flow + TLS_BYTES] = HELLO_BYTES


def opens_dtls(data: Bytes, i: int, end: int) -> bool:
    """Whether a datagram begins with an unencrypted DTLS handshake record."""
    return starts_dtls(data, i, end) and u8(data, i) == 0x16 and u8(data, i + 4) == 0


def wanted_datagram(data: Bytes, i: int, end: int, flow: int, direction: int, flows: Numbers) -> bool:
    """Whether this datagram may tell the server's name: Initial packets, handshake records, up to a limit."""
    kind = flows[flow + KIND]
    if (kind != QUIC and kind != DTLS) or flows[flow + HANDED + direction] >= flows[flow + TLS_BYTES]:
        return False
    # Who sent the very first packet of a QUIC flow is the client, and the other side can't be opened.
    if direction and flows[flow + MARKS] & QUIC_FIRST:
        return False
    if not (is_initial(data, i, end) if kind == QUIC else opens_dtls(data, i, end)):
        return False
    flows[flow + HANDED + direction] += end - i
    return True


def answers_hello(data: Bytes, i: int, end: int, flow: int, direction: int, flows: Numbers) -> bool:
    """Whether this is the first payload of a TLS server and shows its ServerHello."""
    if flows[flow + KIND] != TLS or flows[flow + HANDED + direction] or not starts_server_hello(data, i, end):
        return False
    flows[flow + HANDED + direction] = end - i
    return True


def begins_printable(data: Bytes, i: int, end: int) -> bool:
    """Whether a payload begins with 16 printable characters of ASCII, line ends and tabs among them."""
    if i + 16 > end:
        return False
    for at in range(i, i + 16):
        byte = u8(data, at)
        if not (0x20 <= byte <= 0x7E or byte == 0x0A or byte == 0x0D or byte == 0x09):
            return False
    return True


def begins_record(data: Bytes, i: int, end: int) -> bool:
    """Whether a payload begins with a TLS record behind which all is encrypted: ChangeCipherSpec or data."""
    return (u8(data, i) == 0x14 or u8(data, i) == 0x17) and starts_tls(data, i, end)


def wanted(
    data: Bytes, start: int, length: int, flow: int, direction: int, is_text: bool, flows: Numbers
) -> bool:
    """Whether this payload goes on to the streams."""
    kind = flows[flow + KIND]
    if kind == TEXT:
        return True
    if kind == TLS:
        from_b = 1 if flows[flow + MARKS] & TLS_FROM_B else 0
        if direction != from_b or flows[flow + HANDED + direction] >= flows[flow + TLS_BYTES]:
            return False
        if flows[flow + MARKS] & TLS_OVER:
            return False
        if begins_record(data, start, start + length):
            flows[flow + MARKS] |= TLS_OVER
        flows[flow + HANDED + direction] += length
        return True
    if kind == OPAQUE and is_text and flows[flow + HANDED + direction] < MOST_TEXT_BYTES:
        flows[flow + HANDED + direction] += length
        return True
    if kind == UNDECIDED:
        flows[flow + HANDED + direction] += length
        if flows[flow + HANDED + direction] > UNDECIDED_BYTES:
            flows[flow + KIND] = OPAQUE
        return True
    return False


def newer(sequence: int, than: int) -> bool:
    """Whether a 32-bit sequence number lies after another, modulo 2^32 (RFC 9293 §3.4)."""
    difference = (sequence - than) & 0xFFFFFFFF
    return 0 < difference < 0x80000000


def is_reused(packets: Numbers, row: int, flow: int, direction: int, flows: Numbers) -> bool:
    """Whether a SYN opens a new connection between ports that were used before.

    So does the answer to one that was not captured, once the connection before it has ended.
    """
    flags = packets[row + packet.FLAGS]
    if flags & (SYN | RST) != SYN:
        return False
    if flags & ACK:
        has_ended = (flows[flow + FLAGS] | flows[flow + FLAGS + 1]) & (FIN | RST) != 0
        if not has_ended or flows[flow + PAYLOAD + direction] == 0:
            return False
    if flows[flow + MARKS] & (HAS_ISN_A << direction):
        return bool(packets[row + packet.SEQUENCE] != flows[flow + ISN + direction])
    # No SYN of this side was seen, yet it has sent data: that was another connection.
    return bool(flows[flow + PAYLOAD + direction] > 0)


def keyed(value: int, word: int, key: int) -> int:
    """One step of a polynomial over the field of PRIME at a secret point; below 2^63 for a 32-bit word."""
    return (value * key + word) % PRIME


def flow_slot(
    a_hi: int, a_lo: int, a_port: int, b_hi: int, b_lo: int, b_port: int, protocol: int, key: int, mask: int
) -> int:
    """Where the search for a flow begins: the same for both directions, and unforeseeable without the key.

    Different flows are different polynomials, so that few share a slot whatever ends someone chooses.
    """
    if a_hi > b_hi or (a_hi == b_hi and (a_lo > b_lo or (a_lo == b_lo and a_port > b_port))):
        a_hi, a_lo, a_port, b_hi, b_lo, b_port = b_hi, b_lo, b_port, a_hi, a_lo, a_port
    value = protocol + 1
    if a_hi != 0 or b_hi != 0 or a_lo >> 32 != 0xFFFF or b_lo >> 32 != 0xFFFF:  # not both IPv4
        value = keyed(value + 0x100, (a_hi >> 32) & 0xFFFFFFFF, key)
        value = keyed(value, a_hi & 0xFFFFFFFF, key)
        value = keyed(value, (a_lo >> 32) & 0xFFFFFFFF, key)
        value = keyed(value, (b_hi >> 32) & 0xFFFFFFFF, key)
        value = keyed(value, b_hi & 0xFFFFFFFF, key)
        value = keyed(value, (b_lo >> 32) & 0xFFFFFFFF, key)
    value = keyed(value, a_lo & 0xFFFFFFFF, key)
    value = keyed(value, b_lo & 0xFFFFFFFF, key)
    value = keyed(value, a_port * 0x10000 + b_port, key)
    # Ports next to each other would lie next to each other.
    return mix(value & 0xFFFFFFFF, key) & mask


def slot_of(
    packets: Numbers, addresses: Numbers, index: int, flows: Numbers, ends: Numbers, slots: Numbers, key: int
) -> tuple[int, int]:
    """(slot, direction) of the packet's flow: the slot that holds it, or the free one for it."""
    mask = len(slots) - 1
    row, at = index * packet.WIDTH, index * packet.ADDRESS_WIDTH
    source_port, destination_port = packets[row + packet.SOURCE_PORT], packets[row + packet.DESTINATION_PORT]
    protocol = packets[row + packet.PROTOCOL]
    source_hi, source_lo = addresses[at + packet.SOURCE_HI], addresses[at + packet.SOURCE_LO]
    destination_hi = addresses[at + packet.DESTINATION_HI]
    destination_lo = addresses[at + packet.DESTINATION_LO]
    slot = flow_slot(
        source_hi,
        source_lo,
        source_port,
        destination_hi,
        destination_lo,
        destination_port,
        protocol,
        key,
        mask,
    )
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
    packets: Numbers,
    addresses: Numbers,
    index: int,
    time_ns: int,
    frame: int,
    number: int,
    flows: Numbers,
    ends: Numbers,
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
    flows[flow + FIRST_NS] = time_ns
    flows[flow + LAST_NS] = time_ns
    flows[flow + FIRST_FRAME] = frame
    flows[flow + MAC] = packets[row + packet.SOURCE_MAC]
    flows[flow + MAC + 1] = packets[row + packet.DESTINATION_MAC]


def count_syn(packets: Numbers, row: int, time_ns: int, flow: int, direction: int, flows: Numbers) -> None:
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


def count_data(packets: Numbers, row: int, length: int, flow: int, direction: int, flows: Numbers) -> None:
    """What the data of a segment adds to its flow: how far it reaches, and whether it was there before."""
    sequence = packets[row + packet.SEQUENCE]
    end = (sequence + length) & 0xFFFFFFFF
    known = flows[flow + NEXT + direction]
    if not flows[flow + MARKS] & (HAS_NEXT_A << direction):
        flows[flow + MARKS] |= HAS_NEXT_A << direction
        flows[flow + NEXT + direction] = end
        return
    # One byte before the next one expected is a keep-alive probe (RFC 9293 §3.8.4).
    if newer(known, sequence) and not (length == 1 and end == known):
        flows[flow + RESENT + direction] += 1
    if newer(end, known):
        flows[flow + NEXT + direction] = end


def count_tcp(packets: Numbers, row: int, time_ns: int, flow: int, direction: int, flows: Numbers) -> None:
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


def is_copy(packets: Numbers, row: int, who: int, time_ns: int, recent: Numbers) -> bool:
    """Whether a packet has just been captured elsewhere; `who` tells its flow and direction, from 1.

    The same IP identification is proof; where it is 0 (RFC 6864 lets senders do that) or there is none, the
    transport checksum has to be the same and interface, direction, VLAN, MAC addresses or lifetime another.
    """
    identity, sequence = packets[row + packet.IDENTITY], packets[row + packet.SEQUENCE]
    acknowledged = packets[row + packet.ACKNOWLEDGMENT]
    shape = packets[row + packet.PAYLOAD_WIRE] * 256 + packets[row + packet.FLAGS]
    macs = packets[row + packet.SOURCE_MAC] * 3 + packets[row + packet.DESTINATION_MAC]
    variant = packets[row + packet.VARIANT] ^ macs ^ packets[row + packet.PATH]
    slot = RECENT_WIDTH * (mix(identity ^ sequence, who) & (RECENT_SLOTS - 1))
    if (
        recent[slot] == who and recent[slot + 1] == identity and recent[slot + 2] == sequence
        and recent[slot + 3] == acknowledged and recent[slot + 4] == shape
        and 0 <= time_ns - recent[slot + 5] <= COPY_NS
    ):  # fmt: skip
        if identity > 0xFFFF:
            return True
        summed = packets[row + packet.PROTOCOL] in (1, 6, 17, 58) and identity != 0
        if summed and recent[slot + 6] != variant:
            return True
    recent[slot], recent[slot + 1], recent[slot + 2] = who, identity, sequence
    recent[slot + 3], recent[slot + 4] = acknowledged, shape
    recent[slot + 5], recent[slot + 6] = time_ns, variant
    return False


def count_packet(
    packets: Numbers, row: int, time_ns: int, wire: int, flow: int, direction: int, flows: Numbers
) -> None:
    """What any packet adds to its flow."""
    weight = packets[row + packet.WEIGHT]
    flows[flow + PACKETS + direction] += weight
    flows[flow + BYTES + direction] += wire
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


def look_inside(data: Bytes, packets: Numbers, row: int, flow: int, direction: int, flows: Numbers) -> bool:
    """Sniff the payload; whether it goes on to the streams."""
    start, length = packets[row + packet.PAYLOAD], packets[row + packet.PAYLOAD_CAPTURED]
    end = start + length
    if packets[row + packet.KIND] == packet.TCP:
        sniff(data, start, end, flow, direction, flows)
        is_text = flows[flow + KIND] == OPAQUE and begins_printable(data, start, end)
        return answers_hello(data, start, end, flow, direction, flows) or wanted(
            data, start, length, flow, direction, is_text, flows
        )
    if packets[row + packet.KIND] != packet.UDP:
        return False
    if flows[flow + KIND] == NOTHING:
        sniff_datagram(data, start, end, flow, flows)
    return wanted_datagram(data, start, end, flow, direction, flows)


def assign_flows(
    data: Bytes, records: Numbers, packets: Numbers, addresses: Numbers, start: int, first_frame: int,
    flows: Numbers, ends: Numbers, count: int, slots: Numbers, key: int, recent: Numbers,
    flow_of: Numbers, direction_of: Numbers, handed: Numbers,
) -> tuple[int, int]:  # fmt: skip
    """Flow number, direction and "goes on to the streams" of each row from `start` on.

    All arrays are flat, `key` is the secret of `flow_slot`, `recent` the memory of `is_copy`. Gives (rows
    done, flows now); stops early when the columns or the slots are full, and is called again once they have
    grown. Rows in no flow, and fragments, get flow -1.
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
        slot, direction = slot_of(packets, addresses, index, flows, ends, slots, key)
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
        if is_copy(packets, row, 2 * number + direction + 1, time_ns, recent):
            # Counted as a packet, and nothing of it is read.
            packets[row + packet.NOTES] |= packet.COPY
            packets[row + packet.PAYLOAD_CAPTURED] = 0
            packets[row + packet.PAYLOAD_WIRE] = 0
        count_packet(packets, row, time_ns, records[index * RECORD_WIDTH + WIRE], flow, direction, flows)
        if kind == packet.TCP and not packets[row + packet.NOTES] & packet.COPY:
            count_tcp(packets, row, time_ns, flow, direction, flows)
        if packets[row + packet.PAYLOAD_CAPTURED] > 0:
            handed[index] = 1 if look_inside(data, packets, row, flow, direction, flows) else 0
    return rows, count


def refill_slots(flows: Numbers, ends: Numbers, count: int, slots: Numbers, key: int) -> None:
    """Enter flows 0 to `count` into empty `slots`, leaving out those that were replaced."""
    mask = len(slots) - 1
    for number in range(count):
        flow, end = number * WIDTH, number * ADDRESS_WIDTH
        if flows[flow + MARKS] & REPLACED:
            continue
        slot = flow_slot(
            ends[end + A_HI], ends[end + A_LO], flows[flow + A_PORT], ends[end + B_HI], ends[end + B_LO],
            flows[flow + B_PORT], flows[flow + PROTOCOL], key, mask,
        )  # fmt: skip
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = number
