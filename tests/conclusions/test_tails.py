"""What stands before a segment is what the stream holds there, however it was cut and whatever came twice."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.session.known_value_tails import NO_TAIL, SEQUENCES, StreamTails, frames_of, in_order

LENGTH = 11


@given(st.integers(0, SEQUENCES - 1), st.lists(st.integers(1, 30), min_size=1, max_size=20), st.randoms())
def test_the_tail_is_the_end_of_what_came_before(start: int, sizes: list[int], rng: random.Random) -> None:
    stream, tails, at = rng.randbytes(sum(sizes)), StreamTails(LENGTH), 0
    for frame, size in enumerate(sizes, start=1):
        begin = at - rng.randint(0, min(at, 5))  # some bytes are sent once more
        before = tails.before((0, 0), (start + begin) % SEQUENCES)
        assert before.data == stream[max(0, at - LENGTH) : begin]
        tails.keep((0, 0), (start + begin) % SEQUENCES, stream[begin : at + size], frame, before)
        at += size


@given(st.lists(st.integers(1, 30), min_size=1, max_size=20))
def test_the_tail_knows_its_frames(sizes: list[int]) -> None:
    tails, frames = StreamTails(LENGTH), []
    for frame, size in enumerate(sizes, start=1):
        before = tails.before((0, 0), len(frames))
        assert set(frames_of(before, len(before.data))) == set(frames[-LENGTH:])
        tails.keep((0, 0), len(frames), bytes(size), frame, before)
        frames += [frame] * size


def test_directions_and_gaps_are_kept_apart() -> None:
    tails = StreamTails(LENGTH)
    tails.keep((0, 0), 100, b"abc", 1, NO_TAIL)
    assert tails.before((0, 0), 103).data == b"abc"
    assert tails.before((0, 1), 103) == tails.before((1, 0), 103) == tails.before((0, 0), 104) == NO_TAIL


def test_a_flow_keeps_its_tail_under_its_new_number() -> None:
    tails = StreamTails(LENGTH)
    tails.keep((1, 0), 100, b"abc", 1, NO_TAIL)
    tails.renumber(np.array([-1, 0]))
    assert tails.before((0, 0), 103).data == b"abc"


def test_segments_are_ordered_over_the_wrap_of_sequence_numbers() -> None:
    sequences = np.array([SEQUENCES - 10, 20, 5, 7, SEQUENCES - 20])
    directions = np.array([0, 0, 0, 9, 0])
    assert in_order(directions, sequences).tolist() == [4, 0, 2, 1, 3]
