"""pcap files to records: byte orders, resolutions, damage."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.model import CaptureError
from tests import builders
from tests.capture.reading import Record, buffers_of, read, read_by_scapy
from tests.examples import examples

FRAMES = [b"first frame", b"", b"third" * 300]
TIMES = [1_550_678_460_123_456_789, 0, 4_294_967_295_999_999_999]

few = settings(
    max_examples=examples(40),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("unit", ["us", "ns"])
def test_every_byte_order_and_resolution_is_read(order: str, unit: str, tmp_path: Path) -> None:
    data = builders.pcap(FRAMES, order=order, unit=unit, times_ns=TIMES)
    found, account = read(data, tmp_path / "capture")
    step = 1000 if unit == "us" else 1
    expected = [Record(t // step * step, f, len(f), 1) for t, f in zip(TIMES, FRAMES, strict=True)]
    assert found == expected
    assert {"us": "micro", "ns": "nano"}[unit] in account.format
    assert {"<": "little", ">": "big"}[order] in account.format
    assert (account.frames, account.complete, account.problems) == (3, True, [])


@few
@given(
    st.lists(st.tuples(st.binary(max_size=200), st.integers(0, 2**32 * 10**9 - 1)), max_size=30),
    st.sampled_from("<>"),
    st.sampled_from(["us", "ns"]),
)
def test_times_and_frames_are_those_that_scapy_reads(
    tmp_path: Path, packets: list[tuple[bytes, int]], order: str, unit: str
) -> None:
    data = builders.pcap(
        [frame for frame, _ in packets], order=order, unit=unit, times_ns=[time for _, time in packets]
    )
    found, _ = read(data, tmp_path / "capture")
    assert [(record.time_ns, record.frame, record.wire) for record in found] == read_by_scapy(data)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_version_that_never_was_is_refused(order: str, tmp_path: Path) -> None:
    data = struct.pack(order + "IHHiIII", 0xA1B2C3D4, 3, 0, 0, 0, 0, 1)
    with pytest.raises(CaptureError, match="version 3"):
        read(data, tmp_path / "capture")


def test_the_bits_above_the_link_type_are_the_length_of_the_fcs(tmp_path: Path) -> None:
    data = bytearray(builders.pcap(FRAMES, link_type=1))
    data[20:24] = struct.pack("<I", 0x5400_0001)
    found, _ = read(bytes(data), tmp_path / "capture")
    assert {record.link for record in found} == {1}


def test_frames_cut_by_the_snapshot_length_keep_their_length_on_the_wire(tmp_path: Path) -> None:
    found, account = read(builders.pcap([b"a" * 100, b"b" * 10], snaplen=60), tmp_path / "capture")
    assert [(len(record.frame), record.wire) for record in found] == [(60, 100), (10, 10)]
    assert account.snapped == 1


def test_a_wire_length_below_the_captured_one_is_raised_to_it(tmp_path: Path) -> None:
    data = builders.pcap([]) + struct.pack("<IIII", 1, 0, 4, 2) + b"four"
    found, account = read(data, tmp_path / "capture")
    assert found == [Record(10**9, b"four", 4, 1)]
    assert account.snapped == 0


def test_a_file_header_alone_is_a_capture_without_frames(tmp_path: Path) -> None:
    found, account = read(builders.pcap([]), tmp_path / "capture")
    assert (found, account.frames, account.complete) == ([], 0, True)


@few
@given(st.data())
def test_a_cut_file_gives_all_whole_records_and_says_that_it_is_cut(
    tmp_path: Path, data: st.DataObject
) -> None:
    whole = builders.pcap(FRAMES)
    ends = [24]
    for frame in FRAMES:
        ends.append(ends[-1] + 16 + len(frame))
    length = data.draw(st.integers(24, len(whole)))
    found, account = read(whole[:length], tmp_path / "capture")
    assert [record.frame for record in found] == FRAMES[: sum(end <= length for end in ends[1:])]
    assert account.complete == (length in ends)
    assert [problem.code for problem in account.problems] == ([] if length in ends else ["cut-record"])


@pytest.mark.parametrize("claim", [1 << 24, (1 << 24) + 1, 1 << 31, 0xFFFFFFFF])
def test_a_lying_length_ends_the_reading_with_a_problem(claim: int, tmp_path: Path) -> None:
    lie = struct.pack("<IIII", 1, 1, claim, claim)
    data = builders.pcap([b"good"]) + lie + b"rest" * 100
    found, account = read(data, tmp_path / "capture")
    assert [record.frame for record in found] == [b"good"]
    assert not account.complete
    assert len(account.problems) == 1
    assert account.problems[0].frame == 2


def test_what_a_lying_length_leaves_unread_is_counted(tmp_path: Path) -> None:
    lie = struct.pack("<IIII", 1, 1, 0xFFFFFFFF, 0)
    with buffers_of(1 << 12):
        _, account = read(builders.pcap([b"good"]) + lie + bytes(100_000), tmp_path / "capture")
    assert "100,016 bytes from there on were not read" in account.problems[0].what


@few
@given(st.lists(st.integers(0, 5000), max_size=60), st.integers(64, 2000), st.sampled_from("<>"))
def test_batch_boundaries_change_nothing(tmp_path: Path, lengths: list[int], buffer: int, order: str) -> None:
    noise = random.Random(len(lengths))
    data = builders.pcap([noise.randbytes(length) for length in lengths], order=order)
    whole, account = read(data, tmp_path / "capture")
    with buffers_of(buffer):
        parts, small = read(data, tmp_path / "capture")
    assert parts == whole
    assert len(whole) == len(lengths)
    assert (small.frames, small.links, small.problems) == (account.frames, account.links, account.problems)


def test_a_record_larger_than_a_batch_is_read(tmp_path: Path) -> None:
    frames = [b"small", random.Random(1).randbytes(6 << 20), b"small again"]
    found, account = read(builders.pcap(frames, snaplen=1 << 24), tmp_path / "capture")
    assert [record.frame for record in found] == frames
    assert account.complete


@few
@given(st.binary(max_size=300), st.integers(64, 200))
def test_random_bytes_behind_the_header_raise_nothing(tmp_path: Path, data: bytes, buffer: int) -> None:
    with buffers_of(buffer):
        found, account = read(builders.pcap([]) + data, tmp_path / "capture")
    assert sum(16 + len(record.frame) for record in found) <= len(data)
    assert account.complete == (sum(16 + len(record.frame) for record in found) == len(data))
