#!/usr/bin/env python3
"""Every fuzz target for its share of a time, and whole captures for a quarter of it; 1 where one failed.

    python tests/fuzz/every.py --seconds 100 --seed 1          # as .ci/run does it
    python tests/fuzz/every.py --seconds 28800 --seed $RANDOM  # for a night

What fails is written to fuzz-failures, to become a test (`run.py`). The same seed gives the same inputs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))


def main() -> int:
    from tests.fuzz.run import run
    from tests.fuzz.targets import TARGETS, Fuzzed
    from tests.fuzz.whole import SEEDS, whole

    parser = argparse.ArgumentParser(description="Every fuzz target for its share of a time.")
    parser.add_argument("--seconds", type=float, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--failures", type=Path, default=Path("fuzz-failures"))
    args = parser.parse_args()
    names, share = list(TARGETS), 0.75 * args.seconds / len(TARGETS)
    failed = sum(run(name, share, args.seed, args.failures) for name in names)
    TARGETS["whole captures"] = Fuzzed(whole, SEEDS)
    failed += run("whole captures", args.seconds / 4, args.seed, args.failures)
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
