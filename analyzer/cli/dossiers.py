"""`phonehome dossiers`: what is known of senders."""

from __future__ import annotations

import argparse
from typing import Any

from analyzer.cli.arguments import add_dossiers_choice
from analyzer.cli.console import DONE, width, write
from analyzer.cli.output import UnusableError


def add(commands: Any) -> None:
    command = commands.add_parser("dossiers", help="list the known senders, or explain one of them")
    command.add_argument("ids", nargs="*", metavar="ID")
    add_dossiers_choice(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from analyzer.cli.dossier_pages import dossiers

    try:
        write(dossiers(options.ids, options.dossiers, width=width()))
    except ValueError as error:
        raise UnusableError(str(error)) from None
    return DONE
