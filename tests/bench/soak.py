#!/usr/bin/env python3
"""A day of a household's traffic through `phonehome watch` in minutes: does its memory stay flat?

    python tests/bench/soak.py --hours 24 --rate 15000 [--seconds 100]

A pipe gets small writes, as tcpdump -U makes them: DNS, TLS hellos with what follows, plain HTTP, and a
registration every ten minutes, of eight devices. The times of the packets run through the hours asked for.
Resident memory is read twenty times; what counts is the second half. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from analyzer.report.json import read  # noqa: E402
from tests import builders  # noqa: E402
from tests.live.running import ANSWER, PING  # noqa: E402

START = 1_700_000_000
HELLO = bytes.fromhex("160301002e0100002a0303") + bytes(32) + bytes.fromhex("000002130101000000")
DEVICES, SITES = 8, 400


def exchange(choice: random.Random, number: int) -> list[bytes]:
    """The frames of one thing that a device does."""
    kind, site = choice.random(), choice.randrange(SITES)
    server = f"203.0.{113 - site // 250}.{site % 250 + 1}"
    ports = (1024 + number % 60_000, 443)
    phone = f"192.168.1.{10 + choice.randrange(DEVICES)}"
    if kind < 0.3:
        return [_moved(frame, phone) for frame in _dns(number, f"site-{site}.example", server)]
    if kind < 0.8:
        messages = [(True, HELLO), (False, bytes([0x17, 3, 3, 4, 0]) + choice.randbytes(1024))]
        data = [(bool(n % 2), bytes([0x17, 3, 3, 2, 0]) + choice.randbytes(512)) for n in range(4)]
        frames = builders.conversation(*messages, *data, server=server, ports=ports)
    else:
        request = builders.http_request("GET", f"/{number}", f"site-{site}.example")
        answer = builders.http_response(200, b"x" * choice.randrange(800))
        frames = builders.conversation((True, request), (False, answer), server=server, ports=(ports[0], 80))
    return [_moved(frame, phone) for frame in frames]


def _dns(number: int, name: str, address: str) -> list[bytes]:
    asked = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0\0\1\0\1"
    head = struct.pack(">HHHHHH", number & 0xFFFF, 0x0100, 1, 0, 0, 0)
    reply = struct.pack(">HHHHHH", number & 0xFFFF, 0x8180, 1, 1, 0, 0) + asked
    reply += b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes(map(int, address.split(".")))
    ports = (1024 + number % 60_000, 53)
    return [builders.udp(head + asked, ports=ports), builders.udp(reply, up=False, ports=ports)]


def _moved(frame: bytes, phone: str) -> bytes:
    """The frame with another phone; checksums are left as they were, nobody here judges by them."""
    old, new = bytes(map(int, builders.PHONE.split("."))), bytes(map(int, phone.split(".")))
    return frame[:26] + frame[26:34].replace(old, new) + frame[34:]


def traffic(hours: float, packets: int) -> Iterator[bytes]:
    """Pieces of a pcap stream, one an exchange, spread over the hours."""
    choice, sent, number, next_ping = random.Random(7), 0, 0, 0.0
    yield builders.pcap([])
    pool = [exchange(choice, n) for n in range(4000)]  # made once; their ports and times are set anew
    while sent < packets:
        seconds = hours * 3600 * sent / packets
        frames = choice.choice(pool)
        if seconds >= next_ping:
            messages = ((True, PING), (False, ANSWER))
            port = 1024 + number % 60_000
            frames = builders.conversation(*messages, server="202.96.192.0", ports=(port, 80))
            next_ping += 600
        number += 1
        yield b"".join(_record(_with_port(f, 1024 + number * 7 % 60_000), START + seconds) for f in frames)
        sent += len(frames)


def _with_port(frame: bytes, port: int) -> bytes:
    """The frame with another port of the client, so that flows are new."""
    at = 34 if int.from_bytes(frame[36:38], "big") in (53, 80, 443) else 36
    return frame[:at] + port.to_bytes(2, "big") + frame[at + 2 :]


def _record(frame: bytes, seconds: float) -> bytes:
    whole = int(seconds)
    return struct.pack("<IIII", whole, int((seconds - whole) * 1e6), len(frame), len(frame)) + frame


def resident(pid: int) -> float:
    """Megabytes of memory in use."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)


def soak(hours: float, rate: int, seconds: float) -> dict[str, Any]:
    """What was measured: packets, seconds, and memory by time."""
    packets, sizes = int(rate * seconds), list[float]()
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "analyzer",
            "watch",
            "-",
            "-q",
            "--ndjson",
            "events",
            "--json",
            "report",
        ]
        command += ["-w", "kept.pcapng", "--rotate-size", "20", "--rotate-count", "3"]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=folder, env=env
        ) as watch:
            assert watch.stdin is not None
            began = time.monotonic()
            for sent, piece in enumerate(traffic(hours, packets), 1):
                watch.stdin.write(piece)
                watch.stdin.flush()
                if sent % 20 == 0 and time.monotonic() - began > len(sizes) * seconds / 20:
                    sizes.append(round(resident(watch.pid), 1))
                    print(
                        f"{time.monotonic() - began:.0f} s, {sent:,} exchanges: {sizes[-1]} MB",
                        file=sys.stderr,
                    )
            sizes.append(round(resident(watch.pid), 1))
            watch.stdin.close()
            code = watch.wait()
            took = time.monotonic() - began
        report = read((Path(folder) / "report").read_text())
        kept = sum(path.stat().st_size for path in Path(folder).glob("kept_*"))
    half = sizes[len(sizes) // 2 :]
    return {
        "exit": code, "packets": report.captures[0].frames,
        "in_ledger": sum(row.packets_up + row.packets_down for row in report.destinations),
        "seconds": round(took, 1), "hours": hours,
        "pings": len(report.pings), "memory": sizes, "growth_second_half": round(max(half) - half[0], 1),
        "problems": sorted({problem.code for problem in report.problems}), "evidence_mb": kept // 10**6,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="A day of traffic through `phonehome watch` in minutes.")
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--rate", type=int, default=15_000, help="packets for each second of the run")
    parser.add_argument("--seconds", type=float, default=100, help="about how long; packets = rate × seconds")
    args = parser.parse_args()
    print(json.dumps(soak(args.hours, args.rate, args.seconds)))


if __name__ == "__main__":
    main()
