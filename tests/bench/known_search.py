#!/usr/bin/env python3
"""How fast the owner's identifiers are looked for in all their encodings: one pass, bytes a second.

Over bytes in memory, and over the segments of TCP streams that are neither TLS nor HTTP, the ends of
which are kept from segment to segment.

python tests/bench/known_search.py [--size MB]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from conversations import CLOSE, OPEN, Shape, spread, tcp_packets
from frames import TCP, Packets, Writer
from household import Household
from messages import Blobs

sys.path.insert(0, str(Path(__file__).parents[2]))

from analyzer.capture import Capture
from analyzer.identifiers import KnownValues
from analyzer.session.known_values import KnownValueSearch
from analyzer.session.packet_reader import PacketReader

GIVEN = (
    "imei=490154203237518,imei=356938035643809,iccid=8947010000123456784,imsi=242010123456789,"
    "mac=00:1b:44:11:3a:b7"
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the search for known identifiers.")
    parser.add_argument("--size", type=int, default=64, help="megabytes of each kind of data")
    size = parser.parse_args().size << 20
    began = time.perf_counter()
    known = KnownValues.parse(GIVEN)
    known.search(b"x" * 64)
    print(f"set-up: {(time.perf_counter() - began) * 1e3:.0f} ms for {len(known.values)} identifiers")
    rng = random.Random(1)
    events = [{"t": rng.randrange(1 << 31), "name": "view", "ms": rng.randrange(977)} for _ in range(20_000)]
    text = json.dumps(events).encode()
    much = (text * (size // len(text) + 1))[:size]
    for name, data in (("random bytes", rng.randbytes(size)), ("JSON", much)):
        began = time.perf_counter()
        hits = known.search(data)
        seconds = time.perf_counter() - began
        print(f"{name}: {len(data) / seconds / 1e6:.0f} MB/s, {len(hits)} hits")
    _search_segments(known, size)


def _search_segments(known: KnownValues, size: int) -> None:
    """The same text as the payload of TCP segments, which are read and assigned before the clock runs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "streams.pcap")
        _write_streams(path, size)
        scan, search = PacketReader(), KnownValueSearch(known)
        steps = list(scan.steps(Capture(str(path))))
        began = time.perf_counter()
        for step in steps:
            search.look(step, scan.tracker.flows)
        seconds = time.perf_counter() - began
    print(f"TCP segments: {search.data / seconds / 1e6:.0f} MB/s, {len(search.hits(()))} hits")


def _write_streams(path: Path, size: int) -> None:
    """Connections of 1 MB each in a protocol that nobody knows."""
    rng = np.random.default_rng(1)
    home, blobs, parts = Household(rng), Blobs(), []
    for number in range(max(1, size >> 20)):
        shape = blobs.message(1, b"\x05\x00" + rng.bytes(4) + b"unknown protocol;" * ((1 << 20) // 17))
        joined = Shape(*(np.concatenate([getattr(s, n) for s in (OPEN, shape, CLOSE)]) for n in NAMES))
        times = spread(len(joined.up), 1_550_000_000_000_000 + number * 10**6, 900_000, rng)
        parts.append(tcp_packets(home.flow(TCP, 7000), joined, times, rng))
    Writer(home.flows, blobs.list, rng).write(path, Packets.join(parts))


NAMES = ("up", "length", "blob", "flags")

if __name__ == "__main__":
    main()
