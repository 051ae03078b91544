"""The documents that a report can be written as: one table, an option each.

A writer is a function of the report alone. It gives text, whole or in pieces, which is written as UTF-8;
bytes; or for a folder the files in it by name. Its module is imported when its option is used; a package that
it needs is looked for before the scan.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from analyzer.cli.arguments import add_language, said, section_names, system_language, zone
from analyzer.cli.console import say, width, write
from analyzer.cli.extras import missing
from analyzer.cli.file_roles import FileOption, Role, declare
from analyzer.cli.output import Output, OutputFolder, UnusableError
from analyzer.cli.redaction import BothReports, add_redaction

if TYPE_CHECKING:
    from analyzer.model import Report


class Document(NamedTuple):
    """One kind of document and the option that asks for it."""

    option: str  # "--json"
    module: str  # "analyzer.report.json"
    help: str
    # The module's function: Report → str, bytes, or pieces of text; of a folder Report → {name: bytes}.
    writer: str = "write"
    redacted: bool = False  # made for readers: pseudonyms for identifiers unless --show-identifiers is given
    folder: bool = False  # several files, in an empty folder
    needs: str = ""  # a package that an extra of the project brings

    @property
    def name(self) -> str:
        return self.option.removeprefix("--").replace("-", "_")

    def opened(self, path: str) -> Output | OutputFolder:
        """Where it will be written; UnusableError where it can't be, or where a package is missing."""
        if self.needs and find_spec(self.needs) is None:
            raise UnusableError(missing(self.option, self.needs))
        return OutputFolder(self.option, path) if self.folder else Output(self.option, path)

    def made(self, report: Report) -> Any:
        """The document, as its output takes it; UnusableError where what it needs is not installed."""
        try:
            content = getattr(import_module(self.module), self.writer)(report)
        except ModuleNotFoundError as error:
            raise UnusableError(missing(self.option, error.name)) from None
        if isinstance(content, Iterator):
            return map(str.encode, content)
        return content.encode() if isinstance(content, str) else content


DOCUMENTS = (
    Document("--json", "analyzer.report.json", "write the whole report as JSON; - is stdout", "pieces"),
    Document(
        "--html",
        "analyzer.report.html",
        "write the report as one HTML file that needs no network; identifiers are pseudonyms in it",
        redacted=True,
    ),
    Document(
        "--kit",
        "analyzer.report.kit",
        "write what an article needs: flow, map and timeline as SVG and PNG, a fact box, alternative texts "
        "and credits; identifiers are pseudonyms in it",
        redacted=True,
        folder=True,
    ),
    Document(
        "--ndjson",
        "analyzer.export.ndjson",
        "write flows, messages, identifiers and pings as lines of JSON in names of the Elastic Common Schema",
    ),
    Document("--csv", "analyzer.export.csv", "write every table as a CSV file", folder=True),
    Document(
        "--parquet",
        "analyzer.export.parquet",
        "write every table as a Parquet file (needs pyarrow)",
        folder=True,
        needs="pyarrow",
    ),
    Document(
        "--sqlite",
        "analyzer.export.sqlite",
        "write every table into one SQLite database, with views and full text, for Datasette and others",
    ),
    Document("--har", "analyzer.export.har", "write the plaintext HTTP exchanges as HAR 1.2"),
    Document("--zeek", "analyzer.export.zeek", "write conn.log and http.log in Zeek's form", folder=True),
    Document("--eve", "analyzer.export.eve", "write lines of JSON in the form of Suricata's EVE log"),
    Document("--sarif", "analyzer.export.sarif", "write pings and identifiers as SARIF 2.1.0"),
    Document(
        "--stix",
        "analyzer.export.stix",
        "write destinations and what was readable as a STIX 2.1 bundle (needs stix2)",
        needs="stix2",
    ),
    Document(
        "--misp",
        "analyzer.export.misp",
        "write destinations and what was readable as a MISP event (needs pymisp)",
        needs="pymisp",
    ),
)
READ_FIRST = DOCUMENTS[:2]  # of a recording that goes on; the others can be made of its JSON


def add_documents(command: argparse.ArgumentParser, documents: Sequence[Document] = DOCUMENTS) -> None:
    """One option each, and how much is said."""
    for document in documents:
        place = "DIR" if document.folder else "FILE|-"
        command.add_argument(document.option, metavar=place, help=document.help)
        role = Role.FOLDER if document.folder else Role.WRITTEN
        declare(command, FileOption(document.name, document.option, role))
    command.set_defaults(documents=documents)
    add_redaction(command)
    add_language(command, "what is printed and of the HTML report")
    command.add_argument(
        "--zone",
        type=said(zone),
        metavar="AREA/CITY",
        help="the time zone beside UTC, such as Europe/Oslo (default: the system's; UTC for none)",
    )
    command.add_argument(
        "--section",
        type=said(section_names),
        default=(),
        metavar="NAME,...",
        help="print these parts alone, such as identifiers or requests; the end of the short report "
        "names them, and all prints every one",
    )
    command.add_argument("-q", "--quiet", action="store_true", help="no progress and no warnings")
    command.add_argument("-v", "--verbose", action="store_true", help="leave nothing out")


class Outputs:
    """All files that were asked for, open; one of them may be standard output.

    `prints` says whether the report may be printed; `answer_last` is as in `terminal.render`.
    """

    def __init__(self, options: argparse.Namespace, prints: bool = True, answer_last: bool = False) -> None:
        self._answer_last = answer_last
        asked = [(d, path) for d in options.documents if (path := getattr(options, d.name)) is not None]
        is_redacted = options.redact or any(d.redacted and not options.show_identifiers for d, _ in asked)
        if options.redact_key and not is_redacted:
            raise UnusableError("--redact-key needs --redact, or --html with pseudonyms")
        self.eyes = BothReports(options)
        to_stdout = [d.option for d, path in asked if path == "-" and not d.folder]
        if len(to_stdout) > 1:
            raise UnusableError(f"{' and '.join(to_stdout)} can't both go to standard output")
        self.prints, self.has_documents = prints and not to_stdout, bool(asked)
        with ExitStack() as stack:
            self._files = [(d, stack.enter_context(d.opened(path))) for d, path in asked]
            self._stack = stack.pop_all()

    def write(self, report: Report, options: argparse.Namespace, prints: bool = True) -> None:
        """Write every document, and print the report unless a document took standard output."""
        from analyzer.report.language import language
        from analyzer.report.local_time import SYSTEM, local_time

        with language(options.lang or system_language()), local_time(options.zone or SYSTEM):
            for document, output in self._files:
                output.write(document.made(self.eyes.report(report, document.redacted)))
            if self.prints and prints:
                _print(self.eyes.report(report), options, self._answer_last)
        if sys.stderr.isatty() and not options.quiet:
            self._tell()

    def _tell(self) -> None:
        """To whoever sits before a terminal: which files there are now, and where the answer is."""
        from analyzer.report.text import visible

        for document, output in self._files:
            if output.path != "-":
                pseudonyms = self.eyes.only_redacted or (document.redacted and not self.eyes.shows)
                said = ", with pseudonyms for identifiers" if pseudonyms else ""
                say(f"phonehome: {visible(output.path)} is written{said}\n")
        if self.prints and not self._files and sys.stdout.isatty():
            where = "last" if self._answer_last else "at the top"
            say(f"phonehome: the answer stands {where}; --html FILE makes a page of it\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _print(report: Report, options: argparse.Namespace, answer_last: bool) -> None:
    from analyzer.report.terminal import render

    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    printed = render(
        report, width=width(), colour=colour, verbose=options.verbose, sections=options.section,
        answer_last=answer_last,
    )  # fmt: skip
    write(printed)
