"""pcap variants that share a magic with the standard or look like it: told apart and read."""

from __future__ import annotations

import os
import random
import struct
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.capture import Capture
from tests import builders
from tests.capture.reading import Record, buffers_of, read, records_of
from tests.capture.tools import editcap, needs_editcap, seen_by_tshark
from tests.conftest import ROOT
from tests.examples import examples

SAMPLE = ROOT / "captures" / "nokia7plus-reconstruction-unanswered.pcap"

USUAL, SHARED = 0xA1B2C3D4, 0xA1B2CD34
# Magic, and what stands behind the usual four words of a record, by the name in the report.
KUZNETSOV = ("IHBx", (3, 0x0800, 4))
VARIANTS = {
    "April 1999": (USUAL, *KUZNETSOV),
    "October 1999": (SHARED, *KUZNETSOV),
    "September 1999": (SHARED, "IHBBB3x", (3, 0x0806, 0, 200, 7)),
    "Nokia": (USUAL, "I", (0x9FBFB602,)),
}

few = settings(
    max_examples=examples(30),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def written(name: str, frames: list[bytes], order: str = "<") -> bytes:
    """A file of this variant; frames are a second apart."""
    magic, form, further = VARIANTS[name]
    data = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, 1)
    for number, frame in enumerate(frames):
        head = struct.pack(order + "IIII", number, 999_999, len(frame), len(frame))
        data += head + struct.pack(order + form, *further) + frame
    return data


def expected(frames: list[bytes]) -> list[Record]:
    return [Record(n * 10**9 + 999_999_000, frame, len(frame), 1) for n, frame in enumerate(frames)]


@few
@given(
    st.sampled_from(sorted(VARIANTS)),
    st.lists(st.binary(max_size=300), max_size=20),
    st.sampled_from("<>"),
)
def test_every_variant_is_read_whole(tmp_path: Path, name: str, frames: list[bytes], order: str) -> None:
    found, account = read(written(name, frames, order), tmp_path / "capture")
    assert found == expected(frames)
    assert account.complete
    if frames:
        assert name in account.format


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_is_read_through_a_small_buffer(name: str, tmp_path: Path) -> None:
    noise = random.Random(7)
    frames = [noise.randbytes(noise.randrange(200)) for _ in range(50)]
    with buffers_of(512):
        found, _ = read(written(name, frames), tmp_path / "capture")
    assert found == expected(frames)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("name", ["April 1999", "October 1999"])
def test_a_variant_is_known_in_a_pipe(name: str, tmp_path: Path) -> None:
    frames, pipe = [b"first", b"second", b"third"], tmp_path / "pipe"
    os.mkfifo(pipe)
    threading.Thread(target=pipe.write_bytes, args=(written(name, frames),), daemon=True).start()
    assert records_of(Capture(str(pipe))) == expected(frames)


@few
@given(st.binary(max_size=60), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_a_damaged_standard_file_is_not_taken_for_a_variant(
    tmp_path: Path, rest: bytes, fraction: int, wire: int
) -> None:
    head = builders.pcap([]) + struct.pack("<IIII", 1, fraction, 4, wire) + b"four"
    found, account = read(head + rest, tmp_path / "capture")
    assert found[0].frame == b"four"
    assert account.format == "pcap (microseconds, little-endian)"


@pytest.mark.sampled(3)
@needs_editcap
@pytest.mark.parametrize(
    "form", ["pcap", "nsecpcap", "modpcap", "rh6_1pcap", "suse6_3pcap", "nokiapcap", "pcapng", "snoop"]
)
def test_what_editcap_writes_holds_the_same_frames(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"capture.{form}"
    editcap(SAMPLE, path, "-F", form)
    original = records_of(Capture(str(SAMPLE)))
    assert records_of(Capture(str(path))) == original
    if form != "nokiapcap":  # of which tshark does not recognise its own
        assert [(r.time_ns, r.wire, len(r.frame)) for r in original] == seen_by_tshark(path)


def swapped_in(data: bytes, version: tuple[int, int]) -> bytes:
    """A file of an older version: the two lengths of each record in the other order."""
    found = bytearray(data)
    found[4:8] = struct.pack("<HH", *version)
    position = 24
    while position < len(found):
        captured, wire = struct.unpack_from("<II", found, position + 8)
        struct.pack_into("<II", found, position + 8, wire, captured)
        position += 16 + captured
    return bytes(found)


@pytest.mark.parametrize("version", [(2, 0), (2, 1), (2, 2), (543, 0), (2, 3)])
def test_lengths_in_the_order_of_old_versions_are_read(version: tuple[int, int], tmp_path: Path) -> None:
    plain = builders.pcap([b"a" * 100, b"b" * 10, b"c" * 70], snaplen=60)
    found, account = read(swapped_in(plain, version), tmp_path / "capture")
    assert [(len(r.frame), r.wire) for r in found] == [(60, 100), (10, 10), (60, 70)]
    assert account.complete


def test_version_2_3_is_also_read_in_the_present_order(tmp_path: Path) -> None:
    data = bytearray(builders.pcap([b"a" * 100, b"b" * 10], snaplen=60))
    data[4:8] = struct.pack("<HH", 2, 3)
    found, _ = read(bytes(data), tmp_path / "capture")
    assert [(len(r.frame), r.wire) for r in found] == [(60, 100), (10, 10)]


@pytest.mark.parametrize(("magic", "unit"), [(0x1C0001AB, "us"), (0x1C0001AC, "ns")])
@pytest.mark.parametrize("order", "<>")
def test_ixia_files_have_four_bytes_more_in_front(magic: int, unit: str, order: str, tmp_path: Path) -> None:
    plain = builders.pcap([b"first", b"second"], order=order, unit=unit, times_ns=[5_000, 10**9 + 7_000])
    data = struct.pack(order + "I", magic) + plain[4:24] + struct.pack(order + "I", 43) + plain[24:]
    found, account = read(data, tmp_path / "capture")
    assert [(r.frame, r.time_ns) for r in found] == [(b"first", 5_000), (b"second", 10**9 + 7_000)]
    assert "Ixia" in account.format


@needs_editcap
@pytest.mark.parametrize(("number", "link"), [(6, 1), (9, 6), (24, 0)])
def test_aix_files_have_other_link_types_and_nanoseconds(number: int, link: int, tmp_path: Path) -> None:
    frame = builders.conversation()[0]
    data = builders.pcap([frame], unit="ns", times_ns=[1_550_678_460_123_456_789], link_type=number)
    data = struct.pack("<IHH", USUAL, 2, 2) + data[8:]
    found, _ = read(data, tmp_path / "capture")
    assert found == [Record(1_550_678_460_123_456_789, frame, len(frame), link)]
    assert [(r.time_ns, r.wire, len(r.frame)) for r in found] == seen_by_tshark(tmp_path / "capture")


@pytest.mark.parametrize(("link", "kept"), [(105, 30), (119, 30), (163, 30), (1, 34), (127, 34)])
def test_a_check_sequence_is_left_out_where_a_frame_is_read_to_its_end(
    link: int, kept: int, tmp_path: Path
) -> None:
    data = bytearray(builders.pcap([bytes(34)]))
    data[20:24] = struct.pack("<I", 0x2400_0000 + link)  # two pairs of bytes
    found, account = read(bytes(data), tmp_path / "capture")
    assert [(len(r.frame), r.wire, r.link) for r in found] == [(kept, kept, link)]
    assert account.snapped == 0


def test_a_check_sequence_that_was_cut_off_takes_nothing_more(tmp_path: Path) -> None:
    data = bytearray(builders.pcap([bytes(34), bytes(31), b"", b"abc"], snaplen=29))
    data[20:24] = struct.pack("<I", 0x2400_0000 + 105)
    found, _ = read(bytes(data), tmp_path / "capture")
    assert [(len(r.frame), r.wire) for r in found] == [(29, 30), (27, 27), (0, 0), (3, 3)]
