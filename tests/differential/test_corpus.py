"""Every capture of the corpus is read, and the requests found agree with tshark's."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.differential.corpus import Entry, compare, entries, is_required, results, scorer
from tests.differential.run import Outcome, run

RECALL, PRECISION = 0.985, 0.995
# Captures that differ in kind, for counting packets per address beside tshark.
COUNTED = (
    "weibo.pcap",
    "wechat.pcap",
    "xiaomi.pcap",
    "quickplay.pcap",
    "1000-requests-one-dropped-response.pcap.gz",
)


@pytest.fixture(scope="session")
def captures(corpus: Path) -> list[Entry]:
    return entries(corpus)


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="session")
def outcomes(captures: list[Entry], directory: Path) -> list[Outcome]:
    return list(run(captures, directory))


def test_no_capture_ends_in_a_traceback(outcomes: list[Outcome]) -> None:
    assert {o.id: o.traceback for o in outcomes if o.traceback} == {}


def test_a_refusal_is_one_sentence(outcomes: list[Outcome]) -> None:
    refusals = [outcome.error for outcome in outcomes if outcome.error]
    assert [text for text in refusals if "\n" in text or len(text) > 300] == []


def test_every_result_is_scored_by_the_corpus_own_rules(
    outcomes: list[Outcome], captures: list[Entry], directory: Path, corpus: Path
) -> None:
    assert len(outcomes) == len(captures)
    score, counts = scorer(corpus), Counter[str]()
    for entry, result in results(directory, [c for c in captures if c.is_supported]):
        compared = compare(score, entry, result["requests"])
        required = sum(is_required(request) for request in entry.truth["requests"])
        counts.update(required=required, missed=len(compared.missed), extra=len(compared.extra))
    matched = counts["required"] - counts["missed"]
    assert counts["required"] > 3000
    assert matched / counts["required"] >= RECALL
    assert matched / (matched + counts["extra"]) >= PRECISION


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
@pytest.mark.parametrize("name", COUNTED)
def test_the_ledger_counts_the_packets_that_tshark_counts(name: str, captures: list[Entry]) -> None:
    from analyzer.pipeline import analyze

    entry = next(c for c in captures if c.id.endswith(f"/{name}"))
    report = analyze(str(entry.path))
    ours = sum(row.packets_up + row.packets_down for row in report.destinations)
    assert ours == sum(info.ip_packets for info in report.captures)
    assert ours == ip_packets_in_tshark(entry.path)


def ip_packets_in_tshark(path: Path) -> int:
    """Frames with an outermost IPv4 or IPv6 header."""
    command = ["tshark", "-n", "-r", str(path), "-Y", "ip or ipv6", "-T", "fields", "-e", "frame.number"]
    return len(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
