#!/usr/bin/env python3
"""Fuzz one target for a time; what fails is written down, to become a test.

    python tests/fuzz/run.py TARGET --seconds 600 [--seed 1] [--failures DIR] [--guided]

`--guided` lets atheris choose the inputs by the code that they reach (pip install atheris); without it
they are mutations of the target's seeds. An input that takes longer than a second counts as a failure.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import sys
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

SLOW = 1.0  # seconds for at most 16 KiB of input


def run(name: str, seconds: float, seed: int, failures: Path) -> int:
    """How many inputs failed."""
    from tests.fuzz.mutate import inputs
    from tests.fuzz.targets import TARGETS

    target, end, tried, failed, slowest = TARGETS[name], time.monotonic() + seconds, 0, 0, 0.0
    for data in inputs(target.seeds, seed):
        if time.monotonic() > end or failed >= 20:
            break
        tried, began = tried + 1, time.process_time()
        try:
            target.run(data)
            took = time.process_time() - began
            slowest = max(slowest, took)
            if took > SLOW:
                raise TimeoutError(f"{len(data)} bytes took {took:.1f} s")
        except Exception:
            failed += 1
            failures.mkdir(parents=True, exist_ok=True)
            path = failures / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}"
            path.write_bytes(data)
            path.with_suffix(".txt").write_text(traceback.format_exc())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{name}: {tried:,} inputs, {failed} failed, slowest {slowest:.2f} s, peak memory {memory} MB")
    return failed


def run_guided(name: str, seconds: float, seed: int, failures: Path) -> None:
    """The same by atheris; it ends the process."""
    import atheris

    with atheris.instrument_imports(include=["analyzer"]):
        from tests.fuzz.targets import TARGETS
    corpus = failures / f"{name}-corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for data in TARGETS[name].seeds:
        (corpus / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)
    options = [f"-max_total_time={seconds:.0f}", f"-seed={seed}", "-max_len=8192", "-rss_limit_mb=2000"]
    atheris.Setup(
        [sys.argv[0], *options, "-timeout=5", f"-artifact_prefix={failures}/{name}-", str(corpus)],
        TARGETS[name].run,
    )
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz one target for a time.")
    parser.add_argument("target")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--failures", type=Path, default=Path("fuzz-failures"))
    parser.add_argument("--guided", action="store_true")
    args = parser.parse_args()
    if args.guided:
        run_guided(args.target, args.seconds, args.seed, args.failures)
        return 0
    return min(run(args.target, args.seconds, args.seed, args.failures), 1)


if __name__ == "__main__":
    sys.exit(main())
