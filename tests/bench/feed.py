#!/usr/bin/env python3
"""Write a pcap many times over to standard output, each time later and in new flows, as one long capture.

    python tests/bench/feed.py mix.pcap --bytes 20e9 | phonehome scan -

Each round is shifted in time by the capture's length, and its client ports are moved on by one, so that a
reader meets new flows. A little-endian capture of Ethernet frames is expected. Checksums are not made anew:
captures from beside offloading network cards have wrong ones too.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

HEADER, RECORD = 24, 16
# Bytes of Ethernet, then of the fixed headers.
IP, V4_PROTOCOL, V4_ENDS, V6_NEXT = 14, 9, 12, 6
TCP_UDP = (6, 17)


def offsets(data: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Where each record of a little-endian pcap begins."""
    found, at, raw = [], HEADER, memoryview(data)
    while at + RECORD <= len(data):
        found.append(at)
        at += RECORD + int.from_bytes(raw[at + 8 : at + 12], "little")
    return np.array(found, np.int64)


class Feed:
    """A capture in memory, changed in place from round to round."""

    def __init__(self, path: Path) -> None:
        self.data = np.fromfile(path, np.uint8)
        self.at = offsets(self.data)
        seconds = self._seconds()
        self.span = int(seconds.max() - seconds.min()) + 1
        self._ports = self._client_ports()

    def _word(self, at: NDArray[np.int64], width: int) -> NDArray[np.uint8]:
        return self.data[at[:, None] + np.arange(width)]

    def _seconds(self) -> NDArray[np.int64]:
        return self._word(self.at, 4).copy().view("<u4").reshape(-1).astype(np.int64)

    def _client_ports(self) -> NDArray[np.int64]:
        """Positions of the higher port of each TCP or UDP packet of IPv4 or IPv6."""
        frame = self.at + RECORD
        kind = self._word(frame + 12, 2).copy().view(">u2").reshape(-1)
        v4, v6 = kind == 0x0800, kind == 0x86DD
        protocol = np.where(v4, self.data[frame + IP + V4_PROTOCOL], self.data[frame + IP + V6_NEXT])
        rows = ((v4 | v6) & np.isin(protocol, TCP_UDP)).nonzero()[0]
        start = frame[rows] + IP + np.where(v4[rows], 20, 40)
        ports = self._word(start, 4).copy().view(">u2").reshape(-1, 2)
        return start + np.where(ports[:, 0] >= ports[:, 1], 0, 2)

    def turn(self) -> None:
        """On to the next round: later, and with client ports moved on by one."""
        seconds = (self._seconds() + self.span).astype("<u4").view(np.uint8).reshape(-1, 4)
        self.data[self.at[:, None] + np.arange(4)] = seconds
        ports = self._word(self._ports, 2).copy().view(">u2").reshape(-1).astype(np.int64)
        moved = (1024 + (ports + 1 - 1024) % (65536 - 1024)).astype(">u2").view(np.uint8).reshape(-1, 2)
        self.data[self._ports[:, None] + np.arange(2)] = moved


def feed(path: Path, size: int, out: BinaryIO) -> int:
    """Write at least `bytes` bytes, ended at a record; gives the number of records."""
    source = Feed(path)
    out.write(source.data[:HEADER].tobytes())
    written, records = HEADER, 0
    while written < size:
        left = size - written
        count = int(np.searchsorted(source.at, HEADER + left)) if left < len(source.data) else len(source.at)
        end = int(source.at[count]) if count < len(source.at) else len(source.data)
        out.write(memoryview(source.data[HEADER:end]))
        written += end - HEADER
        records += count
        source.turn()
    return records


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a pcap many times over, each time later.")
    parser.add_argument("capture", type=Path)
    parser.add_argument("--bytes", type=lambda text: int(float(text)), required=True)
    args = parser.parse_args()
    try:
        feed(args.capture, args.bytes, sys.stdout.buffer)
    except BrokenPipeError:
        sys.stderr.write("the reader went away\n")


if __name__ == "__main__":
    main()
