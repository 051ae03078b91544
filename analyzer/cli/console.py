"""What is printed, and where: data on standard output, everything else on standard error.

Exit codes: 0 done · 1 a threshold that was asked for is met · 2 usage, unreadable input or
unwritable output, and whatever kept the command from coming to its end · 3 results complete up to damage of
the capture.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from analyzer.report.text import visible  # now: later there may be no descriptor left to import it with

DONE, FOUND, UNUSABLE, DAMAGED = 0, 1, 2, 3
NARROWEST, WIDEST = 20, 1000  # columns of a terminal


class UnwritableError(Exception):
    """Standard output takes nothing more: one sentence."""


def width() -> int:
    """COLUMNS where it is set, else the terminal's own, else 80; within what a page can be set in."""
    import shutil

    return min(max(shutil.get_terminal_size((80, 24)).columns, NARROWEST), WIDEST)


def write(content: str | bytes) -> None:
    """Everything of it, to standard output."""
    if isinstance(content, str):
        content = content.encode(sys.stdout.encoding or "utf-8", "backslashreplace")
    data = memoryview(content)
    with sentences():
        sys.stdout.flush()
        while data:  # an unbuffered stdout (python -u) may take less than it was given
            data = data[sys.stdout.buffer.write(data) :]


def finish() -> None:
    """What is still buffered goes out; raises as `write` does."""
    with sentences():
        sys.stdout.flush()


def give_up() -> None:
    """What is still buffered would raise again when the interpreter closes stdout."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def open_standard() -> None:
    """Have something behind the numbers 0 to 2 and behind sys.stdout and sys.stderr.

    Where a shell has closed one, the next file that is opened would get its number, and with it what
    libraries write there. Nothing was to be printed then. sys.stdin stays None, which says it is closed.
    """
    for number, mode in enumerate((os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                os.set_inheritable(os.open(os.devnull, mode), True)  # it gets the lowest number that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


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
    """Say one sentence on standard error."""
    say(f"phonehome: {visible(text)}\n")


def say(text: str) -> None:
    """Write to standard error, where it takes it."""
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(text)
        sys.stderr.flush()
