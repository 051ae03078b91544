"""The reconstructions say what they are, can be made again, and read well in other programs."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dpkt
import pytest
from stdnum import imei, luhn

CAPTURES = Path(__file__).parents[2] / "captures"
RECONSTRUCTIONS = sorted(CAPTURES.glob("*-reconstruction*.pcap"))
PHONE, CONTROL, SERVER = "192.168.10.52", "192.168.10.61", "202.96.192.0"
# The keys of the client of 2017, as its public sources put them together.
KEYS_2017 = """
REGVER MEID MODELSMS SWVER SIM1CDMAIMSI SIM2CDMAIMSI UETYPE SIM1ICCID SIM2ICCID SIM1LTEIMSI SIM2LTEIMSI
SIM1TYPE SIM2TYPE SIM1VoLTESW SIM2VoLTESW DataSIM SID NID MACID MANUFACTURE OSVER HWVER PNAME COLOR
MLPLVER MSPLVER MMEID ACCESSTYPE REGDATE IMEI1 IMEI2 BASEID
"""

each_reconstruction = pytest.mark.parametrize("capture", RECONSTRUCTIONS, ids=lambda path: path.stem)
needs_tshark = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")


def frames_of(capture: Path) -> Iterator[tuple[float, bytes]]:
    with capture.open("rb") as file:
        yield from dpkt.pcap.Reader(file)


def tshark(capture: Path, *arguments: str) -> list[str]:
    """Lines that tshark prints, with all checksums checked."""
    checks = [part for layer in ("ip", "tcp", "udp") for part in ("-o", f"{layer}.check_checksum:TRUE")]
    command = ["tshark", "-n", "-r", str(capture), *checks, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def posted_bodies(capture: Path, directory: Path) -> list[bytes]:
    """Bodies that tshark exports from HTTP and that are not one of the servers' answers."""
    tshark(capture, "-q", "-o", "tcp.reassemble_out_of_order:TRUE", "--export-objects", f"http,{directory}")
    bodies = [path.read_bytes() for path in directory.iterdir()]
    return [body for body in bodies if body[:1] not in (b"{", b"<")]


def test_both_reconstructions_are_there() -> None:
    names = [capture.name for capture in RECONSTRUCTIONS]
    assert names == ["nokia7plus-reconstruction-unanswered.pcap", "nokia7plus-reconstruction.pcap"]


def meaning(frame: bytes) -> list[object]:
    """Return what a frame says: its addresses and ports, sequence numbers, flags and payload.

    Versions of Scapy may fill other fields in; the captures that are kept are of the version of their day.
    """
    link = dpkt.ethernet.Ethernet(frame)
    said: list[object] = [link.src, link.dst, link.type]
    if not isinstance(link.data, dpkt.ip.IP | dpkt.ip6.IP6):
        return [*said, bytes(link.data)]
    said += [link.data.src, link.data.dst, link.data.p if link.type == 0x0800 else link.data.nxt]
    inner = link.data.data
    if isinstance(inner, dpkt.tcp.TCP):
        return [*said, inner.sport, inner.dport, inner.seq, inner.ack, inner.flags, inner.data]
    return [*said, bytes(inner.data) if isinstance(inner, dpkt.udp.UDP) else bytes(inner)]


def test_making_them_again_gives_the_same_captures(tmp_path: Path) -> None:
    pytest.importorskip("scapy")
    maker = CAPTURES / "make_nokia7plus.py"
    subprocess.run([sys.executable, maker, "--out", tmp_path], check=True, capture_output=True)
    for capture in RECONSTRUCTIONS:
        again, kept = (list(frames_of(path)) for path in (tmp_path / capture.name, capture))
        assert [time for time, _ in again] == [time for time, _ in kept]
        assert [meaning(frame) for _, frame in again] == [meaning(frame) for _, frame in kept]
        pages = [path.with_suffix(".md").read_text() for path in (tmp_path / capture.name, capture)]
        digest = re.compile(r"\b[0-9a-f]{64}\b")
        assert digest.sub("", pages[0]) == digest.sub("", pages[1])


@each_reconstruction
def test_the_first_frame_carries_the_notice(capture: Path) -> None:
    _, first = next(frames_of(capture))
    assert first[12:14] == b"\x88\xb5"  # IEEE 802 local experimental ethertype 1
    text = first[14:].decode()
    assert text.startswith("PHONEHOME-RECONSTRUCTION: ")
    assert "no phone was recorded" in text


@each_reconstruction
def test_the_sidecar_says_so_too_and_names_this_very_file(capture: Path) -> None:
    text = capture.with_suffix(".md").read_text()
    assert "reconstruction" in text.splitlines()[0]
    assert "**No phone was recorded.**" in text
    assert hashlib.sha256(capture.read_bytes()).hexdigest() in text
    assert "not public" in text
    assert SERVER in text


@each_reconstruction
def test_the_frames_that_the_sidecar_lists_are_where_it_says(capture: Path) -> None:
    rows = re.findall(r"^\| (\d+) \| [^|]+ \| POST[^|]*\|$", capture.with_suffix(".md").read_text(), re.M)
    frames = [frame for _, frame in frames_of(capture)]
    assert rows
    assert all(b"POST / HTTP/1.1" in frames[int(number) - 1] for number in rows)


@each_reconstruction
def test_all_hardware_addresses_are_synthetic(capture: Path) -> None:
    documentation, multicast = bytes.fromhex("00005e0053"), 1
    for _, frame in frames_of(capture):
        assert frame[6:11] == documentation
        assert frame[:5] == documentation or frame[0] & multicast


@each_reconstruction
def test_the_control_phone_never_talks_to_the_registration_server(capture: Path) -> None:
    packets = [dpkt.ethernet.Ethernet(frame).data for _, frame in frames_of(capture)]
    pairs = {frozenset((p.src, p.dst)) for p in packets if isinstance(p, dpkt.ip.IP)}
    control, phone, server = (bytes(map(int, ip.split("."))) for ip in (CONTROL, PHONE, SERVER))
    assert frozenset((phone, server)) in pairs
    assert frozenset((control, server)) not in pairs


@needs_tshark
@each_reconstruction
def test_tshark_finds_nothing_malformed_and_every_checksum_right(capture: Path) -> None:
    bad = "_ws.malformed || _ws.short || ip.checksum.status == 0 || tcp.checksum.status == 0"
    assert tshark(capture, "-Y", bad + " || udp.checksum.status == 0") == []


@needs_tshark
@each_reconstruction
def test_every_body_is_base64_of_the_2017_clients_json(capture: Path, tmp_path: Path) -> None:
    bodies = posted_bodies(capture, tmp_path)
    assert bodies
    for body in bodies:
        assert body.endswith(b"\n")
        assert max(map(len, body.splitlines())) == 76
        values = json.loads(base64.b64decode(body))
        assert set(values) == set(KEYS_2017.split())
        assert imei.is_valid(values["IMEI1"])
        assert imei.is_valid(values["IMEI2"])
        assert luhn.is_valid(values["SIM1ICCID"])


@needs_tshark
def test_seven_registrations_are_refused_in_the_answered_capture(tmp_path: Path) -> None:
    capture = CAPTURES / "nokia7plus-reconstruction.pcap"
    wanted = ["-Y", f"ip.src == {SERVER} && http.response", "-T", "fields", "-e", "http.response.code"]
    assert tshark(capture, *wanted) == ["200"] * 7
    assert len(posted_bodies(capture, tmp_path)) == 7


@needs_tshark
def test_the_server_sends_no_byte_of_data_in_the_unanswered_capture(tmp_path: Path) -> None:
    capture = CAPTURES / "nokia7plus-reconstruction-unanswered.pcap"
    assert tshark(capture, "-Y", f"ip.src == {SERVER} && tcp.len > 0") == []
    syns = tshark(
        capture, "-Y", f"ip.dst == {SERVER} && tcp.flags.syn == 1", "-T", "fields", "-e", "tcp.stream"
    )
    assert len(syns) > len(set(syns)) == 7  # some are sent again
    assert len(posted_bodies(capture, tmp_path)) == 4


@needs_tshark
@each_reconstruction
def test_both_phones_tell_their_names_by_dhcp(capture: Path) -> None:
    wanted = ["-Y", "dhcp.option.hostname", "-T", "fields", "-e", "dhcp.option.hostname"]
    assert set(tshark(capture, *wanted)) == {"Nokia-7-plus", "control-phone"}
