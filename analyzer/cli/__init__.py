"""The command line → one of the commands, an exit code: only this room prints or exits.

Each command is a module with `add`, which describes it to argparse, and `run`, which does it.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from analyzer.cli.output import UnusableError
from analyzer.cli.parsing import parser
from analyzer.cli.printing import UNUSABLE, UnwritableError, complain, finish, give_up

INTERRUPTED, PIPE_CLOSED = 130, 141  # 128 + the signal's number, as shells say it


def command() -> int:
    """The program `phonehome`: as `main`, and then the process ends at once.

    Taking apart what a scan holds takes the interpreter a tenth of the scan's time.
    """
    ended: list[int] = []
    atexit.register(_end, ended)  # what comes first here is called last
    ended.append(main())
    return ended[0]


def _end(ended: Sequence[int]) -> None:
    if not ended:  # an error of ours, or argparse has ended the program
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(ended[0])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command `phonehome`; returns the exit code."""
    if sys.stdout is None:  # the shell closed it: nothing was to be printed
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    try:
        try:
            return _done(sys.argv[1:] if arguments is None else arguments)
        finally:
            finish()
    except BrokenPipeError:
        give_up()
        return PIPE_CLOSED
    except UnwritableError as error:
        give_up()
        complain(str(error))
        return UNUSABLE
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
    except UnusableError as error:
        complain(str(error))
        return UNUSABLE


def _done(arguments: Sequence[str]) -> int:
    if not arguments:
        parser().print_help(sys.stderr)
        return UNUSABLE
    options = parser().parse_args(arguments)
    code: int = options.run(options)
    return code
