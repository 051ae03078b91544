"""Counts of a report add to the frames read; requests in fragments are paired like whole ones."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from scapy.layers.inet import IP, fragment
from scapy.layers.l2 import Ether

from analyzer.model import Report
from analyzer.packets.wifi import wifi_key
from analyzer.pipeline import analyze
from tests import builders
from tests.packets.encapsulations import FORMS, conversation
from tests.wifi.joining import FT_PSK, PSK, Network, joined, psk

PASSPHRASE = "correct horse"
REQUEST = builders.http_request("POST", "/register", body=b"imei=490154203237518&" + b"x" * 1200)
ANSWER = builders.http_response(body=b"done" * 300)


def assert_sums(report: Report) -> None:
    """Both accounts of a capture, what became of its packets and what kinds they are, add to its frames."""
    (info,) = report.captures
    damaged = sum(p.count or 0 for p in report.problems if p.code == "damaged-frames")
    assert info.ip_packets + sum(info.not_ip.values()) + sum(info.undecoded.values()) + damaged == info.frames
    assert sum(row.packets for row in report.coverage) == info.frames
    assert sum(info.link_types.values()) == info.frames


def in_fragments(frame: bytes, size: int, number: int = 1) -> list[bytes]:
    """The frame's packet in fragments; `number` is its identification."""
    packet = IP(bytes(Ether(frame)[IP]))
    packet.id, packet.chksum = number, None
    return [frame[:14] + bytes(part) for part in fragment(packet, size)]


@pytest.mark.parametrize("seed", range(12))
def test_all_counts_add_to_the_frames_read(seed: int, tmp_path: Path) -> None:
    choice, frames = random.Random(seed), []
    forms = [form for form in FORMS.values() if form.link == 1]
    for _ in range(6):
        made = choice.choice(forms).made
        frames += [made(frame) for frame in conversation()]
    for number, frame in enumerate(conversation()):
        frames += in_fragments(frame, 64, number) if choice.random() < 0.5 else [frame]
    # Kinds that share a name: lengths of IEEE 802.3, both numbers of MPLS; and what is cut or of no kind.
    frames += [builders.ethernet(bytes(60), choice.randrange(1, 1500)) for _ in range(9)]
    frames += [builders.ethernet(b"\0\0\1\0" + b"\xf0" * 40, number) for number in (0x8847, 0x8848, 0x8847)]
    frames += [builders.ethernet(bytes(50), choice.randrange(0x600, 0xFFFF)) for _ in range(9)]
    frames += [frame[: choice.randrange(14, len(frame))] for frame in conversation()]
    choice.shuffle(frames)
    path = tmp_path / "capture.pcap"
    path.write_bytes(builders.pcap(frames))
    assert_sums(analyze(path))


@pytest.mark.parametrize("key", [None, f":{PASSPHRASE}", ":wrong horse"])
@pytest.mark.parametrize("akm", [PSK, FT_PSK])
def test_decrypted_frames_count_once(akm: int, key: str | None, tmp_path: Path) -> None:
    path = tmp_path / "air.pcap"
    packets = [frame[14:] for frame in conversation()]
    path.write_bytes(builders.pcap(joined(Network(akm, psk(PASSPHRASE)), packets), link_type=105))
    report = analyze(path, wifi=(wifi_key(key),) if key else ())
    assert_sums(report)
    assert bool(report.messages) == (key == f":{PASSPHRASE}")


@pytest.mark.parametrize("parts", [{"up"}, {"down"}, {"up", "down"}], ids=sorted)
@pytest.mark.parametrize("backwards", [False, True], ids=["in order", "last fragment first"])
def test_requests_and_answers_in_fragments_are_paired_as_whole_ones_are(
    parts: set[str], backwards: bool, tmp_path: Path
) -> None:
    messages = [(True, REQUEST), (False, ANSWER)] * 4
    whole = builders.conversation(*messages)
    frames = []
    for number, frame in enumerate(whole):
        up = frame[6:12] == builders.PHONE_MAC
        cut = ("up" if up else "down") in parts and len(frame) > 600
        pieces = in_fragments(frame, 400, number) if cut else [frame]
        frames += pieces[::-1] if backwards else pieces
    reports = []
    for name, those in (("whole", whole), ("cut", frames)):
        path = tmp_path / f"{name}.pcap"
        path.write_bytes(builders.pcap(those))
        reports.append(analyze(path))
    for report in reports:
        assert_sums(report)
    paired = [
        [(m.role, m.status, m.body.sha256, m.peer is not None, m.delivered) for m in report.messages]
        for report in reports
    ]
    assert paired[0] == paired[1]
    assert len(paired[0]) == 8
