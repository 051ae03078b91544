"""Pipes that speak slowly and files that grow: what has come is handed on, and nothing is lost."""

from __future__ import annotations

import gzip
import hashlib
import os
import struct
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import pytest
import zstandard

from analyzer.capture import Capture
from tests import builders
from tests.capture.blocks import enhanced, interface, section
from tests.capture.reading import records_of
from tests.capture.test_snoop import record, snoop

pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")

FRAMES = [b"first" * 20, b"second" * 30, b"third" * 40, b"fourth" * 50]
PATIENCE = 30  # seconds after which a test goes on, and fails


class Sender:
    """Writes parts into a named pipe, each once the one before it was seen."""

    def __init__(self, pipe: Path, parts: list[bytes]) -> None:
        self._pipe, self._parts = pipe, parts
        self._seen = [threading.Event() for _ in parts]
        self._unseen = 0  # parts that were not handed on in time
        os.mkfifo(pipe)
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def _send(self) -> None:
        with self._pipe.open("wb", buffering=0) as pipe:
            for part, seen in zip(self._parts, self._seen, strict=True):
                pipe.write(part)
                self._unseen += not seen.wait(PATIENCE)

    def seen(self, number: int) -> None:
        """Let the part behind this one be sent."""
        self._seen[number].set()

    def end(self) -> None:
        """All was sent, and each part seen before the next one."""
        for seen in self._seen:
            seen.set()
        self._thread.join(PATIENCE)
        assert self._unseen == 0


FILES = {
    "pcap": builders.pcap(FRAMES),
    "pcapng": section() + interface() + b"".join(map(enhanced, FRAMES)),
    "snoop": snoop([record(frame) for frame in FRAMES]),
}
BEHIND = {"pcap": 16, "pcapng": 32, "snoop": 24}  # bytes of a record beside its frame and its padding


def ends_of_records(name: str) -> list[int]:
    """The position behind each record."""
    position = len(FILES[name]) - sum(len(f) + BEHIND[name] for f in FRAMES)
    ends = []
    for frame in FRAMES:
        position += len(frame) + BEHIND[name]
        ends.append(position)
    return ends


@pipes
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("beyond", [0, 3, 50], ids=["whole records", "in a header", "in a frame"])
def test_packets_appear_as_they_come_and_half_records_are_waited_for(
    name: str, beyond: int, tmp_path: Path
) -> None:
    data, ends = FILES[name], ends_of_records(name)
    assert ends[-1] == len(data)
    cuts = [0, *(end + beyond for end in ends[:-1]), len(data)]
    sender = Sender(tmp_path / "pipe", [data[a:b] for a, b in pairwise(cuts)])
    capture = Capture(str(tmp_path / "pipe"))
    batches = iter(capture)
    for number, frame in enumerate(FRAMES):
        part = next(batches)
        assert (part.first_frame, len(part.records)) == (number + 1, 1)
        at, captured = part.records.rows[0].tolist()[:2]
        assert part.data[at : at + captured] == frame
        sender.seen(number)
    assert list(batches) == []
    sender.end()
    assert capture.account.complete
    assert capture.source.sha256() == hashlib.sha256(data).hexdigest()


@pipes
def test_a_pipe_that_gives_one_byte_at_a_time_is_read_whole(tmp_path: Path) -> None:
    data = FILES["pcapng"][:300]
    os.mkfifo(tmp_path / "pipe")

    def trickle() -> None:
        with (tmp_path / "pipe").open("wb", buffering=0) as pipe:
            for byte in data:
                pipe.write(bytes([byte]))

    threading.Thread(target=trickle, daemon=True).start()
    capture = Capture(str(tmp_path / "pipe"))
    found = records_of(capture)
    assert [r.frame for r in found] == FRAMES[: len(found)]
    assert len(found) == sum(end <= 300 for end in ends_of_records("pcapng"))


def flushed(press: str) -> list[bytes]:
    """The pcap file in compressed parts, each of which can be unpacked at once."""
    cuts = [0, *ends_of_records("pcap")]
    parts = [FILES["pcap"][a:b] for a, b in pairwise(cuts)]
    if press == "members":
        return [gzip.compress(part) for part in parts]
    compressor = zstandard.ZstdCompressor().compressobj()
    found = [
        compressor.compress(part) + compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for part in parts
    ]
    return [*found[:-1], found[-1] + compressor.flush()]


@pipes
@pytest.mark.parametrize("press", ["members", "zstd"])
def test_a_compressed_pipe_is_handed_on_as_it_comes(press: str, tmp_path: Path) -> None:
    sender = Sender(tmp_path / "pipe", flushed(press))
    found = 0
    for part in Capture(str(tmp_path / "pipe")):
        assert len(part.records) == 1
        sender.seen(found)
        found += 1
    sender.end()
    assert found == len(FRAMES)


@pipes
def test_a_pipe_that_does_not_block_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with os.fdopen(reading, "rb") as standard_input, os.fdopen(writing, "wb", buffering=0) as pipe:
        monkeypatch.setattr("sys.stdin", _Stream(standard_input))
        thread = threading.Thread(target=_write_late, args=(pipe,), daemon=True)
        thread.start()
        assert [r.frame for r in records_of(Capture("-"))] == FRAMES
        thread.join(PATIENCE)
        assert not standard_input.closed


class _Stream:
    def __init__(self, buffer: BinaryIO) -> None:
        self.buffer = buffer


def _write_late(pipe: BinaryIO) -> None:
    threading.Event().wait(0.2)  # so that there is nothing at first
    pipe.write(FILES["pcap"])
    pipe.close()


@pytest.mark.parametrize("cut", [0, 30], ids=["between records", "within a record"])
def test_of_a_file_that_grows_what_was_there_at_first_is_read_and_hashed(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "growing.pcap"
    start = FILES["pcap"][: ends_of_records("pcap")[1] + cut]
    path.write_bytes(start)
    capture = Capture(str(path))
    with path.open("ab") as file:
        file.write(FILES["pcap"][len(start) :])
    assert [r.frame for r in records_of(capture)] == FRAMES[:2]
    assert capture.source.sha256() == hashlib.sha256(start).hexdigest()
    assert capture.source.size == len(start)
    codes = [problem.code for problem in capture.account.problems]
    assert codes == (["cut-record"] if cut else []) + ["grown-file"]


def test_a_file_that_grows_during_the_reading_is_read_to_its_first_end(tmp_path: Path) -> None:
    path = tmp_path / "growing.pcap"
    frames = [struct.pack("<I", n) * 300 for n in range(2000)]
    data = builders.pcap(frames)
    path.write_bytes(data)
    found, capture = 0, Capture(str(path))
    for part in _each(capture, path):
        found += len(part)
    assert found == len(frames)
    assert capture.source.sha256() == hashlib.sha256(data).hexdigest()
    assert [problem.code for problem in capture.account.problems] == ["grown-file"]


def _each(capture: Capture, path: Path) -> Iterator[range]:
    """The batches' records, with something written to the file after each."""
    for part in capture:
        with path.open("ab") as file:
            file.write(bytes(100))
        yield range(len(part.records))
