"""The display filters are ones that tshark itself takes."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.model import Evidence
from analyzer.report.wireshark import address_filter, frame_filter, frame_list, frames_by_capture, runs


def test_both_families_stand_in_one_filter() -> None:
    assert address_filter(["192.0.2.2", "2001:db8::1", "192.0.2.1", "192.0.2.1"]) == (
        "ip.addr in {192.0.2.1, 192.0.2.2} || ipv6.addr in {2001:db8::1}"
    )


def test_frames_in_a_run_are_a_range() -> None:
    assert frame_filter([44, 41, 45, 46, 47]) == "frame.number in {41, 44..47}"
    assert frame_list([44, 41, 45, 46, 47]) == "frames 41, 44–47"
    assert frame_list([7]) == "frame 7"
    assert frame_filter([]) == ""


def test_a_long_list_of_frames_says_what_it_leaves_out() -> None:
    assert frame_list(range(1, 40, 2), limit=3) == "frames 1, 3, 5 and 17 more"


def test_frames_of_different_captures_never_stand_together() -> None:
    found = frames_by_capture([Evidence((1, 2)), Evidence((2,), capture=1), Evidence((5,))])
    assert found == {0: [1, 2, 5], 1: [2]}


@given(st.sets(st.integers(1, 200)))
def test_runs_cover_exactly_the_frames(frames: set[int]) -> None:
    covered = [number for first, last in runs(frames) for number in range(first, last + 1)]
    assert covered == sorted(frames)


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize(
    "text",
    [
        address_filter(["192.0.2.2", "2001:db8::1", "192.0.2.1"]),
        frame_filter([41, 44, 45, 46]),
        frame_filter([1]),
    ],
)
def test_wireshark_accepts_the_filter(text: str, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pcap"
    empty.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    command = ["tshark", "-r", str(empty), "-Y", text]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
