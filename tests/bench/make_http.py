#!/usr/bin/env python3
"""Write nothing but plain HTTP: keep-alive and short connections, half of the requests with a body.

    python tests/bench/make_http.py -o http.pcap [--requests 200000] [--seed 1]

The default is about 600 MB. The exchanges are drawn from 4,000 different ones.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from conversations import CLOSE, OPEN, Shape, spread, tcp_packets
from frames import TCP, Packets, Writer
from household import Household
from messages import Blobs, exchange

START = 1_550_000_000 * 1_000_000
SPAN = 3600 * 1_000_000
DIFFERENT = 4_000


def build(requests: int, rng: np.random.Generator) -> tuple[Household, Blobs, list[Packets]]:
    """Connections with one request (half of them) or up to a hundred, until all are sent."""
    home, blobs = Household(rng), Blobs()
    exchanges = [exchange(blobs, rng) for _ in range(min(DIFFERENT, requests))]
    parts = []
    while requests > 0:
        count = min(requests, 1 if rng.random() < 0.5 else int(rng.integers(2, 100)))
        shape = _joined([OPEN, *(exchanges[i] for i in rng.integers(len(exchanges), size=count)), CLOSE])
        times = spread(len(shape.up), START + int(rng.integers(0, SPAN)), 400_000 * count, rng)
        parts.append(tcp_packets(home.flow(TCP, 80), shape, times, rng))
        requests -= count
    return home, blobs, parts


def _joined(shapes: list[Shape]) -> Shape:
    names = ("up", "length", "blob", "flags")
    return Shape(*(np.concatenate([getattr(shape, name) for shape in shapes]) for name in names))


def main() -> None:
    parser = argparse.ArgumentParser(description="Write plain HTTP traffic as a pcap.")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    began = time.perf_counter()
    rng = np.random.default_rng(args.seed)
    home, blobs, parts = build(args.requests, rng)
    packets = Packets.join(parts)
    size = Writer(home.flows, blobs.list, rng).write(args.output, packets)
    print(f"{args.output}: {len(packets):,} packets, {size:,} bytes, {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
