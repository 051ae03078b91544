"""`phonehome recheck`: a published report and its captures → what would be said otherwise today."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

from analyzer.cli.arguments import add_dossiers_choice
from analyzer.cli.console import DONE, FOUND, write
from analyzer.cli.file_roles import FileOption, Role, declare
from analyzer.cli.output import Output, UnusableError
from analyzer.cli.redaction import given_key
from analyzer.cli.scan_again import add_inputs, scanner

if TYPE_CHECKING:
    from analyzer.bundle.recheck import Recheck


def add(commands: Any) -> None:
    recheck = commands.add_parser("recheck", help="what of a published report would be said otherwise today")
    recheck.add_argument("saved", metavar="REPORT.json", help="what scan --json wrote")
    recheck.add_argument(
        "captures",
        nargs="*",
        metavar="CAPTURE",
        help="its captures, where they lie elsewhere now; told by their SHA-256",
    )
    recheck.add_argument("-o", dest="note", metavar="FILE.txt", help="write what a correction note needs")
    recheck.add_argument("--redact-key", metavar="FILE", help="the key of a redacted report")
    declare(
        recheck,
        FileOption("saved", "REPORT.json", Role.READ),
        FileOption("captures", "CAPTURE", Role.CAPTURES),
        FileOption("redact_key", "--redact-key", Role.READ),
        FileOption("note", "-o", Role.WRITTEN),
    )
    add_dossiers_choice(recheck)
    add_inputs(recheck)
    recheck.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from analyzer.bundle.original_check import file_sha256
    from analyzer.bundle.recheck import note, recheck
    from analyzer.bundle.selection import SelectionError
    from analyzer.cli.report import read_report
    from analyzer.model import CaptureError

    key = given_key(options.redact_key)
    report = read_report(options.saved)
    try:
        digest = file_sha256(options.saved)
        scan = scanner(options, options.saved)
        made = recheck(report, options.captures, scan, key)
    except (SelectionError, CaptureError) as error:
        raise UnusableError(str(error)) from None
    if options.note:
        Output("-o", options.note).write(note(made, digest, time.time_ns()).encode("utf-8", "replace"))
    if options.note != "-":
        _tell(made)
    return FOUND if made.comparison.lost else DONE


def _tell(made: Recheck) -> None:
    """Print each sentence, and what follows from all of them."""
    from analyzer.bundle.recheck import verdict
    from analyzer.report.text import visible

    result = made.comparison
    judged = [f"{each.name}: {each.before} → {each.now}" for each in result.judged]
    same = [f"{count} {word}{'s' * (count != 1)}" for word, count in result.equal.items() if count]
    for head, sentences in (
        ("the same", same),
        ("other terms", made.obstacles),
        ("judged differently", judged),
        ("NEW", result.added),
        ("LOST", result.lost),
    ):
        for sentence in sentences:
            write(f"{head}: {visible(sentence)}\n")
    write(f"{verdict(made)}\n")
