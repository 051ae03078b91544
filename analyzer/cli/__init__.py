"""The command line → one of the commands, an exit code: only this room prints or exits.

Each command is a module with `add`, which describes it to argparse, and `run`, which does it.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from analyzer.cli.console import UNUSABLE, UnwritableError, complain, finish, give_up, open_standard
from analyzer.cli.failures import catch_the_rest, check_memory, explain
from analyzer.cli.output import UnusableError
from analyzer.cli.signals import ending_signals, words_and_code

PIPE_CLOSED = 141  # 128 and the number of SIGPIPE, as shells have it


def command() -> int:
    """The program `phonehome`: as `main`, and then the process ends at once.

    Taking apart what a scan holds takes the interpreter a tenth of the scan's time.
    """
    ended: list[int] = []
    open_standard()
    catch_the_rest()
    atexit.register(_end, ended)  # what comes first here is called last
    ended.append(main())
    return ended[0]


def _end(ended: Sequence[int]) -> None:
    if not ended:  # argparse has ended the program
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(ended[0])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command `phonehome`; returns the exit code."""
    open_standard()
    try:
        with ending_signals():
            return _guarded(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt as error:
        words, code = words_and_code(error)
        complain(words)
        return code


def _guarded(arguments: Sequence[str]) -> int:
    """As `main`, without signals: whatever happens becomes one sentence and a code that says so."""
    try:
        try:
            return _done(arguments)
        finally:
            finish()
    except BrokenPipeError:
        give_up()
        return PIPE_CLOSED
    except UnwritableError as error:
        give_up()
        complain(str(error))
    except UnusableError as error:
        complain(str(error))
    except SystemExit as error:
        if error.code in (None, 0, UNUSABLE):  # --help, or a slip of the pen
            raise
        explain(error)
    except Exception as error:
        explain(error)
    return UNUSABLE


def _done(arguments: Sequence[str]) -> int:
    from analyzer.cli.file_roles import Claims
    from analyzer.cli.parser import parser

    if not arguments:
        parser().print_help(sys.stderr)
        return UNUSABLE
    options = parser().parse_args(arguments)
    options.claims = Claims.of(options)
    check_memory()
    code: int = options.run(options)
    return code
