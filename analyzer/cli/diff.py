"""`phonehome diff`: two saved reports → what is in both, only in one, and what that can't prove."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from analyzer.cli.arguments import add_language, device, said, system_language
from analyzer.cli.console import DONE, width, write
from analyzer.cli.file_roles import FileOption, Role, declare
from analyzer.cli.output import Output, UnusableError
from analyzer.cli.redaction import add_redaction, key_of
from analyzer.cli.report import read_report

if TYPE_CHECKING:
    from analyzer.model import Report


def add(commands: Any) -> None:
    diff = commands.add_parser(
        "diff", help="compare two saved reports: before and after an update, one phone and another"
    )
    diff.add_argument("a", metavar="A.json", help="what scan --json wrote; - is stdin")
    diff.add_argument("b", metavar="B.json", help="the other one")
    for side in "ab":
        diff.add_argument(
            f"--device-{side}",
            type=said(_device),
            metavar="MAC|IP|NUMBER|all",
            help=f"the device of {side.upper()} to compare: address, place in its list of devices, or all",
        )
    diff.add_argument("--json", metavar="FILE|-", help="write the comparison as JSON; - is stdout")
    declare(
        diff,
        FileOption("a", "A.json", Role.READ),
        FileOption("b", "B.json", Role.READ),
        FileOption("json", "--json", Role.WRITTEN),
    )
    add_redaction(diff, every=False)
    add_language(diff, "what is printed")
    diff.add_argument("-v", "--verbose", action="store_true", help="leave nothing out")
    diff.set_defaults(run=run)


def _device(text: str) -> str:
    word = text.strip().lower()
    return word if word == "all" or re.fullmatch("[1-9][0-9]{0,5}", word) else device(text)


def run(options: argparse.Namespace) -> int:
    from analyzer.compare.compare import compare
    from analyzer.compare.device_choice import ChoiceError
    from analyzer.version import VERSION

    if options.a == options.b == "-":
        raise UnusableError("A and B can't both come from standard input")
    with _output(options) as output:
        a, b = read_report(options.a), read_report(options.b)
        try:
            found = compare(a, b, options.device_a, options.device_b, _shown(options))
        except ChoiceError as error:
            raise UnusableError(str(error)) from None
        if options.json is not None:
            from analyzer.compare import document

            output.write(document.write(found, VERSION).encode())
        if options.json != "-":
            from analyzer.compare.terminal import render
            from analyzer.report.language import language

            colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
            with language(options.lang or system_language()):
                write(render(found, VERSION, width=width(), colour=colour, verbose=options.verbose))
    return DONE


def _output(options: argparse.Namespace) -> Output:
    """`-` opens nothing, nor does no path at all."""
    return Output("--json", options.json or "-")


def _shown(options: argparse.Namespace) -> Callable[[Report], Report]:
    """How a report is shown: where asked for, with pseudonyms under one key for both, which compares them."""
    if not options.redact:
        return lambda report: report
    from analyzer.redaction.redaction import new_key, redact

    key = key_of(options.redact_key) or new_key()
    return lambda report: redact(report, key)
