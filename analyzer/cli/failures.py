"""What kept a command from coming to its end → one sentence, never a traceback.

`PHONEHOME_DEBUG=1` in the environment prints the traceback as well. An error's own text is given only where
it comes from the system: that of a mistake of ours may hold what a capture holds.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
from types import TracebackType
from typing import Any

from analyzer.cli.console import complain
from analyzer.version import VERSION

DEBUG = "PHONEHOME_DEBUG"
# Bytes of address space without which libraries end the process as they are loaded, with a code of theirs.
LEAST_MEMORY = 100 << 20
LONGEST = 200  # characters of what the system or a library says
# What libraries raise where the system refuses a thread, a process or memory.
_REFUSED = ("can't start new thread", "can't allocate lock", "unable to start", "cannot allocate")
_ADVICE = {
    errno.EMFILE: "this process may have no more files open; ulimit -n with a larger number allows more",
    errno.ENFILE: "the system has too many files open",
    errno.ENOMEM: "there is too little memory; fewer captures at once, or --jobs 1, take less",
    errno.ENOSPC: "there is no room left on a disk",
}


def check_memory() -> None:
    """Raise MemoryError where libraries can't be loaded: OpenBLAS would leave with exit code 1."""
    import mmap

    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # each thread takes memory, and nothing here needs one
    try:
        mmap.mmap(-1, LEAST_MEMORY).close()
    except (OSError, ValueError):
        raise MemoryError from None


def explain(error: BaseException) -> None:
    """Say on standard error what happened, with the traceback where that was asked for."""
    if os.environ.get(DEBUG, "0") not in ("", "0"):
        import traceback

        traceback.print_exception(error)
    complain(sentence(error))


def sentence(error: BaseException) -> str:
    """What happened, and what can be done about it."""
    at = place_of(error.__traceback__)
    if isinstance(error, MemoryError):
        return f"{_ADVICE[errno.ENOMEM]} (at {at})"
    if isinstance(error, OSError):
        return _of_system(error, at)
    if isinstance(error, ImportError):
        part = error.name or "a package"
        return f"{part} can't be loaded ({_short(error)}): is the installation whole, and memory free?"
    if isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _REFUSED):
        return f"the system refused what phonehome needs ({_short(error)}, at {at}); --jobs 1 needs less"
    return (
        f"this is a fault of phonehome, not of what it was given: {type(error).__name__} at {at}; please "
        f"report this line with the command and the version, {VERSION} ({DEBUG}=1 prints more)"
    )


def place_of(trace: TracebackType | None) -> str:
    """The last line of ours that was being run, as module:line, and beyond it that of a library."""
    ours = last = "an unknown place"
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", "?"))
        last = f"{module}:{trace.tb_lineno}"
        if module.partition(".")[0] == "analyzer":
            ours = last
        trace = trace.tb_next
    return ours if ours != "an unknown place" else last


def catch_the_rest() -> None:
    """Have errors in threads and in objects that go away said in a sentence, or not at all, too."""

    def of_thread(args: Any) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            explain(args.exc_value)

    threading.excepthook = of_thread
    sys.excepthook = lambda _kind, error, _trace: explain(error)
    if not os.environ.get(DEBUG):
        sys.unraisablehook = lambda _: None


def _of_system(error: OSError, at: str) -> str:
    what = _ADVICE.get(error.errno or 0)
    if what is not None:
        return f"{what} ({error.strerror}, at {at})"
    where = f"{error.filename}: " if isinstance(error.filename, str) else ""
    return f"{where}the system refused what phonehome needs ({_short(error)}, at {at})"


def _short(error: BaseException) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    words = " ".join(said.split()) or type(error).__name__
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"
