"""`phonehome evidence`: a saved report and its captures → a folder that others can check."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from analyzer.cli.console import DONE, say, write
from analyzer.cli.extras import missing
from analyzer.cli.file_roles import FileOption, Role, declare
from analyzer.cli.output import Output, OutputFolder, UnusableError
from analyzer.cli.redaction import add_redaction, key_of
from analyzer.cli.trust import signing

if TYPE_CHECKING:
    from analyzer.model import Report

_REPRODUCES = (
    "phonehome scan CAPTURE --json report.json && "
    "phonehome evidence report.json -o DIR --capture CAPTURE --redact --redact-key KEY"
)


def add(commands: Any) -> None:
    evidence = commands.add_parser("evidence", help="the packets behind each finding, for others to check")
    evidence.add_argument("saved", metavar="REPORT.json", help="what scan --json wrote")
    evidence.add_argument("-o", dest="directory", metavar="DIR", help="a new or empty folder for the bundle")
    evidence.add_argument("-w", dest="together", metavar="FILE.pcapng", help="all its packets in one file")
    evidence.add_argument(
        "--capture",
        dest="captures",
        nargs="+",
        default=[],
        metavar="FILE",
        help="the captures of the report, where they lie elsewhere now; told by their SHA-256",
    )
    evidence.add_argument(
        "--sign", metavar="KEY", help="a private key of SSH or minisign, with which manifest.json is signed"
    )
    declare(
        evidence,
        FileOption("sign", "--sign", Role.READ),
        FileOption("saved", "REPORT.json", Role.READ),
        FileOption("captures", "--capture", Role.CAPTURES),
        FileOption("directory", "-o", Role.FOLDER),
        FileOption("together", "-w", Role.WRITTEN),
    )
    add_redaction(evidence, every=False)
    evidence.add_argument("-q", "--quiet", action="store_true", help="say nothing")
    evidence.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if not options.directory and not options.together:
        raise UnusableError("evidence needs -o DIR or -w FILE.pcapng")
    if options.sign and not options.directory:
        raise UnusableError("--sign signs a bundle, which -o DIR writes")
    from analyzer.bundle.bundle import BundleRequest
    from analyzer.bundle.environment import environment
    from analyzer.bundle.manifest import MANIFEST, Making
    from analyzer.bundle.selection import SelectionError
    from analyzer.bundle.self_check import checked_bundle
    from analyzer.cli.report import read_report
    from analyzer.model import CaptureError

    report = read_report(options.saved)
    key = key_of(options.redact_key)
    try:
        sign = signing(options.sign) if options.sign else None
        paths = _paths(report, options.captures)
        asked = BundleRequest(paths, Making(_command(options), environment()), key, options.redact)
        _check_folder(options.directory)
        for path in paths:
            options.claims.reads("--capture", path)
        with ExitStack() as stack:
            together = stack.enter_context(Output("-w", options.together)) if options.together else None
            folder = stack.enter_context(OutputFolder("-o", options.directory)) if options.directory else None
            made = checked_bundle(report, asked)
            if together:
                together.write(made.together)
            if folder:
                folder.write(made.files | (sign(made.files[MANIFEST]) if sign else {}))
    except (SelectionError, CaptureError) as error:
        raise UnusableError(str(error)) from None
    except ModuleNotFoundError as error:
        raise UnusableError(missing("evidence", error.name)) from None
    if not options.quiet:
        _tell(made, options)
    return DONE


def _check_folder(directory: str | None) -> None:
    """Found out before the captures are read."""
    from analyzer.bundle.selection import SelectionError

    if not directory or not os.path.lexists(directory):
        return
    if not os.path.isdir(directory) or os.listdir(directory):
        raise SelectionError(f"{directory}: is not an empty folder, and nothing is written over")


def _paths(report: Report, given: list[str]) -> list[str]:
    """The captures of the report in its order; those given are told by their SHA-256."""
    from analyzer.bundle.original_check import file_sha256
    from analyzer.bundle.selection import SelectionError

    if not given:
        return [info.path for info in report.captures]
    by_hash = {file_sha256(path): path for path in given}
    known = {info.sha256 for info in report.captures}
    for digest, path in by_hash.items():
        if digest not in known:
            raise SelectionError(f"{path} is no capture of the report: none of its SHA-256 is {digest}")
    return [by_hash.get(info.sha256 or "", info.path) for info in report.captures]


def _command(options: argparse.Namespace) -> str:
    """What reproduces the bundle; a redacted one tells no paths."""
    if options.redact:
        return _REPRODUCES
    import shlex

    return shlex.join(["phonehome", *sys.argv[1:]])


def _tell(made: Any, options: argparse.Namespace) -> None:
    import shlex

    from analyzer.report.text import visible

    left = f"; {made.left_out:,} more flows were left out" if made.left_out else ""
    what = "pseudonyms stand for identifiers" if options.redact else "real identifiers: not for print"
    told = f"{made.frames:,} packets of {made.flows:,} flows{left}; {what}\n"
    if options.directory:
        told += f"phonehome verify {shlex.quote(visible(options.directory))} checks them\n"
    if options.together == "-":
        say(told)
    else:
        write(told)
