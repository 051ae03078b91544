"""The compiled kernels give what the uncompiled ones give."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.capture import Capture
from analyzer.capture.batch import Batch
from analyzer.capture.records import new_records
from analyzer.core.kernels import is_compiled, uncompiled
from analyzer.flows import tracker
from analyzer.packets import decode
from tests import builders
from tests.capture.reading import records_of
from tests.capture.test_pcapng import many_blocks
from tests.examples import examples
from tests.packets.hostile import frames

pytestmark = pytest.mark.skipif(not is_compiled(), reason="the kernels of this copy are not compiled")

Frame = tuple[bytes, int, int]


def batch_of(found: list[Frame]) -> Batch:
    """These frames as a batch, without a gap between the records."""
    data = bytearray(b"".join(raw for raw, _, _ in found))
    records, position = new_records(len(found)), 0
    for row, (raw, link, wire) in enumerate(found):
        records.rows[row] = position, len(raw), max(wire, len(raw)), row * 1000, link
        position += len(raw)
    return Batch(data, np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8), records, 1)


def columns(batch: Batch, times: int = 1) -> list[np.ndarray]:
    """Everything that decoding and flow assignment give, the batch taken several times over."""
    follower, given_out = tracker.FlowTracker(), []
    for _ in range(times):
        packets = decode(batch)
        given_out += [packets.numbers, packets.addresses, *follower.assign(batch, packets)]
    return [*given_out, follower.seen().numbers, follower.seen().addresses]


def assert_same(found: list[Frame], times: int = 1) -> None:
    """Both forms give equal columns."""
    batch = batch_of(found)
    fast = columns(batch, times)
    with uncompiled():
        plain = columns(batch, times)
    for one, other in zip(plain, fast, strict=True):
        np.testing.assert_array_equal(one, other)


@settings(
    max_examples=examples(400), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(st.lists(frames(), min_size=1, max_size=8))
def test_hostile_frames_give_the_same_columns(found: list[Frame]) -> None:
    assert_same(found, times=2)


def test_many_flows_give_the_same_columns_while_the_tables_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracker, "START_FLOWS", 2)
    choice = random.Random(5)
    found = []
    for _ in range(3000):
        frame = builders.tcp(
            choice.choice([b"", b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x00\x30\x01", choice.randbytes(20)]),
            choice.randrange(64), choice.getrandbits(32), choice.getrandbits(32),
            up=choice.random() < 0.5, server=f"198.51.100.{choice.randrange(250)}",
            ports=(choice.randrange(40000, 40020), choice.choice([80, 443])),
        )  # fmt: skip
        found.append((frame, 1, len(frame)))
    assert_same(found, times=2)


def test_conversations_give_the_same_columns() -> None:
    found = [
        (frame, 1, len(frame))
        for port in range(40)
        for frame in builders.conversation(
            (True, builders.http_request(body=b"x" * 3000)),
            (False, builders.http_response(body=b"y" * 3000)),
            first=(0xFFFFF000, 0xFFFFFF00),
            ports=(40000 + port, 8080),
        )
    ]
    assert_same(found, times=2)


@pytest.mark.parametrize("seed", range(6))
def test_capture_files_give_the_same_records(seed: int, tmp_path: Path) -> None:
    choice = random.Random(seed)
    path = tmp_path / "capture"
    if seed % 2:
        path.write_bytes(many_blocks(choice, 4000))
    else:
        whole = [choice.randbytes(choice.choice([0, 20, 1500])) for _ in range(4000)]
        path.write_bytes(builders.pcap(whole, order="<>"[seed // 2 % 2]) + choice.randbytes(12 * seed))
    with uncompiled():
        plain = records_of(Capture(str(path)))
    found = [row for part in Capture(str(path)) for row in part.records.rows[:, 1:].tolist()]
    assert [row[0] for row in found] == [len(record.frame) for record in plain]
    assert [(row[1], row[2], row[3]) for row in found] == [(r.wire, r.time_ns, r.link) for r in plain]
