"""Checksums held against scapy's, which computes them for every packet it builds."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Packet, Raw
from scapy.utils import checksum

from analyzer.core.kernels import is_compiled, uncompiled
from analyzer.packets import decode
from analyzer.packets.checksums import ABSENT, LEFT_TO_CARD, RIGHT, UNKNOWN, WRONG, verdicts
from analyzer.packets.packet_table import HEADER_SUM_ABSENT, HEADER_SUM_WRONG, LENGTH_ABSENT, NOTES
from tests.examples import examples
from tests.flows.tracking import batch_of
from tests.packets import rows

V4 = IP(src="192.0.2.10", dst="198.51.100.20", id=77)
V6 = IPv6(src="2001:db8::10", dst="2001:db8:ffff::20")
families = pytest.mark.parametrize("header", [V4, V6], ids=["IPv4", "IPv6"])


def verdict_on(*packets: bytes) -> list[int]:
    """The verdict on each raw IP packet."""
    batch = batch_of(packets, 101)
    return verdicts(batch, decode(batch), np.arange(len(packets))).tolist()


def pseudo_sum(header: Packet, protocol: int, length: int) -> int:
    """The folded sum of a pseudo-header, by scapy's own checksum."""
    data = bytes(header)[12:20] if header.version == 4 else bytes(header)[8:40]
    return 0xFFFF - checksum(data + bytes([0, protocol]) + length.to_bytes(2, "big"))


@settings(max_examples=examples(200), deadline=None, derandomize=True)
@given(st.binary(max_size=200), st.sampled_from([V4, V6]), st.booleans())
def test_what_scapy_summed_is_right_and_any_changed_byte_is_wrong(
    payload: bytes, header: Packet, is_tcp: bool
) -> None:
    transport = TCP(sport=1, dport=2, flags="A") if is_tcp else UDP(sport=1, dport=2)
    good = bytes(header / transport / Raw(payload))
    assert verdict_on(good) == [RIGHT]
    if payload:
        changed = bytearray(good)
        changed[-1] ^= 0x55
        assert verdict_on(bytes(changed)) == [WRONG]


@families
def test_the_pseudo_headers_sum_alone_was_left_to_the_network_card(header: Packet) -> None:
    data = b"x" * 33
    tcp = header / TCP(sport=1, dport=2, flags="PA", chksum=pseudo_sum(header, 6, 20 + len(data))) / Raw(data)
    udp = header / UDP(sport=1, dport=2, chksum=pseudo_sum(header, 17, 8 + len(data))) / Raw(data)
    cut_later = header / TCP(sport=1, dport=2, flags="PA", chksum=pseudo_sum(header, 6, 0)) / Raw(data)
    assert verdict_on(bytes(tcp), bytes(udp), bytes(cut_later)) == [LEFT_TO_CARD] * 3


@families
def test_no_checksum_is_absent(header: Packet) -> None:
    packets = header / TCP(chksum=0) / Raw(b"abc"), header / UDP(chksum=0) / Raw(b"abc")
    assert verdict_on(*map(bytes, packets)) == [ABSENT, ABSENT]


def test_what_was_cut_or_has_options_is_not_judged() -> None:
    from scapy.layers.inet import IPOption_LSRR

    with_route = IP(src="192.0.2.10", dst="198.51.100.20", options=[IPOption_LSRR(routers=["192.0.2.9"])])
    batch = batch_of([bytes(V4 / TCP() / Raw(b"x" * 50)), bytes(with_route / TCP() / Raw(b"x"))], 101)
    batch.records.captured[0] -= 10
    assert verdicts(batch, decode(batch), np.arange(2)).tolist() == [UNKNOWN, UNKNOWN]


def test_the_compiled_form_gives_the_same_verdicts() -> None:
    if not is_compiled():
        pytest.skip("the kernels of this copy are not compiled")
    choice = random.Random(3)
    packets = []
    for _ in range(400):
        transport = choice.choice(
            [TCP(sport=1, dport=2), UDP(sport=1, dport=2), TCP(chksum=0), UDP(chksum=0)]
        )
        packet = bytearray(
            bytes(choice.choice([V4, V6]) / transport / Raw(choice.randbytes(choice.randrange(90))))
        )
        if choice.random() < 0.3:
            packet[choice.randrange(20, len(packet))] ^= choice.randrange(256)
        packets.append(bytes(packet))
    with uncompiled():
        plain = verdict_on(*packets)
    assert plain == verdict_on(*packets)


# ── the header's own ────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("packet", "notes"),
    [
        (V4 / TCP(), 0),
        (IP(src="192.0.2.10", dst="198.51.100.20", chksum=0) / TCP(), HEADER_SUM_ABSENT),
        (IP(src="192.0.2.10", dst="198.51.100.20", chksum=0x1234) / TCP(), HEADER_SUM_WRONG),
        (IP(src="192.0.2.10", dst="198.51.100.20", len=0) / TCP(), LENGTH_ABSENT),
        (V6 / TCP(), 0),
        (V4 / IP(src="192.0.2.1", dst="192.0.2.2", chksum=9) / TCP(), HEADER_SUM_WRONG),
    ],
    ids=["right", "absent", "wrong", "no length", "IPv6 has none", "wrong inside a tunnel"],
)
def test_the_checksum_of_the_header_is_noted_and_the_packet_read(packet: Packet, notes: int) -> None:
    row = rows.decode(bytes(packet), 101)
    assert (row[NOTES], row[0]) == (notes, 3)


@settings(max_examples=examples(200), deadline=None, derandomize=True)
@given(st.binary(min_size=16, max_size=16), st.binary(max_size=40).filter(lambda b: len(b) % 4 == 0))
def test_headers_are_judged_as_scapy_judges_them(fields: bytes, options: bytes) -> None:
    head = bytes([0x45 + len(options) // 4, 0]) + (40 + len(options)).to_bytes(2, "big") + fields + options
    row = rows.decode(head + bytes(20), 101)
    is_right = checksum(head) == 0
    assert bool(row[NOTES] & (HEADER_SUM_WRONG | HEADER_SUM_ABSENT)) == (not is_right)
