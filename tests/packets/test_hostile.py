"""No frame makes the decoder read outside its record, or give a row that points outside it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop
from scapy.packet import Raw

from analyzer.packets import packet_table
from tests import builders
from tests.examples import examples
from tests.packets.hostile import LINKS, frames
from tests.packets.rows import decode


@settings(max_examples=examples(1500), deadline=None, derandomize=True)
@given(frames())
def test_a_hostile_frame_is_never_read_beyond_its_record(frame: tuple[bytes, int, int]) -> None:
    data, link, wire = frame
    row = decode(data, link, max(wire, len(data)))
    assert 0 <= row[packet_table.KIND] <= packet_table.DAMAGED
    assert row[packet_table.WEIGHT] == 1
    assert row[packet_table.PAYLOAD_WIRE] >= 0
    assert row[packet_table.PAYLOAD_CAPTURED] <= len(data)
    for port in (row[packet_table.SOURCE_PORT], row[packet_table.DESTINATION_PORT]):
        assert 0 <= port <= 0xFFFF


@pytest.mark.parametrize("link", LINKS)
def test_random_bytes_are_never_read_beyond_their_record(link: int) -> None:
    choice = random.Random(link)
    for length in [*range(80), *(choice.randrange(80, 300) for _ in range(100))]:
        decode(choice.randbytes(length), link)
        decode(bytes(length), link)
        decode(b"\xff" * length, link)


def test_every_single_changed_byte_of_a_good_frame_is_survived() -> None:
    good = builders.tcp(b"GET / HTTP/1.1\r\n\r\n")
    for at in range(len(good)):
        for value in (0x00, 0x01, 0x44, 0x4F, 0x60, 0x7F, 0x80, 0xFF):
            decode(good[:at] + bytes([value]) + good[at + 1 :])


@pytest.mark.parametrize("length", range(1, 16))
def test_a_fragment_header_beyond_the_stated_length_has_no_payload_of_negative_size(length: int) -> None:
    packet = (
        IPv6(plen=length) / IPv6ExtHdrHopByHop() / IPv6ExtHdrFragment(nh=6, offset=1, m=1) / Raw(bytes(24))
    )
    row = decode(bytes(packet), 101)
    assert row[packet_table.KIND] in (packet_table.FRAGMENT, packet_table.OTHER_IP)
    assert row[packet_table.PAYLOAD_CAPTURED] >= 0
    assert row[packet_table.PAYLOAD_WIRE] >= 0
