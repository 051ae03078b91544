"""`phonehome verify`: an evidence bundle → whether it is as it was made and shows what it says."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from analyzer.cli.arguments import add_dossiers_choice
from analyzer.cli.claims import Named, Role, declare
from analyzer.cli.extras import missing
from analyzer.cli.output import UnusableError
from analyzer.cli.printing import DONE, FOUND, write
from analyzer.cli.redacting import key_of

if TYPE_CHECKING:
    from analyzer.model import Report


def add(commands: Any) -> None:
    verify = commands.add_parser("verify", help="check an evidence bundle; exit code 1 where it fails")
    verify.add_argument("directory", metavar="DIR", help="what phonehome evidence -o wrote")
    verify.add_argument(
        "--capture", dest="captures", nargs="+", default=[], metavar="FILE", help="originals to compare with"
    )
    verify.add_argument("--redact-key", metavar="FILE", help="the key of a redacted bundle")
    declare(
        verify,
        Named("captures", "--capture", Role.CAPTURES),
        Named("redact_key", "--redact-key", Role.READ),
    )
    add_dossiers_choice(verify)
    verify.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    import os

    from analyzer.evidence.selecting import RefusedError
    from analyzer.evidence.verify import verify
    from analyzer.files import is_incomplete
    from analyzer.model import CaptureError
    from analyzer.report.text import visible

    if is_incomplete(options.directory):
        raise UnusableError(
            f"{options.directory}: is incomplete: what wrote it was ended before its end, so there is "
            "nothing to check; make the bundle again"
        )
    if options.redact_key and not os.path.exists(options.redact_key):
        raise UnusableError(f"--redact-key: {options.redact_key} is not there")

    def scan(path: str, regions: Sequence[str]) -> Report:
        from analyzer.pipeline import analyze

        return analyze(path, regions=regions, dossiers=options.dossiers)

    try:
        outcome = verify(options.directory, scan, options.captures, key_of(options.redact_key))
    except (RefusedError, CaptureError) as error:
        raise UnusableError(str(error)) from None
    except ModuleNotFoundError as error:
        raise UnusableError(missing("verify", error.name)) from None
    for sentence in outcome.checked:
        write(f"right: {visible(sentence)}\n")
    for sentence in outcome.wrong:
        write(f"WRONG: {visible(sentence)}\n")
    write("The bundle fails.\n" if outcome.wrong else "The bundle holds.\n")
    return FOUND if outcome.wrong else DONE
