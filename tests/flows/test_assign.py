"""Packets to flow numbers, directions and counts."""

from __future__ import annotations

import random
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.flows import tracker as tracking
from analyzer.flows.flow_table import (
    A_HI,
    A_LO,
    A_PORT,
    ACK_NUMBER,
    B_HI,
    B_LO,
    B_PORT,
    BYTES,
    FIRST_FRAME,
    FIRST_NS,
    FLAGS,
    HANDED,
    ISN,
    KIND,
    LAST_NS,
    OPAQUE,
    PACKETS,
    PAYLOAD,
    PROTOCOL,
    QUIC,
    TEXT,
    TLS,
    UNDECIDED,
)  # fmt: skip
from analyzer.flows.kernel import flow_slot
from analyzer.flows.tracker import FlowTracker
from analyzer.packets import decode
from tests.builders import ACK, FIN, PSH, SYN, tcp, udp
from tests.examples import examples
from tests.flows.tracking import batch_of, track

few = settings(max_examples=examples(60), deadline=None, derandomize=True)

HELLO = b"\x16\x03\x01\x00\x40\x01" + bytes(63)


def test_both_directions_are_one_flow_and_the_first_sender_is_a() -> None:
    seen = track([tcp(up=False), tcp(up=True), tcp(up=False)])
    assert seen.numbers == [0, 0, 0]
    assert seen.directions == [0, 1, 0]
    assert (seen.flows.one(A_PORT)[0], seen.flows.one(B_PORT)[0]) == (80, 40000)


def test_flows_differ_by_address_port_and_protocol() -> None:
    frames = [
        tcp(), tcp(ports=(40001, 80)), tcp(ports=(40000, 81)), tcp(server="198.51.100.21"),
        udp(b"x", ports=(40000, 80)), tcp(phone="2001:db8::1", server="2001:db8::2"),
        tcp(phone="2001:db8::1", server="2001:db8:1::2"),
    ]  # fmt: skip
    assert track(frames).numbers == list(range(7))


def test_swapped_ports_between_the_same_addresses_are_another_flow() -> None:
    there = tcp(ports=(40000, 80))
    other = tcp(ports=(80, 40000))
    assert track([there, other]).numbers == [0, 1]


@few
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 3), st.booleans(), st.booleans(), st.integers(0, 30)),
        max_size=150,
    ),
    st.sampled_from([1, 2, 4]),
)
def test_flows_and_counts_are_those_of_a_plain_dictionary(
    packets: list[tuple[int, int, bool, bool, int]], start_flows: int
) -> None:
    before, tracking.START_FLOWS = tracking.START_FLOWS, start_flows
    try:
        follower = FlowTracker()
        frames, expected, totals = [], [], defaultdict(lambda: [0, 0, 0, 0])
        numbers: dict[tuple[bool, int, int], tuple[int, bool]] = {}
        for host, port, up, is_tcp, size in packets:
            make = tcp if is_tcp else udp
            frame = make(b"x" * size, up=up, server=f"198.51.100.{host}", ports=(40000 + port, 80))
            number, first_up = numbers.setdefault((is_tcp, host, port), (len(numbers), up))
            direction = int(up != first_up)
            frames.append(frame)
            expected.append((number, direction))
            totals[number][direction] += 1
            totals[number][2 + direction] += size
        seen = track(frames, tracker=follower) if frames else None
    finally:
        tracking.START_FLOWS = before
    if seen is None:
        return
    assert list(zip(seen.numbers, seen.directions, strict=True)) == expected
    assert len(seen.flows) == len(numbers)
    for number, counts in totals.items():
        assert [*seen.flows.pair(PACKETS)[number], *seen.flows.pair(PAYLOAD)[number]] == counts
    assert seen.flows.pair(BYTES).sum() == sum(map(len, frames))


def test_tables_grow_from_the_smallest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "START_FLOWS", 1)
    frames = [tcp(ports=(1024 + n % 3000, 80), up=n % 2 == 0) for n in range(9000)]
    seen = track(frames)
    assert len(seen.flows) == 3000
    assert seen.numbers == [n % 3000 for n in range(9000)]
    assert seen.flows.pair(PACKETS).sum(axis=1).tolist() == [3] * 3000


def test_a_flow_goes_on_in_the_next_batch() -> None:
    follower = FlowTracker()
    track([tcp(), tcp(ports=(40001, 80))], tracker=follower)
    seen = track([tcp(up=False, ports=(40001, 80)), tcp()], tracker=follower)
    assert seen.numbers == [1, 0]
    assert seen.directions == [1, 0]
    assert len(seen.flows) == 2


def test_flows_of_a_batch_that_was_made_begin_at_the_frames_it_was_made_of() -> None:
    follower = FlowTracker()
    track([tcp()], tracker=follower)
    batch = batch_of([tcp(), tcp(ports=(40001, 80)), tcp(ports=(40002, 80)), tcp(ports=(40001, 80))])
    follower.assign(batch, decode(batch), [70, 80, 90, 95])
    assert follower.seen().one(FIRST_FRAME).tolist() == [1, 80, 90]


# ── port reuse ──────────────────────────────────────────────────────────────


def test_a_syn_with_another_sequence_number_opens_a_new_flow() -> None:
    frames = [tcp(flags=SYN, seq=100), tcp(b"x", seq=101), tcp(flags=SYN, seq=900), tcp(b"y", seq=901)]
    seen = track(frames)
    assert seen.numbers == [0, 0, 1, 1]
    assert seen.flows.one(FIRST_FRAME).tolist() == [1, 3]


def test_a_repeated_syn_opens_none() -> None:
    assert track([tcp(flags=SYN, seq=100), tcp(flags=SYN, seq=100), tcp(seq=101)]).numbers == [0, 0, 0]


def test_a_syn_after_data_without_a_syn_opens_a_new_flow() -> None:
    assert track([tcp(b"x", seq=5), tcp(flags=SYN, seq=100)]).numbers == [0, 1]
    assert track([tcp(b"x", up=False), tcp(flags=SYN, seq=100)]).numbers == [0, 0]


def test_a_new_connection_from_the_other_side_opens_a_new_flow() -> None:
    frames = [tcp(flags=SYN, seq=1), tcp(flags=SYN | ACK, seq=7, up=False), tcp(flags=SYN, seq=50, up=False)]
    seen = track(frames)
    assert seen.numbers == [0, 0, 1]
    assert seen.flows.one(A_PORT).tolist() == [40000, 80]


def test_a_flood_of_reused_ports_keeps_the_last_flow_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "START_FLOWS", 2)
    frames = [tcp(flags=SYN, seq=seq) for seq in range(500)]
    follower = FlowTracker()
    assert track(frames, tracker=follower).numbers == list(range(500))
    assert track([tcp(b"x", seq=500)], tracker=follower).numbers == [499]


# ── what is kept of a flow ──────────────────────────────────────────────────


def test_sequence_numbers_are_kept_over_the_wrap_around() -> None:
    top = 0xFFFFFFFF
    seen = track(
        [
            tcp(flags=SYN, seq=top), tcp(flags=SYN | ACK, seq=9, ack=0, up=False),
            tcp(b"x" * 10, seq=0, ack=10), tcp(seq=10, ack=0xFFFFFFF0, up=False), tcp(ack=10, up=False),
            tcp(ack=3, up=False),
        ]
    )  # fmt: skip
    assert seen.flows.pair(ISN)[0].tolist() == [top, 9]
    assert seen.flows.pair(ACK_NUMBER)[0].tolist() == [10, 10]


def test_flags_of_both_sides_are_kept_apart() -> None:
    frames = [
        tcp(flags=SYN),
        tcp(flags=SYN | ACK, up=False),
        tcp(flags=FIN | ACK, up=False),
        tcp(flags=PSH | ACK),
    ]
    assert track(frames).flows.pair(FLAGS)[0].tolist() == [SYN | PSH | ACK, SYN | ACK | FIN]


def test_times_are_the_first_and_the_last_even_when_the_clock_goes_back() -> None:
    batch, follower = batch_of([tcp(), tcp(), tcp()]), FlowTracker()
    batch.records.time_ns[:] = [50, 20, 90]
    follower.assign(batch, decode(batch))
    assert (follower.flows.one(FIRST_NS)[0], follower.flows.one(LAST_NS)[0]) == (20, 90)


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"GET / HTTP/1.1\r\n", TEXT),
        (b"HTTP/1.1 200 OK\r\n", TEXT),
        (b"X-Y_Z * HTTP/1.1\r\n", TEXT),
        (b"CONNECT example.com:443 HTTP/1.1\r\n", TEXT),
        (HELLO, TLS),
        (b"SSH-2.0-OpenSSH\r\n", UNDECIDED),
        (b"GE", UNDECIDED),
        (b"\0" * 30, UNDECIDED),
    ],
)
def test_a_flow_is_known_by_its_first_bytes(payload: bytes, kind: int) -> None:
    seen = track([tcp(payload, ports=(40000, 33333))])
    assert seen.flows.one(KIND)[0] == kind
    assert seen.ids.handed.tolist() == [1]


def test_a_binary_flow_is_no_longer_handed_on_after_a_while_until_text_comes() -> None:
    frames = [tcp(b"\0" * 1400, seq=n * 1400) for n in range(60)]
    frames += [tcp(b"POST /late HTTP/1.1\r\n", seq=84000), tcp(b"\0" * 10, seq=84021)]
    seen = track(frames)
    handed = seen.ids.handed.tolist()
    assert handed[0] == 1
    assert handed[59] == 0
    assert handed[60:] == [1, 1]
    assert seen.flows.one(KIND)[0] == TEXT


def test_the_binary_kind_is_reached() -> None:
    seen = track([tcp(b"\0" * 1400, seq=n * 1400) for n in range(60)])
    assert seen.flows.one(KIND)[0] == OPAQUE
    assert seen.flows.pair(HANDED)[0, 0] > 1 << 16


def test_of_tls_only_the_clients_first_bytes_are_handed_on() -> None:
    frames = [
        tcp(HELLO),
        tcp(HELLO, up=False),
        *[tcp(b"\x17\x03\x03" + bytes(900), seq=69 + 903 * n) for n in range(9)],
    ]
    handed = track(frames).ids.handed.tolist()
    assert handed[0] == 1
    assert handed[1] == 0
    assert handed[-1] == 0


@pytest.mark.parametrize("version", ["00000001", "6b3343cf", "ff00001d", "51303433"])
def test_quic_is_known_by_its_version(version: str) -> None:
    seen = track([udp(b"\xc3" + bytes.fromhex(version) + bytes(40), ports=(40000, 443))])
    assert seen.flows.one(KIND)[0] == QUIC


def test_a_datagram_that_is_not_quic_is_not_called_so() -> None:
    assert track([udp(b"\xc3\0\0\0\7" + bytes(40), ports=(40000, 443))]).flows.one(KIND)[0] != QUIC


# ── cost ────────────────────────────────────────────────────────────────────


def where_it_begins(row: list[int], ends: list[int], key: int, mask: int) -> int:
    """The slot at which the search for a flow begins."""
    return flow_slot(
        ends[A_HI], ends[A_LO], row[A_PORT], ends[B_HI], ends[B_LO], row[B_PORT], row[PROTOCOL], key, mask
    )


def longest_search(frames: list[bytes]) -> int:
    """The most slots that any of these flows' entries is away from where its search begins."""
    follower = FlowTracker()
    track(frames, tracker=follower)
    slots = follower._slots.tolist()
    ends = follower.flows.addresses.view(np.int64).tolist()
    mask, longest = len(slots) - 1, 0
    for slot, number in enumerate(slots):
        if number >= 0:
            row = follower.flows.numbers[number].tolist()
            start = where_it_begins(row, ends[number], follower._key, mask)
            longest = max(longest, (slot - start) & mask)
    return longest


def test_port_pairs_of_equal_sum_do_not_share_a_slot() -> None:
    low = sorted(random.Random(1).sample(range(1024, 30000), 2000))
    assert longest_search([udp(b"", ports=(port, 60000 - port)) for port in low]) < 100


def test_flows_chosen_to_share_a_slot_under_one_key_are_spread_under_another() -> None:
    mask, key, v4 = 4095, 600_000_007, 0xFFFF_0000_0000
    client, server = v4 | 0xC000020A, v4 | 0xC6336414
    pairs = [(a, b) for a in range(20000, 21000) for b in range(1000, 2000)]
    starts = ((flow_slot(0, client, a, 0, server, b, 17, key, mask), a, b) for a, b in pairs)
    chosen = [(a, b) for slot, a, b in starts if slot == 7][:200]
    assert len(chosen) == 200
    assert longest_search([udp(b"", ports=ports) for ports in chosen]) < 40


def test_each_scan_has_its_own_key() -> None:
    assert len({FlowTracker()._key for _ in range(8)}) > 1
