#!/usr/bin/env python3
"""List what a run missed, reported beyond tshark, or read otherwise, without quoting any value.

    python tests/differential/misses.py RESULTDIR [--corpus DIR] [--all-link-types] [--frames]

Captures hold tokens and names of their authors, so a line is: capture, frame, and facts about the
request that point to a cause. `--frames` lists captures whose frame count differs from tshark's.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.differential.corpus import (  # noqa: E402
    Entry,
    compare,
    compare_responses,
    entries,
    results,
    scorer,
)


def facts(entry: Entry, request: dict[str, Any], result: dict[str, Any]) -> Iterator[str]:
    """What is special about a missed request."""
    if result["error"]:
        yield "the capture was refused"
    if not entry.is_supported:
        yield f"link types {entry.truth['linktypes']}"
    if request.get("tunnel"):
        yield f"tunnel {request['tunnel']}"
    if set(request["found_by"]) & {"A", "B", "C"} != {"A", "B", "C"}:
        yield f"seen by tshark {request['found_by']} only"
    yield from _differences(request, result["requests"])


def _differences(request: dict[str, Any], reported: list[dict[str, Any]]) -> Iterator[str]:
    """How near the nearest reported request comes."""
    ends = [r for r in reported if _ends(r) == _ends(request)]
    if not ends:
        yield "nothing was reported for this connection"
        return
    if any(r["method"] == request["method"] for r in ends):
        yield "the connection has requests of this method, none with this target"
    else:
        yield f"the connection has other requests ({len(ends)})"


def _ends(request: dict[str, Any]) -> tuple[Any, ...]:
    return request["src"], request["sport"], request["dst"], request["dport"]


def extra_facts(entry: Entry, request: dict[str, Any]) -> Iterator[str]:
    """What is special about a request that tshark does not show."""
    seen = [t for t in entry.truth["requests"] if _ends(t) == _ends(request)]
    yield f"tshark shows {len(seen)} requests on this connection"
    if not request["complete"]:
        yield "incomplete"
    if request["dport"] != 80:
        yield f"port {request['dport']}"


def lines(corpus: Path, directory: Path, all_link_types: bool) -> Iterator[str]:
    """One line a miss, extra or other body, then counts by cause."""
    score, causes = scorer(corpus), Counter[str]()
    for entry, result in results(directory, entries(corpus)):
        if not (entry.is_supported or all_link_types):
            continue
        compared = compare(score, entry, result["requests"])
        for request in compared.missed:
            cause = "; ".join(facts(entry, request, result))
            causes[f"missed: {cause}"] += 1
            yield f"missed  {entry.id}  frame {request['frame']}  {cause}"
        for request in compared.extra:
            cause = "; ".join(extra_facts(entry, request))
            causes[f"extra: {cause}"] += 1
            yield f"extra   {entry.id}  frames {request['frames'][:3]}  {cause}"
        for request in compared.other_target:
            yield f"target  {entry.id}  frames {request['frames'][:3]}  tshark reads another target there"
        for request in compared.other_body:
            size = f"{request['body_len']} bytes in tshark, {request['transfer_encoding'] or 'plain'}"
            yield f"body    {entry.id}  frame {request['frame']}  {size}"
        yield from _response_lines(entry, result, causes)
    yield ""
    yield from (f"{count:5d}  {cause}" for cause, count in causes.most_common())


def _response_lines(entry: Entry, result: dict[str, Any], causes: Counter[str]) -> Iterator[str]:
    compared = compare_responses(entry.truth["responses"], result["responses"])
    for kind, found in (("extra", compared.extra), ("cut", compared.cut)):
        for response in found:
            causes[f"response {kind}"] += 1
            yield f"{kind:8}{entry.id}  frames {response['frames'][:3]}  response {response['status']}"
    for response in compared.missed:
        causes["response missed"] += 1
        yield f"missed  {entry.id}  frame {response['frame']}  response {response['status']}"
    for seen, mine in compared.other_body:
        causes["response body"] += 1
        sizes = f"{seen['body_len']} bytes in tshark, {mine['body_len']} here"
        yield f"body    {entry.id}  frame {seen['frame']}  response {seen['status']}, {sizes}"


def frame_lines(directory: Path) -> Iterator[str]:
    """Captures in which this reader and tshark count different numbers of frames."""
    with (directory / "times.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["frames"] != row["tshark_frames"]:
                said = row["error"] or row["traceback"][-80:]
                counts = f"{row['frames'] or 'none'} here, {row['tshark_frames'] or 'none'} in tshark"
                yield f"{row['id']}: {counts}  {said}"


def main() -> None:
    parser = argparse.ArgumentParser(description="List misses and extras of a run by cause.")
    parser.add_argument("results", type=Path)
    place = os.environ.get("PHONEHOME_CORPUS", ROOT.parent / "shared" / "corpus")
    parser.add_argument("--corpus", type=Path, default=Path(place))
    parser.add_argument("--all-link-types", action="store_true")
    parser.add_argument("--frames", action="store_true", help="compare frame counts instead")
    args = parser.parse_args()
    found = (
        frame_lines(args.results) if args.frames else lines(args.corpus, args.results, args.all_link_types)
    )
    print("\n".join(found))


if __name__ == "__main__":
    main()
