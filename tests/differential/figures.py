#!/usr/bin/env python3
"""A run's figures for requests and responses, with each message that tshark has not looked up in its frame.

    python tests/differential/figures.py RESULTDIR [--corpus DIR] [--all-link-types] [--no-proof]

A message that tshark does not list is proved by its own bytes: the frame that it names must hold its
method, or `HTTP/` and its status, in the TCP payload as tshark prints it.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.differential.corpus import (  # noqa: E402
    Entry,
    compare,
    compare_responses,
    entries,
    is_required,
    results,
    scorer,
)


def is_proved(entry: Entry, message: dict[str, Any]) -> bool:
    """Whether the bytes of one of the message's first frames hold its start."""
    return any(_start_of(message).search(data) for data in payloads(entry.path, message["frames"][:3]))


def _start_of(message: dict[str, Any]) -> re.Pattern[bytes]:
    if "method" in message:
        return re.compile(re.escape(message["method"].encode()) + rb"[ \t\x0b\x0c]")
    return re.compile(rb"HTTP/1\.\S*[ \t\x0b\x0c]+0*%d" % message["status"], re.IGNORECASE)


def payloads(path: Path, frames: Sequence[int]) -> list[bytes]:
    """The TCP payloads of these frames, those inside tunnels and of reassembled datagrams too, by tshark."""
    return [data for frame in frames for data in _payloads_in(path).get(frame, ())]


@lru_cache(2)  # messages are asked for a capture at a time
def _payloads_in(path: Path) -> dict[int, list[bytes]]:
    command = ["tshark", "-n", "-r", str(path), "-Y", "tcp.payload", "-T", "fields"]
    columns = ["-e", "frame.number", "-e", "tcp.payload"]
    shown = subprocess.run([*command, *columns], capture_output=True, text=True, check=False).stdout
    rows = (line.split("\t") for line in shown.splitlines())
    return {
        int(number): [bytes.fromhex(part.replace(":", "")) for part in data.split(",")]
        for number, data in rows
    }


def counts(corpus: Path, directory: Path, all_link_types: bool, prove: bool) -> Counter[str]:
    """Everything that the tables hold."""
    score, found = scorer(corpus), Counter[str]()
    for entry, result in results(directory, entries(corpus)):
        if not (entry.is_supported or all_link_types):
            continue
        _count_requests(found, score, entry, result, prove)
        _count_responses(found, entry, result, prove)
    return found


def _count_requests(
    found: Counter[str], score: Any, entry: Entry, result: dict[str, Any], prove: bool
) -> None:
    compared = compare(score, entry, result["requests"])
    required = [request for request in entry.truth["requests"] if is_required(request)]
    unknown = [*compared.extra, *compared.other_target]
    found.update(
        required=len(required),
        missed=len(compared.missed),
        extra=len(compared.extra),
        other_target=len(compared.other_target),
        bodies=sum(bool(r.get("body_sha256")) for r in required) if not compared.missed else 0,
        other_body=len(compared.other_body),
        captures=bool(required),
        exact=bool(required) and not compared.missed and not unknown,
        proved=sum(is_proved(entry, request) for request in unknown) if prove else 0,
    )


def _count_responses(found: Counter[str], entry: Entry, result: dict[str, Any], prove: bool) -> None:
    compared = compare_responses(entry.truth["responses"], result["responses"])
    found.update(
        responses=compared.matched + len(compared.missed),
        missed_responses=len(compared.missed),
        extra_responses=len(compared.extra),
        cut_responses=len(compared.cut),
        response_bodies=compared.bodies,
        other_response_body=len(compared.other_body),
        proved_responses=sum(is_proved(entry, r) for r in (*compared.extra, *compared.cut)) if prove else 0,
    )


def table(found: Counter[str]) -> Iterator[str]:
    """The figures, a line each."""
    matched = found["required"] - found["missed"]
    unknown = found["extra"] + found["other_target"]
    yield f"requests required {found['required']}, recall {_share(matched, found['required'])}"
    yield (
        f"  beyond tshark's {unknown}: {found['other_target']} in the same frame with another target, "
        f"{found['extra']} that it does not list; {found['proved']} stand in the bytes of their frame"
    )
    yield f"  precision by the scorer {_share(matched, matched + unknown)}"
    yield f"  precision by request, the target left aside {_share(matched, matched + found['extra'])}"
    yield f"  bodies right {_share(found['bodies'] - found['other_body'], found['bodies'])}"
    yield f"  captures exactly right {_share(found['exact'], found['captures'])}"
    matched = found["responses"] - found["missed_responses"]
    beyond = found["extra_responses"] + found["cut_responses"]
    yield f"responses required {found['responses']}, recall {_share(matched, found['responses'])}"
    yield (
        f"  beyond tshark's {beyond}: {found['cut_responses']} incomplete, {found['extra_responses']} whole; "
        f"{found['proved_responses']} stand in the bytes of their frame"
    )
    right = found["response_bodies"] - found["other_response_body"]
    yield f"  bodies as tshark has them {_share(right, found['response_bodies'])}"


def _share(part: int, of: int) -> str:
    return f"{part} of {of}, {100 * part / of:.2f} %" if of else "none"


def main() -> None:
    parser = argparse.ArgumentParser(description="A run's figures for requests and responses.")
    parser.add_argument("results", type=Path)
    place = os.environ.get("PHONEHOME_CORPUS", ROOT.parent / "shared" / "corpus")
    parser.add_argument("--corpus", type=Path, default=Path(place))
    parser.add_argument("--all-link-types", action="store_true")
    parser.add_argument("--no-proof", action="store_true", help="don't run tshark")
    args = parser.parse_args()
    print("\n".join(table(counts(args.corpus, args.results, args.all_link_types, not args.no_proof))))


if __name__ == "__main__":
    main()
