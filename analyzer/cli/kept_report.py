"""The report of a watch whose terminal was closed before it could be printed → a file of its own."""

from __future__ import annotations

import argparse
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.cli.console import UnwritableError, complain, give_up

if TYPE_CHECKING:
    from analyzer.cli.documents import Outputs
    from analyzer.model import Report


def write_or_keep(outputs: Outputs, report: Report, options: argparse.Namespace, on_terminal: bool) -> None:
    """Write documents and print the report; where its terminal is gone, save it to a file.

    UnwritableError as `console.write`, where standard output is something else or no folder takes it.
    """
    try:
        outputs.write(report, options)
    except UnwritableError:
        if not on_terminal:
            raise
        give_up()
        if not outputs.has_documents and not kept(outputs.eyes.report(report)):
            raise


def kept(report: Report) -> str:
    """Write the report as JSON into this folder, else into the user's own; the path, empty where none is."""
    from analyzer.report.json import write
    from analyzer.system import files

    name = time.strftime("phonehome-watch-%Y%m%dT%H%M%SZ.json", time.gmtime())
    for folder in (Path.cwd(), Path(os.path.expanduser("~"))):
        with suppress(OSError):
            path = str(folder / name)
            files.write_new(path, write(report).encode())
            complain(f"{path}: the report, since the terminal was closed")
            return path
    return ""
