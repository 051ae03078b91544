"""Whatever the program reports it can bundle, and whatever it bundles verifies: alone, and with the original.

With PHONEHOME_CORPUS also a sample of captures that others made.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE, Ether
from scapy.packet import Packet, Raw

from analyzer.bundle.bundle import BundleRequest, write
from analyzer.bundle.environment import environment
from analyzer.bundle.manifest import Making
from analyzer.bundle.selection import SelectionError
from analyzer.bundle.self_check import checked_bundle
from analyzer.model import CaptureError, Report
from analyzer.pipeline import analyze
from tests.builders import conversation, pcap, udp
from tests.bundle import forging
from tests.bundle.making import ANSWER, CAPTURES, IMEI, MAC, post

KEY = bytes(range(32))
BODY = post(json.dumps({"imei": IMEI, "mac": MAC, "model": "Phone 7"}).encode())
# Frames that carry no identifier of their own: their headers are those of a phone and a router.
PHONE_MAC, ROUTER_MAC = "02:1b:44:11:3a:b7", "02:1b:44:11:3a:01"
TUNNEL = {"src": "2001:db8::10", "dst": "2001:db8::1"}


def _packets(frames: Iterable[bytes]) -> list[Packet]:
    return [Ether(frame)[IP] for frame in frames]


def _talk() -> list[bytes]:
    return conversation((True, BODY), (False, ANSWER), most=200)


def ds_lite() -> list[bytes]:
    """IPv4 in IPv6 (RFC 6333)."""
    outer = Ether(src=PHONE_MAC, dst=ROUTER_MAC) / IPv6(**TUNNEL)
    back = Ether(src=ROUTER_MAC, dst=PHONE_MAC) / IPv6(src=TUNNEL["dst"], dst=TUNNEL["src"])
    return [bytes((outer if p.src == "192.0.2.10" else back) / p) for p in _packets(_talk())]


def gre() -> list[bytes]:
    outer = Ether(src=PHONE_MAC, dst=ROUTER_MAC) / IP(src="192.0.2.77", dst="203.0.113.1") / GRE()
    return [bytes(outer / packet) for packet in _packets(_talk())]


def fragments() -> list[bytes]:
    parts = [part for packet in _packets(_talk()) for part in fragment(packet, 96)]
    return [bytes(Ether(src=PHONE_MAC, dst=ROUTER_MAC) / part) for part in parts]


def datagrams() -> list[bytes]:
    return [udp(f"<14>phone: imei={IMEI} mac={MAC}".encode(), ports=(40000, 514)), *_talk()]


def log_in_by_datagram() -> list[bytes]:
    """A RADIUS request whose payload a redacted bundle withholds (RFC 2865)."""
    attributes = b"\x01\x0fkari.nordmann" + b"\x02\x12" + bytes(range(16)) + b"\x1f\x1300-1b-44-11-3a-b7"
    request = b"\x01\x07" + (20 + len(attributes)).to_bytes(2, "big") + bytes(range(16)) + attributes
    packet = IP(src="192.0.2.10", dst="198.51.100.5") / UDP(sport=40000, dport=1812) / Raw(request)
    return [bytes(Ether(src=PHONE_MAC, dst=ROUTER_MAC) / packet), *_talk()]


def undocumented() -> list[bytes]:
    sent = BODY.replace(b"www.example.com", b"reg.example.cn")
    sends = [conversation((True, sent), (False, ANSWER), ports=(40000 + at, 80)) for at in range(3)]
    return [frame for send in sends for frame in send]


def middle() -> list[bytes]:
    """A connection of which the beginning is missing, and a segment came twice."""
    frames = _talk()[3:]
    return [*frames[:3], frames[2], *frames[3:]]


MADE: dict[str, Callable[[], Sequence[bytes]]] = {
    "DS-Lite": ds_lite, "GRE": gre, "fragments": fragments, "datagrams": datagrams,
    "RADIUS": log_in_by_datagram, "undocumented": undocumented, "from the middle": middle,
    **{name: lambda name=name: CAPTURES[name] for name in CAPTURES},  # type: ignore[misc]
}  # fmt: skip


def verified(report: Report, path: Path, root: Path, redact: bool) -> str:
    """What bundling and verifying gave: empty where all is right, or the sentence that refused the bundle."""
    making = Making("phonehome evidence", environment())
    try:
        made = checked_bundle(report, BundleRequest([str(path)], making, KEY, redact))
    except (SelectionError, CaptureError) as error:
        return str(error)
    write(made, str(root))
    key = KEY if redact else None
    alone, with_original = forging.checked(root), forging.checked(root, path, key=key)
    assert (alone.wrong, with_original.wrong, with_original.unverified) == ([], [], [])
    assert with_original.is_built_again
    return ""


@pytest.mark.parametrize("redact", [False, True], ids=["plain", "redacted"])
@pytest.mark.parametrize("name", MADE)
def test_what_is_reported_can_be_bundled_and_verified(name: str, redact: bool, tmp_path: Path) -> None:
    path = tmp_path / "phone.pcap"
    path.write_bytes(pcap(MADE[name]()))
    report = analyze(path)
    assert report.findings
    refused = verified(report, path, tmp_path / "bundle", redact)
    assert not refused or (redact and "without --redact" in refused)


def test_a_password_in_a_datagram_is_withheld(tmp_path: Path) -> None:
    path = tmp_path / "phone.pcap"
    path.write_bytes(pcap(log_in_by_datagram()))
    assert verified(analyze(path), path, tmp_path / "bundle", redact=True) == ""
    shown = b"".join(each.read_bytes() for each in (tmp_path / "bundle" / "captures").iterdir())
    assert b"kari.nordmann" not in shown
    assert bytes(range(16)) not in shown


CORPUS = os.environ.get("PHONEHOME_CORPUS")
SAMPLE, LARGEST = 12, 60_000  # captures, and bytes of each


@pytest.mark.skipif(CORPUS is None, reason="PHONEHOME_CORPUS names no folder of captures")
@pytest.mark.parametrize("redact", [False, True], ids=["plain", "redacted"])
def test_a_sample_of_the_corpus_can_be_bundled_and_verified(redact: bool, tmp_path: Path) -> None:
    every = sorted(
        path
        for path in Path(str(CORPUS)).glob("captures/**/*")
        if path.suffix in (".pcap", ".pcapng", ".cap") and path.stat().st_size < LARGEST
    )
    for number, path in enumerate(random.Random(26).sample(every, SAMPLE)):
        try:
            report = analyze(path)
        except CaptureError:
            continue
        if report.findings or report.pings:
            verified(report, path, tmp_path / str(number), redact)
