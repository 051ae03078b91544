"""What is printed, and where: data on standard output, everything else on standard error.

Exit codes: 0 done · 1 a threshold that was asked for is met · 2 usage, unreadable input or
unwritable output · 3 results complete up to damage of the capture.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

DONE, FOUND, UNUSABLE, DAMAGED = 0, 1, 2, 3


class UnwritableError(Exception):
    """Standard output takes nothing more: one sentence."""


def width() -> int:
    """COLUMNS where it is set, else the terminal's own, else 80."""
    import shutil

    return shutil.get_terminal_size((80, 24)).columns


def write(content: str | bytes) -> None:
    """Everything of it, to standard output."""
    if isinstance(content, str):
        content = content.encode(sys.stdout.encoding or "utf-8", "backslashreplace")
    octets = memoryview(content)
    with sentences():
        sys.stdout.flush()
        while octets:  # an unbuffered stdout (python -u) may take less than it was given
            octets = octets[sys.stdout.buffer.write(octets) :]


def finish() -> None:
    """What is still buffered goes out; raises as `write` does."""
    with sentences():
        sys.stdout.flush()


def give_up() -> None:
    """What is still buffered would raise again when the interpreter closes stdout."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def sentences() -> Iterator[None]:
    """Within, what keeps standard output from taking more is an UnwritableError; a closed pipe stays one."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UnwritableError(f"standard output can't be written ({error.strerror})") from None


def complain(text: str) -> None:
    from analyzer.report.text import visible

    say(f"phonehome: {visible(text)}\n")


def say(text: str) -> None:
    with suppress(OSError):
        print(text, end="", file=sys.stderr, flush=True)
