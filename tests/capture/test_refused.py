"""What is no capture that can be read: one sentence that says what it is."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from analyzer.capture import Capture
from analyzer.model import CaptureError
from tests import builders
from tests.capture import test_snoop, test_variants
from tests.capture.reading import buffers_of, records_of
from tests.capture.test_pcapng import many_blocks
from tests.capture.tools import editcap, needs_editcap
from tests.conftest import ROOT
from tests.examples import examples

SAMPLE = ROOT / "captures" / "nokia7plus-reconstruction-unanswered.pcap"


def refused(path: Path) -> str:
    """What is said of a file that can't be read."""
    with pytest.raises(CaptureError) as caught:
        records_of(Capture(str(path)))
    return str(caught.value)


@needs_editcap
@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("5views", "5View"),
        ("lanalyzer", "LANalyzer"),
        ("netmon1", "Network Monitor 1"),
        ("netmon2", "Network Monitor 2"),
        ("nettl", "nettl"),
        ("ngsniffer", "Sniffer"),
        ("ngwsniffer_1_1", "NetXray"),
        ("ngwsniffer_2_0", "NetXray"),
        ("observer", "Observer"),
        ("visual", "Visual Networks"),
        ("k12text", "K12"),
    ],
)
def test_a_capture_of_another_format_is_named(form: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / "capture"
    editcap(SAMPLE, path, "-F", form)
    said = refused(path)
    assert name in said
    assert "this is a" in said
    assert "\n" not in said


@pytest.mark.parametrize("form", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_archive_is_named(form: int, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "captures.zip", "w", form) as archive:
        archive.write(SAMPLE, "capture.pcap")
    assert "ZIP archive; unpack it first" in refused(tmp_path / "captures.zip")


@pytest.mark.parametrize("press", ["", "gz", "bz2", "xz"])
def test_a_tar_archive_is_named(press: str, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{press}") as archive:  # type: ignore[call-overload]
        archive.add(SAMPLE, "capture.pcap")
    (tmp_path / "captures.pcap").write_bytes(buffer.getvalue())
    assert "tar archive; unpack it first" in refused(tmp_path / "captures.pcap")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"btsnoop\0\0\0\0\1\0\0\3\xea", "Bluetooth"),
        (b"12:00:01.000000 IP 192.0.2.1.80 > 192.0.2.2.1025: Flags [.]\n", "text"),
        (b'{"schema": "phonehome-report/1"}', "JSON"),
        (b"<?xml version='1.0'?>", "XML"),
        (b"%PDF-1.7", "PDF"),
        (b"\x7fELF\2\1\1", "program"),
        (b"\x02\x21\x4c\x18abcd", "LZ4 archive of the legacy format"),
        (bytes(400), "starts 00000000"),
        (b"<\0\0\0" + bytes(40), "starts 3c000000"),
        (b"\xa1\xb2\xc3\xd5" + bytes(40), "starts a1b2c3d5"),
    ],
)
def test_what_is_no_capture_is_named(data: bytes, name: str, tmp_path: Path) -> None:
    path = tmp_path / "capture.pcap"
    path.write_bytes(data)
    assert name in refused(path)


# ── anything at all ─────────────────────────────────────────────────────────

GOOD = [
    builders.pcap(builders.conversation((True, builders.http_request()))),
    builders.pcap([b"frame"] * 20, order=">", unit="ns"),
    many_blocks(random.Random(3), 40),
    test_snoop.snoop([test_snoop.record(b"frame" * n, n, drops=n) for n in range(20)]),
    *(test_variants.written(name, [b"frame"] * 20) for name in test_variants.VARIANTS),
    test_variants.written("Nokia", [b"frame"] * 20, ">"),
]
GOOD += [gzip.compress(GOOD[0]), bz2.compress(GOOD[1]), lzma.compress(GOOD[2])]
STARTS = sorted({data[:8] for data in GOOD})

anything = settings(
    max_examples=examples(400), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def survives(data: bytes, path: Path, buffer: int) -> None:
    """Read to an end, or refused; nothing else is raised, and every byte counts once."""
    path.write_bytes(data)
    with buffers_of(buffer):
        try:
            capture = Capture(str(path))
            found = records_of(capture)
        except CaptureError:
            return
    assert capture.account.frames == len(found)
    if capture.source.compression is None:
        assert sum(len(record.frame) for record in found) <= len(data)


@anything
@given(st.sampled_from([b"", *STARTS]), st.binary(max_size=300), st.integers(64, 300))
@example(b"", b"\x28\xb5\x2f\xfd", 64)
@example(b"", b"\x28\xb5\x2f\xfd\xa4\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 64)
@example(b"", b"\x04\x22\x4d\x18", 64)
@example(b"", b"\x50\x2a\x4d\x18\xff\xff\xff\xff", 64)
def test_any_bytes_are_read_or_refused(tmp_path: Path, start: bytes, data: bytes, buffer: int) -> None:
    survives(start + data, tmp_path / "capture", buffer)


@anything
@given(
    st.sampled_from(GOOD),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
    st.floats(0, 1),
    st.integers(64, 3000),
)
def test_a_changed_and_cut_file_is_read_or_refused(
    tmp_path: Path, good: bytes, changes: list[tuple[float, int]], length: float, buffer: int
) -> None:
    data = bytearray(good)
    for place, value in changes:
        data[int(place * len(data))] = value
    survives(bytes(data[: int(length * len(data))]), tmp_path / "capture", buffer)
