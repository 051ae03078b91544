#!/usr/bin/env python3
"""Print the way of a capture's exchanges through the modules: which are entered, in which order.

    python tools/trace_exchange.py CAPTURE

A module counts once it is entered between the first packet read and the last line printed, imports left
out. The list shows each at its first entry, so that it reads from top to bottom as the way of the first
exchange; a change of folder is two modules of this list, one after the other, in different folders. It is a
diagnosis of how many places a newcomer has to open, and no aim in itself.
"""

from __future__ import annotations

import argparse
import sys
from itertools import groupby
from pathlib import Path
from types import FrameType

PACKAGE = Path(__file__).parents[1] / "analyzer"


def entered(capture: str) -> list[str]:
    """Return the modules that a scan of the capture and its printing enter, each at its first entry."""
    from analyzer import analyze
    from analyzer.report import terminal

    seen: dict[str, None] = {}
    root = str(PACKAGE) + "/"

    def watch(frame: FrameType, event: str, _: object) -> None:
        name = frame.f_code.co_filename
        if event == "call" and name.startswith(root) and frame.f_code.co_name != "<module>":
            seen.setdefault(name.removeprefix(root))

    terminal.render(analyze(capture))  # loads every module, so that imports are left out of the list
    sys.setprofile(watch)
    try:
        terminal.render(analyze(capture))
    finally:
        sys.setprofile(None)
    return list(seen)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("capture")
    found = entered(parser.parse_args().capture)
    groups = [(folder, list(names)) for folder, names in groupby(found, lambda name: str(Path(name).parent))]
    for folder, names in groups:
        print(f"{folder:20} {' '.join(Path(name).stem for name in names)}")
    print(f"{len(found)} modules, {len(groups) - 1} changes of folder")


if __name__ == "__main__":
    main()
