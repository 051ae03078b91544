#!/usr/bin/env python3
"""Measure floods: peak memory, processor time, and how much more both are for twice the input.

    python tests/bench/floods.py --megabytes 10 --json floods.jsonl [--only NAME …] [--peers tshark]

Each flood of `tests/floods/catalogue.py` is written in two sizes, the second twice the first, and scanned by
`phonehome scan` with a JSON report and a page, in a process of its own. Prints a line a flood; `--json` keeps
the figures, of which `reliability.py` makes tables.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

from tests.floods.catalogue import FLOODS, Flood  # noqa: E402

START = "from analyzer.cli import command; command()"
SCAN = (sys.executable, "-P", "-c", START, "scan", "-q", "--json", "{folder}/report.json",
        "--html", "{folder}/report.html", "{}")  # fmt: skip
TSHARK = ("tshark", "-n", "-q", "-z", "conv,tcp", "-z", "http,tree", "-r", "{}")
PROGRAMS = {"phonehome": SCAN, "tshark": TSHARK}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took: processor seconds, peak megabytes, exit status; -1 where it was ended."""

    bytes: int
    seconds: float
    peak: float
    status: int


def run(command: tuple[str, ...], path: Path, most_mb: int, most_s: int) -> Cost:
    """Run a program on a file, with bounds on its address space and processor time."""

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (most_mb << 20, most_mb << 20))
        resource.setrlimit(resource.RLIMIT_CPU, (most_s, most_s))

    with tempfile.TemporaryDirectory() as folder:
        words = [word.format(str(path), folder=folder) for word in command]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, preexec_fn=bound
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = status
    code = os.waitstatus_to_exitcode(status)
    return Cost(
        path.stat().st_size, round(used.ru_utime + used.ru_stime, 2), round(used.ru_maxrss / 1024, 1), code
    )


def measured(
    flood: Flood, size: int, programs: list[str], bounds: tuple[int, int], folder: Path
) -> dict[str, object]:
    """What each program takes for a flood in two sizes."""
    costs: dict[str, list[dict[str, object]]] = {name: [] for name in programs}
    for times in (1, 2):
        path = flood.write(folder / "flood", size * times)
        for name in programs:
            costs[name].append(asdict(run(PROGRAMS[name], path, *bounds)))
    return {"flood": flood.name, **costs}


def line(row: dict[str, object], programs: list[str], idle: float) -> str:
    """One flood in a line."""
    said = [f"{row['flood']!s:40.40}"]
    for name in programs:
        once, twice = row[name]  # type: ignore[misc]
        ratio = (twice["seconds"] - idle) / max(once["seconds"] - idle, 0.05)
        said.append(
            f"{name}: {once['seconds']:6.1f} {twice['seconds']:6.1f} s x{ratio:4.1f} "
            f"{once['peak']:6.0f} {twice['peak']:6.0f} MB {once['status']} {twice['status']}"
        )
    return "  ".join(said)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure floods in two sizes.")
    parser.add_argument("--megabytes", type=float, default=10)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--programs", nargs="*", default=["phonehome"], choices=sorted(PROGRAMS))
    parser.add_argument("--most-mb", type=int, default=8000, help="address space of each run")
    parser.add_argument("--most-seconds", type=int, default=300, help="processor time of each run")
    parser.add_argument("--dir", type=Path, help="for the captures")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.dir) as name:
        folder = Path(name)
        for flood in FLOODS:
            if args.only and flood.name not in args.only:
                continue
            bounds = (args.most_mb, args.most_seconds)
            row = measured(flood, int(args.megabytes * 1_000_000), args.programs, bounds, folder)
            print(line(row, args.programs, 0.9), flush=True)
            if args.json:
                with args.json.open("a") as file:
                    file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
