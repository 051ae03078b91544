"""Hashing in a thread: the same digest as all at once, and nothing changed under the thread's hands."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.capture.hasher import BackgroundHash
from analyzer.capture.source import CaptureSource

SIZE = 1 << 16


@given(st.lists(st.binary(max_size=5000)))
def test_the_digest_is_that_of_all_pieces_in_order(pieces: list[bytes]) -> None:
    behind = BackgroundHash(hashlib.sha256())
    for piece in pieces:
        behind.update(memoryview(piece))
    assert behind.finish().digest() == hashlib.sha256(b"".join(pieces)).digest()


def test_a_buffer_may_be_filled_anew_once_the_next_piece_is_given() -> None:
    one, other = bytearray(b"a" * SIZE), bytearray(b"b" * SIZE)
    behind, expected = BackgroundHash(hashlib.sha256()), hashlib.sha256()
    for number in range(200):
        buffer = (one, other)[number % 2]
        buffer[:] = bytes([number]) * SIZE
        expected.update(buffer)
        behind.update(memoryview(buffer))
    assert behind.finish().digest() == expected.digest()


@pytest.mark.parametrize("to_the_end", [True, False])
def test_a_source_hashes_what_was_read_and_what_it_drained(tmp_path: Path, to_the_end: bool) -> None:
    data = bytes(range(256)) * (SIZE >> 6)
    path = tmp_path / "some.pcap"
    path.write_bytes(data)
    source = CaptureSource(str(path))
    source.hash_behind()
    buffer = bytearray(len(data) - 1000)
    assert source.readinto(memoryview(buffer)) == len(buffer)
    if to_the_end:
        source.drain()
    source.close()
    read = data if to_the_end else data[: len(buffer)]
    assert source.sha256() == hashlib.sha256(read).hexdigest()
