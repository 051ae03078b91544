#!/usr/bin/env python3
"""Frames that tshark dissects into IP, or into IP inside another packet, and we don't: by protocols.

    python tests/differential/layers.py [--corpus DIR] [--only TEXT] [--most N]

Each line has how many frames, the layers as `frame.protocols` names them, and one capture to look at. What
ICMP quotes is no packet, and what TCP, TLS or HTTP carries is no layer of a frame: both are left out.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from analyzer.capture import Capture  # noqa: E402
from analyzer.model import CaptureError  # noqa: E402
from analyzer.packets import decode  # noqa: E402
from analyzer.packets.packet_table import DAMAGED, OTHER_IP, OUTER  # noqa: E402
from tests.differential.corpus import entries  # noqa: E402

QUOTING = {"icmp", "icmpv6", "tcp", "sctp", "http", "data-text-lines"}
PATIENCE = 60  # seconds of tshark for one capture


def ours(path: Path) -> dict[int, int]:
    """By frame how many IP headers it passed, the innermost included; frames without IP are left out."""
    depths = {}
    capture = Capture(str(path), hashed=False)
    for batch in capture:
        packets = decode(batch)
        is_ip = (packets.kind >= OTHER_IP) & (packets.kind < DAMAGED)
        outer = packets.numbers[:, OUTER]
        depth = 1 + sum((outer >> (15 * k) > 0).astype(np.int64) for k in range(4))
        for row in np.flatnonzero(is_ip).tolist():
            depths[batch.first_frame + row] = int(depth[row])
    return depths


def theirs(path: Path) -> Iterator[tuple[int, str]]:
    """Frame and protocols of each frame with IP, as tshark gives them."""
    command = ["tshark", "-r", str(path), "-n", "-Y", "ip || ipv6", "-T", "fields"]
    command += ["-e", "frame.number", "-e", "frame.protocols"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return
    for line in done.stdout.splitlines():
        number, _, protocols = line.partition("\t")
        yield int(number), protocols


def depth_of(protocols: str) -> int:
    """How many IP headers stand before what only quotes or carries others."""
    depth = 0
    for name in protocols.split(":"):
        if name in QUOTING:
            break
        depth += name in ("ip", "ipv6")
    return depth


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, default=os.environ.get("PHONEHOME_CORPUS"))
    parser.add_argument("--only", default="")
    parser.add_argument("--most", type=int, default=60)
    options = parser.parse_args()
    missed: Counter[str] = Counter()
    example: dict[str, str] = {}
    for entry in entries(options.corpus):
        if options.only not in entry.id:
            continue
        path = entry.path
        try:
            known = ours(path)
        except CaptureError:
            continue
        for number, protocols in theirs(path):
            if depth_of(protocols) > known.get(number, 0):
                missed[protocols] += 1
                example.setdefault(protocols, f"{entry.id} frame {number}")
    for protocols, count in missed.most_common(options.most):
        print(f"{count:>7,}  {protocols}  {example[protocols]}")
    print(f"{missed.total():>7,}  frames of {len(missed)} kinds")


if __name__ == "__main__":
    main()
