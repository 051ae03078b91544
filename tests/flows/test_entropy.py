"""Entropy of first bytes: numbers that can be made otherwise, guesses that random bytes meet, text not."""

from __future__ import annotations

import math
import random
import zlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.flows.entropy import ENOUGH, SAMPLE, ByteSpread, Samples, random_entropy
from tests.examples import examples

many = settings(max_examples=examples(200), deadline=None, derandomize=True)


def spreads_of(*payloads: tuple[int, bytes], batches: int = 1) -> dict[int, ByteSpread]:
    """Of (flow, bytes) in the order of capture, cut into batches."""
    samples = Samples()
    for number in range(batches):
        mine = payloads[number::batches] if batches == 1 else [payloads[number]]
        raw = np.frombuffer(b"".join(data for _, data in mine), np.uint8)
        length = np.array([len(data) for _, data in mine], np.int64)
        flow = np.array([flow for flow, _ in mine], np.int64)
        samples.add(raw, flow, np.cumsum(length) - length, length)
    return samples.spreads()


def shannon(data: bytes) -> float:
    """By the definition."""
    return -sum(n / len(data) * math.log2(n / len(data)) for n in Counter(data).values())


@many
@given(st.lists(st.tuples(st.integers(0, 3), st.binary(min_size=1, max_size=700)), min_size=1, max_size=8))
def test_the_entropy_is_that_of_each_flow_s_first_bytes(payloads: list[tuple[int, bytes]]) -> None:
    found = spreads_of(*payloads)
    for flow in {flow for flow, _ in payloads}:
        first = b"".join(data for number, data in payloads if number == flow)[:SAMPLE]
        assert found[flow].size == len(first)
        assert found[flow].entropy == pytest.approx(shannon(first), abs=1e-9)
    assert spreads_of(*payloads, batches=len(payloads)) == found


def test_a_flow_is_full_when_its_sample_is_taken() -> None:
    samples = Samples()
    data = np.zeros(2 * SAMPLE, np.uint8)
    rows = np.array([5, 6]), np.array([0, SAMPLE]), np.array([SAMPLE, SAMPLE - 1])
    assert samples.add(data, *rows) == [5]
    assert samples.add(data, np.array([6]), np.array([0]), np.array([1])) == [6]


@pytest.mark.parametrize("size", [ENOUGH, 300, SAMPLE])
def test_random_bytes_have_the_entropy_to_expect_of_them(size: int) -> None:
    chance = random.Random(size)
    measured = [shannon(chance.randbytes(size)) for _ in range(400)]
    assert random_entropy(size) == pytest.approx(sum(measured) / len(measured), abs=0.01)


WORDS = "It was the best of times, it was the worst of times, it was the age of wisdom. "


@pytest.mark.parametrize(
    ("data", "looks_random", "is_text"),
    [
        (random.Random(1).randbytes(1024), True, False),
        (random.Random(2).randbytes(ENOUGH), True, False),
        (random.Random(3).randbytes(ENOUGH - 1), False, False),  # too few to say
        (zlib.compress(random.Random(4).randbytes(600).hex().encode())[:600], True, False),
        ((WORDS * 20).encode(), False, True),
        (b"\0" * 1024, False, False),
        (bytes(range(64)) * 16, False, False),
        (b"LOGIN ok", False, True),
        (b"LOGIN", False, False),
    ],
)
def test_encrypted_or_compressed_bytes_look_so_and_others_do_not(
    data: bytes, looks_random: bool, is_text: bool
) -> None:
    spread = spreads_of((0, data))[0]
    assert (spread.looks_random, spread.is_text) == (looks_random, is_text)


def test_the_number_of_flows_looked_at_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.flows.entropy.MOST_FLOWS", 10)
    samples = Samples()
    flows = np.arange(25)
    done = samples.add(np.arange(25, dtype=np.uint8), flows, flows, np.ones(25, np.int64))
    assert done == list(range(10, 25))
    assert samples.left_out == 15
    assert set(samples.spreads()) == set(range(10))
