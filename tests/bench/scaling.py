#!/usr/bin/env python3
"""Measure how reading scales, and write its part of docs/performance.md from what was measured.

    python tests/bench/scaling.py measure tshark corpus copies dask -o figures.json --corpus CORPUS
    python tests/bench/scaling.py page -i figures.json -o docs/performance.md

Each measurement is added to the file, with the load of the machine before it, so that they need not be made
in one go. Processor time is told beside wall time: it changes little when others use the machine too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
COPIES, REQUESTS = 8, 6_000
TASKS, ROUNDS = 1_000, 3


def timed(command: list[str]) -> dict[str, float]:
    """Wall and processor seconds of a command and its children."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": time.monotonic() - start, "cpu": used, "load": os.getloadavg()[0]}


def scan(jobs: int, *arguments: str) -> list[str]:
    with_results = ["--results", tempfile.mkdtemp(prefix="scaling-")]
    return [
        sys.executable, "-m", "analyzer", "scan", *arguments, "-q", "--jobs", str(jobs), *with_results,
    ]  # fmt: skip


def captures(corpus: Path) -> list[str]:
    listed = json.loads((corpus / "manifest.json").read_text())
    return [str(corpus / "captures" / entry["id"]) for entry in listed]


def tshark(corpus: Path) -> dict[str, Any]:
    """What a shell loop takes that asks tshark for the requests of each capture."""
    paths = captures(corpus)
    fields = [part for name in ("frame.number", "http.host", "http.request.uri") for part in ("-e", name)]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    loads = [os.getloadavg()[0]]
    for path in paths:
        subprocess.run(
            ["tshark", "-n", "-r", path, "-Y", "http.request", "-T", "fields", *fields],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=120,
        )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    loads.append(os.getloadavg()[0])
    return {"captures": len(paths), "wall": time.monotonic() - start, "cpu": used, "load": max(loads)}


def corpus_scan(corpus: Path) -> dict[str, Any]:
    """The corpus end to end: reports, Parquet and overview, with one and two processes."""
    folder = str(corpus / "captures")
    size = sum(os.path.getsize(path) for path in captures(corpus))
    return {"bytes": size, "one": timed(scan(1, folder)), "two": timed(scan(2, folder))}


def copies(_: Path) -> dict[str, Any]:
    """Captures of plain HTTP, each from another seed, with one and two processes."""
    with plain_http() as folder:
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        return {"bytes": size, "one": timed(scan(1, folder)), "two": timed(scan(2, folder))}


@contextmanager
def plain_http() -> Iterator[str]:
    """A folder of captures of plain HTTP."""
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(COPIES):
            made = [sys.executable, str(HERE / "make_http.py"), "-o", f"{folder}/{seed}.pcap"]
            subprocess.run([*made, "--requests", str(REQUESTS), "--seed", str(seed)], check=True)
        yield folder


def rounds(corpus: Path) -> dict[str, Any]:
    """The corpus and the captures of `copies`, with one process and two by turns: the best counts."""
    with plain_http() as folder:
        return {"corpus": by_turns(str(corpus / "captures")), "copies": by_turns(folder)}


def by_turns(folder: str) -> dict[str, list[dict[str, float]]]:
    found: dict[str, list[dict[str, float]]] = {"1": [], "2": []}
    for _ in range(ROUNDS):
        for jobs, entries in found.items():
            entries.append(timed(scan(int(jobs), folder)))
    return found


def one_capture(_: Path) -> dict[str, Any]:
    """One capture of some 300 MB of plain HTTP, with one process and with two that share its flows."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/large.pcap"
        made = [sys.executable, str(HERE / "make_http.py"), "-o", path, "--requests", "100000"]
        subprocess.run(made, check=True)
        command = [sys.executable, "-m", "analyzer", "scan", path, "-q", "--json", f"{folder}/x.json"]
        one, two = (timed([*command, "--jobs", jobs]) for jobs in "12")
        return {"bytes": os.path.getsize(path), "one": one, "two": two}


def dask(corpus: Path) -> dict[str, Any]:
    """What a task costs that does nothing, and the corpus on a cluster of two processes."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as cluster,
        Client(cluster) as client,
    ):
        client.gather(client.map(abs, range(100), pure=False))
        start = time.monotonic()
        client.gather(client.map(abs, range(TASKS), pure=False))
        each = (time.monotonic() - start) / TASKS
    on_cluster = timed([*scan(2, str(corpus / "captures")), "--dask", "local"])
    return {"task": each, "load": os.getloadavg()[0], "two": on_cluster}


MEASUREMENTS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "tshark": tshark,
    "corpus": corpus_scan,
    "copies": copies,
    "one_capture": one_capture,
    "rounds": rounds,
    "dask": dask,
}


def measure(options: argparse.Namespace) -> None:
    for name in options.what:
        found = {
            **MEASUREMENTS[name](options.corpus),
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        known = json.loads(options.figures.read_text()) if options.figures.exists() else {}
        known |= {name: found, "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}"}
        options.figures.write_text(json.dumps(known, indent=1))
        print(name, json.dumps(found))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("measure")
    one.add_argument("what", nargs="+", choices=MEASUREMENTS)
    one.add_argument("-o", dest="figures", type=Path, required=True)
    one.add_argument("--corpus", type=Path, required=True)
    one.set_defaults(run=measure)
    two = commands.add_parser("page")
    two.add_argument("-i", dest="figures", type=Path, required=True)
    two.add_argument("-o", dest="page", type=Path, required=True)
    two.set_defaults(run=write_page)
    options = parser.parse_args()
    options.run(options)


def write_page(options: argparse.Namespace) -> None:
    """The document with its part from the heading on written anew; the rest is `performance.py`'s."""
    from scaling_page import HEADING, page

    before, _, _ = options.page.read_text().partition(HEADING)
    options.page.write_text(before + page(json.loads(options.figures.read_text())))


if __name__ == "__main__":
    main()
