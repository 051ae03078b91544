#!/usr/bin/env python3
"""Figures of `floods.py` and of mutated captures → docs/reliability.md.

python tests/bench/floods.py --megabytes 1.5 --programs phonehome tshark --json floods.jsonl
python tests/bench/reliability.py floods.jsonl --mutations 300 --markdown docs/reliability.md
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

from tests.floods.catalogue import FLOODS  # noqa: E402
from tests.fuzz.mutate import inputs  # noqa: E402
from tests.fuzz.whole import SEEDS, whole  # noqa: E402

MOST_MB = 400
LEAST_SECONDS = 0.3  # beyond a start: of less the ratio says nothing
STARTS = {"phonehome": 1.3, "tshark": 0.4}  # processor seconds of a capture of one frame, on this machine

HEAD = """# Reliability

Made by `tests/bench/reliability.py` of what `tests/bench/floods.py` measured; both say how.

## Floods

`tests/floods/catalogue.py` has {known} kinds of captures that are made to use up memory and time. In the test suite each
is scanned in two small sizes: twice the input may take at most 2.2 times the calls of functions. Here {count} of them
were scanned in {size:.1f} and {twice:.1f} MB by `phonehome scan --json --html`, and by tshark with its statistics of
connections and requests, a process each, on {machine}, shared with other work.
MB are the peak of resident memory for the larger size; "× time" is how many times the processor time of the smaller
one it took, the program's start left out; – where that is too short to say. Zeek and Suricata were not measured.

| flood | phonehome MB | s | × time | tshark MB | s | × time |
|---|---:|---:|---:|---:|---:|---:|
"""
TAIL = """
{above} of {count} took more than {most} MB; the largest was {largest:.0f} MB. The others of the catalogue were not
measured in megabytes for this page.

## Mutated inputs

{mutated:,} captures, mutated from {seeds} seeds with a fixed number, were scanned and written as JSON, as text and as a
page (`tests/fuzz/whole.py`): {failed} raised anything but a refusal, or wrote what it must not.

## Faults survived

Each is a test, which asks for one sentence or a result, and that a run resumed later gives what an undisturbed one
gives: `tests/corpus/test_lack.py` (20 and 64 file descriptors, 700 MB and 2 GB of address space, files that can't grow
beyond 4 kB, a clock that leaps, no semaphores, no home, a run killed at several moments, two runs on one folder),
`tests/corpus/test_archive.py` and `test_wholeness.py` (a process that dies, results cut or removed),
`tests/badinput/test_without_end.py` (pipes that nobody opens, endless devices, a terabyte of nothing),
`tests/cli/test_faults.py` (a full disk, closed streams, ends from outside).
"""


def rows(measured: list[dict[str, Any]]) -> Iterator[str]:
    """A row a flood."""
    for each in measured:
        cells = [each["flood"]]
        for name in ("phonehome", "tshark"):
            once, twice = each.get(name) or (None, None)
            cells += ["", "", ""] if twice is None else [*_cells(name, once, twice)]
        yield "| " + " | ".join(cells) + " |"


def _cells(name: str, once: dict[str, Any], twice: dict[str, Any]) -> Iterator[str]:
    if once["status"] < 0 or twice["status"] < 0:
        yield from ("ended", "", "")
        return
    yield f"{twice['peak']:.0f}"
    yield f"{twice['seconds']:.1f}"
    beyond = once["seconds"] - STARTS[name]
    yield f"{(twice['seconds'] - STARTS[name]) / beyond:.1f}" if beyond >= LEAST_SECONDS else "–"


def mutations(number: int) -> int:
    """How many of so many mutated captures broke a promise."""
    failed = 0
    for data in islice(inputs(SEEDS, 25), number):
        try:
            whole(data)
        except Exception as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            failed += 1
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(description="Write docs/reliability.md.")
    parser.add_argument("floods", type=Path, help="what floods.py --json wrote")
    parser.add_argument("--mutations", type=int, default=300)
    parser.add_argument("--markdown", type=Path, default=ROOT / "docs" / "reliability.md")
    args = parser.parse_args()
    measured = [json.loads(line) for line in args.floods.read_text().splitlines()]
    size = measured[0]["phonehome"][0]["bytes"] / 1e6
    peaks = [each["phonehome"][1]["peak"] for each in measured]
    given = {
        "known": len(FLOODS), "count": len(measured), "size": size, "twice": 2 * size, "most": MOST_MB,
        "machine": f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}",
        "above": sum(peak > MOST_MB for peak in peaks), "largest": max(peaks), "mutated": args.mutations,
        "seeds": len(SEEDS), "failed": mutations(args.mutations),
    }  # fmt: skip
    text = HEAD.format(**given) + "\n".join(rows(measured)) + "\n" + TAIL.format(**given)
    args.markdown.write_text(text)


if __name__ == "__main__":
    main()
