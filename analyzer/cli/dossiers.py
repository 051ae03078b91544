"""`phonehome dossiers`: what is known of senders; dossiers begun and tried."""

from __future__ import annotations

import argparse
from typing import Any

from analyzer.cli.arguments import add_dossiers_choice
from analyzer.cli.console import DONE, width, write
from analyzer.cli.output import UnusableError

FAILED = 1
ACTIONS = ("new", "test", "show")
DESCRIPTION = """\
list the known senders, or explain some of them (ID ...)

  dossiers show ID    one dossier as a page, with its example decoded step by step
  dossiers test DIR   try each dossier of a folder: form, example, look-alike, overlap with others, sources
  dossiers new        ask for what is known, and write a skeleton
"""


def add(commands: Any) -> None:
    command = commands.add_parser(
        "dossiers",
        help="list the known senders, explain one of them, begin or try a dossier",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("ids", nargs="*", metavar="ID", help="dossiers, or: show ID, test DIR, new")
    add_dossiers_choice(command)
    _add_answers(command)
    command.set_defaults(run=run)


def _add_answers(command: argparse.ArgumentParser) -> None:
    from analyzer.cli.dossier_skeleton import QUESTIONS

    group = command.add_argument_group("for new", "what is not given is asked for, on a terminal")
    for question in QUESTIONS:
        group.add_argument(
            f"--{question.name.replace('_', '-')}", metavar=question.metavar, help=question.help
        )
    group.add_argument("--folder", metavar="DIR", default=".", help="where the file goes (default: here)")


def run(options: argparse.Namespace) -> int:
    try:
        if options.ids[:1] == ["new"]:
            return _new(options)
        if options.ids[:1] == ["test"]:
            return _test(options)
        if options.ids[:1] == ["show"]:
            from analyzer.cli.dossier_example import shown

            write(shown(options.ids[1:], options.dossiers, width=width()))
            return DONE
        from analyzer.cli.dossier_pages import dossiers

        write(dossiers(options.ids, options.dossiers, width=width()))
    except ValueError as error:
        raise UnusableError(str(error)) from None
    return DONE


def _new(options: argparse.Namespace) -> int:
    from analyzer.cli.dossier_skeleton import QUESTIONS, answers, saved

    given = {question.name: getattr(options, question.name) for question in QUESTIONS}
    path = saved(answers(given), options.folder)
    write(f"{path}: written. Next: phonehome dossiers test {path.parent}\n")
    return DONE


def _test(options: argparse.Namespace) -> int:
    from analyzer.cli.dossier_example import tried

    if len(options.ids) < 2:
        raise ValueError("dossiers test: no folder is named; give one with .toml files")
    text, is_well = tried(options.ids[1:], options.dossiers)
    write(text)
    return DONE if is_well else FAILED
