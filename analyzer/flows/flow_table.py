"""The flow columns: one row a flow, kept over the whole capture, grown as flows appear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.int64]
Words = NDArray[np.uint64]

# What a flow carries, as far as its bytes have shown: the kernel's view.
# FINISHED: read to its end, later copies of its bytes are of no use.
NOTHING, UNDECIDED, TEXT, TLS, OPAQUE, QUIC, FINISHED, DTLS = range(8)

# Bits of MARKS. ASKED: a SYN without ACK, which only the side that opens a connection sends.
# HAS_NEXT: the side has sent data. GREETED: the first payload was the greeting of a protocol of lines.
# TLS_OVER: the TLS client has sent a record that is no handshake in clear. QUIC_FIRST: the flow's very first
# packet was a QUIC long header.
HAS_ISN_A, HAS_ISN_B, HAS_ACK_A, HAS_ACK_B, REPLACED, TLS_FROM_B, ASKED_A, ASKED_B = (
    1, 2, 4, 8, 16, 32, 64, 128,
)  # fmt: skip
HAS_NEXT_A, HAS_NEXT_B, QUIC_FIRST, GREETED, TLS_OVER = 256, 512, 1024, 2048, 4096

# Columns of `numbers`. A is the sender of the first packet seen. TLS_BYTES is how many bytes of a TLS
# client, or of each side of QUIC and DTLS, may be handed on to find the server's name. Columns in pairs
# hold what A did and, one further, what B did:
# packets, bytes on the wire with the link layer, transport payload, TCP flags or-ed, initial
# sequence number, highest acknowledgment, payload handed on while the flow was undecided, MAC address,
# time of the first SYN (TCP) or of the first packet (others), the sequence number after the highest byte
# sent, segments that came again or out of order.
(
    A_PORT, B_PORT, PROTOCOL, KIND, MARKS, FIRST_NS, LAST_NS, FIRST_FRAME, TLS_BYTES,
) = range(9)  # fmt: skip
PACKETS, BYTES, PAYLOAD, FLAGS, ISN, ACK_NUMBER, HANDED, MAC, START_NS, NEXT, RESENT = range(10, 32, 2)
WIDTH = 32

# Columns of `addresses`, 128 bits each in two words, as in the packet columns.
A_HI, A_LO, B_HI, B_LO = range(4)
ADDRESS_WIDTH = 4


@dataclass(frozen=True, slots=True)
class Flows:
    """`numbers` has shape (rows, WIDTH), `addresses` (rows, ADDRESS_WIDTH)."""

    numbers: Column
    addresses: Words

    def __len__(self) -> int:
        return len(self.numbers)

    def one(self, at: int) -> Column:
        """A column of the numbers."""
        return self.numbers[:, at]

    def pair(self, at: int) -> Column:
        """A column pair: shape (rows, 2), from A and from B."""
        return self.numbers[:, at : at + 2]

    def head(self, count: int) -> Flows:
        """The first `count` rows."""
        return Flows(self.numbers[:count], self.addresses[:count])

    @property
    def a(self) -> tuple[Words, Words]:
        """The addresses of A in two words."""
        return self.addresses[:, A_HI], self.addresses[:, A_LO]

    @property
    def b(self) -> tuple[Words, Words]:
        """The addresses of B in two words."""
        return self.addresses[:, B_HI], self.addresses[:, B_LO]


def new_flows(count: int) -> Flows:
    """Empty rows for `count` flows."""
    return Flows(np.zeros((count, WIDTH), np.int64), np.zeros((count, ADDRESS_WIDTH), np.uint64))


def grown(flows: Flows, count: int) -> Flows:
    """The same flows in columns that have room for `count`."""
    larger = new_flows(count)
    larger.numbers[: len(flows)] = flows.numbers
    larger.addresses[: len(flows)] = flows.addresses
    return larger
