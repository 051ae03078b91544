"""The files that options name, found writable before the long scan, and whole or not there at the end."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import BinaryIO, Self

from analyzer.cli.console import write
from analyzer.system import files
from analyzer.system.pipes import opened


class UnusableError(Exception):
    """What the user gave can't be used: one sentence."""


class Output:
    """The file that an option names, found writable at once and filled at the end; "-" is standard output.

    What is in the file stays until all of the new content is on the disk. A pipe or a device is opened at
    once and written as it is. That no output is an input is seen to before, by `claims`.
    """

    def __init__(self, option: str, path: str) -> None:
        self.option, self.path = option, path
        self._stream: BinaryIO | None = None
        if path == "-":
            return
        try:
            if _is_stream(path):
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
                self._stream = open(opened(path, flags), "ab")  # noqa: SIM115
            else:
                files.check(path)
        except OSError as error:
            raise self._unwritable(error) from None

    def write(self, content: bytes | Iterable[bytes]) -> None:
        """Replace the file's content, whole or in pieces; UnusableError where it can't be written."""
        if self.path == "-":
            for piece in [content] if isinstance(content, bytes) else content:
                write(piece)
            return
        try:
            if self._stream is None:
                files.put(self.path, content)
            else:
                self._pass_on(self._stream, content)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._unwritable(error) from None

    def _pass_on(self, stream: BinaryIO, content: bytes | Iterable[bytes]) -> None:
        with stream as file:
            if os.path.isfile(file.fileno()):  # reached by its descriptor, as in --json /dev/fd/3 3>FILE
                file.truncate(0)
            file.writelines([content] if isinstance(content, bytes) else content)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            with suppress(OSError):
                self._stream.close()

    def _unwritable(self, error: OSError) -> UnusableError:
        return UnusableError(f"{self.option} {self.path}: can't be written ({error.strerror})")


class OutputFolder:
    """The folder that an option names, made at once and filled at the end; marked until all is written.

    UnusableError where it can't be made or has something in it; leaving the context without `write`
    removes what was made.
    """

    def __init__(self, option: str, path: str) -> None:
        self.option, self.path = option, path
        if os.path.lexists(path) and not os.path.isdir(path):
            raise UnusableError(f"{option} {path}: is a file; {option} needs an empty folder, or a new one")
        try:
            self.folder = files.Folder(path)
        except OSError as error:
            raise self.unwritable(error) from None

    def write(self, content: Mapping[str, bytes]) -> None:
        """Write each file under its name; UnusableError where the disk refuses, or a file is there."""
        try:
            for name, data in content.items():
                self.folder.write(name, data)
            self.folder.finish()
        except OSError as error:
            raise self.unwritable(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.folder.discard()

    def unwritable(self, error: OSError) -> UnusableError:
        """What an error of the disk means for the user."""
        if isinstance(error, files.NotEmptyError):
            return UnusableError(
                f"{self.option} {self.path}: is {error.strerror}, and nothing is written over"
            )
        return UnusableError(f"{self.option} {self.path}: can't be written ({error.strerror})")


def _is_stream(path: str) -> bool:
    """Whether a path is something that is written to as it is: a pipe, a device, an open descriptor."""
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        return True
    folder, name = os.path.split(os.path.abspath(path))
    if folder == "/dev" and name in ("stdout", "stderr"):
        return True
    return folder == "/dev/fd" or (folder.startswith("/proc/") and folder.endswith("/fd"))
