"""Every capture of the corpus is read, and the requests found agree with tshark's."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.differential.corpus import (
    Entry,
    compare,
    compare_responses,
    entries,
    is_required,
    results,
    scorer,
)
from tests.differential.figures import is_proved
from tests.differential.run import Outcome, run

# As the scorer counts, and where another target for a request in the same frame is no other request.
RECALL, PRECISION, PRECISION_BY_REQUEST = 0.998, 0.995, 0.998
RESPONSE_RECALL, RESPONSE_BODIES = 0.998, 0.97
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
        counts["other_target"] += len(compared.other_target)
    matched = counts["required"] - counts["missed"]
    assert counts["required"] > 3000
    assert matched / counts["required"] >= RECALL
    assert matched / (matched + counts["extra"] + counts["other_target"]) >= PRECISION
    assert matched / (matched + counts["extra"]) >= PRECISION_BY_REQUEST


def test_responses_agree_with_those_of_tshark(
    outcomes: list[Outcome], captures: list[Entry], directory: Path
) -> None:
    assert len(outcomes) == len(captures)
    counts = Counter[str]()
    for entry, result in results(directory, [c for c in captures if c.is_supported]):
        compared = compare_responses(entry.truth["responses"], result["responses"])
        counts.update(
            matched=compared.matched,
            missed=len(compared.missed),
            bodies=compared.bodies,
            other_body=len(compared.other_body),
        )
    assert counts["matched"] > 1000
    assert counts["matched"] / (counts["matched"] + counts["missed"]) >= RESPONSE_RECALL
    assert 1 - counts["other_body"] / counts["bodies"] >= RESPONSE_BODIES


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
def test_each_message_that_tshark_does_not_list_stands_in_the_bytes_of_its_frame(
    outcomes: list[Outcome], captures: list[Entry], directory: Path, corpus: Path
) -> None:
    assert len(outcomes) == len(captures)
    score, beyond = scorer(corpus), list[tuple[Entry, dict[str, Any]]]()
    for entry, result in results(directory, [c for c in captures if c.is_supported]):
        requests = compare(score, entry, result["requests"])
        responses = compare_responses(entry.truth["responses"], result["responses"])
        unlisted = (*requests.extra, *requests.other_target, *responses.extra, *responses.cut)
        beyond += [(entry, message) for message in unlisted]
    assert len(beyond) > 50
    assert [(e.id, m["frames"][:3]) for e, m in beyond if not is_proved(e, m)] == []


# What http-evader's captures try to slip past a reader (<https://www.eicar.org>, the standard test file).
EICAR = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
EVADER = "/http-evader/http-evader-"


def test_what_the_sender_hides_behind_odd_headers_is_read_as_it_was_meant(
    outcomes: list[Outcome], captures: list[Entry], directory: Path
) -> None:
    assert len(outcomes) == len(captures)
    evaders = [c for c in captures if EVADER in c.id]
    read = [
        entry.id
        for entry, result in results(directory, evaders)
        if any(EICAR in (r["body_sha256"], r["body_content_sha256"]) for r in result["responses"])
    ]
    assert len(read) >= 147 * len(evaders) // 168 > 0


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
