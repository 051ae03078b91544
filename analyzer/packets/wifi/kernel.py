"""Loops over the bytes of encrypted Wi-Fi frames, by the rules of the packet kernel.

IEEE 802.11-2020 §12.5.3 is CCMP, RFC 3610 the mode that it uses.
"""

from __future__ import annotations

from analyzer.core.kernel_types import Bytes, Marks, Numbers, Words

BLOCK, MIC, CCMP_HEADER = 16, 8, 8
# Bytes of a MAC header with and without a quality-of-service field, and of HT control behind that.
HEADER, QOS, CONTROL = 24, 2, 4
SHORTEST = HEADER + CCMP_HEADER + MIC + 1
# The longest frame that a card sends (§9.2.4.7.1); of longer ones each goes its own way.
LONGEST = 11_454
# The second byte of a header (§9.2.4.1).
TO_DS, FROM_DS, RETRY, PROTECTED, ORDER = 0x01, 0x02, 0x08, 0x40, 0x80
EXTENDED_IV, GROUP_BIT, AGGREGATE, TRAFFIC_ID = 0x20, 0x01, 0x80, 0x0F
# Subtype bits, retry, power management and more data may change between sender and receiver
# and are left out of what CCMP and GCMP authenticate (§12.5.3.3.3), as is with QoS the order bit, which tells
# of HT control.
CONTROL_MASK, FLAGS_MASK, FLAGS_MASK_QOS = 0x8F, 0xC7, 0x47
# The first byte of the first block of a check, with authenticated data, a MIC of 8 bytes and lengths of two
# (RFC 3610 §2.2), and of the blocks of the key stream (§2.3).
CHECKED, STREAMED = 0x59, 0x01

# Columns of a frame that may be opened: its row, where the sealed bytes are and how many, access point and
# station (addresses as numbers), who counts frames (`sender_of`) and its count, and whether it is sent again,
# an aggregate, on its way up.
ROW, AT, LENGTH, AP, STATION, SENDER, SEQUENCE, AGAIN, IS_AGGREGATE, UP = range(10)
NUMBERS = 10
# Blocks of each: the check's first, two of what is authenticated besides, the key stream's first.
HEADS = 4
# Bytes of an LLC and SNAP header; how many before it an Ethernet frame begins that shares its EtherType.
LLC, BEFORE = 8, 6
# What a sender's number adds to its address: the traffic identifier and one, 0 without QoS.
TRAFFIC_IDS = 32


def sealed_frames(
    data: Bytes, mac: Numbers, end: Numbers, checked: int, numbers: Numbers, heads: Marks
) -> int:
    """Protected data frames of three addresses between a station and its access point; gives how many.

    A frame stands from `mac` to `end`, the last `checked` bytes of which are no part of it. `numbers` and
    `heads` have room for all.
    """
    found = 0
    for row in range(len(mac)):
        start, stop = mac[row], end[row] - checked
        if stop - start < SHORTEST:
            continue
        control, flags = data[start], data[start + 1]
        up = flags & TO_DS
        if control & 0x4C != 0x08 or not flags & PROTECTED or up == (flags & FROM_DS) >> 1:
            continue
        has_qos = control >> 7
        body = start + HEADER + has_qos * (QOS + CONTROL * (flags >> 7))
        length = stop - body - CCMP_HEADER - MIC
        if data[start + 4] & GROUP_BIT or length < 1 or length > LONGEST or not data[body + 3] & EXTENDED_IV:
            continue
        first, second = address(data, start + 4), address(data, start + 10)
        quality = data[start + HEADER] if has_qos else 0
        at = NUMBERS * found
        numbers[at + ROW], numbers[at + AT], numbers[at + LENGTH] = row, body + CCMP_HEADER, length
        numbers[at + AP], numbers[at + STATION] = (first, second) if up else (second, first)
        numbers[at + SENDER] = second * TRAFFIC_IDS + has_qos * (1 + (quality & TRAFFIC_ID))
        numbers[at + SEQUENCE] = data[start + 22] | data[start + 23] << 8
        numbers[at + AGAIN], numbers[at + IS_AGGREGATE] = flags & RETRY, quality & AGGREGATE
        numbers[at + UP] = up
        write_heads(data, start, body, length, heads, HEADS * BLOCK * found)
        found += 1
    return found


def address(data: Bytes, i: int) -> int:
    """The 6 bytes from `i` on as a number."""
    number = 0
    for j in range(i, i + 6):
        number = number << 8 | data[j]
    return number


def write_heads(data: Bytes, start: int, body: int, length: int, heads: Marks, i: int) -> None:
    """The blocks that a frame's check and key stream begin with (§12.5.3.3.3, §12.5.3.3.4)."""
    has_qos = data[start] >> 7
    quality = data[start + HEADER] & TRAFFIC_ID if has_qos else 0
    for j in range(i, i + HEADS * BLOCK):
        heads[j] = 0
    for j in (i, i + (HEADS - 1) * BLOCK):  # flags, nonce, and room for a number
        heads[j] = CHECKED if j == i else STREAMED
        heads[j + 1] = quality
        for k in range(6):
            heads[j + 2 + k] = data[start + 10 + k]
            heads[j + 8 + k] = data[body + (7 - k if k < 4 else 5 - k)]
    heads[i + 14], heads[i + 15] = length >> 8, length & 0xFF
    j = i + BLOCK
    heads[j + 1] = 24 if has_qos else 22
    heads[j + 2] = data[start] & CONTROL_MASK
    heads[j + 3] = data[start + 1] & (FLAGS_MASK_QOS if has_qos else FLAGS_MASK) | PROTECTED
    for k in range(18):
        heads[j + 4 + k] = data[start + 4 + k]
    heads[j + 22] = data[start + 22] & 0x0F
    heads[j + 24] = quality


def count_blocks(starts: Words, length: Numbers, counters: Words, out: Words) -> None:
    """Blocks 0, 1, 2 … of the key stream of each message, one message after the other (RFC 3610 §2.3).

    `starts` and `out` hold two words a block; `counters` has the second word's part for each number.
    """
    to = 0
    for i in range(len(length)):
        first, second = starts[2 * i], starts[2 * i + 1]
        for number in range(1 + (length[i] + BLOCK - 1) // BLOCK):
            out[to] = first
            out[to + 1] = second | counters[number]
            to += 2


def lift(data: Bytes, at: Numbers, length: Numbers, stream: Bytes, plain: Marks, block: Numbers) -> None:
    """Sealed bytes and their key stream (`count_blocks`, enciphered) → the message.

    It is written to `plain`, from its number of `block` on, and the last block filled up with zeros.
    """
    key = 0
    for i in range(len(at)):
        count = length[i]
        room = BLOCK * ((count + BLOCK - 1) // BLOCK)
        key += BLOCK
        sealed, hiding = data[at[i] : at[i] + count], stream[key : key + count]
        opened = plain[BLOCK * block[i] : BLOCK * block[i] + room]
        if len(sealed) < count or len(hiding) < count or len(opened) < room:
            return  # such lengths are never given; the loops below do not check their indices
        for j in range(count):
            opened[j] = sealed[j] ^ hiding[j]
        for j in range(count, room):
            opened[j] = 0
        key += room


def line_up(plain: Words, block: Numbers, count: Numbers, step: Numbers, text: Words) -> None:
    """Messages' blocks in the order in which their checks take them.

    The first block of every message goes to `text` from block `step[0]` on, every second one from `step[1]`
    on …; `count` is how many a message has. `plain` and `text` hold two words a block.
    """
    for i in range(len(block)):
        for number in range(count[i]):
            here, there = 2 * (block[i] + number), 2 * (step[number] + i)
            text[there] = plain[here]
            text[there + 1] = plain[here + 1]


def address_packets(
    data: Bytes, mac: Numbers, numbers: Numbers, at: Numbers, room: Marks, made: Numbers
) -> None:
    """Make Ethernet frames of payloads where they stand: addresses go in front of the EtherType.

    Only where `made` says so and an LLC and SNAP header is there (RFC 1042); elsewhere `made` becomes 0.
    """
    for i in range(len(at)):
        to, row = at[i], NUMBERS * i
        has_llc = room[to] == 0xAA and room[to + 1] == 0xAA and room[to + 2] == 3
        if not made[i] or numbers[row + LENGTH] < LLC or not has_llc:
            made[i] = 0
            continue
        first = mac[numbers[row + ROW]] + 4
        # Receiver, transmitter and a third address: who is meant, or who sent it, beyond the access point.
        up = numbers[row + UP]
        target, source = (first + 12, first + 6) if up else (first, first + 12)
        for j in range(6):
            room[to - BEFORE + j] = data[target + j]
            room[to - BEFORE + 6 + j] = data[source + j]
