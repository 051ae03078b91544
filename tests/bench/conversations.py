"""Flows of a home become columns of packets: sequence numbers, acknowledgements, times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from frames import ACK, FIN, PSH, RANDOM, SYN, Ints, Packets

MOST = 1448  # bytes of a full TCP segment with timestamps, on Ethernet
TLS_DATA = 23


@dataclass
class Shape:
    """What a conversation looks like before it has times and numbers: one row a packet."""

    up: Ints
    length: Ints
    blob: Ints
    flags: Ints

    @classmethod
    def of(cls, rows: list[tuple[int, int, int, int]]) -> Shape:
        """From rows of (up, length, blob, flags)."""
        return cls(*np.array(rows, np.int64).reshape(-1, 4).T)

    def __add__(self, other: Shape) -> Shape:
        names = ("up", "length", "blob", "flags")
        return Shape(*(np.concatenate([getattr(self, n), getattr(other, n)]) for n in names))


OPEN = Shape.of([(1, 0, RANDOM, SYN), (0, 0, RANDOM, SYN | ACK), (1, 0, RANDOM, ACK)])
CLOSE = Shape.of([(1, 0, RANDOM, FIN | ACK), (0, 0, RANDOM, FIN | ACK), (1, 0, RANDOM, ACK)])


def bulk(count: int, down_share: float, rng: np.random.Generator) -> Shape:
    """`count` packets of ciphertext: mostly full segments, an ACK after every second one."""
    turn = np.arange(count) % 3  # two segments, then the ACK of the other side
    data_up = (rng.random(1 + count // 3) >= down_share).astype(np.int64)[np.arange(count) // 3]
    full = rng.random(count) < 0.93
    size = np.where(full, MOST, rng.integers(60, MOST, count))
    is_ack = turn == 2
    return Shape(
        up=np.where(is_ack, 1 - data_up, data_up),
        length=np.where(is_ack, 0, size),
        blob=np.full(count, RANDOM),
        flags=np.where(is_ack, ACK, ACK | PSH),
    )


def tcp_packets(
    flow: int, shape: Shape, times: Ints, rng: np.random.Generator, lead: int = TLS_DATA
) -> Packets:
    """Number the bytes of both directions (RFC 9293 §3.4) and acknowledge what came before."""
    first = rng.integers(0, 1 << 32, 2)
    taken = shape.length + ((shape.flags & (SYN | FIN)) > 0)
    sent = [np.cumsum(np.where(shape.up == side, taken, 0)) for side in (0, 1)]
    before = [total - np.where(shape.up == side, taken, 0) for side, total in enumerate(sent)]
    seq = np.where(shape.up == 1, first[1] + before[1], first[0] + before[0])
    ack = np.where(shape.up == 1, first[0] + sent[0], first[1] + sent[1])
    return Packets(
        time_us=times,
        flow=np.full(len(times), flow),
        up=shape.up,
        length=shape.length,
        flags=shape.flags,
        seq=seq & 0xFFFFFFFF,
        ack=np.where(shape.flags & ACK, ack, 0) & 0xFFFFFFFF,
        echo=_heard(shape.up, times),
        blob=shape.blob,
        lead=np.full(len(times), lead),
    )


def _heard(up: Ints, times: Ints) -> Ints:
    """The time of the last packet from the other side before each, which it echoes (RFC 7323 §3.2); or 0."""
    rows, heard = np.arange(len(up)), np.zeros(len(up), np.int64)
    for side in (0, 1):
        last = np.maximum.accumulate(np.where(up != side, rows, -1))
        heard = np.where((up == side) & (last >= 0), times[last], heard)
    return heard


def udp_packets(flow: int, shape: Shape, times: Ints, rng: np.random.Generator) -> Packets:
    """Datagrams; random ones begin like a QUIC short header (RFC 9000 §17.3)."""
    zero = np.zeros(len(times), np.int64)
    lead = 0x40 | rng.integers(0, 64, len(times))
    return Packets(times, zero + flow, shape.up, shape.length, zero, zero, zero, zero, shape.blob, lead)


def whole_frames(times: Ints, blob: int, size: int) -> Packets:
    """Frames that stand complete in a blob."""
    zero = np.zeros(len(times), np.int64)
    return Packets(times, zero - 1, zero, zero + size, zero, zero, zero, zero, zero + blob, zero)


def segments(up: int, blobs: list[int], sizes: list[int]) -> Shape:
    """The segments of one message and the ACK that answers them."""
    rows = [(up, size, blob, ACK | PSH) for blob, size in zip(blobs, sizes, strict=True)]
    return Shape.of([*rows, (1 - up, 0, RANDOM, ACK)])


def spread(count: int, start_us: int, span_us: int, rng: np.random.Generator) -> Ints:
    """`count` rising times within a span that begins at `start_us`."""
    gaps = rng.exponential(1.0, count)
    return start_us + (np.cumsum(gaps) / gaps.sum() * span_us).astype(np.int64)
