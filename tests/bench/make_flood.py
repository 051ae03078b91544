#!/usr/bin/env python3
"""Write a flood of TCP SYNs, each a flow of its own.

    python tests/bench/make_flood.py -o flood.pcap --differ sources [--flows 1000000]

`--differ` tells in what the flows differ: "ports" between two hosts, "sources" that ask one host, or the
"targets" that one host asks. Checksums are left at zero.
"""

from __future__ import annotations

import argparse
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

START, STEP, RECORD, FRAME = 1_550_000_000, 100_000, 16, 54
CLIENT, SERVER = 0xC0A80105, 0xCB007105
# An odd multiplier gives every number another one of 32 bits.
SCATTER = 2_654_435_761
HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)


def records(numbers: NDArray[np.int64], differ: str) -> bytes:
    """A record for each flow number, a tenth of a millisecond apart."""
    rows = np.zeros((len(numbers), RECORD + FRAME), np.uint8)
    scattered = (numbers.astype(np.uint64) * SCATTER & 0x3FFFFFFF).astype(np.uint32) + np.uint32(0x20000000)
    source = scattered if differ == "sources" else np.full(len(numbers), CLIENT)
    target = scattered if differ == "targets" else np.full(len(numbers), SERVER)
    port = 1 + numbers // 60_000 if differ == "ports" else np.full(len(numbers), 80)

    def put(at: int, values: NDArray[np.generic] | int, kind: str) -> None:
        width = np.dtype(kind).itemsize
        column = np.broadcast_to(np.asarray(values), (len(numbers),)).astype(kind)
        rows[:, at : at + width] = column.view(np.uint8).reshape(-1, width)

    put(0, START + numbers // 10_000, "<u4")
    put(4, numbers % 10_000 * 100, "<u4")
    put(8, FRAME, "<u4")
    put(12, FRAME, "<u4")
    rows[:, RECORD : RECORD + 14] = np.frombuffer(bytes.fromhex("0200000000010200000000020800"), np.uint8)
    ip, tcp = RECORD + 14, RECORD + 34
    rows[:, [ip, ip + 3, ip + 8, ip + 9]] = 0x45, 40, 64, 6
    put(ip + 12, source, ">u4")
    put(ip + 16, target, ">u4")
    put(tcp, 1024 + numbers % 60_000, ">u2")
    put(tcp + 2, port, ">u2")
    put(tcp + 4, scattered, ">u4")
    rows[:, [tcp + 12, tcp + 13, tcp + 14]] = 0x50, 2, 0xFF
    return rows.tobytes()


def write(path: Path, differ: str, flows: int) -> None:
    """The capture of so many flows."""
    with path.open("wb") as file:
        file.write(HEADER)
        for start in range(0, flows, STEP):
            file.write(records(np.arange(start, min(start + STEP, flows)), differ))


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a flood of TCP SYNs as a pcap.")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--differ", choices=("ports", "sources", "targets"), required=True)
    parser.add_argument("--flows", type=int, default=1_000_000)
    args = parser.parse_args()
    write(args.output, args.differ, args.flows)


if __name__ == "__main__":
    main()
