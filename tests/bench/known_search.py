#!/usr/bin/env python3
"""How fast the owner's identifiers are looked for in all their encodings: one pass, octets a second.

python tests/bench/known_search.py [--size MB]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from analyzer.detect import Known

GIVEN = (
    "imei=490154203237518,imei=356938035643809,iccid=8947010000123456784,imsi=242010123456789,"
    "mac=00:1b:44:11:3a:b7"
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the search for known identifiers.")
    parser.add_argument("--size", type=int, default=64, help="megabytes of each kind of data")
    size = parser.parse_args().size << 20
    began = time.perf_counter()
    known = Known.parse(GIVEN)
    known.search(b"x" * 64)
    print(f"set-up: {(time.perf_counter() - began) * 1e3:.0f} ms for {len(known.values)} identifiers")
    rng = random.Random(1)
    events = [{"t": rng.randrange(1 << 31), "name": "view", "ms": rng.randrange(977)} for _ in range(20_000)]
    text = json.dumps(events).encode()
    much = (text * (size // len(text) + 1))[:size]
    for name, data in (("random octets", rng.randbytes(size)), ("JSON", much)):
        began = time.perf_counter()
        hits = known.search(data)
        seconds = time.perf_counter() - began
        print(f"{name}: {len(data) / seconds / 1e6:.0f} MB/s, {len(hits)} hits")


if __name__ == "__main__":
    main()
