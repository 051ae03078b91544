"""Packets of captures and bundles as scapy's, and read by dpkt as well."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import dpkt
import pytest

import analyzer
from analyzer.bundle.bundle import BundleRequest, bundle
from analyzer.bundle.environment import environment
from analyzer.bundle.manifest import Making
from tests.api.conftest import CAPTURE

scapy = pytest.importorskip("scapy.all", reason="scapy is not installed: pip install '.[captures]'")


def test_the_packets_of_a_region_are_those_of_the_table(report: analyzer.Report) -> None:
    packets = report.packets(region="CN")
    table = report.frames.packets("CN")
    assert [packet[scapy.IP].dst for packet in packets] == list(table["destination"])
    assert [int(packet.time * 10**9) for packet in packets] == [stamp.value for stamp in table["time"]]


def test_the_packets_of_a_ping_carry_its_body(report: analyzer.Report) -> None:
    ping = report.pings[0]
    packets = report.packets(of=ping)
    assert len(packets) == len(ping.evidence.frames)
    sent = b"".join(bytes(packet[scapy.TCP].payload) for packet in packets)
    assert b"POST " in sent
    assert b"zzhc.vnet.cn" in sent
    assert len(report.packets(of=report.pings)) == len({f for p in report.pings for f in p.evidence.frames})


def test_frames_are_those_that_dpkt_reads_there(report: analyzer.Report) -> None:
    with CAPTURE.open("rb") as file:
        of_dpkt = [data for _time, data in dpkt.pcap.Reader(file)]
    wanted = [1, 20, 700, 1512]
    assert [bytes(packet) for packet in report.packets(frames=wanted)] == [of_dpkt[n - 1] for n in wanted]


def test_a_capture_that_moved_is_named_and_another_is_refused(
    report: analyzer.Report, tmp_path: Path
) -> None:
    moved = shutil.copy(CAPTURE, tmp_path / "moved.pcap")
    gone = analyzer.Report.of(replace(report, captures=(replace(report.captures[0], path="gone.pcap"),)))
    with pytest.raises(analyzer.CaptureError, match=r"gone\.pcap"):
        gone.packets()
    assert len(gone.packets(captures=moved)) == 38
    other = CAPTURE.parent / "nokia7plus-reconstruction-unanswered.pcap"
    with pytest.raises(ValueError, match="is not the capture of the report"):
        report.packets(captures=other, frames=[1])


def test_what_chooses_nothing_is_refused(report: analyzer.Report) -> None:
    with pytest.raises(ValueError, match="give one of them"):
        report.packets(region="CN", frames=[1])
    with pytest.raises(ValueError, match="a Device has no frames"):
        report.packets(of=report.devices[0])
    with pytest.raises(ValueError, match="1 of the frames"):
        report.packets(frames=[1, 9999])


def test_a_bundle_gives_packets_with_their_comments(report: analyzer.Report, tmp_path: Path) -> None:
    made = bundle(report, BundleRequest([str(CAPTURE)], Making("test", environment())))
    for name, content in made.files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    packets = analyzer.bundle_packets(tmp_path)
    assert len(packets) == made.frames
    assert any(scapy.TCP in packet and b"zzhc.vnet.cn" in bytes(packet) for packet in packets)
    with pytest.raises(ValueError, match="is no evidence bundle"):
        analyzer.bundle_packets(tmp_path / "captures")
