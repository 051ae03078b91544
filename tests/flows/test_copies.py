"""Packets captured twice count once in payload and in streams; what a sender repeats is no copy."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import CookedLinux, CookedLinuxV2, Dot1Q, Ether
from scapy.packet import Packet, Raw

from analyzer.flows.flow_table import PACKETS, PAYLOAD, RESENT
from analyzer.flows.tracker import FlowTracker
from analyzer.packets import decode
from analyzer.packets.packet_table import COPY
from tests.flows.tracking import batch_of

MACS = {"src": "00:00:5e:00:53:a7", "dst": "00:00:5e:00:53:01"}
DATA = b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"
ETHERNET, SLL, SLL2 = 1, 113, 276
MILLISECOND = 1_000_000


def segment(number: int = 7, lifetime: int = 64, sequence: int = 100) -> Packet:
    header = IP(src="192.0.2.10", dst="198.51.100.20", id=number, ttl=lifetime)
    return header / TCP(sport=40000, dport=80, seq=sequence, flags="PA") / Raw(DATA)


def segment6(lifetime: int = 64) -> Packet:
    header = IPv6(src="2001:db8::10", dst="2001:db8:ffff::20", hlim=lifetime)
    return header / TCP(sport=40000, dport=80, seq=100, flags="PA") / Raw(DATA)


def copies(frames: Sequence[Packet], link: int = ETHERNET, apart_ns: int = 1000) -> list[bool]:
    """Which of these frames are copies; what is counted of them is held to it."""
    batch = batch_of([bytes(frame) for frame in frames], link)
    batch.records.time_ns[:] = [1000 + apart_ns * k for k in range(len(frames))]
    tracker, packets = FlowTracker(), decode(batch)
    whole = packets.payload_captured.tolist()
    ids = tracker.assign(batch, packets)
    found = [bool(note & COPY) for note in packets.notes.tolist()]
    flows = tracker.seen()
    assert int(flows.pair(PACKETS).sum()) == len(frames)
    assert int(flows.pair(PAYLOAD).sum()) == sum(n for n, copy in zip(whole, found, strict=True) if not copy)
    assert packets.payload_captured.tolist() == [
        0 if copy else n for n, copy in zip(whole, found, strict=True)
    ]
    assert not any(handed and copy for handed, copy in zip(ids.handed.tolist(), found, strict=True))
    return found


def ether(packet: Packet, **macs: str) -> Packet:
    return Ether(**{**MACS, **macs}) / packet


def test_a_packet_forwarded_by_a_router_and_captured_on_both_sides_is_a_copy() -> None:
    behind = ether(segment(lifetime=63), src="00:00:5e:00:53:02", dst="00:00:5e:00:53:03")
    assert copies([ether(segment()), behind]) == [False, True]


def test_a_mirrored_frame_that_is_equal_in_every_byte_is_a_copy() -> None:
    assert copies([ether(segment()), ether(segment())]) == [False, True]


def test_a_packet_in_and_out_of_a_vlan_is_a_copy() -> None:
    assert copies([ether(segment()), Ether(**MACS) / Dot1Q(vlan=5) / segment()]) == [False, True]


@pytest.mark.parametrize("number", [0, 7], ids=["without identification", "with one"])
def test_a_packet_seen_coming_in_and_going_out_of_a_machine_is_a_copy(number: int) -> None:
    both = [CookedLinux(pkttype=kind, proto=0x0800) / segment(number) for kind in (0, 4)]
    assert copies(both, SLL) == [False, True]


def test_a_packet_seen_on_two_interfaces_is_a_copy() -> None:
    both = [CookedLinuxV2(ifindex=index, proto=0x86DD) / segment6() for index in (2, 3)]
    assert copies(both, SLL2) == [False, True]


def test_nearly_all_copies_that_come_in_a_burst_find_their_originals() -> None:
    # Two packets may want the same slot of the memory; then the first one's copy counts as a packet.
    first = [ether(segment(number, sequence=100 * number)) for number in range(1, 31)]
    behind = [ether(segment(number, 63, 100 * number)) for number in range(1, 31)]
    found = copies([*first, *behind])
    assert not any(found[:30])
    assert sum(found[30:]) >= 27


def test_a_retransmission_has_a_number_of_its_own_and_is_none() -> None:
    frames = [ether(segment(7)), ether(segment(8))]
    assert copies(frames) == [False, False]
    tracker, batch = FlowTracker(), batch_of([bytes(f) for f in frames])
    tracker.assign(batch, decode(batch))
    assert int(tracker.seen().pair(RESENT).sum()) == 1


def test_a_copy_is_no_repetition_of_the_senders() -> None:
    batch = batch_of([bytes(ether(segment())), bytes(ether(segment(lifetime=63)))])
    tracker = FlowTracker()
    tracker.assign(batch, decode(batch))
    assert int(tracker.seen().pair(RESENT).sum()) == 0


def test_a_packet_without_identification_repeated_on_the_same_interface_is_none() -> None:
    assert copies([ether(segment6()), ether(segment6())]) == [False, False]
    assert copies([ether(segment(0)), ether(segment(0))]) == [False, False]


def test_a_datagram_without_identification_and_checksum_proves_nothing() -> None:
    def datagram(lifetime: int) -> Packet:
        header = IP(src="192.0.2.10", dst="198.51.100.20", id=0, ttl=lifetime)
        return ether(header / UDP(sport=5, dport=6, chksum=0) / Raw(b"same length"))

    assert copies([datagram(64), datagram(63)]) == [False, False]


def test_the_same_packet_much_later_is_none() -> None:
    assert copies([ether(segment()), ether(segment(lifetime=63))], apart_ns=6 * MILLISECOND) == [False, False]


def test_acknowledgments_of_equal_form_that_acknowledge_more_are_none() -> None:
    def acknowledgment(number: int, lifetime: int) -> Packet:
        header = IPv6(src="2001:db8::10", dst="2001:db8:ffff::20", hlim=lifetime)
        return ether(header / TCP(sport=1, dport=2, seq=9, ack=number, flags="A", chksum=0x1234))

    assert copies([acknowledgment(1, 64), acknowledgment(2, 63)]) == [False, False]
