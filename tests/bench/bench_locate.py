"""How fast addresses are located, against the aims: run by hand, it asserts nothing.

python -m tests.bench.bench_locate
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from analyzer.geo import Locator
from analyzer.geo.addresses import U64, numbers
from analyzer.geo.special import DELEGATED_V6

COUNT = 1_000_000
IN_A_FRESH_PROCESS = """
import time
import numpy as np
from analyzer.geo import Locator
hi, lo = np.zeros(1, np.uint64), np.full(1, 0xFFFF_0808_0808, np.uint64)
start = time.perf_counter()
Locator().in_regions(hi, lo, ("CN",))
print(time.perf_counter() - start)
"""


def distinct_v4(chance: np.random.Generator) -> tuple[U64, U64]:
    """Distinct IPv4 addresses from all of the space, in random order."""
    some = np.unique(chance.integers(0, 1 << 32, COUNT + COUNT // 50, np.uint64))
    some = chance.permutation(some)[:COUNT]
    return np.zeros(COUNT, np.uint64), some | np.uint64(0xFFFF << 32)


def distinct_v6(chance: np.random.Generator) -> tuple[U64, U64]:
    """Distinct IPv6 addresses from the blocks that are delegated to registries."""
    import ipaddress

    blocks = [ipaddress.ip_network(block) for block in DELEGATED_V6]
    first = np.array([int(block[0]) >> 64 for block in blocks], np.uint64)
    room = np.array([block.num_addresses >> 64 for block in blocks], np.uint64)
    chosen = chance.integers(0, len(blocks), COUNT)
    hi = first[chosen] + (chance.random(COUNT) * room[chosen]).astype(np.uint64)
    return hi, chance.integers(0, 1 << 63, COUNT, np.uint64)


def best(run: Callable[[], object], times: int = 5) -> float:
    """The least seconds of several runs."""
    took = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        took.append(time.perf_counter() - start)
    return min(took)


def main() -> None:
    chance, locator = np.random.default_rng(6), Locator()
    v4, v6 = distinct_v4(chance), distinct_v6(chance)
    few = numbers(["192.168.1.2", "8.8.8.8", "2400:3200::1"])
    fresh = [sys.executable, "-c", IN_A_FRESH_PROCESS]
    loading = min(float(subprocess.run(fresh, capture_output=True, check=True).stdout) for _ in range(5))
    rows = (
        ("loading, all layers in force and a first look-up", loading, 0.06),
        ("location of 1 M distinct IPv4 addresses", best(lambda: locator.codes(*v4, "located")), 0.15),
        ("location of 1 M distinct IPv6 addresses", best(lambda: locator.codes(*v6, "located")), 0.4),
        ("four claims against a region, 1 M IPv4", best(lambda: locator.in_regions(*v4, ("CN",))), None),
        ("four claims against a region, 1 M IPv6", best(lambda: locator.in_regions(*v6, ("CN",))), None),
        (
            "four claims against a region, 3 addresses",
            best(lambda: locator.in_regions(*few, ("CN",)), 300),
            0.0002,
        ),
    )
    for what, took, aim in rows:
        said = f"aim {aim * 1000:g} ms" if aim else ""
        print(f"{what:52} {took * 1000:9.3f} ms   {said}".rstrip())


if __name__ == "__main__":
    main()
