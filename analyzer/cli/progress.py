"""How far a scan is → one line that is written over and over, on a terminal only."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from analyzer.cli.console import width
from analyzer.report.text import visible
from analyzer.report.units import byte_size, counted, span

if TYPE_CHECKING:
    from collections.abc import Callable

    from analyzer.pipeline import Progress

_PAUSE_NS = 100_000_000  # between two lines
_SETTLED_NS = 2_000_000_000  # before a rate is worth saying


class ProgressLine:
    """Call it with each Progress; `say` gets what to write, the escapes that clear the line with it."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._say, self._clock = say, clock
        self._path = ""
        self._since = self._last = 0

    def __call__(self, progress: Progress) -> None:
        now = self._clock()
        if progress.path != self._path:
            self._path, self._since = progress.path, now
        elif now - self._last < _PAUSE_NS:
            return
        self._last = now
        self._say(f"\r{line(progress, now - self._since, width() - 1)}\x1b[K")

    def clear(self) -> None:
        self._say("\r\x1b[K")


def line(progress: Progress, elapsed_ns: int, room: int = 1_000) -> str:
    """`a.pcap: 42 %, 8,400,000 frames, 1.1 GB/s, 12 s left`: shares and times only where known.

    A line that a terminal breaks can't be written over, so of a long path the end is shown.
    """
    done, size = progress.done, progress.size
    share = f"{100 * done // size} %" if size and done <= size else byte_size(done)
    parts = [share, counted(progress.frames, "frame")]
    if elapsed_ns >= _SETTLED_NS and done:
        parts.append(f"{byte_size(done * 1_000_000_000 // elapsed_ns)}/s")
        if size and done <= size:
            parts.append(f"{span(elapsed_ns * (size - done) // done)} left")
    numbers = f": {', '.join(parts)}"
    return f"{_end(visible(progress.path), room - len(numbers))}{numbers}"[:room]


def _end(path: str, room: int) -> str:
    """The last part of a path that fits, counting a wide character as two columns."""
    columns = [2 if east_asian_width(char) in "WF" else 1 for char in path]
    if sum(columns) <= room:
        return path
    kept = 0
    while kept < len(path) and sum(columns[-kept - 1 :]) < room:
        kept += 1
    return f"…{path[-kept:] if kept else ''}"
