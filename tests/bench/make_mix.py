#!/usr/bin/env python3
"""Write the traffic of a home router: mostly TLS and QUIC, some DNS, a little clear text.

    python tests/bench/make_mix.py -o mix.pcap [--packets 1500000] [--seed 1]

The default is 1.5 million packets and about 1.46 GB. Checksums and sequence numbers are right;
each TLS segment is one record, which is easier on every reader than records across segments.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from conversations import CLOSE, OPEN, Shape, bulk, spread, tcp_packets, udp_packets, whole_frames
from frames import TCP, UDP, Packets, Writer
from household import ROUTER_MAC, Household
from messages import HOSTS, Blobs, dns_pair, exchange, quic_opening, registration, tls_opening

START = 1_550_000_000 * 1_000_000
SPAN = 3600 * 1_000_000
ROUTER = bytes([192, 168, 1, 1])
# Shares of the packets, and packets of a flow on average (their sizes are heavy-tailed).
TLS_SHARE, QUIC_SHARE, DNS_SHARE, HTTP_SHARE = 0.66, 0.325, 0.008, 0.005
MEAN_TLS, MEAN_QUIC = 330, 400


class Mix:
    """Collects the packets of one home for an hour."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.home = Household(self.rng)
        self.blobs = Blobs()
        self.parts: list[Packets] = []

    def _times(self, count: int, longest_us: int) -> np.ndarray:
        start = START + int(self.rng.integers(0, SPAN))
        return spread(count, start, int(self.rng.integers(longest_us // 20, longest_us)), self.rng)

    def _tcp(self, flow: int, shape: Shape, longest_us: int) -> None:
        times = self._times(len(shape.up), longest_us)
        self.parts.append(tcp_packets(flow, shape, times, self.rng))

    def tls(self, packets: int) -> None:
        """TLS flows: most carry mainly downloads, one in eight mainly uploads."""
        for number, size in enumerate(_sizes(packets, MEAN_TLS, self.rng)):
            opening = OPEN + tls_opening(self.blobs, f"h{number % 700}.{HOSTS[number % 8]}", self.rng)
            down_share = 0.1 if number % 8 == 7 else 0.95
            shape = opening + bulk(size, down_share, self.rng) + CLOSE
            self._tcp(self.home.flow(TCP, 443), shape, 120_000_000)

    def quic(self, packets: int) -> None:
        """QUIC flows: an Initial from each side, the client's a true one, then short-header packets."""
        for number, size in enumerate(_sizes(packets, MEAN_QUIC, self.rng)):
            data = bulk(size, 0.95, self.rng)
            data.length = np.where(data.length == 0, 36, np.minimum(data.length, 1350))
            name = f"h{number % 700}.{HOSTS[number % 8]}"
            shape = quic_opening(self.blobs, name, self.rng) + data
            times = self._times(len(shape.up), 90_000_000)
            self.parts.append(udp_packets(self.home.flow(UDP, 443), shape, times, self.rng))

    def dns(self, pairs: int) -> None:
        """A query and an answer from the router, a flow each."""
        for number in range(pairs):
            server = self.home.servers[number % len(self.home.servers)]
            name = f"h{number % 700}.{HOSTS[number % 8]}"
            query, answer = dns_pair(name, number & 0xFFFF, server)
            rows = [(1, len(query), self.blobs.add(query), 0), (0, len(answer), self.blobs.add(answer), 0)]
            times = START + int(self.rng.integers(0, SPAN)) + np.array([0, 14_000])
            flow = self.home.flow_to(ROUTER, UDP, 53)
            self.parts.append(udp_packets(flow, Shape.of(rows), times, self.rng))

    def http(self, packets: int) -> None:
        """Plain HTTP: one to twenty exchanges a connection."""
        while packets > 0:
            shape = OPEN
            for _ in range(int(self.rng.integers(1, 20))):
                shape += exchange(self.blobs, self.rng)
            self._tcp(self.home.flow(TCP, 80), shape + CLOSE, 60_000_000)
            packets -= len(shape.up)

    def registrations(self, count: int) -> None:
        """A few registration POSTs to an address in CN."""
        for number in range(count):
            flow = self.home.flow_to(bytes([202, 96, 192, 0]), TCP, 80)
            self._tcp(flow, OPEN + registration(self.blobs, number) + CLOSE, 2_000_000)

    def arp(self, count: int) -> None:
        """ARP requests of the router (RFC 826)."""
        header = b"\xff" * 6 + ROUTER_MAC + bytes.fromhex("08060001080006040001") + ROUTER_MAC + ROUTER
        frames = [(header + bytes(6) + bytes([192, 168, 1, 20 + d])).ljust(60, b"\0") for d in range(9)]
        for number in range(count):
            times = np.array([START + int(self.rng.integers(0, SPAN))])
            self.parts.append(whole_frames(times, self.blobs.add(frames[number % 9]), 60))

    def write(self, path: Path, packets: int) -> tuple[int, int]:
        """Write the first `packets` packets in the order of time; returns their count and the size."""
        together = Packets.join(self.parts).take(slice(0, packets))
        size = Writer(self.home.flows, self.blobs.list, self.rng).write(path, together)
        return len(together), size


def _sizes(total: int, mean: int, rng: np.random.Generator) -> list[int]:
    """Flow sizes that add up to `total`: log-normal, at least six packets each."""
    sizes = 6 + rng.lognormal(0.0, 1.6, max(1, total // mean)) * 60
    sizes *= total / sizes.sum()
    return np.maximum(sizes, 6).astype(int).tolist()


def build(packets: int, seed: int) -> Mix:
    """All the traffic; a few more packets than asked for, since `write` cuts at the number."""
    mix = Mix(seed)
    mix.registrations(6)
    mix.http(int(packets * HTTP_SHARE))
    mix.dns(int(packets * DNS_SHARE / 2))
    mix.arp(max(1, packets // 5000))
    mix.quic(int(packets * QUIC_SHARE))
    have = sum(len(part) for part in mix.parts)
    mix.tls(max(packets - have, int(packets * TLS_SHARE)))
    return mix


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the traffic of a home router as a pcap.")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--packets", type=int, default=1_500_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    began = time.perf_counter()
    count, size = build(args.packets, args.seed).write(args.output, args.packets)
    print(f"{args.output}: {count:,} packets, {size:,} bytes, {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
