"""The walks over records on bytes that mean nothing: compiled as uncompiled, and nothing out of range."""

from __future__ import annotations

import random
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.capture.pcapng_blocks import resolution
from analyzer.capture.record_walk import (
    INTERFACE_WIDTH,
    MOST_SECONDS,
    NOTES,
    walk_pcap,
    walk_pcapng,
    walk_snoop,
)
from analyzer.capture.records import RECORD_WIDTH
from analyzer.core.kernels import is_compiled, run_kernel
from tests.capture.blocks import block, enhanced, obsolete, simple
from tests.capture.test_snoop import record
from tests.examples import examples

pytestmark = pytest.mark.skipif(not is_compiled(), reason="the kernels of this copy are not compiled")

ROOM = 40

many = settings(max_examples=examples(300), deadline=None, suppress_health_check=list(HealthCheck))


class Fenced(bytes):
    """Bytes that may only be read from `start` up to `end`, and never counted from behind."""

    start: int
    end: int

    def __getitem__(self, index: Any) -> Any:
        assert self.start <= index < self.end
        return super().__getitem__(index)


def fenced(data: bytes, start: int, end: int) -> Fenced:
    found = Fenced(data)
    found.start, found.end = start, end
    return found


def assert_same(walk: Any, data: bytes, start: int, *arguments: Any, notes: bool) -> None:
    """Both forms of a walk give the same; the uncompiled one reads within its fence."""
    outs = [np.zeros(ROOM * RECORD_WIDTH, np.int64) for _ in range(2)]
    noted = [[np.zeros(NOTES, np.int64)] if notes else [] for _ in range(2)]
    end = len(data)
    plain = [memoryview(a) if isinstance(a, np.ndarray) else a for a in (*arguments, outs[0], *noted[0])]
    one = walk(fenced(data, start, end), start, end, *plain)
    other = run_kernel(walk, data, start, end, *arguments, outs[1], *noted[1])
    assert tuple(one) == tuple(other)
    np.testing.assert_array_equal(outs[0], outs[1])
    np.testing.assert_array_equal(noted[0], noted[1])
    count, position, _ = one
    assert start <= position <= end
    assert 0 <= count <= ROOM
    for at, captured, wire, *_ in outs[0].reshape(-1, RECORD_WIDTH)[:count].tolist():
        assert start <= at
        assert at + captured <= position
        assert captured <= wire


words = st.lists(
    st.one_of(
        st.sampled_from([0, 1, 2, 16, 24, 28, 32, 40, 64, 2**24, 2**31, 2**32 - 1]), st.integers(0, 300)
    ),
    max_size=60,
)


def packed(found: list[int], order: str, rest: bytes) -> bytes:
    return struct.pack(f"{order}{len(found)}I", *found) + rest or bytes(1)


@many
@given(words, st.binary(max_size=40), st.sampled_from("<>"), st.sampled_from([16, 20, 24, 28]),
       st.integers(0, 2), st.integers(0, 30), st.integers(0, 9))  # fmt: skip
def test_pcap_records_of_any_bytes(
    found: list[int], rest: bytes, order: str, header: int, lengths: int, fcs: int, start: int
) -> None:
    data = packed(found, order, rest)
    arguments = (order == ">", 1000, 1, header, lengths, fcs)
    assert_same(walk_pcap, data, min(start, len(data)), *arguments, notes=False)


@many
@given(words, st.binary(max_size=40), st.integers(0, 4), st.integers(0, 9))
def test_snoop_records_of_any_bytes(found: list[int], rest: bytes, fcs: int, start: int) -> None:
    data = record(b"frame", drops=2**32 - 1) + packed(found, ">", rest)
    assert_same(walk_snoop, data, min(start, 5) // 5 * 32, 1, fcs, notes=True)


changed = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)))
offsets = st.integers(-MOST_SECONDS, MOST_SECONDS)


@many
@given(st.integers(0, 10**9), changed, st.sampled_from("<>"), st.integers(0, 255), offsets, st.integers(0, 4))
def test_pcapng_blocks_of_any_bytes(
    seed: int, changes: list[tuple[float, int]], order: str, unit: int, offset: int, fcs: int
) -> None:
    data = bytearray(blocks(random.Random(seed), order))
    for place, value in changes:
        data[int(place * len(data))] = value
    shrink, units = resolution(unit)
    interfaces = np.array([[1, 9, shrink, units, offset, fcs], [113, 0, 1, 10**6, 0, 0]], np.int64)
    assert interfaces.shape[1] == INTERFACE_WIDTH
    assert_same(walk_pcapng, bytes(data), 0, order == ">", interfaces.reshape(-1), 2, notes=True)


def blocks(choice: random.Random, order: str) -> bytes:
    """Blocks of all kinds that hold packets or are passed over, with options and lies."""
    told = [(1, b"a comment"), (4, choice.randbytes(8)), (2, bytes(4))]
    made = [
        lambda: enhanced(choice.randbytes(9), choice.getrandbits(64), choice.randrange(2), order=order,
                         told=choice.sample(told, choice.randrange(4))),
        lambda: obsolete(b"x", choice.getrandbits(64), choice.randrange(2), choice.getrandbits(16), order),
        lambda: simple(choice.randbytes(choice.randrange(12)), order=order),
        lambda: block(choice.choice([9, 0xBAD, 0x40000BAD, 7]), choice.randbytes(choice.randrange(9)), order),
    ]  # fmt: skip
    return b"".join(choice.choice(made)() for _ in range(choice.randrange(1, 12)))
