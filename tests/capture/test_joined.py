"""Capture files put together with cat, times and lengths that can't be, and files of converted line ends."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from analyzer.capture import Capture
from tests import builders
from tests.capture.reading import records_of
from tests.capture.test_pcapng import enhanced, interface, section

ONE, TWO = builders.tcp(b"one"), builders.udp(b"two")
PCAP, BIG, NANO = builders.pcap([ONE]), builders.pcap([TWO], order=">"), builders.pcap([TWO], unit="ns")
NG = section() + interface() + enhanced(TWO)


def read(data: bytes, folder: Path) -> tuple[list[bytes], Capture]:
    path = folder / "capture"
    path.write_bytes(data)
    capture = Capture(str(path))
    return [record.frame for record in records_of(capture)], capture


@pytest.mark.parametrize("second", [PCAP, BIG, NANO, NG, builders.pcap([TWO], link_type=113)])
@pytest.mark.parametrize("first", [PCAP, BIG, NG])
def test_a_second_file_is_read_on_and_said(first: bytes, second: bytes, tmp_path: Path) -> None:
    alone = [frame for data in (first, second) for frame in read(data, tmp_path)[0]]
    frames, capture = read(first + second, tmp_path)
    assert frames == alone
    assert capture.account.complete
    if first is NG and second is NG:  # a section behind another is how pcapng is meant
        assert not capture.account.problems
        return
    (problem,) = capture.account.problems
    assert problem.code == "joined-files"
    assert f"offset {len(first):,}" in problem.what
    assert "mergecap" in problem.what


def test_three_files_are_two_problems(tmp_path: Path) -> None:
    frames, capture = read(PCAP + NG + BIG, tmp_path)
    assert frames == [ONE, TWO, TWO]
    assert [problem.code for problem in capture.account.problems] == ["joined-files"] * 2


def test_an_empty_record_is_no_beginning(tmp_path: Path) -> None:
    data = builders.pcap([b"", ONE, b""], times_ns=[0xA1B2C3D4 * 10**9, 10**9, 2 * 10**9])
    frames, capture = read(data, tmp_path)
    assert frames == [b"", ONE, b""]
    assert not capture.account.problems


def _with_fractions(*fractions: int) -> bytes:
    data = builders.pcap([])
    for fraction in fractions:
        data += struct.pack("<4I", 1_550_000_000, fraction, len(ONE), len(ONE)) + ONE
    return data


def test_nanoseconds_under_the_magic_of_microseconds_are_read_as_these(tmp_path: Path) -> None:
    path = tmp_path / "capture"
    path.write_bytes(_with_fractions(5, 999_999_999, 2_000_000))
    capture = Capture(str(path))
    times = [record.time_ns % 10**9 for record in records_of(capture)]
    assert times == [5, 999_999_999, 2_000_000]
    assert [problem.code for problem in capture.account.problems] == ["nanoseconds"]


def test_a_fraction_that_is_no_fraction_is_counted(tmp_path: Path) -> None:
    _, capture = read(_with_fractions(5, 4_000_000_000), tmp_path)
    assert [(p.code, p.count, p.frame) for p in capture.account.problems] == [("impossible-time", 1, 2)]


def test_more_bytes_than_a_packet_had_are_read_and_said(tmp_path: Path) -> None:
    record = struct.pack("<4I", 1, 1, len(ONE), len(ONE) - 2) + ONE
    frames, capture = read(builders.pcap([]) + record, tmp_path)
    assert frames == [ONE]
    assert [(p.code, p.count) for p in capture.account.problems] == [("length-contradiction", 1)]


def test_converted_line_ends_are_named(tmp_path: Path) -> None:
    choice = random.Random(3)
    whole = builders.pcap([choice.randbytes(900) for _ in range(40)])
    frames, capture = read(whole.replace(b"\n", b"\r\n"), tmp_path)
    assert len(frames) < 40
    assert "binary mode" in capture.account.problems[-1].what
    cut = builders.pcap([choice.randbytes(900) for _ in range(40)]) + struct.pack("<4I", 1, 1, 1 << 30, 0)
    assert "binary mode" not in read(cut, tmp_path)[1].account.problems[-1].what
