#!/usr/bin/env python3
"""Days of a household's traffic through `phonehome watch` in minutes: does its memory stay flat?

    python tests/bench/soak.py --days 12 --packets 100000

A pipe gets what `days.py` makes: every day brings new devices, names, addresses, connections, requests,
registrations and identifiers. Resident memory is read ten times a day from outside, all of it and what of it
no file backs; what counts is the slope over the second half of the days. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from days import days  # noqa: E402

from analyzer.report.json import read  # noqa: E402

SAMPLES = 10  # of memory, a day
OPTIONS = ("-q", "--ndjson", "events", "--json", "report", "-w", "kept.pcapng")


def resident(pid: int) -> tuple[float, float]:
    """Megabytes of memory in use: all, and what no file backs."""
    found = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("VmRSS", "RssAnon"):
            found[name] = int(value.split()[0]) / 1024
    return found["VmRSS"], found["RssAnon"]


def soak(count: int, packets: int, pings: int) -> dict[str, Any]:
    """What was measured: packets, seconds, and memory by time, in megabytes."""
    sizes: list[tuple[float, float, float]] = []  # days, all, anonymous
    command = [sys.executable, "-m", "analyzer", "watch", "-", *OPTIONS]
    command += ["--rotate-size", "20", "--rotate-count", "3"]
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        ) as watch:  # fmt: skip
            assert watch.stdin is not None
            data, due = 0, 0.0
            for piece, day in days(packets, count, pings_a_day=pings):
                watch.stdin.write(piece)
                data += len(piece)
                if day >= due:
                    watch.stdin.flush()
                    sizes.append((day, *resident(watch.pid)))
                    due += 1 / SAMPLES
            sizes.append((float(count), *resident(watch.pid)))
            watch.stdin.close()
            code = watch.wait()
        took = time.monotonic() - began
        report = read((Path(folder) / "report").read_text())
        kept = sum(path.stat().st_size for path in Path(folder).glob("kept_*"))
        events = (Path(folder) / "events").read_bytes().count(b"\n")
    return {
        "exit": code, "days": count, "packets": report.captures[0].frames, "megabytes": data // 10**6,
        "in_ledger": sum(row.packets_up + row.packets_down for row in report.destinations),
        "seconds": round(took, 1), "events": events, "pings_listed": len(report.pings),
        "memory": _by_day(sizes, 1), "anonymous": _by_day(sizes, 2),
        "slope": _slope(sizes, 1), "slope_anonymous": _slope(sizes, 2),
        "problems": {problem.code: problem.count for problem in report.problems},
        "evidence_mb": kept // 10**6,
    }  # fmt: skip


def _by_day(sizes: list[tuple[float, float, float]], column: int) -> list[float]:
    """The most of each day."""
    most: dict[int, float] = {}
    for row in sizes[:-1]:
        most[int(row[0])] = max(most.get(int(row[0]), 0), round(row[column], 1))
    return list(most.values())


def _slope(sizes: list[tuple[float, float, float]], column: int) -> float:
    """Megabytes a day by least squares, over the second half."""
    table = np.array([row for row in sizes if row[0] >= sizes[-1][0] / 2])
    return round(float(np.polyfit(table[:, 0], table[:, column], 1)[0]), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description="Days of traffic through `phonehome watch` in minutes.")
    parser.add_argument("--days", type=int, default=12)
    parser.add_argument("--packets", type=int, default=100_000, help="a day")
    parser.add_argument("--pings", type=int, default=100, help="registrations a day")
    args = parser.parse_args()
    print(json.dumps(soak(args.days, args.packets, args.pings)))


if __name__ == "__main__":
    main()
