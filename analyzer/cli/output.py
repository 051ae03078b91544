"""The files that options name, found writable before the long scan and never one of the inputs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import BinaryIO, Self

from analyzer.cli.printing import write


class UnusableError(Exception):
    """What the user gave can't be used: one sentence."""


class Output:
    """The file that an option names, opened at once and filled at the end; "-" opens nothing.

    `keep` are the inputs: a capture is evidence and never written over. What stood in the file
    stays until `write`; without it, leaving the context removes a file that was not there before.
    """

    def __init__(self, option: str, path: str, keep: Sequence[str]) -> None:
        self.option, self.path = option, path
        self._file: BinaryIO | None = None
        self._is_new = False
        if path == "-":
            return
        if any(_is_same(path, other) for other in keep):
            raise UnusableError(f"{option} {path}: that is an input and is not written over")
        self._is_new = not os.path.exists(path)
        try:
            self._file = open(path, "ab")  # noqa: SIM115
        except OSError as error:
            raise self._unwritable(error) from None

    def write(self, content: bytes) -> None:
        """Replace the file's content; UnusableError where the disk or the pipe refuses."""
        if self._file is None:
            write(content)
            return
        try:
            with self._file as file:
                if os.path.isfile(file.fileno()):  # a pipe or a device has nothing to cut
                    file.truncate(0)
                file.write(content)
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
        return UnusableError(f"{self.option} {self.path}: can't be written ({error.strerror})")


class OutputFolder:
    """The folder that an option names, made at once and filled at the end.

    UnusableError where it can't be made or has something in it; leaving the context without `write`
    removes a folder that was not there before.
    """

    def __init__(self, option: str, path: str) -> None:
        self.option, self.path = option, path
        self._is_new = not os.path.exists(path)
        if not self._is_new and not os.path.isdir(path):
            raise UnusableError(f"{option} {path}: is a file; {option} needs an empty folder, or a new one")
        try:
            os.makedirs(path, exist_ok=True)
            has_something = bool(os.listdir(path))
        except OSError as error:
            raise self._unwritable(error) from None
        if has_something:
            raise UnusableError(f"{option} {path}: is not empty, and nothing is written over")
        if not os.access(path, os.W_OK | os.X_OK):
            raise UnusableError(f"{option} {path}: can't be written (no permission)")

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write each file under its name; UnusableError where the disk refuses, or a file stands there."""
        for name, content in files.items():
            try:
                with open(os.path.join(self.path, name), "xb") as file:
                    file.write(content)
            except OSError as error:
                raise self._unwritable(error) from None
        self._is_new = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_new:
            with suppress(OSError):
                os.rmdir(self.path)

    def _unwritable(self, error: OSError) -> UnusableError:
        return UnusableError(f"{self.option} {self.path}: can't be written ({error.strerror})")


def _is_same(path: str, other: str) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:
        return False
