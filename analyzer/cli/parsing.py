"""All commands → one parser."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from analyzer.cli import diff, dossiers, evidence, geo, saved, scan, serve, summary, verify, watch

_COMMANDS = (scan, watch, serve, saved, diff, summary, evidence, verify, geo, dossiers)

_EPILOG = """\
exit codes: 0 done; 1 a threshold of --fail-on is met, or a bundle fails verify; 2 usage, unreadable input
or unwritable output; 3 results complete up to damage. What was found stays found: 1 goes before 3, and before
2 where only some of several captures can't be read.
The report for people goes to standard output (with --json - the JSON alone); progress goes to
standard error, and only when that is a terminal. Nothing is sent anywhere: the tool works offline."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        from analyzer.report.text import visible

        super().error(visible(message))


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from analyzer.version import VERSION

        print(f"phonehome {VERSION}")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    top = _Parser(
        prog="phonehome",
        description="Shows what a phone sends home in clear text, to whom and where, with evidence.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action=_Version, nargs=0, help="print the version and leave")
    commands = top.add_subparsers(dest="command", title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add(commands)
    return top
