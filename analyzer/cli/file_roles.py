"""What a command reads and writes, one list a run: no output is an input, a key or another output.

Each command declares its options with their `Role`; `Claims.of` enters what was given for them before the
command runs. What shows itself only later (the captures in a folder, those of a saved report) is entered with
`reads`. Files are the same by device and inode where they exist, else by the path that remains when links are
followed. Devices such as /dev/null may have any number of roles.
"""

from __future__ import annotations

import argparse
import os
import shlex
import stat
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import Enum, auto
from functools import cache
from typing import NamedTuple

from analyzer.cli.output import UnusableError

STANDARD = ("standard input", "standard output", "standard error")
# Paths that name standard output; what asks for them gets all of it, as with "-".
TO_STDOUT = frozenset(("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"))
# What `archive.results` keeps below the folder of `--results`.
KEPT_FOLDERS = ("captures", "devices", "messages", "findings", "pings", "destinations", "flows", "problems",
                "coverage", "reports")  # fmt: skip
KEPT_FILES = ("salt", "last-run.json")
# The files of `summary --csv`: `corpus.summary_questions` has the same names.
SHEETS = (
    "captures", "kinds", "hosts", "conditions", "messages", "phones", "identifiers", "devices",
    "destinations", "coverage", "problems", "labels",
)  # fmt: skip


class Role(Enum):
    """What an option's value is for a command."""

    READ = auto()  # a file, or "-"
    TABLE = auto()  # a file that is read twice, so no pipe
    CAPTURES = auto()  # files; folders, patterns and URLs, whose captures are entered when they are found
    KNOWN = auto()  # a file unless it is KIND=VALUE
    DOSSIERS = auto()  # folders with .toml files
    PROGRAM = auto()  # a program with its words, some of which may be files
    SOURCE = auto()  # "-", a file, or a program with its words
    KEY = auto()  # read, or made where it is missing
    WRITTEN = auto()  # a file, or "-"
    FOLDER = auto()  # a folder that is filled
    SHEETS = auto()  # a folder in which files of fixed names are replaced
    SERIES = auto()  # numbered files beside this name
    RESULTS = auto()  # a folder that lasts, or a URL


class FileOption(NamedTuple):
    """An option of a command and its role."""

    attribute: str
    option: str
    role: Role


def declare(command: argparse.ArgumentParser, *named: FileOption) -> None:
    """Add to what a command reads and writes."""
    command.set_defaults(files=(*(command.get_default("files") or ()), *named))


class FilePlace(NamedTuple):
    """A path that was given, and by what it is compared."""

    option: str
    path: str
    real: str
    node: tuple[int, int] | None
    kind: int = 0  # as stat.S_IFMT; 0 where nothing is there

    @property
    def said(self) -> str:
        """How a sentence names it."""
        return f"{self.option} {self.path}".rstrip()

    def is_same(self, other: FilePlace) -> bool:
        """Whether both are one file."""
        if stat.S_IFCHR in (self.kind, other.kind):
            return False
        if self.node is not None and other.node is not None:
            return self.node == other.node
        return self.real == other.real

    def is_below(self, folder: FilePlace) -> bool:
        """Whether it is in a folder, at any depth."""
        return bool(folder.real) and self.real.startswith(folder.real.rstrip(os.sep) + os.sep)


class Claims:
    """All that one run reads and writes. UnusableError where two of them can't both be."""

    def __init__(self) -> None:
        self._read: list[FilePlace] = []
        self._kept: list[FilePlace] = []  # folders of results: what is in them belongs to them
        self._keys: list[FilePlace] = []
        self._written: list[FilePlace] = []
        self._filled: list[FilePlace] = []
        self._series: list[FilePlace] = []

    @classmethod
    def of(cls, options: argparse.Namespace) -> Claims:
        """Enter what was given for each declared option, and the standard streams."""
        claims = cls()
        given = [(n, v) for n in getattr(options, "files", ()) for v in _values(options, n)]
        for named, value in given:
            if named.role is Role.WRITTEN and value in TO_STDOUT:
                setattr(options, named.attribute, "-")
        claims._standard(any(value == "-" and named.role in _READ for named, value in given))
        for named, value in given:
            if value != "-" and value not in TO_STDOUT:
                _ENTERED[named.role](claims, named.option, value)
        return claims

    def reads(self, option: str, path: str) -> None:
        """Enter a file that is read, or is not to be written over."""
        place = _place(option, path)
        self._read.append(place)
        for other in (*self._written, *self._series):
            self._refuse_input(other, place)

    def writes(self, option: str, path: str) -> None:
        """Enter a file that is written."""
        place = _place(option, path)
        if place.kind == stat.S_IFBLK:
            raise UnusableError(f"{place.said}: is a disk, which is not written over")
        for read in self._read:
            self._refuse_input(place, read)
        for other in self._keys:
            if place.is_same(other):
                raise UnusableError(
                    f"{place.said}: that is the key of {other.option}, and is not written over"
                )
        for other in (*self._written, *self._filled):
            if place.is_same(other):
                raise UnusableError(f"{place.said} and {other.said} are the same file, and one would be lost")
        for other in self._series:
            if place.is_same(other) or _is_of_series(place, other):
                raise UnusableError(f"{place.said}: that is a name for the files of {other.option}")
        self._written.append(place)
        self._check_folders(place)

    def keys(self, option: str, path: str) -> None:
        """Enter a key, which is made where it is missing."""
        place = _place(option, path)
        for other in (*self._written, *self._series):
            if place.is_same(other):
                raise UnusableError(f"{other.said}: that is the key of {option}, and is not written over")
        for other in self._filled:
            if place.is_same(other):
                raise UnusableError(f"{place.said} and {other.said} are the same place")
        self._keys.append(place)
        self._check_folders(place)

    def fills(self, option: str, path: str) -> None:
        """Enter a folder that is filled."""
        place = _place(option, path)
        for other in (*self._filled, *self._written, *self._keys, *self._kept):
            if place.is_same(other):
                raise UnusableError(f"{place.said} and {other.said} are the same place")
        self._filled.append(place)
        for other in (*self._filled, *self._written, *self._keys, *self._kept):
            if other.is_below(place):
                raise UnusableError(f"{other.said}: is in the folder of {option}, which has to be empty")
            if place.is_below(other) and other in self._filled:
                raise UnusableError(
                    f"{place.said}: is in the folder of {other.option}, which has to be empty"
                )
        self._check_kept(place)

    def replaces(self, option: str, path: str) -> None:
        """Enter a folder in which the files of a summary are replaced."""
        for name in SHEETS:
            self.writes(option, os.path.join(path, f"{name}.csv"))

    def numbers(self, option: str, path: str) -> None:
        """Enter the name beside which numbered files are written."""
        place = _place(option, path)
        for other in (*self._read, *self._keys, *self._written):
            if place.is_same(other) or (other in self._written and _is_of_series(other, place)):
                raise UnusableError(f"{place.said} and {other.said} are the same place")
        self._series.append(place)
        self._check_folders(place)

    def keeps(self, option: str, path: str) -> None:
        """Enter a folder of results."""
        if "://" in path:
            return
        place = _place(option, path)
        self._kept.append(place)
        for other in (*self._written, *self._keys, *self._filled, *self._series):
            if place.is_same(other) or place.is_below(other):
                raise UnusableError(f"{other.said} and {place.said} are the same place")
            self._check_kept(other)

    # ── rules ───────────────────────────────────────────────────────────

    def _standard(self, is_input_read: bool) -> None:
        """Enter what the shell has put in the place of the standard streams, where that is a file."""
        streams = [_stream(number) for number in range(3)]
        if streams[0] is not None and is_input_read:
            self._read.append(streams[0])
        for stream in streams[1:]:
            if stream is not None:
                self._written.append(stream)
                for read in self._read:
                    self._refuse_input(stream, read)

    def _refuse_input(self, written: FilePlace, read: FilePlace) -> None:
        if not written.is_same(read):
            return
        if written.option in STANDARD:
            _fall_silent(written, self._written)
            name = read.path or f"the file of {read.option}"
            raise UnusableError(f"{written.option} goes to {name}: that is an input and is not written over")
        raise UnusableError(f"{written.said}: that is an input and is not written over")

    def _check_folders(self, place: FilePlace) -> None:
        for folder in self._filled:
            if place.is_below(folder):
                raise UnusableError(
                    f"{place.said}: is in the folder of {folder.option}, which has to be empty"
                )
        self._check_kept(place)

    def _check_kept(self, place: FilePlace) -> None:
        for kept in self._kept:
            first = place.real[len(kept.real) + 1 :].split(os.sep)[0] if place.is_below(kept) else ""
            if first in KEPT_FOLDERS or first in KEPT_FILES:
                raise UnusableError(f"{place.said}: belongs to the results in {kept.path}")

    # ── roles of several files ──────────────────────────────

    def _captures(self, option: str, path: str) -> None:
        if "://" not in path and not os.path.isdir(path):
            self.reads(option, path)

    def _known(self, option: str, given: str) -> None:
        if os.path.exists(given) or "=" not in given:
            self._text(option, given)

    def _dossiers(self, option: str, folder: str) -> None:
        with suppress(OSError):
            for name in os.listdir(folder):
                if name.endswith(".toml"):
                    self.reads(option, os.path.join(folder, name))

    def _text(self, option: str, path: str) -> None:
        """A file that is read whole: a device such as /dev/zero has no end."""
        self.reads(option, path)
        if self._read[-1].kind == stat.S_IFCHR and path != os.devnull:
            raise UnusableError(f"{option} {path}: is a device, not a file")

    def _table(self, option: str, path: str) -> None:
        self._text(option, path)
        if self._read[-1].kind == stat.S_IFIFO:
            raise UnusableError(f"{option} {path}: is a pipe; it is read twice, so it has to be a file")

    def _source(self, option: str, word: str) -> None:
        self.reads(option, word)
        self._program(option, word)

    def _program(self, option: str, words: str) -> None:
        for word in _words(words):
            if os.path.isfile(word):
                self.reads(option, word)


_READ = (Role.READ, Role.CAPTURES, Role.SOURCE)
_ENTERED: dict[Role, Callable[[Claims, str, str], None]] = {
    Role.READ: Claims._text,
    Role.TABLE: Claims._table,
    Role.CAPTURES: Claims._captures,
    Role.KNOWN: Claims._known,
    Role.DOSSIERS: Claims._dossiers,
    Role.PROGRAM: Claims._program,
    Role.SOURCE: Claims._source,
    Role.KEY: Claims.keys,
    Role.WRITTEN: Claims.writes,
    Role.FOLDER: Claims.fills,
    Role.SHEETS: Claims.replaces,
    Role.SERIES: Claims.numbers,
    Role.RESULTS: Claims.keeps,
}


def _values(options: argparse.Namespace, named: FileOption) -> Iterator[str]:
    value = getattr(options, named.attribute, None)
    if isinstance(value, str):
        yield value
    elif value is not None:
        yield from value


def _words(given: str) -> list[str]:
    try:
        return shlex.split(given)
    except ValueError:
        return [given]


def _place(option: str, path: str) -> FilePlace:
    try:
        real = os.path.realpath(path)
    except (OSError, ValueError):  # the current folder is gone, or nothing can have this name
        real = path
    try:
        state = os.stat(real)
    except (OSError, ValueError):
        return FilePlace(option, path, _folded(real), None)
    return FilePlace(option, path, _folded(real), (state.st_dev, state.st_ino), stat.S_IFMT(state.st_mode))


def _stream(number: int) -> FilePlace | None:
    """A standard stream that is a file."""
    if getattr(sys, ("stdin", "stdout", "stderr")[number]) is None:
        return None
    try:
        state = os.fstat(number)
    except OSError:
        return None
    if not stat.S_ISREG(state.st_mode):
        return None
    return FilePlace(STANDARD[number], "", "", (state.st_dev, state.st_ino), stat.S_IFREG)


def _is_of_series(place: FilePlace, series: FilePlace) -> bool:
    """Whether a name is one that `live.rotation` could choose."""
    stem, ending = os.path.splitext(series.real)
    return place.real.startswith(f"{stem}_") and place.real.endswith(ending or ".pcapng")


def _folded(path: str) -> str:
    """A path as a file system compares it that knows no case; others are left as they are."""
    return unicodedata.normalize("NFC", path).casefold() if _knows_no_case(os.path.dirname(path)) else path


@cache
def _knows_no_case(folder: str) -> bool:
    """Whether the nearest folder that is there can also be reached with its letters' case changed."""
    while not os.path.isdir(folder) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    above, name = os.path.split(folder)
    swapped = os.path.join(above, name.swapcase())
    with suppress(OSError):
        return swapped != folder and os.path.samefile(folder, swapped)
    return False


def _fall_silent(stream: FilePlace, written: list[FilePlace]) -> None:
    """Have nothing said on streams that would add to an input."""
    for number, name in ((1, STANDARD[1]), (2, STANDARD[2])):
        if any(place.option == name and place.node == stream.node for place in written):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, number)
            os.close(nowhere)
