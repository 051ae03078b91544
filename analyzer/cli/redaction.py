"""The options that decide whose eyes a document is for, and the report as each document gets it."""

from __future__ import annotations

import argparse
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from analyzer.cli.file_roles import FileOption, Role, declare
from analyzer.cli.output import UnusableError
from analyzer.system import files
from analyzer.system.pipes import opened

if TYPE_CHECKING:
    from analyzer.model import Report

LEAST = 32  # bytes of a key: fewer could be guessed
MOST = 1 << 16


def add_redaction(command: argparse.ArgumentParser, every: bool = True) -> None:
    """`--redact`, the key, and where documents are redacted unasked, what turns that off."""
    command.add_argument(
        "--redact",
        action="store_true",
        help="for print: identifiers become pseudonyms in everything that is printed and written",
    )
    command.add_argument(
        "--redact-key",
        metavar="FILE",
        help="a key of your own, so that several reports share pseudonyms; made where FILE is missing",
    )
    declare(command, FileOption("redact_key", "--redact-key", Role.KEY))
    if every:
        command.add_argument(
            "--show-identifiers",
            action="store_true",
            help="show identifiers in HTML too, where they are pseudonyms otherwise",
        )


def key_of(path: str | None) -> bytes | None:
    """The key in a file, which is made where there is none; None where no file was named."""
    if path is None:
        return None
    try:
        return _new_key(path) if not os.path.exists(path) else _read_key(path)
    except OSError as error:
        raise UnusableError(f"--redact-key: {path} can't be used ({error.strerror})") from None


def given_key(path: str | None) -> bytes | None:
    """The key in a file, which has to be there; None where no file was named."""
    if path and not os.path.exists(path):
        raise UnusableError(f"--redact-key: {path} is not there")
    return key_of(path)


def _new_key(path: str) -> bytes:
    from analyzer.redaction.redaction import new_key

    key = new_key()
    with suppress(FileExistsError):  # another run has made it meanwhile: its key is the one
        files.put(path, key, new=True)
        return key
    return _read_key(path)


def _read_key(path: str) -> bytes:
    with os.fdopen(opened(path), "rb") as file:
        if stat.S_ISCHR(os.fstat(file.fileno()).st_mode):
            raise UnusableError(f"--redact-key: {path} is a device; a key is a file that stays as it is")
        key = file.read(MOST)
    if len(key) < LEAST:
        raise UnusableError(f"--redact-key: {path} has {len(key)} bytes, a key has {LEAST} or more")
    return key


class BothReports:
    """The report with identifiers and without; the latter made once, when it is asked for."""

    def __init__(self, options: argparse.Namespace) -> None:
        if options.redact and options.show_identifiers:
            raise UnusableError("--redact and --show-identifiers contradict each other")
        self._all, self._shown = options.redact, options.show_identifiers
        self._key = key_of(options.redact_key)
        self._redacted: Report | None = None

    @property
    def shows(self) -> bool:
        """Whether documents for readers show identifiers too."""
        return bool(self._shown)

    @property
    def only_redacted(self) -> bool:
        """Whether nothing may show an identifier."""
        return bool(self._all)

    def report(self, report: Report, redacted: bool = False) -> Report:
        """As a document gets it that is redacted unless asked otherwise, or shown unless asked otherwise."""
        if not self._all and (not redacted or self._shown):
            return report
        if self._redacted is None:
            from analyzer.redaction.redaction import redact

            self._redacted = redact(report, self._key)
        return self._redacted
