"""`phonehome report`: a saved report → the same again, without the capture."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from analyzer.cli.console import DONE
from analyzer.cli.documents import Outputs, add_documents
from analyzer.cli.fail_on import add_gate, check_gate, gated
from analyzer.cli.file_roles import FileOption, Role, declare
from analyzer.cli.output import UnusableError
from analyzer.cli.scan import exit_code
from analyzer.system.pipes import opened

if TYPE_CHECKING:
    from analyzer.model import Report


def add(commands: Any) -> None:
    report = commands.add_parser("report", help="print a saved report again, without the capture")
    report.add_argument("saved", metavar="SAVED.json", help="what scan --json wrote; - is stdin")
    declare(report, FileOption("saved", "SAVED.json", Role.READ))
    add_documents(report)
    add_gate(report)
    report.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    saved = read_report(options.saved)
    check_gate(options.fail_on, bool(saved.known))
    for info in saved.captures:
        options.claims.reads("a capture of the report,", info.path)
    with Outputs(options) as outputs:
        outputs.write(saved, options)
    # Asked as a gate, a saved report answers with the code of the scan that saved it.
    return gated(saved, options.fail_on, exit_code(saved, options)) if options.fail_on else DONE


def read_report(path: str) -> Report:
    """The report in a file; UnusableError, one sentence, where there is none."""
    from analyzer.report import json

    try:
        return json.read(_read_text(path))
    except ValueError as error:
        raise UnusableError(f"{path}: {error}") from None


def _read_text(path: str) -> str:
    from analyzer.report.document_size import bounded

    try:
        if path == "-":
            if sys.stdin is None:
                raise UnusableError("standard input is closed")
            return bounded(sys.stdin.buffer).decode("utf-8")
        with os.fdopen(opened(path), "rb") as file:
            return bounded(file).decode("utf-8")
    except OSError as error:
        raise UnusableError(f"{path}: can't be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ValueError("not a saved report: not UTF-8 text; scan CAPTURE --json FILE makes one") from None
