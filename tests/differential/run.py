#!/usr/bin/env python3
"""Run the analyzer over the corpus, write its requests for the scorer, and print the score.

    python tests/differential/run.py RESULTDIR [--corpus DIR] [--jobs 2] [--only TEXT]

RESULTDIR gets a result file per capture, `supported.ids`, and `times.csv` with seconds, frames,
tshark's frames, and the error or traceback of each capture.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.differential.corpus import Entry, entries  # noqa: E402

if TYPE_CHECKING:
    from analyzer.packets.wifi import WifiKey


@dataclass(frozen=True)
class Outcome:
    """How the run over one capture went."""

    id: str
    seconds: float
    frames: int | None
    tshark_frames: int | None
    supported: bool
    error: str  # the sentence of a CaptureError
    traceback: str  # of anything else: must not happen


def response_of(message: Any) -> dict[str, Any]:
    """A response message in the same words."""
    return {
        "src": message.source.address,
        "sport": message.source.port,
        "dst": message.destination.address,
        "dport": message.destination.port,
        "status": message.status,
        "body_sha256": message.body.sha256,
        "body_content_sha256": message.body.content_sha256,
        "body_len": message.body.length,
        "frames": list(message.evidence.frames),
        "complete": message.complete,
        "tolerated": list(message.tolerated),
    }


def request_of(message: Any) -> dict[str, Any]:
    """A request message in the words of the scorer."""
    return {
        "src": message.source.address,
        "sport": message.source.port,
        "dst": message.destination.address,
        "dport": message.destination.port,
        "method": message.method,
        "host": message.host,
        "uri": message.target,
        "body_sha256": message.body.sha256,
        "body_content_sha256": message.body.content_sha256,
        "frames": list(message.evidence.frames),
        "complete": message.complete,
    }


def analyzed(entry: Entry, keys: Sequence[WifiKey] = ()) -> tuple[Outcome, dict[str, Any]]:
    """Analyze one capture; whatever goes wrong is a result too."""
    from analyzer.model import CaptureError
    from analyzer.pipeline import analyze

    began, frames, error, trace = time.perf_counter(), None, "", ""
    requests: list[dict[str, Any]] = []
    responses: list[dict[str, Any]] = []
    try:
        report = analyze(str(entry.path), wifi=keys)
        frames = sum(capture.frames for capture in report.captures)
        http1 = [m for m in report.messages if m.protocol.startswith("http/1")]
        requests = [request_of(message) for message in http1 if message.role == "request"]
        responses = [response_of(message) for message in http1 if message.role == "response"]
    except CaptureError as refusal:
        error = str(refusal)
    except Exception:
        trace = traceback.format_exc()
    seconds = time.perf_counter() - began
    expected = entry.truth.get("frames")
    outcome = Outcome(entry.id, seconds, frames, expected, entry.is_supported, error, trace)
    said = (error or trace[-300:]) or None
    return outcome, {"requests": requests, "responses": responses, "error": said}


def run(
    captures: list[Entry], directory: Path, jobs: int = 2, keys: Sequence[WifiKey] = ()
) -> Iterator[Outcome]:
    """Analyze all captures in a pool of processes; writes a result file each."""
    directory.mkdir(parents=True, exist_ok=True)
    work = partial(analyzed, keys=keys)
    with ProcessPoolExecutor(jobs) as pool:
        for entry, (outcome, result) in zip(captures, pool.map(work, captures, chunksize=4), strict=True):
            (directory / f"{entry.key}.json").write_text(json.dumps(result))
            yield outcome


def wifi_keys(corpus: Path) -> list[WifiKey]:
    """The keys that the sources publish with their captures of encrypted Wi-Fi."""
    from analyzer.packets.wifi.keys import wifi_key

    keys = []
    for line in (corpus / "wpa_keys.txt").read_text().splitlines():
        if line.startswith('"'):
            with suppress(ValueError):  # keys of single sessions, and of a length that no network has
                keys.append(wifi_key(_argument(*next(csv.reader([line]))[:2])))
    return keys


def _argument(kind: str, key: str) -> str:
    """A key in Wireshark's words (passphrase:SSID) in those of `--wifi`."""
    if kind == "wep":
        return f"wep:{key}"
    if kind == "wpa-psk":
        return key
    passphrase, _, ssid = key.partition(":")
    return f"{ssid}:{passphrase}"


def write_ids(captures: Iterable[Entry], path: Path, all_link_types: bool = False) -> None:
    """The ids of the captures that count: those whose link types are all read, or all."""
    counted = [entry for entry in captures if entry.is_supported or all_link_types]
    path.write_text("".join(f"{entry.key}\n" for entry in counted))


def write_times(outcomes: Iterable[Outcome], path: Path) -> None:
    """One row a capture."""
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, [field.name for field in fields(Outcome)])
        table.writeheader()
        table.writerows(asdict(outcome) for outcome in outcomes)


def print_summary(outcomes: list[Outcome]) -> None:
    """Totals, the slowest, and everything that must not be."""
    slowest = sorted(outcomes, key=lambda outcome: -outcome.seconds)[:5]
    total = sum(outcome.seconds for outcome in outcomes)
    print(f"{len(outcomes)} captures, {total:.1f} s of work; refused {sum(bool(o.error) for o in outcomes)}")
    for outcome in slowest:
        print(f"  {outcome.seconds:6.2f} s  {outcome.id}")
    for outcome in outcomes:
        if outcome.traceback:
            print(f"  TRACEBACK {outcome.id}: {outcome.traceback.strip().splitlines()[-1]}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the analyzer over the corpus and score it.")
    parser.add_argument("results", type=Path)
    place = os.environ.get("PHONEHOME_CORPUS", ROOT.parent / "shared" / "corpus")
    parser.add_argument("--corpus", type=Path, default=Path(place))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="only captures whose id contains this")
    parser.add_argument("--all-link-types", action="store_true", help="with the published Wi-Fi keys")
    args = parser.parse_args()
    captures = [entry for entry in entries(args.corpus) if args.only in entry.id]
    keys = wifi_keys(args.corpus) if args.all_link_types else []
    outcomes = list(run(captures, args.results, args.jobs, keys))
    write_ids(captures, args.results / "supported.ids", args.all_link_types)
    write_times(outcomes, args.results / "times.csv")
    print_summary(outcomes)
    score = [sys.executable, args.corpus / "score.py", args.results, "--ids", args.results / "supported.ids"]
    if args.only:
        score.append("--only-with-results")
    subprocess.run(score, check=True)
    return int(any(outcome.traceback for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
