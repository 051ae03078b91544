#!/usr/bin/env python3
"""A watch at a router, in namespaces of this computer: no alert lost, doubled or late, whatever fails.

    python tests/bench/watch_soak.py --seconds 180            # prints the figures as JSON
    python tests/bench/watch_soak.py --seconds 7200 --write   # … and writes the table of docs/live.md

Real clients and servers (`soak_world.py`) on both ends of a veth; the watch captures the router's end. While
it runs, receivers fail in each way, the link goes down and up, the capturing program is killed, and evidence
files are turned. Needs root, ip and dumpcap or tcpdump. The clock of the computer is left alone.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from soak_world import KINDS, ROUTER, SERVER, SYSLOG_TCP, SYSLOG_UDP, WEBHOOKS  # noqa: E402

WORLD = Path(__file__).parent / "soak_world.py"
DOCUMENT = ROOT / "docs" / "live.md"
BEGIN, END = "<!-- soak: written by tests/bench/watch_soak.py -->", "<!-- soak: end -->"
IMEI = re.compile(rb"\b49015420\d{7}\b")
LATE = 1.0  # seconds after its request by which an alert is to be there
STARTS, PATIENCE = 2.0, 60.0  # seconds that the capturing program gets to begin, and the watch at most


@contextmanager
def home() -> Iterator[tuple[str, str]]:
    """A router and a phone, with a cable between them; the names of their namespaces."""
    router, phone = f"phr{os.getpid()}", f"php{os.getpid()}"
    try:
        for name in (router, phone):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("link", "add", "lan0", "netns", router, "type", "veth", "peer", "name", "wlan0", "netns", phone)
        ip("-n", router, "link", "set", "lan0", "up")
        ip("-n", phone, "link", "set", "wlan0", "up")
        ip("-n", router, "addr", "add", f"{ROUTER}/24", "dev", "lan0")
        ip("-n", router, "addr", "add", f"{SERVER}/32", "dev", "lo")
        ip("-n", phone, "addr", "add", "192.168.77.2/24", "dev", "wlan0")
        ip("-n", phone, "route", "add", "default", "via", ROUTER)
        yield router, phone
    finally:
        for name in (router, phone):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def soak(seconds: float) -> dict[str, Any]:
    """What was measured in a run of so many seconds."""
    with home() as (router, phone), tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        run = _Runner(folder, stack)
        run.start(router, sys.executable, str(WORLD), "servers", name, str(seconds))
        time.sleep(1)  # until they listen
        watch = run.start(router, sys.executable, "-m", "analyzer", "watch", *_options())
        _await_begin(folder)
        phones = run.start(phone, sys.executable, str(WORLD), "phones", name, str(seconds))
        memory = _faults(folder, router, watch, seconds)
        phones.wait()
        time.sleep(2)
        watch.send_signal(signal.SIGINT)
        code = watch.wait(120)
        return {"seconds": seconds, "exit": code, **_figures(folder), "memory": _memory(memory)}


def _await_begin(folder: Path) -> None:
    until = time.monotonic() + PATIENCE
    while not (folder / "events").exists() or b"listening to" not in (folder / "events").read_bytes():
        if time.monotonic() > until:
            raise TimeoutError("the watch does not begin")
        time.sleep(0.1)
    time.sleep(STARTS)


class _Runner:
    """Starts programs in namespaces, and ends them."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack

    def start(self, namespace: str, *words: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            ["ip", "netns", "exec", namespace, *words], cwd=self._folder, stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process


def _options() -> list[str]:
    hooks = [word for port in WEBHOOKS.values() for word in ("--webhook", f"http://127.0.0.1:{port}/")]
    syslog = [f"udp://127.0.0.1:{SYSLOG_UDP}", f"tcp://127.0.0.1:{SYSLOG_TCP}"]
    kept = ["-w", "kept.pcapng", "--rotate-size", "1", "--rotate-count", "3"]
    named = [word for where in syslog for word in ("--syslog", where)]
    written = ["-q", "--ndjson", "events", "--json", "report"]
    return ["-i", "lan0", "--reconnect", *written, *kept, *hooks, *named]


def _faults(folder: Path, router: str, watch: subprocess.Popen[bytes], seconds: float) -> list[Any]:
    """Let things fail at their time; resident memory that no file backs, by time."""
    began, sizes = time.monotonic(), []
    due = {0.4: lambda: _cut_link(folder, router), 0.6: lambda: _kill_capturer(folder, watch)}
    while (passed := time.monotonic() - began) < seconds:
        for share in [share for share in due if passed >= share * seconds]:
            due.pop(share)()
        sizes.append((time.monotonic() - began, _anonymous(watch.pid)))
        time.sleep(min(2, seconds / 30))
    return sizes


@contextmanager
def _paused(folder: Path) -> Iterator[None]:
    """Within, the phones send nothing: what is not captured can be in no alert."""
    (folder / "pause").touch()
    time.sleep(2)
    try:
        yield
    finally:
        (folder / "pause").unlink()


def _cut_link(folder: Path, router: str) -> None:
    with _paused(folder):
        ip("-n", router, "link", "set", "lan0", "down")
        time.sleep(2)
        ip("-n", router, "link", "set", "lan0", "up")
        time.sleep(2)


def _kill_capturer(folder: Path, watch: subprocess.Popen[bytes]) -> None:
    with _paused(folder):
        for pid in _children(watch.pid):
            if Path(f"/proc/{pid}/comm").read_text().strip() in ("dumpcap", "tcpdump"):
                os.kill(pid, signal.SIGKILL)
        time.sleep(4)


def _children(pid: int) -> list[int]:
    return [int(n) for path in Path(f"/proc/{pid}/task").glob("*/children") for n in path.read_text().split()]


def _anonymous(pid: int) -> float:
    found = re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def _memory(sizes: list[tuple[float, float]]) -> dict[str, float]:
    """Megabytes at the end, and megabytes a minute over the second half by least squares."""
    half = np.array([row for row in sizes if row[0] >= sizes[-1][0] / 2])
    slope = float(np.polyfit(half[:, 0] / 60, half[:, 1], 1)[0]) if len(half) > 2 else 0.0
    return {"last": round(sizes[-1][1], 1), "slope": round(slope, 2)}


# ── figures ─────────────────────────────────────────────────────────────────


def _figures(folder: Path) -> dict[str, Any]:
    lines = (folder / "events").read_bytes().splitlines()
    events = [json.loads(line) for line in lines]
    told: dict[str, list[float]] = {}
    for line, event in zip(lines, events, strict=True):
        if event["event"]["action"] == "ping" and event["event"]["kind"] == "alert":
            for imei in {found.decode() for found in IMEI.findall(line)}:
                told.setdefault(imei, []).append(_seconds(event["event"]["created"]))
    sent = [json.loads(line) for line in (folder / "sent").read_text().splitlines()]
    report = json.loads((folder / "report").read_text())
    return {
        "requests": {kind: _of_kind([one for one in sent if one["kind"] == kind], told) for kind in KINDS},
        "receivers": _receivers(folder, events),
        "said": dict(Counter(_subject(e["message"]) for e in events if e["event"]["action"] == "source")),
        "evidence_files": sum(e["event"]["action"] == "evidence" for e in events),
        "lost": sum(p["count"] for p in report["problems"] if p["code"] == "lost-live"),
        "undelivered": [p["what"] for p in report["problems"] if p["code"] == "alerts-live"],
        "sequence": [e["event"]["sequence"] for e in events] == list(range(1, len(events) + 1)),
    }


def _of_kind(sent: list[dict[str, Any]], told: dict[str, list[float]]) -> dict[str, Any]:
    delays = [told[one["imei"]][0] - one["at"] for one in sent if one["imei"] in told]
    return {
        "sent": len(sent),
        "alerts": len(delays),
        "doubled": sum(len(told.get(one["imei"], ())) > 1 for one in sent),
        "late": sum(delay > LATE for delay in delays),
        "median": round(statistics.median(delays), 2) if delays else None,
        "most": round(max(delays), 2) if delays else None,
    }


def _receivers(folder: Path, events: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Of the alerts that each was to have, how many different ones came, and how many came twice.

    The lines of syslog tell nothing by which an event is known; of these the number counts.
    """
    found = {}
    alerts = [event for event in events if event["event"]["kind"] == "alert"]
    names = [f"--webhook {number}" for number in range(1, len(WEBHOOKS) + 1)]
    for own, how in zip((*names, "--syslog 1", "--syslog 2"), (*WEBHOOKS, "udp", "tcp"), strict=True):
        wanted = sum(event["phonehome"].get("receiver") != own for event in alerts)
        path = folder / f"got {how}"
        lines = path.read_bytes().splitlines() if path.exists() else []
        keys = list(range(len(lines)))
        if how in WEBHOOKS:
            keys = [json.loads(line)["event"]["sequence"] for line in lines]
        found[how] = {"wanted": wanted, "came": len(set(keys)), "twice": len(keys) - len(set(keys))}
    return found


def _subject(message: str) -> str:
    """What a sentence on the source is about."""
    known = ("is down", "no link", "is up again", "SIGKILL", "opened again", "again, after", "watch ends")
    return next((words for words in known if words in message), "other")


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d*Z", r"\1+00:00", stamp)).timestamp()


def table(found: dict[str, Any]) -> str:
    """The figures as Markdown."""
    rows = [
        f"A run of {found['seconds'] / 60:.0f} minutes on {os.cpu_count()} cores:",
        "",
        "| answer to the request | requests | alerts | doubled | later than 1 s | median, s | longest, s |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind, of in found["requests"].items():
        values = (of["sent"], of["alerts"], of["doubled"], of["late"], of["median"], of["most"])
        rows.append(f"| {kind} | {' | '.join(map(str, values))} |")
    rows += ["", "| what the receiver does for the first third | alerts for it | came | came twice |"]
    rows.append("|---|---|---|---|")
    named = {"udp": "syslog by UDP: is not there", "tcp": "syslog by TCP: is not there"}
    for how, of in found["receivers"].items():
        rows.append(f"| {named.get(how, how)} | {of['wanted']} | {of['came']} | {of['twice']} |")
    memory = found["memory"]
    rows += [
        "",
        f"Lost: {found['lost']} packets. Memory that no file backs: {memory['last']} MB at the end, slope "
        f"over the second half {memory['slope']} MB a minute.",
    ]
    return "\n".join(rows)


def write(found: dict[str, Any]) -> None:
    """Put the table into its document."""
    text = DOCUMENT.read_text()
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{table(found)}\n\n{END}{after}")


def can_run() -> bool:
    """Whether namespaces can be made here, and something captures."""
    captures = shutil.which("dumpcap") or shutil.which("tcpdump")
    if os.geteuid() != 0 or not shutil.which("ip") or not captures:
        return False
    name = f"pht{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode == 0
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description="A watch at a router, in namespaces of this computer.")
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--write", action="store_true", help="write the table of docs/live.md")
    args = parser.parse_args()
    found = soak(args.seconds)
    print(json.dumps(found, indent=1))
    if args.write:
        write(found)


if __name__ == "__main__":
    main()
