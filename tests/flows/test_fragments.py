"""IP fragments to datagrams: any order, repetition, overlaps, losses, both versions."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment
from scapy.packet import Raw

from analyzer.flows import fragments
from analyzer.flows.fragments import Datagram, Reassembler, as_batch
from analyzer.packets import decode
from analyzer.packets.packet_table import UDP as KIND_UDP
from tests.examples import examples
from tests.flows.tracking import batch_of

few = settings(max_examples=examples(150), deadline=None, derandomize=True)

PAYLOAD = random.Random(4).randbytes(100)
SECOND = 10**9


def v4(offset: int, data: bytes, more: bool, number: int = 7) -> bytes:
    """An IPv4 fragment with a UDP datagram's bytes; offsets in bytes."""
    packet = IP(src="192.0.2.1", dst="198.51.100.2", id=number, frag=offset // 8, flags=int(more), proto=17)
    return bytes(packet / Raw(data))


def v6(offset: int, data: bytes, more: bool, number: int = 7) -> bytes:
    """The same in IPv6."""
    fragment = IPv6ExtHdrFragment(id=number, offset=offset // 8, m=int(more), nh=17)
    return bytes(IPv6(src="2001:db8::1", dst="2001:db8::2") / fragment / Raw(data))


versions = pytest.mark.parametrize("make", [v4, v6], ids=["IPv4", "IPv6"])
DATAGRAM = bytes(UDP(sport=5, dport=6, len=8 + len(PAYLOAD), chksum=0) / Raw(PAYLOAD))


def add(packets: list[bytes], into: Reassembler | None = None, at_ns: int = 0) -> list[Datagram]:
    """What these packets complete."""
    batch = batch_of(packets, 101, start_ns=at_ns)
    return (into or Reassembler()).add(batch, decode(batch))


def payload_of(datagram: Datagram) -> bytes:
    """The bytes behind the IP header."""
    return datagram.packet[20 if datagram.packet[0] >> 4 == 4 else 40 :]


@st.composite
def cuttings(draw: st.DrawFn) -> list[tuple[int, bytes, bool]]:
    """Fragments that cover the datagram, some of them repeated or overlapping, in any order."""
    cuts = sorted(
        {0, len(DATAGRAM), *(8 * n for n in draw(st.lists(st.integers(1, 13), min_size=1, max_size=8)))}
    )
    parts = [(a, DATAGRAM[a:b], b < len(DATAGRAM)) for a, b in itertools.pairwise(cuts)]
    for _ in range(draw(st.integers(0, 5))):
        a = 8 * draw(st.integers(1, 12))
        b = min(a + 8 * draw(st.integers(1, 13)), len(DATAGRAM))
        parts.append((a, DATAGRAM[a:b], b < len(DATAGRAM)))
    return draw(st.permutations(parts))


@few
@given(cuttings(), st.sampled_from([v4, v6]))
def test_any_cutting_order_and_repetition_gives_the_datagram(
    parts: list[tuple[int, bytes, bool]], make: type
) -> None:
    into = Reassembler()
    whole = [d for d in [*add([make(*part) for part in parts], into), *into.close()] if d.whole]
    assert [payload_of(datagram) for datagram in whole][:1] == [DATAGRAM]
    assert all(payload_of(datagram) == DATAGRAM for datagram in whole)


@few
@given(cuttings(), st.sampled_from([v4, v6]))
def test_every_fragment_is_counted_once(parts: list[tuple[int, bytes, bool]], make: type) -> None:
    packets, into = [make(*part) for part in parts], Reassembler()
    done = [*add(packets, into), *into.close()]
    assert sum(datagram.packets for datagram in done) == len(packets)
    assert sum(datagram.size for datagram in done) == sum(map(len, packets))


@versions
def test_a_datagram_is_decoded_as_if_it_had_come_whole(make: type) -> None:
    parts = [make(48, DATAGRAM[48:], False), make(0, DATAGRAM[:48], True)]
    batch, frames = as_batch(add(parts))
    packets = decode(batch)
    assert frames == [2]
    assert packets.kind.tolist() == [KIND_UDP]
    assert (packets.source_port[0], packets.destination_port[0]) == (5, 6)
    start = int(packets.payload[0])
    assert bytes(batch.data[start : start + int(packets.payload_captured[0])]) == PAYLOAD


@versions
def test_fragments_in_different_batches_meet(make: type) -> None:
    into = Reassembler()
    assert add([make(0, DATAGRAM[:48], True)], into) == []
    assert [payload_of(d) for d in add([make(48, DATAGRAM[48:], False)], into)] == [DATAGRAM]
    assert into.close() == []


@versions
def test_datagrams_under_way_at_once_stay_apart(make: type) -> None:
    other = DATAGRAM[::-1]
    parts = [
        make(0, DATAGRAM[:48], True, 1), make(0, other[:48], True, 2),
        make(48, other[48:], False, 2), make(48, DATAGRAM[48:], False, 1),
    ]  # fmt: skip
    assert [payload_of(d) for d in add(parts)] == [other, DATAGRAM]


@few
@given(
    st.lists(st.tuples(st.integers(0, 10), st.integers(1, 5)), min_size=1, max_size=8),
    st.sampled_from([v4, v6]),
)
def test_of_overlapping_fragments_the_first_copy_wins(places: list[tuple[int, int]], make: type) -> None:
    parts = [(8 * at, bytes([65 + number]) * 8 * length) for number, (at, length) in enumerate(places)]
    end = max(offset + len(data) for offset, data in parts)
    expected: dict[int, int] = {}
    for offset, data in parts:
        for k, byte in enumerate(data):
            expected.setdefault(offset + k, byte)
    rest = [make(0, bytes(end), True), make(end, b"the last", False)]
    into = Reassembler()
    done = add([*(make(*part, True) for part in parts), *rest], into)
    read = [d for d in done if d.packets]
    assert [payload_of(d) for d in read] == [bytes(expected.get(k, 0) for k in range(end)) + b"the last"]
    assert into.overlaps > 0


@versions
def test_the_later_copies_make_another_reading_that_counts_as_no_packet(make: type) -> None:
    other = bytes(64)
    parts = [make(8, other[8:32], True), make(8, DATAGRAM[8:32], True), make(32, DATAGRAM[32:], False)]
    done = add([*parts, make(0, DATAGRAM[:8], True)])
    readings = [(payload_of(d), d.packets) for d in done]
    assert readings == [(DATAGRAM[:8] + other[8:32] + DATAGRAM[32:], 4), (DATAGRAM, 0)]


@versions
def test_a_datagram_with_a_hole_is_given_up_to_the_hole_and_counted(make: type) -> None:
    into = Reassembler()
    assert add([make(0, DATAGRAM[:16], True), make(48, DATAGRAM[48:], False)], into) == []
    left = into.close()
    assert [(payload_of(d), d.whole, d.packets) for d in left] == [(DATAGRAM[:16], False, 2)]
    assert into.incomplete == 1


@versions
def test_a_datagram_without_its_beginning_is_an_ip_packet_without_ports(make: type) -> None:
    into = Reassembler()
    add([make(48, DATAGRAM[48:], False)], into)
    batch, _ = as_batch(into.close())
    packets = decode(batch)
    assert packets.protocol.tolist() == [17]
    assert packets.source_port.tolist() == [0]


@versions
def test_a_fragment_cut_by_the_snapshot_length_never_makes_a_whole(make: type) -> None:
    batch = batch_of([make(0, DATAGRAM[:48], True), make(48, DATAGRAM[48:], False)], 101)
    batch.records.captured[1] -= 20
    into = Reassembler()
    assert into.add(batch, decode(batch)) == []
    assert [(payload_of(d), d.whole) for d in into.close()] == [(DATAGRAM[:-20], False)]


@versions
def test_fragments_of_long_ago_are_of_another_datagram(make: type) -> None:
    into = Reassembler()
    assert add([make(0, b"old" * 16, True)], into) == []
    late = add([make(0, DATAGRAM[:48], True), make(48, DATAGRAM[48:], False)], into, at_ns=120 * SECOND)
    assert [(payload_of(d), d.whole) for d in late] == [(b"old" * 16, False), (DATAGRAM, True)]


def test_datagrams_under_way_are_bounded_and_those_given_up_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fragments, "MOST_OPEN", 10)
    into = Reassembler()
    done = add([v4(0, b"x" * 16, True, number) for number in range(50)], into)
    assert len(done) == 40
    assert len(into.close()) == 10
    assert (into.evicted, into.incomplete) == (40, 50)


def test_a_fragment_beyond_the_largest_datagram_is_counted_and_not_kept() -> None:
    into = Reassembler()
    add([v4(65528, b"x" * 16, False)], into)
    assert [(payload_of(d), d.packets) for d in into.close()] == [(b"", 1)]


@few
@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 40), st.booleans(), st.sampled_from([v4, v6])),
        max_size=30,
    )
)
def test_any_fragments_are_all_counted(parts: list[tuple[int, int, bool, type]]) -> None:
    if not parts:
        return
    packets = [make(8 * at, bytes(length), more) for at, length, more, make in parts]
    batch, into = batch_of(packets, 101), Reassembler()
    columns = decode(batch)
    fragment_rows = int((columns.kind == 5).sum())
    done = [*into.add(batch, columns), *into.close()]
    assert sum(d.packets for d in done) == fragment_rows


FLOODS = {
    "the same fragment again and again": lambda n: [(0, bytes(8), True)] * n,
    "tiny fragments of one datagram": lambda n: [(8 * k, bytes(8), True) for k in range(n)],
    "tiny fragments backwards": lambda n: [(8 * (n - k), bytes(8), k > 0) for k in range(n)],
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
def test_twice_the_fragments_cost_hardly_more_than_twice(
    flood: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(flood)

    def cost(n: int) -> int:
        joined = 0

        def counted(self: object) -> bytes:
            nonlocal joined
            joined += len(self.pieces)  # type: ignore[attr-defined]
            return b""

        monkeypatch.setattr(fragments.OpenDatagram, "payload", counted)
        into = Reassembler()
        add([v4(*part) for part in flood(n)], into)
        into.close()
        return joined + sum(1 for _ in range(n))

    assert cost(800) < 3 * cost(400)
