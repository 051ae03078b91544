"""A report's scope and the inputs that are given → the scan that the report states, repeated."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from analyzer.cli.file_roles import FileOption, Role, declare
from analyzer.cli.output import UnusableError

if TYPE_CHECKING:
    from analyzer.model import Report, Scope


def add_inputs(command: argparse.ArgumentParser) -> None:
    """Add the options for files that the scan was given; the report names them by their SHA-256."""
    command.add_argument(
        "--geo", action="append", default=[], metavar="FILE.mmdb", help="the --geo of the scan; repeatable"
    )
    command.add_argument("--tac", metavar="FILE.csv", help="the --tac of the scan")
    command.add_argument("--events", metavar="FILE.csv", help="the --events of the scan")
    command.add_argument("--known", metavar="KIND=VALUE,...|FILE", help="the --known of the scan")
    declare(
        command,
        FileOption("geo", "--geo", Role.READ),
        FileOption("tac", "--tac", Role.READ),
        FileOption("events", "--events", Role.READ),
        FileOption("known", "--known", Role.KNOWN),
    )


def scanner(options: argparse.Namespace, of: str) -> Callable[[Sequence[str], Scope], Report]:
    """Return what scans captures as a scope says; `of` names the document whose scope it is.

    Raises UnusableError where an input that is given can't be used.
    """
    from analyzer.cli.scan import log_of, prepared

    known = prepared(options, with_user_table=False)
    log = log_of(options.events)

    def scan(paths: Sequence[str], scope: Scope) -> Report:
        from analyzer.pipeline import analyze

        try:
            return analyze(
                *paths,
                regions=scope.regions,
                device=scope.device,
                known=known,
                origin=scope.origin,
                geo=options.geo,
                geo_date=_day(scope.geo_date),
                dossiers=options.dossiers,
                log=log,
                tac=_table(scope, options.tac),
            )
        except ValueError as error:  # regions, device and day are the document's own words
            raise UnusableError(f"{of}: {error}") from None

    return scan


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _table(scope: Scope, given: str | None) -> Any:
    """Return the table that was given, else the user's own where the scan was given one."""
    from analyzer.cli.scan import tac_table

    is_stated = any(each.option == "--tac" for each in scope.inputs or ())
    return given or (tac_table(None) if is_stated else None)
