"""All commands → one parser."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from analyzer.cli import diff, dossiers, evidence, geo, labels, recheck, scan, serve, summary, verify, watch
from analyzer.cli import report as saved
from analyzer.cli.console import write

_COMMANDS = (scan, watch, serve, saved, diff, summary, labels, evidence, verify, recheck, geo, dossiers)

_EPILOG = """\
exit codes: 0 done; 1 a threshold of --fail-on is met, a bundle fails verify, or a report
fails recheck; 2 usage, unreadable input,
unwritable output, or any other failure; 3 results complete up to damage. What was found stays found: 1 goes
before 3, and before 2 where only some of several captures can't be read.
The report for people goes to standard output (with --json - the JSON alone); progress goes to
standard error, and only when that is a terminal. Nothing is sent anywhere: the tool works offline."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, and what was probably meant; the usage is for `--help`."""

    commands: Any

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            self._refuse(unknown, options.command)
        return options

    def error(self, message: str) -> NoReturn:
        from analyzer.report.text import visible

        self.exit(2, f"phonehome: {visible(message)}; {self.prog} --help says what there is\n")

    def _refuse(self, unknown: list[str], command: str) -> None:
        """Options that no command has, or not this one."""
        import difflib

        of_command = self.commands.choices[command]
        words = [word.partition("=")[0] for word in unknown if word.startswith("-")]
        known = [option for option in of_command._option_string_actions if option not in ("-h", "--help")]
        near = [difflib.get_close_matches(word, known, n=1) for word in words]
        meant = f" (did you mean {', '.join(found[0] for found in near if found)}?)" if any(near) else ""
        of_command.error(f"unrecognized arguments: {' '.join(unknown)}{meant}")


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from analyzer.core.kernels import is_compiled
        from analyzer.version import VERSION

        kernels = "compiled" if is_compiled() else "not compiled; large captures are read slowly"
        write(f"phonehome {VERSION}\npacket kernels: {kernels}\n")
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
    top.commands = commands
    for command in _COMMANDS:
        command.add(commands)
    return top
