"""The command line → one of the commands, an exit code: only this room prints or exits.

Each command is a module with `add`, which describes it to argparse, and `run`, which does it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from analyzer.cli.output import UnusableError
from analyzer.cli.parsing import parser
from analyzer.cli.printing import UNUSABLE, complain

INTERRUPTED, PIPE_CLOSED = 130, 141  # 128 + the signal's number, as shells say it


def main(arguments: Sequence[str] | None = None) -> int:
    """The command `phonehome`; returns the exit code."""
    try:
        options = parser().parse_args(arguments)
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # What is still buffered would raise again when the interpreter closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
    except UnusableError as error:
        complain(str(error))
        return UNUSABLE
