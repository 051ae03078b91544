"""Files, pipes and compressed files to plain bytes: what is read, what is said, what is hashed."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import random
import shutil
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import pytest
import zstandard

from analyzer.capture import Capture
from analyzer.model import CaptureError
from tests import builders
from tests.capture.blocks import block, enhanced, interface, section
from tests.capture.reading import read, records_of
from tests.conftest import ROOT

FRAMES = [random.Random(number).randbytes(1000) for number in range(600)]
PLAIN = builders.pcap(FRAMES)
SKIPPABLE = struct.pack("<II", 0x184D2A50, 5) + b"hello"

COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
    "xz": lzma.compress,
    "lz4": lz4.frame.compress,
    "bzip2": lambda data: bz2.compress(data, 1),  # blocks of 100,000 bytes: nothing less is unpacked
}
compressed = pytest.mark.parametrize("name", COMPRESSED)


@compressed
def test_a_compressed_capture_is_read_whatever_its_name(name: str, tmp_path: Path) -> None:
    found, account = read(COMPRESSED[name](PLAIN), tmp_path / "capture.txt")
    assert [record.frame for record in found] == FRAMES
    assert account.format.endswith(f", {name}")
    assert (account.complete, account.problems) == (True, [])


@compressed
def test_compressed_parts_one_after_the_other_are_one_capture(name: str, tmp_path: Path) -> None:
    press = COMPRESSED[name]
    between = SKIPPABLE if name in ("zstd", "lz4") else b""
    found, account = read(press(PLAIN[:300_000]) + between + press(PLAIN[300_000:]), tmp_path / "capture")
    assert [record.frame for record in found] == FRAMES
    assert account.complete


def bytes_before_cut(name: str, cut: bytes) -> int:
    """How much the format's own incremental decompressor makes of a cut archive."""
    if name == "zstd":
        return len(zstandard.ZstdDecompressor().decompressobj().decompress(cut))
    if name == "xz":
        return len(lzma.LZMADecompressor().decompress(cut))
    if name == "lz4":
        return len(lz4.frame.LZ4FrameDecompressor().decompress(cut))
    if name == "bzip2":
        return len(bz2.BZ2Decompressor().decompress(cut))
    return len(zlib.decompressobj(47).decompress(cut))


@compressed
@pytest.mark.parametrize("part", [0.3, 0.5, 0.9, 0.9999])
def test_a_cut_archive_is_read_up_to_the_cut(name: str, part: float, tmp_path: Path) -> None:
    whole = COMPRESSED[name](PLAIN)
    cut = whole[: int(len(whole) * part)]
    found, account = read(cut, tmp_path / "capture")
    there = (bytes_before_cut(name, cut) - 24) // 1016
    assert len(found) >= there - 1
    assert [record.frame for record in found] == FRAMES[: len(found)]
    assert not account.complete
    assert "cut-file" in [problem.code for problem in account.problems]


def test_an_archive_cut_between_two_records_is_still_known_to_be_cut(tmp_path: Path) -> None:
    compressor = zstandard.ZstdCompressor().compressobj()
    head = compressor.compress(builders.pcap(FRAMES[:3])) + compressor.flush(
        zstandard.COMPRESSOBJ_FLUSH_BLOCK
    )
    found, account = read(head, tmp_path / "capture")
    assert len(found) == 3
    assert not account.complete


@compressed
def test_damage_within_an_archive_is_said_and_what_came_before_is_read(name: str, tmp_path: Path) -> None:
    data = bytearray(COMPRESSED[name](PLAIN))
    middle = len(data) // 2
    data[middle : middle + 2000] = bytes(2000)
    found, account = read(bytes(data), tmp_path / "capture")
    good = [record.frame for record in found[:200]]
    assert good == FRAMES[: len(good)]
    assert len(good) >= 100
    assert not account.complete


# Where the checksum of the plain bytes stands, from the end.
CHECKSUMS = {"gzip": -8, "zstd": -4, "lz4": -4, "xz": -33}


@pytest.mark.parametrize("name", CHECKSUMS)
def test_a_wrong_checksum_is_said_and_takes_little_with_it(name: str, tmp_path: Path) -> None:
    press = {
        **COMPRESSED,
        "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
        "lz4": lambda plain: lz4.frame.compress(plain, content_checksum=True),
        "xz": lambda plain: lzma.compress(plain, check=lzma.CHECK_CRC32),
    }[name]
    data = bytearray(press(PLAIN))
    data[CHECKSUMS[name]] ^= 1
    found, account = read(bytes(data), tmp_path / "capture")
    assert [problem.code for problem in account.problems][-1:] == ["cut-file"]
    assert [record.frame for record in found] == FRAMES[: len(found)]
    assert len(found) == len(FRAMES) if name in ("gzip", "zstd") else len(found) > 500


@compressed
def test_an_archive_of_nothing_between_others_changes_nothing(name: str, tmp_path: Path) -> None:
    press = COMPRESSED[name]
    data = press(b"") + press(PLAIN) + press(b"")
    found, account = read(data, tmp_path / "capture")
    assert [record.frame for record in found] == FRAMES
    assert account.complete


@pytest.mark.parametrize("name", ["gzip", "xz", "lz4", "bzip2"])
def test_zeros_behind_an_archive_are_padding(name: str, tmp_path: Path) -> None:
    found, account = read(COMPRESSED[name](PLAIN) + bytes(100_000), tmp_path / "capture")
    assert [record.frame for record in found] == FRAMES
    assert (account.complete, account.problems) == (True, [])


TOOLS = {
    "gzip": ["gzip", "-c9"],
    "zstd": ["zstd", "-qc", "--no-check"],
    "zstd with a checksum": ["zstd", "-qc", "-19", "--long=27", "--check"],
    "xz": ["xz", "-c9e", "--threads=2"],
    "lz4": ["lz4", "-qc9", "-BD", "-B4", "--content-size"],
    "lz4 with checksums": ["lz4", "-qc", "-BX"],
    "bzip2": ["bzip2", "-c"],
}


@pytest.mark.parametrize("name", TOOLS)
def test_what_the_usual_tools_write_is_read(name: str, tmp_path: Path) -> None:
    if shutil.which(TOOLS[name][0]) is None:
        pytest.skip(f"no {TOOLS[name][0]} here")
    (tmp_path / "plain").write_bytes(PLAIN)
    data = subprocess.run([*TOOLS[name], tmp_path / "plain"], capture_output=True, check=True).stdout
    found, account = read(data, tmp_path / "capture")
    assert [record.frame for record in found] == FRAMES
    assert account.complete
    assert account.format.endswith(f", {name.split()[0]}")


def test_a_window_of_gigabytes_is_refused_and_not_allocated(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=30, write_content_size=False)
    data = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    (tmp_path / "capture").write_bytes(data.compress(PLAIN) + data.flush())
    with pytest.raises(CaptureError, match="1,073,741,824 bytes of memory"):
        records_of(Capture(str(tmp_path / "capture")))


BOMB_BYTES, UNIT = 256 << 20, 1 << 20
READ_WITH_PEAK = """
import resource, sys
from analyzer.capture import Capture
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
list(Capture(sys.argv[1]))  # everything is imported
before = peak()
capture = Capture(sys.argv[2])
for part in capture: pass
print(capture.account.frames, capture.account.complete, peak() - before)
"""


@pytest.mark.sampled(2)
@compressed
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peak memory is read as on Linux")
def test_an_archive_of_zeros_takes_no_more_memory_than_another(name: str, tmp_path: Path) -> None:
    """A quarter of a gigabyte in a few bytes: frames of a megabyte of zeros."""
    frame = struct.pack("<IIII", 1, 1, UNIT, UNIT) + bytes(UNIT)
    plain = builders.pcap([]) + frame * (BOMB_BYTES // UNIT)
    (tmp_path / "bomb").write_bytes(COMPRESSED[name](plain))
    (tmp_path / "small").write_bytes(COMPRESSED[name](plain[: UNIT + 40]))
    command = [sys.executable, "-c", READ_WITH_PEAK, tmp_path / "small", tmp_path / "bomb"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=120)
    frames, complete, grown = ran.stdout.split()
    assert (frames, complete) == ("256", "True")
    assert int(grown) < BOMB_BYTES // 2  # four buffers of 16 MiB, and what a decompressor needs
    assert (tmp_path / "bomb").stat().st_size < BOMB_BYTES // 100


def test_garbage_behind_an_archive_is_said_and_the_archive_is_read(tmp_path: Path) -> None:
    found, account = read(gzip.compress(PLAIN) + b"garbage", tmp_path / "capture")
    assert [record.frame for record in found] == FRAMES
    assert [problem.code for problem in account.problems] == ["cut-file"]


@pytest.mark.parametrize("data", [b"", b"\x1f", b"\xd4\xc3", b"Dear editor"])
def test_what_is_no_capture_is_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="capture"):
        read(data, tmp_path / "capture")


@pytest.mark.parametrize("press", [*COMPRESSED.values(), bytes], ids=[*COMPRESSED, "plain"])
@pytest.mark.parametrize(
    "data", [PLAIN, PLAIN[:-5], PLAIN[:500] + bytes([255]) * 40_000], ids=["good", "cut", "lying"]
)
def test_the_hash_is_that_of_the_file_as_it_lies_there(
    press: Callable[[bytes], bytes], data: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "capture"
    path.write_bytes(press(data))
    capture = Capture(str(path))
    records_of(capture)
    assert capture.source.sha256() == hashlib.sha256(path.read_bytes()).hexdigest()
    assert capture.source.size == path.stat().st_size


def through_fifo(data: bytes, path: Path) -> Capture:
    """Read these bytes as they come down a named pipe."""
    os.mkfifo(path)
    writer = threading.Thread(target=_write, args=(data, path), daemon=True)
    writer.start()
    capture = Capture(str(path))
    list(capture)
    writer.join(10)
    assert not writer.is_alive()
    return capture


def _write(data: bytes, path: Path) -> None:
    with path.open("wb", buffering=0) as pipe:
        for start in range(0, len(data), 3000):
            pipe.write(data[start : start + 3000])


NG = section() + interface() + enhanced(b"good")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize(
    ("data", "frames"),
    [
        (PLAIN, 600),
        (gzip.compress(PLAIN), 600),
        (zstandard.compress(PLAIN), 600),
        (lzma.compress(PLAIN), 600),
        (lz4.frame.compress(PLAIN), 600),
        (bz2.compress(PLAIN), 600),
        (NG + block(6, bytes(4)) + bytes(3_000_000), 1),
        (PLAIN[:1040] + bytes([255]) * 3_000_000, 1),
        (gzip.compress(PLAIN) + bytes([1]) * 3_000_000, 600),
    ],
    ids=["pcap", "gzip", "zstd", "xz", "lz4", "bzip2", "a bad block", "a lying length", "garbage behind"],
)
def test_a_named_pipe_is_read_and_all_that_came_down_is_hashed(
    data: bytes, frames: int, tmp_path: Path
) -> None:
    capture = through_fifo(data, tmp_path / "pipe")
    assert capture.account.frames == frames
    assert capture.source.sha256() == hashlib.sha256(data).hexdigest()
    assert capture.source.size is None


def test_standard_input_is_read_and_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(PLAIN))))
    capture = Capture("-")
    assert [record.frame for record in records_of(capture)] == FRAMES
    assert capture.source.sha256() == hashlib.sha256(PLAIN).hexdigest()
    assert capture.source.path == "standard input"
