"""Exchanges examined in further processes: the report is the same to the byte, and a process may die."""

from __future__ import annotations

import os
import signal
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import pytest

from analyzer import analyze
from analyzer.inspection.inspect import Inspection, Pair
from analyzer.report import json
from analyzer.session import extraction, worker_pool
from tests import builders
from tests.builders import conversation, http_request, http_response
from tests.corpus.captures import bytes_of


@pytest.fixture
def capture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Requests with bodies of every kind, each in the same connection as the one before."""
    monkeypatch.setattr(extraction, "FIRST_HERE", 5)
    monkeypatch.setattr(worker_pool, "PORTION", 7)
    turns: list[tuple[bool, bytes]] = []
    for number in range(60):
        body = f'{{"imei":"490154203237518","n":{number},"x":"eyJtYWMiOiAiMDA6MDA6NWU6MDA6NTM6YTcifQ=="}}'
        sent = http_request("POST", f"/{number}?mac=00-00-5e-00-53-a7", "a.example", body.encode())
        turns += [(True, sent)] + ([(False, http_response(200, b"ok"))] if number % 3 else [])
    path = tmp_path / "many.pcap"
    path.write_bytes(builders.pcap(conversation(*turns)))
    return path


def test_the_report_is_the_same_with_helpers(capture: Path) -> None:
    alone = analyze(capture)
    assert len(alone.messages) > 90
    assert bytes_of(analyze(capture, jobs=3)) == bytes_of(alone)


def test_a_helper_that_dies_costs_nothing(capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give = worker_pool.WorkerPool.give

    def and_kill(self: worker_pool.WorkerPool, pairs: list[Pair]) -> Future[list[Inspection]]:
        given = give(self, pairs)
        assert self._executor is not None
        for process in list(self._executor._processes.values()):
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        return given

    monkeypatch.setattr(worker_pool.WorkerPool, "give", and_kill)
    assert bytes_of(analyze(capture, jobs=2)) == bytes_of(analyze(capture))


def test_the_corpus_gives_the_same_with_helpers(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction, "FIRST_HERE", 0)
    monkeypatch.setattr(worker_pool, "PORTION", 3)
    paths = [p for p in sorted((corpus / "captures").rglob("*http*.pcap*")) if p.stat().st_size > 20_000][:4]
    assert paths
    for path in paths:
        alone = analyze(path)
        assert json.write(alone)
        assert bytes_of(analyze(path, jobs=2)) == bytes_of(alone)
