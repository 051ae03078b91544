"""Reading ahead in a thread: the same batches, the same errors, no thread left behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import analyzer
from analyzer import capture
from analyzer.capture.prefetch import ahead
from tests.conftest import ROOT
from tests.examples import examples


@given(st.lists(st.integers(), max_size=30))
@settings(deadline=None, max_examples=examples(30))
def test_items_come_in_their_order(items):
    assert list(ahead(iter(items))) == items


def test_an_error_comes_after_the_items_before_it():
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("the disk is gone")

    seen: list[int] = []
    with pytest.raises(OSError, match="the disk is gone"):
        seen.extend(ahead(items()))
    assert seen == [1, 2]


def test_leaving_early_ends_the_thread():
    def endless() -> Iterator[int]:
        while True:
            yield 1

    before = threading.active_count()
    reading = ahead(endless())
    assert next(reading) == 1
    reading.close()
    assert threading.active_count() == before


@pytest.mark.parametrize(
    "name", ["nokia7plus-reconstruction.pcap", "nokia7plus-reconstruction-unanswered.pcap"]
)
def test_a_report_is_the_same_when_batches_are_small_and_read_ahead(monkeypatch, name):
    path = ROOT / "captures" / name
    whole = analyzer.analyze(path)
    monkeypatch.setattr(capture, "LONG", 0)
    monkeypatch.setattr(capture.batch, "FIRST_BYTES", 4096)
    monkeypatch.setattr(capture.Window.__init__, "__defaults__", (8192,))
    ahead_of_it = analyzer.analyze(path)
    assert replace(ahead_of_it, created_ns=0) == replace(whole, created_ns=0)
