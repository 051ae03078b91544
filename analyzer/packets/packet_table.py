"""The packet columns: one row a record, filled by the decode kernel.

Two flat arrays rather than an object a packet, or an array a column: a kernel gets two arguments, and one
packet lies in few cache lines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.int64]
Words = NDArray[np.uint64]

# What a row is, as far as it could be decoded.
UNKNOWN_LINK, NOT_IP, OTHER_IP, TCP, UDP, FRAGMENT, DAMAGED = range(7)

# Columns of `numbers`. Positions point into the batch's buffer; a MAC address is -1 where the frame
# has none; NETWORK is the innermost IP header; ADDRESS_HASH is the same for both directions;
# WEIGHT is the packets that the row stands for, more than 1 when reassembled. PATH and OUTER are the
# encapsulations and the IP headers passed on the way to the innermost one, in the digits of `layers`.
# IDENTITY is the IP identification and the checksum of the transport header, equal in copies of a packet;
# VARIANT is what may differ between them: time to live, VLAN, interface and direction.
(
    KIND, ETHERTYPE, SOURCE_MAC, DESTINATION_MAC, ADDRESS_HASH, PROTOCOL, SOURCE_PORT, DESTINATION_PORT,
    FLAGS, SEQUENCE, ACKNOWLEDGMENT, PAYLOAD, PAYLOAD_CAPTURED, PAYLOAD_WIRE, NETWORK, WEIGHT,
    PATH, OUTER, IDENTITY, VARIANT, NOTES,
) = range(21)  # fmt: skip
WIDTH = 21

# Bits of NOTES. HEADER_SUM: the checksum of an IPv4 header. LENGTH_ABSENT: a total length of 0, as network
# cards leave it that cut a packet later. COPY: the packet has been captured before. AGGREGATE: it holds an
# 802.11 frame of several packets.
HEADER_SUM_WRONG, HEADER_SUM_ABSENT, LENGTH_ABSENT, COPY, AGGREGATE = 1, 2, 4, 8, 16

# Columns of `addresses`, 128 bits each in two words; IPv4 stands as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2).
SOURCE_HI, SOURCE_LO, DESTINATION_HI, DESTINATION_LO = range(4)
ADDRESS_WIDTH = 4


@dataclass(frozen=True, slots=True)
class Packets:
    """`numbers` has shape (rows, WIDTH), `addresses` (rows, ADDRESS_WIDTH)."""

    numbers: Column
    addresses: Words

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def kind(self) -> Column:
        return self.numbers[:, KIND]

    @property
    def ethertype(self) -> Column:
        return self.numbers[:, ETHERTYPE]

    @property
    def source_mac(self) -> Column:
        return self.numbers[:, SOURCE_MAC]

    @property
    def destination_mac(self) -> Column:
        return self.numbers[:, DESTINATION_MAC]

    @property
    def protocol(self) -> Column:
        return self.numbers[:, PROTOCOL]

    @property
    def source_port(self) -> Column:
        return self.numbers[:, SOURCE_PORT]

    @property
    def destination_port(self) -> Column:
        return self.numbers[:, DESTINATION_PORT]

    @property
    def flags(self) -> Column:
        return self.numbers[:, FLAGS]

    @property
    def sequence(self) -> Column:
        return self.numbers[:, SEQUENCE]

    @property
    def payload(self) -> Column:
        return self.numbers[:, PAYLOAD]

    @property
    def payload_captured(self) -> Column:
        return self.numbers[:, PAYLOAD_CAPTURED]

    @property
    def network(self) -> Column:
        return self.numbers[:, NETWORK]

    @property
    def path(self) -> Column:
        return self.numbers[:, PATH]

    @property
    def outer(self) -> Column:
        return self.numbers[:, OUTER]

    @property
    def notes(self) -> Column:
        return self.numbers[:, NOTES]

    @property
    def weight(self) -> Column:
        return self.numbers[:, WEIGHT]


def new_packets(count: int) -> Packets:
    """Empty columns for `count` rows."""
    return Packets(np.zeros((count, WIDTH), np.int64), np.zeros((count, ADDRESS_WIDTH), np.uint64))
