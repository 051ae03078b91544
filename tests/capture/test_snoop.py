"""snoop files (RFC 1761) to records: link types, padding, drops, damage."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.model import CaptureError
from analyzer.packets.protocol_names import link_name
from tests import builders
from tests.capture.reading import Record, buffers_of, read
from tests.capture.tools import needs_tshark, seen_by_tshark
from tests.examples import examples

ETHERNET, TOKEN_RING = 4, 2
START = 1_550_678_460

few = settings(
    max_examples=examples(40),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def record(frame: bytes, number: int = 0, padding: int | None = None, wire: int = 0, drops: int = 0) -> bytes:
    """A record, padded to four bytes as snoop does or by so many bytes."""
    pad = bytes(-len(frame) % 4 if padding is None else padding)
    total = 24 + len(frame) + len(pad)
    lengths = (wire or len(frame), len(frame), total, drops)
    return struct.pack(">IIIIII", *lengths, START + number, 999_999) + frame + pad


def snoop(records: list[bytes], link: int = ETHERNET, version: int = 2) -> bytes:
    """A file of these records."""
    return b"snoop\0\0\0" + struct.pack(">II", version, link) + b"".join(records)


@few
@given(st.lists(st.binary(max_size=300), max_size=30), st.integers(64, 2000))
def test_frames_and_times_are_read_whatever_the_buffer(
    tmp_path: Path, frames: list[bytes], buffer: int
) -> None:
    data = snoop([record(frame, number) for number, frame in enumerate(frames)])
    with buffers_of(buffer):
        found, account = read(data, tmp_path / "capture")
    assert found == [
        Record((START + n) * 10**9 + 999_999_000, frame, len(frame), 1) for n, frame in enumerate(frames)
    ]
    assert (account.format, account.complete, account.problems) == ("snoop (version 2)", True, [])


@needs_tshark
@pytest.mark.parametrize("padding", [None, 0, 4, 6], ids=["to four", "none", "as atmsnoop", "six"])
def test_records_are_those_that_tshark_reads(padding: int | None, tmp_path: Path) -> None:
    frames = builders.conversation((True, builders.http_request()), (False, builders.http_response()))
    records = [record(f, n, padding, wire=len(f) + n) for n, f in enumerate(frames)]
    found, account = read(snoop(records), tmp_path / "capture")
    assert [(r.time_ns, r.wire, len(r.frame)) for r in found] == seen_by_tshark(tmp_path / "capture")
    assert account.snapped == len(frames) - 1


@needs_tshark
@pytest.mark.parametrize("number", [0, 4, 10, 12, 19])
def test_ethernet_of_surveyor_ends_with_a_check_sequence(number: int, tmp_path: Path) -> None:
    frames = builders.conversation((True, builders.http_request()))
    records = [record(frame + b"FCS!", n, padding=16) for n, frame in enumerate(frames)]
    found, account = read(snoop(records, number, 4), tmp_path / "capture")
    assert [r.frame for r in found] == frames
    assert {r.link for r in found} == {1}
    assert account.format == "snoop (version 4, Surveyor)"
    assert [(r.time_ns, r.wire + 4) for r in found] == [s[:2] for s in seen_by_tshark(tmp_path / "capture")]


def test_a_link_type_without_a_counterpart_is_counted_and_named(tmp_path: Path) -> None:
    found, account = read(snoop([record(b"frame")], link=0x80000004), tmp_path / "capture")
    assert [r.frame for r in found] == [b"frame"]
    assert [link_name(link) for link in account.links] == ["snoop data link type 2147483652"]


def test_the_last_count_of_drops_is_said(tmp_path: Path) -> None:
    records = [record(b"a", drops=0), record(b"b", drops=3), record(b"c", drops=5)]
    _, account = read(snoop(records), tmp_path / "capture")
    assert [(p.code, p.count) for p in account.problems] == [("dropped", 5)]
    assert account.complete


@pytest.mark.parametrize("version", [0, 1, 6, 2**32 - 1])
def test_a_version_that_never_was_is_refused(version: int, tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=f"snoop version {version}"):
        read(snoop([], version=version), tmp_path / "capture")


@few
@given(st.data())
def test_a_cut_file_gives_all_whole_records_and_says_that_it_is_cut(
    tmp_path: Path, data: st.DataObject
) -> None:
    frames = [b"first frame", b"", b"third" * 300]
    records = [record(frame) for frame in frames]
    ends = [16 + sum(map(len, records[:n])) for n in range(4)]
    length = data.draw(st.integers(16, ends[-1]))
    found, account = read(snoop(records)[:length], tmp_path / "capture")
    assert [r.frame for r in found] == frames[: sum(end <= length for end in ends[1:])]
    assert [p.code for p in account.problems] == ([] if length in ends else ["cut-record"])


@pytest.mark.parametrize(
    ("captured", "total"), [(100, 40), (2**32 - 1, 2**32 - 1), (4, 2**25), (4, 27), (0, 0)]
)
def test_lengths_that_lie_end_the_reading_with_a_problem(captured: int, total: int, tmp_path: Path) -> None:
    lie = struct.pack(">IIIIII", captured, captured, total, 0, 0, 0) + bytes(200)
    found, account = read(snoop([record(b"good"), lie]), tmp_path / "capture")
    assert [r.frame for r in found] == [b"good"]
    assert [(p.code, p.frame) for p in account.problems] == [("bad-record", 2)]
    assert not account.complete


def test_a_record_larger_than_a_batch_is_read(tmp_path: Path) -> None:
    frames = [b"small", random.Random(1).randbytes(1 << 20), b"small again"]
    with buffers_of(1 << 12):
        found, account = read(snoop([record(frame) for frame in frames]), tmp_path / "capture")
    assert [r.frame for r in found] == frames
    assert account.complete
