#!/usr/bin/env python3
"""Measure `phonehome scan` beside other readers of the same capture, in one run.

    python tests/bench/bench.py [CAPTURE…] [--dir DIR] [--runs 3] [--peers phonehome,tshark,…]

Without CAPTURE the two benchmark captures are made in DIR (default: a temporary directory that is
removed afterwards). Each file is read once before the first measurement, so everything runs from the
page cache; the programs take turns, so that what else the machine does meets them alike. Every figure
is of a whole process: start, work, exit. Speeds are medians of the runs; memory is the largest
resident set of any run.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
MAKERS = {"mix.pcap": "make_mix.py", "http.pcap": "make_http.py"}
PYTHON_HASH = "import hashlib, sys; print(hashlib.file_digest(open(sys.argv[1], 'rb'), 'sha256').hexdigest())"
ENTRY = "import sys; from analyzer.cli import command; sys.exit(command())"


@dataclass(frozen=True)
class Peer:
    """A program that reads the capture; `{}` is the capture's path, `{folder}` an empty one it may fill."""

    name: str
    command: tuple[str, ...]
    needs: str  # the program, or the Python module, without which it can't run


# Without rules, and with checksums left alone, as every other program here leaves them.
SURICATA = ("suricata", "-r", "{}", "-l", "{folder}", "-S", os.devnull, "-k", "none", "--runmode")

PEERS = (
    Peer("phonehome", (sys.executable, "-c", ENTRY, "scan", "-q", "{}"), "analyzer.cli"),
    Peer("tshark", ("tshark", "-r", "{}", "-Y", "http.request"), "tshark"),
    Peer("suricata", (*SURICATA, "autofp"), "suricata"),
    Peer("suricata, one thread", (*SURICATA, "single"), "suricata"),
    Peer("tcpflow", ("tcpflow", "-r", "{}", "-o", "{folder}"), "tcpflow"),
    Peer("dpkt", (sys.executable, str(HERE / "dpkt_loop.py"), "{}"), "dpkt"),
    Peer("openssl", ("openssl", "dgst", "-sha256", "{}"), "openssl"),
    Peer("hashlib", (sys.executable, "-c", PYTHON_HASH, "{}"), "hashlib"),
)


@dataclass(frozen=True)
class Measured:
    """One peer on one capture: seconds of each run, and the largest resident set in bytes."""

    peer: str
    seconds: tuple[float, ...]
    peak: int
    status: int

    @property
    def median(self) -> float:
        """The middle of the runs, in seconds."""
        return statistics.median(self.seconds)

    @property
    def succeeded(self) -> bool:
        """Whether every run read the capture to its end."""
        return self.status == 0


def is_present(peer: Peer) -> bool:
    """Whether the program is installed or the module can be found."""
    if shutil.which(peer.needs):
        return True
    code = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)"
    finished = subprocess.run([sys.executable, "-c", code, peer.needs], cwd=ROOT, capture_output=True)
    return finished.returncode == 0


def run_once(command: list[str]) -> tuple[float, int, int]:
    """Seconds, peak resident bytes and exit status of a child process."""
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    began = time.perf_counter()
    child = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=env
    )
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)  # so that Popen doesn't wait again
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes on macOS, KiB elsewhere
    return seconds, usage.ru_maxrss * unit, child.returncode


def measure(peers: list[Peer], capture: Path, runs: int) -> list[Measured]:
    """Run all peers in turn, `runs` times: what else the machine does meets them alike."""
    taken: dict[str, list[tuple[float, int, int]]] = {peer.name: [] for peer in peers}
    for _ in range(runs):
        for peer in peers:
            with tempfile.TemporaryDirectory() as folder:
                taken[peer.name].append(run_once(filled(peer.command, capture, folder)))
    return [_measured(name, results) for name, results in taken.items()]


def filled(command: Iterable[str], capture: Path, folder: str) -> list[str]:
    """The command with what its marks stand for."""
    return [part.replace("{folder}", folder).replace("{}", str(capture)) for part in command]


def _measured(name: str, results: list[tuple[float, int, int]]) -> Measured:
    seconds, peaks, statuses = zip(*results, strict=True)
    return Measured(name, seconds, max(peaks), max(statuses))


def warm(capture: Path) -> None:
    """Read the file once, in pieces: a child's peak memory starts from what its parent holds."""
    with capture.open("rb") as file:
        while file.read(1 << 20):
            pass


def count_records(capture: Path) -> int:
    """Records of a little-endian pcap."""
    count = 0
    with capture.open("rb") as file:
        file.seek(24)
        while len(header := file.read(16)) == 16:
            file.seek(struct.unpack_from("<I", header, 8)[0], os.SEEK_CUR)
            count += 1
    return count


def table(results: Iterable[Measured], packets: int) -> Iterator[str]:
    """Markdown rows; ratios are of the peer's median to phonehome's. A failed run has no speed."""
    results = list(results)
    own = next((r.median for r in results if r.peer == "phonehome" and r.succeeded), None)
    yield "| program | median s | runs s | packets/s | peak MB | time ÷ phonehome |"
    yield "|---|---|---|---|---|---|"
    for r in results:
        yield _row(r, packets, own) if r.succeeded else f"| {r.peer} | failed, exit {r.status} | | | | |"


def _row(r: Measured, packets: int, own: float | None) -> str:
    runs = " ".join(f"{s:.2f}" for s in r.seconds)
    ratio = f"{r.median / own:.2f}" if own else "–"
    return (
        f"| {r.peer} | {r.median:.2f} | {runs} | {packets / r.median:,.0f} | {r.peak / 1e6:,.0f} | {ratio} |"
    )


def report(capture: Path, peers: list[Peer], runs: int) -> Iterator[str]:
    """The section of one capture."""
    warm(capture)
    packets = count_records(capture)
    yield f"\n## {capture.name}: {packets:,} packets, {capture.stat().st_size:,} bytes\n"
    yield f"Read once before, so from the page cache. Medians of {runs} runs of the whole process.\n"
    yield from table(measure(peers, capture, runs), packets)


def machine() -> str:
    """Cores, processor and Python, for the record."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(
            (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model
        )
    except OSError:
        pass
    return f"{os.cpu_count()} cores, {model}, {platform.system()}, Python {platform.python_version()}"


def captures_in(directory: Path) -> list[Path]:
    """The benchmark captures, made if they are not there yet."""
    for name, maker in MAKERS.items():
        if not (directory / name).exists():
            subprocess.run([sys.executable, HERE / maker, "-o", directory / name], check=True)
    return [directory / name for name in MAKERS]


def all_lines(captures: list[Path], wanted: list[str], runs: int) -> Iterator[str]:
    """The whole report, line by line as it is measured."""
    peers = [peer for peer in PEERS if peer.name in wanted]
    absent = [peer.name for peer in peers if not is_present(peer)]
    yield "# Benchmark\n"
    yield f"Machine: {machine()}. Absent: {', '.join(absent) or 'none'}."
    for capture in captures:
        yield from report(capture, [peer for peer in peers if peer.name not in absent], runs)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure `phonehome scan` beside other readers.")
    parser.add_argument("capture", nargs="*", type=Path, help="little-endian pcap files to measure on")
    parser.add_argument("--dir", type=Path, help="where the benchmark captures are, or are made and kept")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peers", default=",".join(p.name for p in PEERS), help="a list with commas")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file too")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        captures = args.capture or captures_in(args.dir or Path(temporary))
        lines = []
        for line in all_lines(captures, args.peers.split(","), args.runs):
            print(line, flush=True)
            lines.append(line)
    if args.markdown:
        args.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
