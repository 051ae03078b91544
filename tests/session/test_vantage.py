"""Where a capture was made: told apart by link type, time to live, addresses and frame sizes."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import dpkt
import pytest

from analyzer import analyze
from analyzer.session.vantage import LAN, MONITOR, ON_DEVICE, ON_DEVICE_OR_ROUTER, UNKNOWN, WAN
from tests.builders import START_NS

ROUTER = bytes.fromhex("00005e005301")
PROVIDER = bytes.fromhex("00005e005302")
PHONES = [bytes.fromhex(f"00005e0053a{n}") for n in range(8)]


def packet(source: str, ttl: int, number: int, size: int = 0) -> bytes:
    """A SYN to a server, or a segment with `size` bytes."""
    segment = dpkt.tcp.TCP(
        sport=40000 + number, dport=443, seq=1, flags=2 if not size else 16, data=b"\xff" * size
    )
    ends = [bytes(map(int, text.split("."))) for text in (source, "198.51.100.20")]
    ip = dpkt.ip.IP(src=ends[0], dst=ends[1], p=6, ttl=ttl, data=segment)
    ip.len = len(ip)
    return bytes(ip)


def conclusion(tmp_path: Path, frames: Iterable[bytes], link: int = 1) -> str:
    path = tmp_path / "capture.pcap"
    data = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link)]
    for number, frame in enumerate(frames):
        data.append(struct.pack("<IIII", START_NS // 10**9 + number, 0, len(frame), len(frame)) + frame)
    path.write_bytes(b"".join(data))
    first = analyze(path).vantage[0]
    assert first.kind == "where the capture was made"
    return first.value


def ethernet(source: bytes, destination: bytes, payload: bytes) -> bytes:
    return destination + source + b"\x08\x00" + payload


def test_beside_the_router_packets_have_passed_no_router(tmp_path: Path) -> None:
    frames = [ethernet(PHONES[n % 3], ROUTER, packet(f"192.168.1.{20 + n % 3}", 64, n)) for n in range(9)]
    assert conclusion(tmp_path, frames) == f"likely {LAN}"


def test_with_one_device_it_may_be_the_phone_itself(tmp_path: Path) -> None:
    frames = [ethernet(PHONES[0], ROUTER, packet("192.168.1.20", 64, n)) for n in range(9)]
    assert conclusion(tmp_path, frames) == f"likely {LAN}; {ON_DEVICE} is possible too"


@pytest.mark.parametrize("own", ["203.0.113.5", "100.64.3.4"])
def test_behind_the_router_all_packets_have_passed_one(tmp_path: Path, own: str) -> None:
    frames = [ethernet(ROUTER, PROVIDER, packet(own, 127 if n % 4 else 63, n)) for n in range(9)]
    assert conclusion(tmp_path, frames) == f"likely {WAN}"


def test_frames_that_no_network_card_sends_come_from_the_device_itself(tmp_path: Path) -> None:
    small = [ethernet(PHONES[0], ROUTER, packet("192.168.1.20", 64, n)) for n in range(9)]
    large = ethernet(PHONES[0], ROUTER, packet("192.168.1.20", 64, 1, size=9000))
    assert conclusion(tmp_path, [*small, large]) == f"likely {ON_DEVICE}"


def test_a_tunnel_interface_is_the_device_itself(tmp_path: Path) -> None:
    frames = [packet("10.215.173.1", 64, n) for n in range(3)]
    assert conclusion(tmp_path, frames, link=101) == f"likely {ON_DEVICE}"


def test_all_interfaces_of_linux_are_the_device_or_a_router(tmp_path: Path) -> None:
    cooked = struct.pack(">HHH", 4, 1, 6) + PHONES[0] + b"\0\0\x08\x00"
    frames = [cooked + packet("192.168.1.20", 64, n) for n in range(3)]
    assert conclusion(tmp_path, frames, link=113) == f"likely {ON_DEVICE_OR_ROUTER}"


def test_frames_of_the_air_are_monitor_mode(tmp_path: Path) -> None:
    header = (
        b"\x08\x01\0\0" + ROUTER + PHONES[0] + ROUTER + b"\0\0" + bytes.fromhex("aaaa03000000") + b"\x08\x00"
    )
    frames = [header + packet("192.168.1.20", 64, n) for n in range(3)]
    assert conclusion(tmp_path, frames, link=105) == MONITOR


def test_few_packets_decide_nothing(tmp_path: Path) -> None:
    frames = [ethernet(ROUTER, PROVIDER, packet("203.0.113.5", 57, n)) for n in range(9)]
    assert conclusion(tmp_path, frames) == UNKNOWN
    assert conclusion(tmp_path, frames[:1]) == UNKNOWN
