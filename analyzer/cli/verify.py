"""`phonehome verify`: an evidence bundle → whether it is as it was made and shows what it says."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from analyzer.cli.arguments import add_dossiers_choice
from analyzer.cli.console import DONE, FOUND, write
from analyzer.cli.extras import missing
from analyzer.cli.file_roles import FileOption, Role, declare
from analyzer.cli.output import UnusableError
from analyzer.cli.redaction import given_key
from analyzer.cli.scan_again import add_inputs, scanner
from analyzer.cli.trust import add_trust, trust_of

if TYPE_CHECKING:
    from analyzer.bundle.verify import VerifyOutcome

BUILT_AGAIN = (
    "Level 3 of 3, built again: all that it says follows from the original, file by file; what is STATED "
    "ONLY is its maker's word."
)
PACKETS_COMPARED = "Level 2 of 3, packets compared: its report was not derived anew, word by word."
AGREES = (
    "No contradiction was found, but not every packet was compared with an original: this shows that the "
    "bundle agrees with itself, not that its packets are genuine. Level 1 of 3, agrees with itself."
)


def add(commands: Any) -> None:
    verify = commands.add_parser("verify", help="check an evidence bundle; exit code 1 where it fails")
    verify.add_argument("directory", metavar="DIR", help="what phonehome evidence -o wrote")
    verify.add_argument(
        "--capture", dest="captures", nargs="+", default=[], metavar="FILE", help="originals to compare with"
    )
    verify.add_argument("--redact-key", metavar="FILE", help="the key of a redacted bundle")
    declare(
        verify,
        FileOption("captures", "--capture", Role.CAPTURES),
        FileOption("redact_key", "--redact-key", Role.READ),
    )
    add_trust(verify)
    add_dossiers_choice(verify)
    add_inputs(verify)
    verify.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from analyzer.bundle.selection import SelectionError
    from analyzer.bundle.verify import Tools, verify
    from analyzer.conclusions.identifiers import identifiers
    from analyzer.model import CaptureError
    from analyzer.system.files import is_incomplete

    if is_incomplete(options.directory):
        raise UnusableError(
            f"{options.directory}: is incomplete: what wrote it was ended before its end, so there is "
            "nothing to check; make the bundle again"
        )
    key = given_key(options.redact_key)
    try:
        tools = Tools(scanner(options, options.directory), identifiers)
        outcome = verify(options.directory, tools, options.captures, key, trust_of(options))
    except (SelectionError, CaptureError) as error:
        raise UnusableError(str(error)) from None
    except ModuleNotFoundError as error:
        raise UnusableError(missing("verify", error.name)) from None
    _tell(outcome)
    return FOUND if outcome.wrong else DONE


def _tell(outcome: VerifyOutcome) -> None:
    """Print each sentence, and what follows from all of them."""
    from analyzer.report.text import visible

    for head, sentences in (
        ("right", outcome.checked),
        ("STATED ONLY", outcome.stated),
        ("NOT VERIFIED", outcome.unverified),
        ("WRONG", outcome.wrong),
    ):
        for sentence in sentences:
            write(f"{head}: {visible(sentence)}\n")
    write(f"{_verdict(outcome)}\n")
    if not outcome.wrong:
        write(f"Author: {visible(outcome.author)}.\nTime: {visible(outcome.time)}.\n")


def _verdict(outcome: VerifyOutcome) -> str:
    if outcome.wrong:
        return "The bundle fails."
    left = f" Not verified: {len(outcome.unverified)} of the points above." if outcome.unverified else ""
    if outcome.is_built_again:
        return f"The bundle holds: its packets are {outcome.compared}. {BUILT_AGAIN}{left}"
    if outcome.compared:
        return f"The bundle holds: its packets are {outcome.compared}. {PACKETS_COMPARED}{left}"
    return f"{AGREES}{left}"
