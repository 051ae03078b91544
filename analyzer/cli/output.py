"""The file that `--json` names, found writable before the long scan and never one of the inputs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from analyzer.bodies import BodyFiles
    from analyzer.model import Body, Report


class UnusableError(Exception):
    """What the user gave can't be used: one sentence."""


class Output:
    """A file opened at once and filled at the end; None and "-" (standard output) open nothing.

    `keep` are the inputs: a capture is evidence and never written over. What stood in the file
    stays until `write`; without it, leaving the context removes a file that was not there before.
    """

    def __init__(self, path: str | None, keep: Sequence[str]) -> None:
        self.path = path
        self.wanted = path is not None
        self._file: TextIO | None = None
        self._is_new = False
        if path is None or path == "-":
            return
        if any(_is_same(path, other) for other in keep):
            raise UnusableError(f"--json {path}: that is an input and is not written over")
        self._is_new = not os.path.exists(path)
        try:
            self._file = open(path, "a", encoding="ascii", newline="\n")  # noqa: SIM115
        except OSError as error:
            raise self._unwritable(error) from None

    def write(self, text: str) -> None:
        """Replace the file's content; UnusableError where the disk or the pipe refuses."""
        if self._file is None:
            return
        try:
            with self._file as file:
                if os.path.isfile(file.fileno()):  # a pipe or a device has nothing to cut
                    file.truncate(0)
                file.write(text)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._unwritable(error) from None
        self._is_new = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        if self._is_new and self.path:
            with suppress(OSError):
                os.unlink(self.path)

    def _unwritable(self, error: OSError) -> UnusableError:
        return UnusableError(f"--json {self.path}: can't be written ({error.strerror})")


class Bodies:
    """The folder that `--bodies` names, found usable before the long scan; None does nothing."""

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._files: BodyFiles | None = None
        if path is None:
            return
        from analyzer.bodies import BodyFiles

        try:
            self._files = BodyFiles(path)
        except ValueError as error:
            raise UnusableError(f"--bodies {error}") from None

    def put_aside(self, body: Body) -> None:
        """Keep what is too much for the report; UnusableError where the disk refuses."""
        if self._files is not None:
            try:
                self._files.put_aside(body)
            except OSError as error:
                raise self._unwritable(error) from None

    def write(self, report: Report) -> None:
        """Write the bodies and their index; UnusableError where the disk refuses."""
        if self._files is not None:
            try:
                self._files.write(report)
            except OSError as error:
                raise self._unwritable(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._files is not None:
            with suppress(OSError):
                self._files.discard()

    def _unwritable(self, error: OSError) -> UnusableError:
        return UnusableError(f"--bodies {self._path}: can't be written ({error.strerror})")


def _is_same(path: str, other: str) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:
        return False
