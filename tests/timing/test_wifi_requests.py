"""Stations that look for a Wi-Fi network or join one: what tshark shows of them are events before sends."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from analyzer.capture import Capture
from analyzer.session.event_watch import EventWatch
from analyzer.session.packet_reader import PacketReader

CAPTURES = Path("captures/wireshark__wireshark/test/captures")
REQUESTS = {"0x0000": "association request", "0x0002": "reassociation request", "0x0004": "probe request"}
WITH_REQUESTS = ("wpa-Induction.pcap.gz", "wpa2-ft-psk.pcapng.gz", "wpa3-suiteb-192.pcapng.gz")


def scanned(path: Path) -> tuple[PacketReader, EventWatch]:
    scan, watch = PacketReader(), EventWatch()
    for step in scan.steps(Capture(str(path))):
        watch.look(step.packets, step.outline, step.batch.records.time_ns)
    watch.add_requests(scan.asked)
    return scan, watch


def shown_by_tshark(path: Path, display: str, *fields: str) -> list[list[str]]:
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    asked = [part for field in fields for part in ("-e", field)]
    command = ["tshark", "-r", str(path), "-Y", display, "-T", "fields", *asked]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [line.split("\t") for line in lines]


def nanoseconds(seconds: str) -> int:
    whole, _, fraction = seconds.partition(".")
    return int(whole) * 10**9 + int(fraction[:9].ljust(9, "0"))


@pytest.mark.parametrize("name", WITH_REQUESTS)
def test_requests_of_stations_are_those_that_tshark_shows(corpus: Path, name: str) -> None:
    path = corpus / CAPTURES / name
    rows = shown_by_tshark(
        path, "wlan.fc.type_subtype in {0, 2, 4} && wlan.fc.retry == 0",
        "frame.time_epoch", "wlan.fc.type_subtype", "wlan.sa",
    )  # fmt: skip
    theirs = {(REQUESTS[kind], station, nanoseconds(time)) for time, kind, station in rows}
    ours = {(asked.what, asked.station.hex(":"), asked.time_ns) for asked in scanned(path)[0].asked}
    assert theirs
    assert theirs <= ours


def test_repetitions_of_a_request_count_once(corpus: Path) -> None:
    path = corpus / CAPTURES / "wpa-Induction.pcap.gz"
    display = "wlan.fc.type_subtype in {0, 2, 4}"
    rows = shown_by_tshark(path, display, "wlan.sa", "wlan.seq", "wlan.fc.type_subtype")
    assert len(scanned(path)[0].asked) == len({tuple(row) for row in rows})


def test_key_frames_of_a_station_count_in_the_air_too(corpus: Path) -> None:
    path = corpus / CAPTURES / "wpa-Induction.pcap.gz"
    rows = shown_by_tshark(path, "eapol", "frame.time_epoch", "wlan.sa")
    _, watch = scanned(path)
    for station in {station for _, station in rows}:
        theirs = sorted(nanoseconds(time) for time, sender in rows if sender == station)
        assert set(watch.times("EAPOL", int(station.replace(":", ""), 16))) == set(theirs)


def test_a_station_is_asked_for_by_its_own_address(corpus: Path) -> None:
    scan, watch = scanned(corpus / CAPTURES / "wpa-Induction.pcap.gz")
    stations = {asked.station for asked in scan.asked if asked.what == "probe request"}
    counts = {
        station: len(watch.times("probe request", int.from_bytes(station, "big"))) for station in stations
    }
    assert all(counts.values())
    assert sum(counts.values()) == len(watch.times("probe request", None))
