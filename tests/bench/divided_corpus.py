#!/usr/bin/env python3
"""Read every capture of a folder in one process and divided at random, and compare the reports' bytes.

python tests/bench/divided_corpus.py CORPUS/captures [--seed 1]
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from analyzer import analyze
from analyzer.model import CaptureError
from tests.corpus.captures import bytes_of
from tests.pipeline.divided import dividing_from


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare one pass with random divisions.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    counts = dict.fromkeys(("same", "divided", "again", "different", "unreadable"), 0)
    for path in sorted(path for path in options.folder.rglob("*") if path.is_file()):
        frames = chance.choice((10, 30, 100, 500))
        with dividing_from(chance.choice((-1, -1, -1, 1)), chance, frames) as seen:
            try:
                alone = bytes_of(analyze(path))
            except CaptureError:
                counts["unreadable"] += 1
                continue
            same = bytes_of(analyze(path, jobs=chance.randint(2, 3), notify=seen.told.append)) == alone
        counts["same" if same else "different"] += 1
        counts["divided"] += seen.elsewhere > 0
        counts["again"] += len(seen.told)
        if not same or seen.told:
            print(path, "same" if same else "DIFFERENT", *seen.told, flush=True)
    print(counts)
    return 1 if counts["different"] else 0


if __name__ == "__main__":
    sys.exit(main())
