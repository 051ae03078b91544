"""On every capture of the corpus the compiled kernels give the columns that the uncompiled ones give."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from analyzer.capture import Capture
from analyzer.capture.batch import Batch
from analyzer.core.kernels import is_compiled, uncompiled
from analyzer.flows.tracker import FlowTracker
from analyzer.model import CaptureError
from analyzer.packets import decode
from tests.differential.corpus import entries

pytestmark = pytest.mark.skipif(not is_compiled(), reason="the kernels of this copy are not compiled")


def batches(path: Path) -> Iterator[Batch]:
    try:
        yield from Capture(str(path))
    except CaptureError:
        return


def columns(batch: Batch, flows: FlowTracker) -> list[np.ndarray]:
    packets = decode(batch)
    return [packets.numbers, packets.addresses, *flows.assign(batch, packets)]


def seen(flows: FlowTracker) -> list[np.ndarray]:
    return [flows.seen().numbers, flows.seen().addresses]


def is_same(some: list[np.ndarray], others: list[np.ndarray]) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(some, others, strict=True))


def test_packets_and_flows_are_the_same(corpus: Path) -> None:
    different, packets = set[str](), 0
    for entry in entries(corpus):
        plain, fast = FlowTracker(), FlowTracker()
        for batch in batches(entry.path):
            packets += len(batch.records)
            compiled = columns(batch, fast)
            with uncompiled():
                uncompiled_too = columns(batch, plain)
            if not is_same(compiled, uncompiled_too):
                different.add(entry.id)
        if not is_same(seen(plain), seen(fast)):
            different.add(entry.id)
    assert packets > 100_000
    assert different == set()


def test_records_are_the_same(corpus: Path) -> None:
    def records(path: Path) -> list[list[int]]:
        return [row for batch in batches(path) for row in batch.records.rows[:, 1:].tolist()]

    paths = {entry.id: entry.path for entry in entries(corpus)}
    with uncompiled():
        plain = {name: records(path) for name, path in paths.items()}
    assert [name for name, path in paths.items() if records(path) != plain[name]] == []
