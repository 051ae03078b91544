"""The captures that performance is measured on are what they say, and a failure is never called fast."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import dpkt
import pytest

from analyzer import analyze
from tests import builders
from tests.bench.feed import feed

HERE = Path(__file__).parent


def records(data: bytes) -> list[tuple[float, bytes]]:
    return list(dpkt.pcap.Reader(io.BytesIO(data)))


def test_a_fed_capture_goes_on_in_time_and_in_new_flows(tmp_path: Path) -> None:
    path, out = tmp_path / "small.pcap", io.BytesIO()
    path.write_bytes(
        builders.pcap([*builders.conversation((True, b"GET / HTTP/1.1\r\n\r\n")), builders.udp(b"?")])
    )
    size = path.stat().st_size - 24
    written = feed(path, 24 + 3 * size, out)
    found = records(out.getvalue())
    assert len(found) == written == 3 * len(records(path.read_bytes()))
    times = [time for time, _ in found]
    assert times == sorted(times)
    (tmp_path / "fed.pcap").write_bytes(out.getvalue())
    assert len(analyze(tmp_path / "fed.pcap").flows) == 3 * len(analyze(path).flows)


@pytest.mark.parametrize(
    ("differ", "rows", "devices"), [("ports", 1, 1), ("targets", 50, 1), ("sources", 50, 50)]
)
def test_each_packet_of_a_flood_is_a_flow(differ: str, rows: int, devices: int, tmp_path: Path) -> None:
    path = tmp_path / "flood.pcap"
    subprocess.run(
        [sys.executable, HERE / "make_flood.py", "-o", path, "--differ", differ, "--flows", "50"], check=True
    )
    report = analyze(path)
    assert (len(report.flows), len(report.destinations)) == (50, rows)
    assert len(report.devices) in (devices, 1)
    assert {ended for row in report.destinations for ended in row.ended} == {"unanswered"}


def test_a_scan_that_fails_gets_no_speed() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from performance import Cost, row;"
        "print(row('1 GB', 1, 's/GB', Cost(1.0, 1.0, 1, 2)));"
        "print(row('1 GB', 2, 's/GB', Cost(3.0, 4.0, 600_000_000, 3)))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code, HERE], capture_output=True, text=True, check=True
    ).stdout
    assert printed.splitlines() == [
        "| 1 GB | failed, exit 2 | | | |",
        "| 1 GB | 4.0 | 2.00 s/GB | 3.0 | 600 | **no** |",
    ]
