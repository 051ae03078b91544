"""The benchmark captures are well-formed, as large as asked for, and of the intended mix."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import dpkt
import pytest

HERE = Path(__file__).parent
needs_tshark = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")


def make(script: str, output: Path, *options: str) -> Path:
    command = [sys.executable, HERE / script, "-o", output, *options]
    subprocess.run(command, check=True, capture_output=True)
    return output


@pytest.fixture(scope="module")
def mix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("make_mix.py", tmp_path_factory.mktemp("mix") / "mix.pcap", "--packets", "40000")


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("make_http.py", tmp_path_factory.mktemp("http") / "http.pcap", "--requests", "400")


def tshark(capture: Path, shown: str) -> int:
    """How many frames a display filter shows, with all checksums checked."""
    checks = [part for layer in ("ip", "tcp", "udp") for part in ("-o", f"{layer}.check_checksum:TRUE")]
    command = ["tshark", "-n", "-r", str(capture), *checks, "-Y", shown, "-T", "fields", "-e", "frame.number"]
    return len(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def test_the_mix_has_as_many_packets_as_asked_for_and_most_are_encrypted(mix: Path) -> None:
    with mix.open("rb") as file:
        packets = [dpkt.ethernet.Ethernet(data).data for _, data in dpkt.pcap.Reader(file)]
    carried = [packet.data for packet in packets if not isinstance(packet, dpkt.arp.ARP)]
    ports = Counter(min(segment.sport, segment.dport) for segment in carried)
    assert len(packets) == 40000
    assert ports[443] > 0.97 * len(packets)
    assert 0 < ports[53] <= 0.01 * len(packets)
    assert ports[80] > 0
    assert {type(packet) for packet in packets} == {dpkt.ip.IP, dpkt.ip6.IP6, dpkt.arp.ARP}
    assert 900 < mix.stat().st_size / len(packets) < 1050


def test_the_same_seed_gives_the_same_bytes(mix: Path, tmp_path: Path) -> None:
    again = make("make_mix.py", tmp_path / "again.pcap", "--packets", "40000")
    other = make("make_mix.py", tmp_path / "other.pcap", "--packets", "40000", "--seed", "2")
    assert again.read_bytes() == mix.read_bytes()
    assert other.read_bytes() != mix.read_bytes()


@needs_tshark
@pytest.mark.parametrize("name", ["mix", "http"])
def test_tshark_finds_nothing_malformed_lost_or_sent_twice(name: str, request: pytest.FixtureRequest) -> None:
    capture = request.getfixturevalue(name)
    bad = "_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0"
    assert tshark(capture, bad) == 0
    assert tshark(capture, "tcp.analysis.lost_segment || tcp.analysis.retransmission") == 0


@needs_tshark
def test_tshark_sees_every_request_of_the_http_capture(http: Path) -> None:
    assert tshark(http, "http.request") == 400
    assert tshark(http, "http.response") == 400
    assert 0 < tshark(http, "http.request.method == POST") < 400


@needs_tshark
def test_the_mix_holds_registration_posts(mix: Path) -> None:
    assert tshark(mix, 'http.host == "zzhc.vnet.cn" && http.request.method == POST') == 6


@pytest.mark.parametrize("name", ["mix", "http"])
def test_connections_are_such_as_a_strict_reader_follows(name: str, request: pytest.FixtureRequest) -> None:
    """Time stamps are echoed as they were heard (RFC 7323 §3.2), and nothing is sent outside the window."""
    heard: dict[tuple[bytes, int, bytes, int], int] = {}
    room: dict[tuple[bytes, int, bytes, int], int] = {}
    segments = 0
    for packet in tcp_packets_of(request.getfixturevalue(name)):
        segment, one, other = packet.data, packet.src, packet.dst
        here, there = (one, segment.sport, other, segment.dport), (other, segment.dport, one, segment.sport)
        options = dict(dpkt.tcp.parse_opts(segment.opts))
        stamp, echo = struct.unpack(">II", options[dpkt.tcp.TCP_OPT_TIMESTAMP])
        assert echo == heard.get(there, 0)
        heard[here] = stamp
        if there in room:
            assert (room[there] - segment.seq - len(segment.data)) % 2**32 <= segment.win
        if segment.flags & dpkt.tcp.TH_ACK:
            room[here] = segment.ack + segment.win
        segments += 1
    assert segments > 1000


def tcp_packets_of(capture: Path) -> Iterator[dpkt.ip.IP | dpkt.ip6.IP6]:
    with capture.open("rb") as file:
        for _, data in dpkt.pcap.Reader(file):
            packet = dpkt.ethernet.Ethernet(data).data
            if isinstance(getattr(packet, "data", None), dpkt.tcp.TCP):
                yield packet


@pytest.mark.skipif(not shutil.which("suricata"), reason="suricata is not installed")
def test_suricata_sees_every_request_of_the_http_capture(http: Path, tmp_path: Path) -> None:
    command = ["suricata", "-r", http, "-l", tmp_path, "-S", os.devnull, "-k", "none", "--runmode", "single"]
    subprocess.run(command, check=True, capture_output=True)
    events = [json.loads(line) for line in (tmp_path / "eve.json").read_text().splitlines()]
    assert sum(event["event_type"] == "http" for event in events) == 400
