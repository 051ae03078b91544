"""On every capture of the corpus the compiled kernels give the columns that the uncompiled ones give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analyzer.capture import Capture
from analyzer.capture.batch import Batch
from analyzer.flows.tracker import FlowTracker
from analyzer.model import CaptureError
from analyzer.packets import decode
from tests.differential.corpus import entries

pytest.importorskip("numba", reason="no numba for this platform: kernels run uncompiled only")


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
            if not is_same(
                columns(replace(batch, large=False), plain), columns(replace(batch, large=True), fast)
            ):
                different.add(entry.id)
        if not is_same(seen(plain), seen(fast)):
            different.add(entry.id)
    assert packets > 100_000
    assert different == set()


def test_records_are_the_same(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def records(path: Path) -> list[list[int]]:
        return [row for batch in batches(path) for row in batch.records.rows[:, 1:].tolist()]

    paths = {entry.id: entry.path for entry in entries(corpus)}
    plain = {name: records(path) for name, path in paths.items()}
    monkeypatch.setattr("analyzer.capture.batch.frames_worth_compiling", lambda: 1)
    assert [name for name, path in paths.items() if records(path) != plain[name]] == []
