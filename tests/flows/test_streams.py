"""Segments to bytes in order: any cutting, order and repetition; losses as gaps; the first copy wins."""

from __future__ import annotations

import itertools
import random
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.flows.reassembly import (
    MOST_CONFLICTS,
    MOST_HELD,
    MOST_HELD_SEGMENTS,
    Gap,
    Segment,
    Stream,
    StreamConflict,
)
from analyzer.flows.retransmissions import SEGMENT_COST, Retransmissions
from tests.examples import examples

many = settings(max_examples=examples(300), deadline=None, derandomize=True)

Piece = Segment | Gap


class Sent(NamedTuple):
    """A segment as it is sent: its place in the stream and its bytes."""

    offset: int
    data: bytes


def received(
    segments: list[Sent], isn: int | None, base: int, close: bool = True
) -> tuple[list[Piece], Stream]:
    """What a stream gives for these segments, in this order; frames are numbered from 1."""
    stream, given_out = Stream(isn), []
    for number, (offset, data) in enumerate(segments):
        given_out += stream.add((base + offset) % (1 << 32), data, number + 1, number)
    return given_out + (stream.close() if close else []), stream


def assert_in_order(pieces: list[Piece], start: int = 0) -> None:
    """Each piece begins where the last one ended."""
    for piece in pieces:
        assert piece.offset == start
        start += piece.length if isinstance(piece, Gap) else len(piece.data)


def bytes_of(pieces: list[Piece]) -> bytes:
    """The bytes, gaps left out."""
    return b"".join(piece.data for piece in pieces if isinstance(piece, Segment))


@st.composite
def cuttings(draw: st.DrawFn) -> tuple[bytes, list[Sent]]:
    """A text and segments that cover all of it: overlapping, repeated, in any order."""
    text = draw(st.binary(min_size=1, max_size=120))
    cuts = sorted({0, len(text), *draw(st.lists(st.integers(0, len(text)), max_size=12))})
    segments = [Sent(a, text[a:b]) for a, b in itertools.pairwise(cuts)]
    for _ in range(draw(st.integers(0, 8))):
        a = draw(st.integers(0, len(text) - 1))
        segments.append(Sent(a, text[a : draw(st.integers(a + 1, len(text)))]))
    return text, draw(st.permutations(segments))


@many
@given(cuttings(), st.integers(0, 2**32 - 1))
def test_any_cutting_order_and_repetition_gives_the_same_bytes(
    cutting: tuple[bytes, list[Sent]], isn: int
) -> None:
    text, segments = cutting
    pieces, stream = received(segments, isn, isn + 1, close=False)
    assert bytes_of(pieces) == text
    assert not any(isinstance(piece, Gap) for piece in pieces)
    assert_in_order(pieces)
    assert stream.position() == len(text)
    assert stream.sequence_at(len(text)) == (isn + 1 + len(text)) % (1 << 32)
    assert stream.close() == []


@many
@given(cuttings(), st.integers(2**32 - 130, 2**32 - 1))
def test_sequence_numbers_may_wrap_around_anywhere(cutting: tuple[bytes, list[Sent]], isn: int) -> None:
    text, segments = cutting
    assert bytes_of(received(segments, isn, isn + 1)[0]) == text


@many
@given(cuttings(), st.data())
def test_what_is_taken_away_is_a_gap_in_exactly_that_place(
    cutting: tuple[bytes, list[Sent]], data: st.DataObject
) -> None:
    text, segments = cutting
    kept = [s for s in segments if data.draw(st.booleans())]
    there = {offset + k for offset, piece in kept for k in range(len(piece))}
    pieces, _ = received(kept, 0, 1)
    assert_in_order(pieces)
    missing = set()
    for piece in pieces:
        if isinstance(piece, Gap):
            assert piece.length > 0
            missing |= set(range(piece.offset, piece.offset + piece.length))
        else:
            assert piece.data == text[piece.offset : piece.offset + len(piece.data)]
    assert missing == set(range(max(there, default=-1) + 1)) - there


@many
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 15)), min_size=1, max_size=14))
def test_the_first_copy_of_an_byte_wins(places: list[tuple[int, int]]) -> None:
    segments = [Sent(offset, bytes([65 + number]) * length) for number, (offset, length) in enumerate(places)]
    expected: dict[int, int] = {}
    for offset, data in segments:
        for k, byte in enumerate(data):
            expected.setdefault(offset + k, byte)
    pieces, _ = received(segments, 0, 1)
    assert_in_order(pieces)
    seen = {
        piece.offset + k: byte
        for piece in pieces
        if isinstance(piece, Segment)
        for k, byte in enumerate(piece.data)
    }
    assert seen == expected


@many
@given(cuttings())
def test_each_piece_names_the_frame_that_carried_it(cutting: tuple[bytes, list[Sent]]) -> None:
    _, segments = cutting
    for piece in received(segments, 0, 1)[0]:
        assert isinstance(piece, Segment)
        sent = segments[piece.frame - 1]
        assert sent.offset <= piece.offset
        assert piece.offset + len(piece.data) <= sent.offset + len(sent.data)
        assert piece.time_ns == piece.frame - 1


def test_without_a_syn_the_stream_begins_at_its_first_segment() -> None:
    pieces, stream = received([Sent(0, b"abc"), Sent(3, b"def")], None, 77777)
    assert bytes_of(pieces) == b"abcdef"
    assert (stream.base, stream.saw_start) == (77777, False)


def test_data_before_what_the_syn_announced_begins_the_stream_anew() -> None:
    stream = Stream(5000)
    assert bytes_of(stream.add(1000, b"GET", 1, 0)) == b"GET"
    assert bytes_of(stream.add(1003, b" /", 2, 0)) == b" /"
    assert not stream.saw_start


def test_a_keep_alive_byte_before_the_next_one_is_a_repetition() -> None:
    stream = Stream(0)
    stream.add(1, b"hello", 1, 0)
    assert stream.add(5, b"\0", 2, 0) == []
    assert bytes_of(stream.add(6, b" you", 3, 0)) == b" you"
    assert (stream.repeated, stream.probes, stream.conflicts) == (1, 1, [])


# ── copies that differ ──────────────────────────────────────────────────────


@many
@given(st.lists(st.tuples(st.integers(0, 40), st.binary(min_size=1, max_size=15)), min_size=1, max_size=12))
def test_every_byte_that_came_again_with_other_content_is_counted(places: list[tuple[int, bytes]]) -> None:
    segments = [Sent(offset + 5, data) for offset, data in places] + [Sent(0, b"start")]
    pieces, stream = received(segments, 0, 1)
    read = {p.offset + k: o for p in pieces if isinstance(p, Segment) for k, o in enumerate(p.data)}
    differing = sum(read[offset + k] != o for offset, data in segments for k, o in enumerate(data))
    # A single byte just before the next one is a keep-alive probe, whose content means nothing.
    assert differing - stream.probes <= stream.conflicting <= differing
    assert bool(stream.conflicts) == bool(stream.conflicting)


@many
@given(st.lists(st.tuples(st.integers(0, 40), st.binary(min_size=2, max_size=15)), min_size=1, max_size=12))
def test_a_conflict_keeps_both_copies_and_the_frames_that_carried_them(
    places: list[tuple[int, bytes]],
) -> None:
    segments = [Sent(offset, data) for offset, data in places]
    for conflict in received(segments, 0, 1)[1].conflicts:
        assert conflict.first != conflict.second
        assert conflict.first_frame < conflict.second_frame
        for frame, content in (
            (conflict.first_frame, conflict.first),
            (conflict.second_frame, conflict.second),
        ):
            offset, data = segments[frame - 1]
            at = conflict.offset - offset
            assert data[at : at + len(content)] == content


@many
@given(cuttings())
def test_repetitions_of_the_same_bytes_are_no_conflict(cutting: tuple[bytes, list[Sent]]) -> None:
    text, segments = cutting
    _, stream = received(segments, 0, 1)
    assert (stream.conflicts, stream.conflicting, stream.unchecked) == ([], 0, 0)
    assert stream.repeated == sum(len(data) for _, data in segments) - len(text)


def test_conflicts_kept_with_their_contents_are_bounded_and_the_rest_counted() -> None:
    segments = [Sent(0, b"a" * 200), *[Sent(k, b"bb") for k in range(0, 198, 2)]]
    _, stream = received(segments, 0, 1)
    assert len(stream.conflicts) == MOST_CONFLICTS
    assert stream.conflicting == 198


def test_a_forgotten_first_copy_leaves_a_repetition_unchecked() -> None:
    stream = Stream(0, Retransmissions(most=2 * (10 + SEGMENT_COST)))
    for number in range(4):
        stream.add(1 + 10 * number, b"0123456789", number + 1, 0)
    stream.add(1, b"x" * 40, 9, 0)
    assert (stream.repeated, stream.unchecked, stream.conflicting) == (40, 20, 20)
    assert [(c.offset, c.first_frame, c.second_frame) for c in stream.conflicts] == [(20, 3, 9), (30, 4, 9)]


def test_one_memory_is_shared_and_the_oldest_of_all_streams_goes_first() -> None:
    recent = Retransmissions(most=3 * (5 + SEGMENT_COST))
    one, other = Stream(0, recent), Stream(0, recent)
    one.add(1, b"first", 1, 0)
    for number in range(3):
        other.add(1 + 5 * number, b"other", 2 + number, 0)
    one.add(1, b"FIRST", 9, 0)
    other.add(1, b"OTHER", 10, 0)
    assert (one.unchecked, one.conflicting) == (5, 0)
    assert (other.unchecked, other.conflicting) == (0, 5)


def test_the_first_copy_that_was_held_back_wins_over_a_later_one_and_both_are_kept() -> None:
    segments = [Sent(3, b"DEF"), Sent(3, b"def"), Sent(0, b"ABC")]
    pieces, stream = received(segments, 0, 1)
    assert bytes_of(pieces) == b"ABCDEF"
    assert stream.conflicts == [StreamConflict(3, b"DEF", b"def", first_frame=1, second_frame=2)]


# ── bounds ──────────────────────────────────────────────────────────────────


def test_bytes_held_back_are_bounded() -> None:
    stream, given_out = Stream(0), []
    for number in range(MOST_HELD // 1000 + 10):
        given_out += stream.add(101 + number * 1000, bytes(1000), number, 0)
    assert given_out[0] == Gap(0, 100, before=0, after=0)
    assert len(bytes_of(given_out)) >= MOST_HELD


def test_segments_held_back_are_bounded() -> None:
    stream, given_out = Stream(0), []
    for number in range(2 * MOST_HELD_SEGMENTS):
        given_out += stream.add(101 + 2 * number, b"x", number, 0)
    assert len(given_out) >= MOST_HELD_SEGMENTS
    assert_in_order(given_out)


def test_a_wild_segment_far_ahead_does_not_stop_the_rest() -> None:
    stream = Stream(0)
    assert stream.add(1_000_000_000, b"wild", 1, 0) == []
    assert bytes_of(stream.add(1, b"abc", 2, 0)) == b"abc"
    assert bytes_of(stream.add(4, b"def", 3, 0)) == b"def"
    assert stream.close() == [
        Gap(6, 1_000_000_000 - 7, before=3, after=1),
        Segment(999_999_999, b"wild", 1, 0),
    ]


def test_more_than_four_gigabytes_of_a_stream_are_followed() -> None:
    stream, step = Stream(0), (1 << 30) + 7
    for number in range(6):
        stream.add(1 + number * step, b"x", number, 0)
        stream.add((2 + number * step) % (1 << 32), b"", number, 0)
        stream._next = (number + 1) * step  # as if all bytes between had come
    assert stream.offset_of((1 + 6 * step) % (1 << 32)) == 6 * step
    assert bytes_of(stream.add((1 + 6 * step) % (1 << 32), b"late", 9, 0)) == b"late"


# ── acknowledged and never captured ─────────────────────────────────────────


def test_what_the_receiver_acknowledged_is_given_up_as_lost() -> None:
    stream = Stream(0)
    stream.add(1, b"abc", 1, 0)
    assert stream.add(14, b"xyz", 2, 0) == []
    assert stream.lost_before(10) == []
    assert stream.lost_before(17) == [Gap(3, 10, before=1, after=2), Segment(13, b"xyz", 2, 0)]
    assert bytes_of(stream.add(17, b"more", 3, 0)) == b"more"


def test_an_acknowledgment_within_what_is_missing_gives_nothing_up() -> None:
    stream = Stream(0)
    stream.add(14, b"xyz", 1, 0)
    stream.add(24, b"end", 2, 0)
    assert stream.lost_before(20) == [Gap(0, 13, before=0, after=1), Segment(13, b"xyz", 1, 0)]
    assert stream.lost_before(23) == []


@pytest.mark.parametrize("wild", [0x80000000, 0x10000000, 0xFFFFFFFF, 0])
def test_an_acknowledgment_of_what_was_never_seen_is_not_believed(wild: int) -> None:
    stream = Stream(0)
    stream.add(14, b"xyz", 1, 0)
    assert stream.lost_before(wild) == []
    assert bytes_of(stream.add(1, b"a" * 13, 2, 0)) == b"a" * 13 + b"xyz"


# ── cost ────────────────────────────────────────────────────────────────────


def comparisons(segments: list[Sent], monkeypatch: pytest.MonkeyPatch) -> int:
    """How many segments a stream looks at while it puts these in order."""
    from analyzer.flows import reassembly

    looked = 0

    class Counted(Segment):
        def __getattribute__(self, name: str) -> object:
            nonlocal looked
            looked += 1
            return super().__getattribute__(name)

    monkeypatch.setattr(reassembly, "Segment", Counted)
    received(segments, 0, 1)
    monkeypatch.undo()
    return looked


FLOODS = {
    "one segment many times behind a hole": lambda n: [Sent(100, b"x" * 5)] * n + [Sent(0, b"y" * 100)],
    "one byte each, backwards": lambda n: [Sent(n - k, b"x") for k in range(n)] + [Sent(0, b"y")],
    "one byte each under a long one": lambda n: (
        [Sent(1 + k % 1400, b"x") for k in range(n)] + [Sent(1, b"z" * 1400), Sent(0, b"y")]
    ),
    "every second byte": lambda n: [Sent(2 * k + 1, b"x") for k in range(n)],
    "at random": lambda n: [Sent(random.Random(k).randrange(1, 5000), b"x" * (k % 90 + 1)) for k in range(n)],
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
def test_twice_the_segments_cost_hardly_more_than_twice(
    flood: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(flood)
    once, twice = (comparisons(flood(n), monkeypatch) for n in (1000, 2000))
    assert twice < 3 * once
