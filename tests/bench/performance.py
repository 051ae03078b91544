#!/usr/bin/env python3
"""Measure how cost and memory grow, and write the first part of docs/performance.md.

    python tests/bench/performance.py --dir DIR [--sizes 0.2,1,5,20] [--markdown docs/performance.md]

DIR holds the benchmark captures, or they are made there. Long captures are not written to disk: `feed.py`
repeats the household mix through a pipe, each time later and in new flows. Every figure is of a whole
process; the processor time is that of the scan alone, user and system together, without what feeds it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import make_flood  # noqa: E402 - scripts beside this one
import make_wifi  # noqa: E402
from bench import (  # noqa: E402
    ENTRY,
    PEERS,
    ROOT,
    Peer,
    captures_in,
    count_records,
    is_present,
    machine,
    measure,
    table,
    warm,
)  # fmt: skip
from scaling_page import HEADING  # noqa: E402

FORM_ROUNDS = 4
FLOODS = ("ports", "sources", "targets")
SCAN = (sys.executable, "-c", ENTRY, "scan", "-q")
MOST_MEMORY = 500_000_000
WIFI_FRAMES = 1_000_000
# What reads HTTP among the programs measured.
READERS = ("phonehome", "tshark", "suricata", "suricata, one thread")
MESSAGES = 400_000  # requests and responses in http.pcap
# (name, what makes it of a pcap, what undoes a compression).
FORMS = (
    ("pcapng", ("editcap", "-F", "pcapng", "{0}", "{1}"), None),
    ("gz", ("gzip", "-1", "-k", "-f", "-S", ".gz", "{0}"), ("gzip", "-dc")),
    ("zst", ("zstd", "-q", "-f", "-3", "{0}", "-o", "{1}"), ("zstd", "-dc")),
)


@dataclass(frozen=True)
class Cost:
    """What one scan took: seconds of the clock and of the processors, the largest resident set in bytes."""

    seconds: float
    cpu: float
    peak: int
    status: int


def scan(argument: str, source: subprocess.Popen[bytes] | None = None) -> Cost:
    """Run one scan; `source` is what writes its standard input."""
    env, began = os.environ | {"PYTHONPATH": str(ROOT)}, time.perf_counter()
    child = subprocess.Popen(
        [*SCAN, argument], stdin=source.stdout if source else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env,
    )  # fmt: skip
    if source is not None and source.stdout is not None:
        source.stdout.close()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes on macOS, KiB elsewhere
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(time.perf_counter() - began, cpu, usage.ru_maxrss * unit, child.returncode)


def fed(capture: Path, size: int) -> Cost:
    """A scan of standard input that `feed.py` writes."""
    command = [sys.executable, str(HERE / "feed.py"), str(capture), "--bytes", str(size)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as source:
        return scan("-", source)


def row(name: str, amount: float, unit: str, cost: Cost) -> str:
    """A Markdown row. A cut last record is exit 3; any other is a failure, which has no speed."""
    if cost.status not in (0, 3):
        return f"| {name} | failed, exit {cost.status} | | | |"
    within = "yes" if cost.peak < MOST_MEMORY else "**no**"
    each = f"{cost.cpu / amount:.2f} {unit}"
    return f"| {name} | {cost.cpu:.1f} | {each} | {cost.seconds:.1f} | {cost.peak / 1e6:,.0f} | {within} |"


HEAD = "| {} | processor s | of that | clock s | peak MB | below 500 MB |\n|---|---:|---:|---:|---:|---|"


def sizes(capture: Path, wanted: list[float]) -> Iterator[str]:
    """The table of long captures through a pipe."""
    yield HEAD.format("size")
    for gigabytes in wanted:
        cost = fed(capture, int(gigabytes * 1e9))
        yield row(f"{gigabytes:g} GB", gigabytes, "s/GB", cost)


def floods(directory: Path, flows: int) -> Iterator[str]:
    """The table of many flows, a packet each."""
    yield HEAD.format(f"{flows:,} SYNs that differ in")
    for differ in FLOODS:
        path = directory / f"flood-{differ}.pcap"
        make_flood.write(path, differ, flows)
        warm(path)
        yield row(differ, flows / 1e6, "s/million", scan(str(path)))
        path.unlink()


def peers(captures: list[Path], runs: int) -> Iterator[str]:
    """The tables of other programs on the same captures."""
    present = [peer for peer in PEERS if is_present(peer)]
    for capture in captures:
        warm(capture)
        packets = count_records(capture)
        yield f"\n### {capture.name}: {packets:,} packets, {capture.stat().st_size:,} bytes\n"
        found = measure(present, capture, runs)
        yield from table(found, packets)
        yield from compared(capture, {r.peer: r.median for r in found if r.succeeded})


def compared(capture: Path, seconds: dict[str, float]) -> Iterator[str]:
    """What the aims are held against."""
    own, tshark, openssl = (seconds.get(name) for name in ("phonehome", "tshark", "openssl"))
    if not (own and tshark and openssl):
        return
    yield f"\nThe scan took {own / openssl:.1f} times as long as hashing with openssl, and was"
    yield f"{tshark / own:.1f} times as fast as tshark."
    if capture.name == "http.pcap":
        rates = ", ".join(f"{MESSAGES / seconds[name]:,.0f} of {name}" for name in READERS if name in seconds)
        yield f"In messages a second: {rates}. Of these only phonehome looks into bodies."
        yield "The aims are ten times as fast as tshark, and on one core faster than Suricata."
    else:
        yield "The aims are once as long and 15 times as fast."


def forms(capture: Path) -> Iterator[str]:
    """The table of one capture in several formats; a format whose program is not installed is left out.

    All are scanned in turn, since the machine is not equally fast at all times.
    """
    files: dict[str, tuple[Path, tuple[str, ...] | None]] = {"pcap": (capture, None)}
    for name, make, unpack in FORMS:
        if shutil.which(make[0]) is not None:
            path = capture.with_name(f"{capture.name}.{name}")
            subprocess.run([part.format(capture, path) for part in make], check=True, capture_output=True)
            files[name] = path, unpack
    for path, _ in files.values():
        warm(path)
    rounds = [{name: scan(str(path)) for name, (path, _) in files.items()} for _ in range(FORM_ROUNDS)]
    yield "| format | clock s | processor s | decompression alone, clock s |\n|---|---:|---:|---:|"
    for name, (path, unpack) in files.items():
        cost = min((each[name] for each in rounds), key=lambda each: each.seconds)
        yield f"| {name} | {cost.seconds:.2f} | {cost.cpu:.2f} | {decompressed(path, unpack)} |"
        if path != capture:
            path.unlink()


def decompressed(path: Path, unpack: tuple[str, ...] | None) -> str:
    """Seconds that decompressing alone takes, the shortest of some; empty where nothing is compressed."""
    taken = []
    for _ in range(FORM_ROUNDS if unpack else 0):
        began = time.perf_counter()
        subprocess.run([*(unpack or ()), str(path)], check=True, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - began)
    return f"{min(taken):.2f}" if taken else ""


def wifi(directory: Path, mix: Path, runs: int) -> Iterator[str]:
    """The table of decryption, beside tshark with the same key."""
    capture = directory / "wifi.pcap"
    make_wifi.write(mix, capture, WIFI_FRAMES)
    warm(capture)
    pair = f'uat:80211_keys:"wpa-pwd","{make_wifi.PASSPHRASE}:{make_wifi.SSID}"'
    keys = ("-o", "wlan.enable_decryption:TRUE", "-o", pair)
    key = f"{make_wifi.SSID}:{make_wifi.PASSPHRASE}"
    programs = (
        Peer("phonehome", (*SCAN, "--wifi", key, "{}"), "analyzer.cli"),
        Peer("tshark", ("tshark", "-n", "-r", "{}", *keys, "-Y", "http.request"), "tshark"),
    )
    present = [peer for peer in programs if is_present(peer)]
    yield from table(measure(present, capture, runs), count_records(capture))
    capture.unlink()


def document(directory: Path, wanted: list[float], flows: int, runs: int) -> Iterator[str]:
    """All of docs/performance.md before what `scaling.py` writes."""
    captures = captures_in(directory)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    scan(str(captures[0]))  # compiles kernels that are not in the cache yet
    yield "# Performance\n"
    yield "Made by `python tests/bench/performance.py`, which prints these tables and says how it measures.\n"
    yield f"Machine: {machine()}. Load averages as it began: {load}"
    yield "(well above 0, other work took its share: then processor seconds say more than the clock's).\n"
    yield "## Long captures\n"
    yield "The household mix, repeated through a pipe to `phonehome scan -`, each time later, in new flows.\n"
    yield from sizes(captures[0], wanted)
    yield "\n## Many flows\n"
    yield from floods(directory, flows)
    yield "\n## Beside other programs\n"
    yield "Whole processes from the page cache, in turn; speeds are medians.\n"
    yield from peers(captures, runs)
    yield "\n## Formats\n"
    yield f"{captures[0].name} in other formats, the quickest of four runs, in turn.\n"
    yield from forms(captures[0])
    yield "\n## Encrypted Wi-Fi\n"
    yield f"{WIFI_FRAMES:,} frames under CCMP that one key opens (`make_wifi.py`), scanned with that key.\n"
    yield from wifi(directory, captures[0], runs)
    yield LIMITS


LIMITS = """
## What is bounded

Where a bound is met, the report says so with a count, and the sums of the ledger stay exact. The bounds on
what a scan holds are for the default budget of 256 MB; `--memory MB` scales them. `docs/reliability.md` says
what floods take.

| what | bound | what gives way |
|---|---|---|
| flows in columns | 65,536 | flows that are over or longest silent become rows that stand for several |
| rows that stand for several | 16,384 | the smallest lose their address: one row `::` for each kind |
| readable connections at once | 8,192, and 96 MB in their readers | those longest silent are closed |
| bytes held for one stream behind a missing segment | 1 MB | the gap is given up as lost |
| exchanges listed | some 40 MB of plain ones, 48 MB with findings | others are read, searched, counted |
| names | 30,000 | repeated answers, then the oldest |
| packets to the scope's regions, one by one | 500,000 | further ones are counted in the ledger |
| fragmented datagrams under way | 4,096 | the oldest |
| requests of a connection that wait for answers | 16,384 | the oldest, as neither answered nor unanswered |
| interim responses that wait for the final one | 64 | they are listed apart |
| values whose encodings redaction looks for | 1,000 | further ones are looked for as text |
| identifiers of `--known` | 1,000 | more are refused |
| Wi-Fi clients | 4,096 | the oldest |"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the first part of docs/performance.md.")
    parser.add_argument(
        "--dir", type=Path, required=True, help="where the benchmark captures are, or are made"
    )
    parser.add_argument("--sizes", default="0.2,1,5,20", help="gigabytes, a list with commas")
    parser.add_argument("--flows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--markdown", type=Path, help="write it into this document too")
    args = parser.parse_args()
    lines = []
    for line in document(args.dir, [float(size) for size in args.sizes.split(",")], args.flows, args.runs):
        print(line, flush=True)
        lines.append(line)
    if args.markdown:
        old = args.markdown.read_text() if args.markdown.exists() else ""
        _, heading, scaling = old.partition(HEADING)
        args.markdown.write_text("\n".join(lines) + "\n\n" + heading + scaling)


if __name__ == "__main__":
    main()
