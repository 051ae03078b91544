"""`phonehome summary`: results of many captures → what recurs across them."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from analyzer.cli.arguments import add_language, day, said, system_language
from analyzer.cli.console import DAMAGED, DONE, complain, width, write
from analyzer.cli.extras import missing
from analyzer.cli.file_roles import FileOption, Role, declare
from analyzer.cli.output import Output, UnusableError

if TYPE_CHECKING:
    from analyzer.corpus.capture_metadata import MetadataCell
    from analyzer.corpus.reviewed_labels import LabelIndex
    from analyzer.corpus.summary import Summary

# Rows of a table on the terminal unless everything is asked for.
MOST_ROWS = 25


def add(commands: Any) -> None:
    command = commands.add_parser("summary", help="what recurs across the results of many captures")
    command.add_argument("results", metavar="RESULTS", help="what scan --results wrote: a folder or URL")
    command.add_argument(
        "--since",
        type=said(day),
        metavar="YYYY-MM-DD",
        help="only what was first seen on this day (UTC, by the captures' time) or later",
    )
    command.add_argument(
        "--new",
        action="store_true",
        help="only what earlier results do not have: those from before the last run, or of --earlier",
    )
    command.add_argument(
        "--earlier",
        metavar="RESULTS|YYYY-MM-DD",
        help="with --new: other results, or what was read before this day (UTC)",
    )
    command.add_argument(
        "--metadata",
        metavar="FILE.csv",
        help="what you know of each capture, by path, file name or SHA-256: capture,model,firmware,…",
    )
    command.add_argument(
        "--labels", metavar="FILE.csv", help="what reviewers said of findings (phonehome labels), as a column"
    )
    command.add_argument(
        "--redact-key", metavar="FILE", help="the key of labels whose values are keyed hashes"
    )
    command.add_argument("--csv", metavar="DIR", help="write each table as CSV into a folder")
    command.add_argument("--html", metavar="FILE|-", help="write a page that needs nothing else; - is stdout")
    command.add_argument(
        "--redact",
        action="store_true",
        help="for print: identifiers and devices have numbers in everything that is printed and written",
    )
    command.add_argument(
        "--show-identifiers",
        action="store_true",
        help="show identifiers and devices in HTML too, where they have numbers otherwise",
    )
    add_language(command, "what is printed and of the page")
    command.add_argument("-v", "--verbose", action="store_true", help="leave nothing out")
    declare(
        command,
        FileOption("results", "RESULTS", Role.RESULTS),
        FileOption("earlier", "--earlier", Role.RESULTS),
        FileOption("metadata", "--metadata", Role.READ),
        FileOption("labels", "--labels", Role.READ),
        FileOption("redact_key", "--redact-key", Role.KEY),
        FileOption("csv", "--csv", Role.SHEETS),
        FileOption("html", "--html", Role.WRITTEN),
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from pathlib import Path

    if options.redact and options.show_identifiers:
        raise UnusableError("--redact and --show-identifiers contradict each other")
    if options.redact_key and not options.labels:
        raise UnusableError("--redact-key goes with --labels: it opens labels that are keyed hashes")
    if options.earlier is not None and not options.new:
        raise UnusableError("--earlier goes with --new: it names what new things are compared with")
    try:
        from analyzer.corpus.label_join import labelled, questions_for
        from analyzer.corpus.news import news_of
        from analyzer.corpus.storage import StorageError
        from analyzer.corpus.summary import summary_of, veiled
        from analyzer.corpus.summary_csv import write_csv
        from analyzer.report.language import language
    except ModuleNotFoundError as error:
        raise UnusableError(missing("summary", error.name, "summary")) from None
    try:
        metadata, labels = _metadata(options.metadata), _labels(options)
        if options.new:
            with language(options.lang or system_language()):
                found = news_of(options.results, _earlier(options.earlier), options.since, metadata)
        else:
            found = summary_of(options.results, options.since, metadata, questions_for(labels))
    except StorageError as error:
        raise UnusableError(str(error)) from None
    if labels is not None:
        found = labelled(found, labels)
    if options.redact:
        found = veiled(found)
    if options.csv:
        try:
            write_csv(found, Path(options.csv))
        except OSError as error:
            raise UnusableError(f"--csv {options.csv}: can't be written ({error.strerror})") from None
    with language(options.lang or system_language()):
        if options.html:
            _write_page(found if options.show_identifiers or options.redact else veiled(found), options.html)
        if options.html != "-":
            write(_rendered(found, options.verbose))
    if found.unfinished:
        complain(f"{options.results}: a run of scan --results has not come to its end: captures are missing")
        return DAMAGED
    return DONE


def _labels(options: argparse.Namespace) -> LabelIndex | None:
    from analyzer.cli.labels import index

    return index(options.labels, options.redact_key) if options.labels else None


def _earlier(given: str | None) -> str | date | None:
    """A day, or the place of results; a folder with the name of a day is ./2026-11-30."""
    if given is None or not re.fullmatch(r"\d{4}-\d\d-\d\d", given):
        return given
    try:
        return day(given)
    except ValueError as error:
        raise UnusableError(f"--earlier: {error}") from None


def _metadata(path: str | None) -> Sequence[MetadataCell] | None:
    from analyzer.corpus.capture_metadata import read_metadata

    if path is None:
        return None
    try:
        return read_metadata(path)
    except OSError as error:
        raise UnusableError(f"--metadata {path}: can't be read ({error.strerror})") from None
    except ValueError as error:
        raise UnusableError(f"--metadata {error}") from None


def _write_page(found: Summary, path: str) -> None:
    from analyzer.corpus.summary_page import page

    with Output("--html", path) as output:
        output.write(page(found).encode())


def _rendered(found: Summary, verbose: bool) -> str:
    import io

    from rich.console import Console

    from analyzer.corpus.summary_words import HEADING, cells, headings, left_out, nothing, rows_of, title
    from analyzer.corpus.summary_words import said as sentences
    from analyzer.report.language import _
    from analyzer.report.layout import bullets, say, section, table

    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    console = Console(
        file=io.StringIO(), width=max(width(), 40), force_terminal=colour, legacy_windows=False, markup=False,
        color_system="standard" if colour else None, emoji=False, highlight=False, _environ={},
    )  # fmt: skip
    with console.capture() as captured:
        console.print(section(_(HEADING), bullets(sentences(found))))
        for sheet in found.sheets:
            shown = rows_of(sheet, None if verbose else MOST_ROWS)
            numbers = [
                heading
                for at, heading in enumerate(headings(sheet))
                if any(isinstance(row[at], int) and not isinstance(row[at], bool) for row in shown)
            ]
            rows = [cells(sheet, row, to_the_day=True) for row in shown]
            more = len(sheet.rows) - len(shown)
            blocks = [table(headings(sheet), rows, right=numbers)] if rows else [say(nothing(found))]
            blocks += [say(left_out(more))] if more else []
            console.print(section(title(sheet), *blocks))
    return "".join(f"{line.rstrip()}\n" for line in captured.get().split("\n")[:-1])
